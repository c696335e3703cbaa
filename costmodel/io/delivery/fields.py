"""Reading one mapping of a configuration file field by field, with one-line errors."""

from collections.abc import Iterator, Sequence
from typing import Any

from costmodel.errors import BadInputError
from costmodel.io.delivery.secret import SecretReference, parse_secret_reference


class Fields:
    """A mapping and the place it came from; remembers which keys were asked for."""

    def __init__(self, tree: Any, where: str) -> None:
        if not isinstance(tree, dict):
            raise BadInputError(f"{where}: expected keys and values, found {_kind(tree)}")
        self.where = where
        self._left: dict[str, Any] = {str(key): value for key, value in tree.items()}

    def at(self, where: str) -> "Fields":
        """Return the fields not asked for yet, under a better name of the place."""
        return Fields(self._left, where)

    def text(self, key: str) -> str:
        """Return a text that must be there."""
        value = self.optional_text(key)
        if value is None:
            raise BadInputError(f"{self.where}: {key} is missing; add it")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None where the key is absent."""
        return self._text(key, self._left.pop(key, None))

    def texts(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return a list of texts; one text is a list of one."""
        value = self._left.pop(key, None)
        if value is None and default is not None:
            return tuple(default)
        items = value if isinstance(value, list) else [value]
        if not items:
            raise BadInputError(f"{self.where}: {key} is an empty list; name at least one")
        found = [self._text(key, item) for item in items]
        if None in found:
            raise BadInputError(f"{self.where}: {key} is missing; write a list of texts")
        return tuple(text for text in found if text is not None)

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        """Return one of the allowed words."""
        value = self.optional_text(key) or default
        if value is None or value not in allowed:
            found = "missing" if value is None else repr(value)
            raise BadInputError(f"{self.where}: {key} is {found}; choose one of {_list(allowed)}")
        return value

    def choices(self, key: str, allowed: Sequence[str]) -> tuple[str, ...]:
        """Return some of the allowed words, all of them by default."""
        values = self.texts(key, allowed)
        for value in values:
            if value not in allowed:
                raise BadInputError(
                    f"{self.where}: {key} has {value!r}; choose from {_list(allowed)}"
                )
        return values

    def flag(self, key: str) -> bool:
        """Return a yes or no, no by default."""
        value = self._left.pop(key, False)
        if not isinstance(value, bool):
            raise BadInputError(f"{self.where}: {key} is {_kind(value)}; write true or false")
        return value

    def port(self, key: str, default: int) -> int:
        """Return a TCP port."""
        return self._port(key, self._left.pop(key, default))

    def ports(self, key: str, default: Sequence[int]) -> tuple[int, ...]:
        """Return TCP ports."""
        value = self._left.pop(key, None)
        items = default if value is None else value if isinstance(value, list) else [value]
        return tuple(self._port(key, item) for item in items)

    def secret(self, key: str) -> SecretReference:
        """Return a reference to a secret that must be there."""
        return parse_secret_reference(self.text(key), f"{self.where}: {key}")

    def secrets(self, key: str) -> tuple[SecretReference, ...]:
        """Return references to secrets, none by default."""
        texts = self.texts(key, ())
        return tuple(parse_secret_reference(text, f"{self.where}: {key}") for text in texts)

    def text_or_secret(self, key: str, default: str | None) -> str | SecretReference:
        """Return a text, or a reference if it is written as one."""
        text = self.optional_text(key) or default
        if text is None:
            raise BadInputError(f"{self.where}: {key} is missing; add it")
        if text.startswith(("env:", "file:")):
            return parse_secret_reference(text, f"{self.where}: {key}")
        return text

    def entries(self, key: str) -> Iterator[tuple[str, Any]]:
        """Return the entries of a list with the place of each."""
        value = self._left.pop(key, None)
        if value == []:
            raise BadInputError(f"{self.where}: {key} is an empty list; name at least one")
        if not isinstance(value, list):
            raise BadInputError(f"{self.where}: {key} is {_kind(value)}; write a list of them")
        return ((f"{self.where}, {key}[{index}]", entry) for index, entry in enumerate(value))

    def end(self) -> None:
        """Refuse keys nobody asked for: a misspelt key must not pass silently."""
        if self._left:
            raise BadInputError(f"{self.where}: unknown key {next(iter(self._left))!r}; remove it")

    def _text(self, key: str, value: Any) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise BadInputError(f"{self.where}: {key} is {_kind(value)}; write a text on one line")
        return value.strip()

    def _port(self, key: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 65_536:
            raise BadInputError(f"{self.where}: {key} is {value!r}; write a TCP port, 1 to 65535")
        return value


def _kind(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, str):
        return "not a usable text" if value.strip() else "an empty text"
    names = {dict: "keys and values", list: "a list", bool: "true or false"}
    return names.get(type(value), f"a {type(value).__name__}")


def _list(words: Sequence[str]) -> str:
    return ", ".join(str(word) for word in words)
