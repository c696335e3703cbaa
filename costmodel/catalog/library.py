"""All service sheets, parsed when a resource of theirs is met.

A spec of twenty resources needs a dozen sheets of a hundred: reading them all would cost more than
pricing.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Final

from costmodel.catalog.sheet import Alias, ResourceSheet, ServiceSheet
from costmodel.catalog.sheet_parser import parse_sheet
from costmodel.errors import SheetError

_REMEMBERED: Final = 4096  # resource types: Terraform's provider has 1,500


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource with the sheet it stands in."""

    service: ServiceSheet
    sheet: ResourceSheet


class SheetLibrary(Mapping[str, Kind]):
    """Resource type → kind, over the texts of all sheets."""

    def __init__(self, texts: Mapping[str, str], free: Mapping[str, str]) -> None:
        """Keep the texts; nothing is parsed yet.

        Args:
            texts: file name → TOML text.
            free: resource types that cost nothing → why.
        """
        self._texts = texts
        self._free = free
        self._parsed: dict[str, ServiceSheet] = {}
        # A plan asks for few types thousands of times: what was found is remembered. Types come
        # from users, so what is kept has a bound.
        self._kind_of = lru_cache(_REMEMBERED)(self._find_kind)
        self._free_reason_of = lru_cache(_REMEMBERED)(self._find_free_reason)
        self._nearest_to = lru_cache(_REMEMBERED)(self._find_nearest)

    def sheet(self, file: str) -> ServiceSheet:
        """Return one sheet, parsed once.

        Raises:
            SheetError: the file is no TOML or no sheet.
        """
        if file not in self._parsed:
            try:
                content = tomllib.loads(self._texts[file])
            except tomllib.TOMLDecodeError as error:
                raise SheetError(f"{file}: {error}") from error
            self._parsed[file] = parse_sheet(file, content)
        return self._parsed[file]

    def get_kind(self, resource_type: str) -> Kind | None:
        """Return the kind of a resource type, or None where no sheet has it."""
        return self._kind_of(resource_type)

    def _find_kind(self, resource_type: str) -> Kind | None:
        for file, text in self._texts.items():
            if resource_type not in text:
                continue
            service = self.sheet(file)
            if resource_type in service.resources:
                return Kind(service, service.resources[resource_type])
            if resource_type in service.aliases:
                return Kind(service, _aliased(service, service.aliases[resource_type]))
        return None

    def free_reason(self, resource_type: str) -> str | None:
        """Return why a resource type costs nothing, or None where that is not known."""
        return self._free_reason_of(resource_type)

    def _find_free_reason(self, resource_type: str) -> str | None:
        if resource_type in self._free:
            return self._free[resource_type]
        for file, text in self._texts.items():
            if resource_type in text and resource_type in self.sheet(file).free:
                return self.sheet(file).free[resource_type]
        return None

    def knows(self, resource_type: str) -> bool:
        """Return whether a type is priced or known to cost nothing."""
        return resource_type in self or self.free_reason(resource_type) is not None

    def nearest(self, resource_type: str) -> str | None:
        """Return the known resource type that is spelled most alike, of Terraform or AWS::."""
        return self._nearest_to(resource_type)

    def _find_nearest(self, resource_type: str) -> str | None:
        known = [*self, *self._free]
        if "::" in resource_type:
            kinds = (kind for sheet in self.services for kind in sheet.resources.values())
            known = [kind.cloudformation for kind in kinds]
        # 0.8: aws_foo_bar is not aws_key_pair misspelt.
        close = get_close_matches(resource_type, known, 1, 0.8)
        return close[0] if close else None

    @cached_property
    def known_inputs(self) -> "KnownInputs":
        """Resource type → names of what its sheet reads."""
        return KnownInputs(self)

    @cached_property
    def services(self) -> list[ServiceSheet]:
        """Every sheet, by file name."""
        return [self.sheet(file) for file in sorted(self._texts)]

    def __getitem__(self, resource_type: str) -> Kind:
        kind = self.get_kind(resource_type)
        if kind is None:
            raise KeyError(resource_type)
        return kind

    def __contains__(self, resource_type: object) -> bool:
        return isinstance(resource_type, str) and self.get_kind(resource_type) is not None

    def __iter__(self) -> Iterator[str]:
        for service in self.services:
            yield from service.resources
            yield from service.aliases

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _aliased(service: ServiceSheet, alias: Alias) -> ResourceSheet:
    """Return an alias's kind with the alias's own defaults."""
    sheet = service.resources[alias.kind]
    if not alias.defaults:
        return sheet
    own = {name: replace(sheet.inputs[name], default=v) for name, v in alias.defaults.items()}
    return replace(sheet, inputs={**sheet.inputs, **own})


class KnownInputs(Mapping[str, frozenset[str]]):
    """Resource type → attribute names its sheet reads, so that readers can name a misspelling.

    Attributes of blocks are dotted: ``root_block_device.volume_size``.
    """

    def __init__(self, library: SheetLibrary) -> None:
        """Look types up in a library when they are asked for."""
        self._library = library
        self._names: dict[str, frozenset[str]] = {}

    def __getitem__(self, resource_type: str) -> frozenset[str]:
        """Return the names at the top, and dotted paths of what is read inside blocks."""
        if resource_type not in self._names:
            self._names[resource_type] = self._find(resource_type)
        return self._names[resource_type]

    def _find(self, resource_type: str) -> frozenset[str]:
        sheet = self._library[resource_type].sheet
        paths = [given.path for given in sheet.inputs.values()]
        paths += [child.block for child in sheet.children if child.block]
        paths += [name for child in sheet.children for name in (*child.reference, *child.passes)]
        references = [given.from_reference for given in sheet.inputs.values()]
        paths += [attribute for many in references for attribute in many]
        for child in sheet.children:
            inside = [*(given.path for given in child.fields.values()), *child.passes]
            paths += [f"{child.block}.{name}" for name in inside if child.block]
        heads = {re.split(r"[.\[]", path, maxsplit=1)[0] for path in paths}
        # A plain value may also stand under the input's own name.
        return frozenset({*heads, *sheet.inputs, *(path for path in paths if "[" not in path)})

    def __contains__(self, resource_type: object) -> bool:
        return resource_type in self._library

    def __iter__(self) -> Iterator[str]:
        return iter(self._library)

    def __len__(self) -> int:
        return len(self._library)
