"""Terraform resource addresses: ``module.app["a"].aws_instance.web[0]``."""

import re
from typing import NamedTuple

_ADDRESS = re.compile(
    r"(?P<module>(?:module\.[^.\[\]]+(?:\[(?:\d+|\*|\"[^\"]*\")\])?\.)*)"
    r"(?P<type>[A-Za-z][A-Za-z0-9_]*)\."
    r"(?P<name>[^.\[\]\s\"]+)"
    r"(?P<index>\[(?:\d+|\*|\"[^\"]*\")\])?"
)
_INDEX = re.compile(r"\[(?:\d+|\*|\"[^\"]*\")\]")
_OTHER_PROVIDERS = ("azurerm_", "google_", "azuread_", "awscc_", "aws_")


class Address(NamedTuple):
    """The parts of a resource address; ``module`` ends with a dot, ``instance`` is ``[…]``."""

    module: str
    type: str
    name: str
    instance: str

    def __str__(self) -> str:
        return f"{self.module}{self.type}.{self.name}{self.instance}"

    @property
    def base(self) -> str:
        """The address without the index of the resource itself."""
        return f"{self.module}{self.type}.{self.name}"


def parse_address(text: str) -> Address | None:
    """Return the parts of an address, ``aws_`` put before a bare type; None if it is not one."""
    found = _ADDRESS.fullmatch(text)
    if found is None or found["type"] in ("module", "data", "var", "local"):
        return None
    kind = found["type"]
    if not kind.startswith(_OTHER_PROVIDERS):
        kind = f"aws_{kind}"
    return Address(found["module"], kind, found["name"], found["index"] or "")


def wildcard(address: str) -> str:
    """Return an address with every index replaced by ``[*]``."""
    return _INDEX.sub("[*]", address) if "[" in address else address


def address_pattern(address: str) -> re.Pattern[str]:
    """Return the pattern an address with ``[*]`` stands for."""
    parts = [re.escape(part) for part in address.split("[*]")]
    return re.compile(r"\[(?:\d+|\"[^\"]*\")\]".join(parts))
