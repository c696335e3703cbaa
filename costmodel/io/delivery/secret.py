"""Secrets by reference: ``env:NAME`` or ``file:PATH``, read at the moment of use, never stored."""

import os
from dataclasses import dataclass
from pathlib import Path

from costmodel.errors import BadInputError


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is; printing it shows the place, never the secret."""

    place: str

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            BadInputError: the variable is not set, or the file cannot be read.
        """
        kind, _, name = self.place.partition(":")
        if kind == "env":
            secret = os.environ.get(name, "")
            problem = f"secret {self.place}: the environment variable {name} is not set"
        else:
            secret, problem = _read(name)
        if not secret:
            raise BadInputError(problem)
        return secret


def parse_secret_reference(text: str, where: str) -> SecretReference:
    """Return a reference; a secret written out in clear is refused without repeating it."""
    kind, _, name = text.partition(":")
    if kind not in ("env", "file") or not name.strip():
        raise BadInputError(
            f"{where}: write env:NAME or file:PATH; secrets do not belong into this file"
        )
    return SecretReference(f"{kind}:{name.strip()}")


def _read(name: str) -> tuple[str, str]:
    try:
        secret = Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        return "", f"secret file:{name}: cannot be read ({type(error).__name__})"
    return secret, f"secret file:{name}: the file is empty"
