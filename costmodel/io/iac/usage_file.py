"""Usage files, format 0.1: what IaC does not say, by resource type and by resource address.

Order of truth: attributes of the resource > usage by address > usage by ``[*]`` address > usage by
type. ``aws_data_transfer.NAME`` exists only here and becomes a resource of its own.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from costmodel.errors import Issue, IssueReason, UsageFileError
from costmodel.io.iac.address import Address, address_pattern, parse_address, wildcard
from costmodel.io.iac.documents import (
    LinedDict,
    line_of,
    nearest,
    parse_document,
    place,
    read_text,
)
from costmodel.io.iac.nested_names import unread_names
from costmodel.usage.spec import ArchitectureSpec, Resource

PSEUDO_TYPES = frozenset({"aws_data_transfer"})
_SECTIONS = ("version", "resource_type_default_usage", "resource_usage")
_VERSIONS = ("0.1",)
_MISSPELT = 0.8  # aws_appautoscaling_target is no aws_autoscaling_group misspelt
_MAX_CANDIDATES = 1000  # addresses to look for a similar one among


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """The usage of one address or type, and where it stands (``file:line``)."""

    key: str
    values: Mapping[str, Any]
    source: str
    file: str = ""

    def place_of(self, block: Mapping[Any, Any], name: str) -> str:
        """Return ``file:line`` of a name in the entry, of the entry where it is not known."""
        line = line_of(block, name)
        return place(self.file, line) if line else self.source


KnownInputs = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class UsageFile:
    """A parsed usage file.

    Attributes:
        by_type: resource type → entry.
        by_address: address as written, ``aws_`` put before a bare type → entry.
    """

    by_type: Mapping[str, UsageEntry]
    by_address: Mapping[str, UsageEntry]


def read_usage_file(path: str | Path) -> UsageFile:
    """Read a usage file (YAML or JSON)."""
    path = Path(path)
    return parse_usage(
        parse_document(read_text(path, UsageFileError), str(path), UsageFileError), str(path)
    )


def parse_usage(document: Any, name: str) -> UsageFile:
    """Check a parsed usage document; errors name the file, the line and the nearest valid name."""
    if not isinstance(document, Mapping):
        raise UsageFileError(f"{name}: a usage file is a mapping with {', '.join(_SECTIONS[1:])}")
    for key in document:
        if key not in _SECTIONS:
            raise UsageFileError(
                f"{place(name, line_of(document, key))}: unknown key '{key}'"
                f"{nearest(str(key), _SECTIONS)} (valid: {', '.join(_SECTIONS)})"
            )
    version = str(document.get("version", "0.1"))
    if version not in _VERSIONS:
        raise UsageFileError(
            f"{place(name, line_of(document, 'version'))}: version '{version}' is unknown; use 0.1"
        )
    by_type = _section(document, "resource_type_default_usage", name)
    by_address: dict[str, UsageEntry] = {}
    for entry in _section(document, "resource_usage", name).values():
        # What is no address cannot match either: it becomes an issue with the nearest one.
        address = str(parse_address(entry.key) or entry.key)
        if address in by_address:
            first = by_address[address]
            raise UsageFileError(
                f"{entry.source}: '{entry.key}' and '{first.key}' are the same resource; keep one"
            )
        by_address[address] = entry
    return UsageFile(
        {
            key
            if "_" in key and key.startswith(("aws_", "azurerm_", "google_"))
            else f"aws_{key}": e
            for key, e in by_type.items()
        },
        by_address,
    )


def _section(document: Mapping[Any, Any], section: str, name: str) -> dict[str, UsageEntry]:
    content = document.get(section)
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise UsageFileError(
            f"{place(name, line_of(document, section))}: '{section}' must be a mapping"
        )
    entries: dict[str, UsageEntry] = {}
    for key, values in content.items():
        source = place(name, line_of(content, key))
        if values is not None and not isinstance(values, Mapping):
            raise UsageFileError(
                f"{source}: usage of '{key}' must be a mapping of usage keys to values"
            )
        entries[str(key)] = UsageEntry(str(key), _given(values or {}), source, name)
    return entries


def _given(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Leave out keys without a value, which generated usage files list for the reader."""
    given = LinedDict(
        (str(key), _given(value) if isinstance(value, Mapping) else value)
        for key, value in values.items()
        if value is not None
    )
    given.lines = {str(key): line_of(values, key) for key in values}
    return given


def check_usage(usage: UsageFile, known_inputs: KnownInputs) -> list[Issue]:
    """Return an issue for every type and key of a usage file that nothing reads.

    Args:
        usage: the file.
        known_inputs: resource type → names of its inputs.
    """
    issues: list[Issue] = []
    for kind, entry in usage.by_type.items():
        issues += _unknown_keys(kind, kind, entry, known_inputs)
    for key, entry in usage.by_address.items():
        address = parse_address(key)
        if address is not None:
            issues += _unknown_keys(key, address.type, entry, known_inputs)
    return issues


def _unknown_keys(
    key: str, kind: str, entry: UsageEntry, known_inputs: KnownInputs
) -> Iterator[Issue]:
    if kind not in known_inputs:
        hint = nearest(kind, known_inputs, _MISSPELT)
        # A type like none we know is another cloud's, or one that is not priced: said elsewhere.
        if hint and kind.startswith("aws_"):
            message = f"{entry.source}: usage for the unknown type '{kind}' is not read{hint}"
            yield Issue(IssueReason.UNKNOWN_RESOURCE_TYPE, key, message)
        return
    for name in entry.values:
        if name not in known_inputs[kind] and not (kind in PSEUDO_TYPES and name == "region"):
            message = (
                f"{entry.place_of(entry.values, name)}: {kind} has no usage '{name}'; "
                "it is not read"
                f"{nearest(name, known_inputs[kind])}"
            )
            yield Issue(IssueReason.DATA_QUALITY, key, message)
            continue
        for unread in unread_names(entry.values[name], name, known_inputs[kind]):
            message = (
                f"{entry.place_of(unread.block, unread.name)}: {unread.path} of {kind} has no "
                f"usage '{unread.name}'; "
                f"it is not read{nearest(unread.name, unread.known)}"
            )
            yield Issue(IssueReason.DATA_QUALITY, key, message)


def apply_usage(spec: ArchitectureSpec, usage: UsageFile) -> ArchitectureSpec:
    """Return the spec with the usage of every resource filled in.

    Entries that match no resource become issues; usage a resource already carries stays.
    """
    exact, patterns = _split_addresses(usage)
    used: set[str] = set()
    resources = [
        _with_usage(resource, usage.by_type, exact, patterns, used) for resource in spec.resources
    ]
    present = {resource.address for resource in spec.resources}
    unmatched = [key for key in usage.by_address if key not in used and key not in present]
    pseudo = [
        _pseudo_resource(address, usage.by_address[key], usage.by_type)
        for key in unmatched
        if (address := parse_address(key)) is not None and address.type in PSEUDO_TYPES
    ]
    made = {resource.address for resource in pseudo}
    known = {wildcard(address): address for address in present} if unmatched else {}
    issues = [
        _unmatched_issue(key, usage.by_address[key], known)
        for key in unmatched
        if key not in made and not _is_other_cloud(key)
    ]
    return replace(spec, resources=[*resources, *pseudo], issues=[*spec.issues, *issues])


def _is_other_cloud(key: str) -> bool:
    address = parse_address(key)
    return address is not None and not address.type.startswith("aws_")


_Patterns = Mapping[str, list[tuple[Any, str, UsageEntry]]]


def _split_addresses(usage: UsageFile) -> tuple[dict[str, UsageEntry], _Patterns]:
    exact: dict[str, UsageEntry] = {}
    patterns: dict[str, list[tuple[Any, str, UsageEntry]]] = defaultdict(list)
    for key, entry in usage.by_address.items():
        if "[*]" in key:
            patterns[wildcard(key)].append((address_pattern(key), key, entry))
        else:
            exact[key] = entry
    return exact, patterns


def _with_usage(
    resource: Resource,
    by_type: Mapping[str, UsageEntry],
    exact: Mapping[str, UsageEntry],
    patterns: _Patterns,
    used: set[str],
) -> Resource:
    layers: list[Mapping[str, Any]] = []
    if resource.type in by_type:
        layers.append(by_type[resource.type].values)
    if patterns:
        for pattern, key, entry in patterns.get(wildcard(resource.address), ()):
            if pattern.fullmatch(resource.address):
                layers.append(entry.values)
                used.add(key)
    if resource.address in exact:
        layers.append(exact[resource.address].values)
        used.add(resource.address)
    if not layers:
        return resource
    return replace(resource, usage=_merged([*layers, resource.usage]))


def _merged(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge mappings, nested ones too; later layers win."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if isinstance(value, Mapping):
                before = result.get(key)
                value = _merged([before, value] if isinstance(before, Mapping) else [value])
            result[key] = value
    return result


def _pseudo_resource(
    address: Address, entry: UsageEntry, by_type: Mapping[str, UsageEntry]
) -> Resource:
    defaults = by_type[address.type].values if address.type in by_type else {}
    values = _merged([defaults, entry.values])
    region = values.pop("region", None)
    if region is not None and not isinstance(region, str):
        raise UsageFileError(f"{entry.source}: the region of '{entry.key}' must be a region code")
    return Resource(
        address=str(address), type=address.type, region=region, usage=values, source=entry.source
    )


def _unmatched_issue(key: str, entry: UsageEntry, known: Mapping[str, str]) -> Issue:
    """Return the issue of an entry that matches nothing.

    Args:
        key: its address.
        entry: the entry.
        known: address with ``[*]`` for every index → how to write it; instances are one entry.
    """
    instances = wildcard(f"{key}[*]")
    kind = key.rpartition(".")[0].rpartition(".")[2]
    same_type = [address for address in known.values() if f"{kind}." in address]
    hint = (
        f"; write '{key}[*]' for all its instances"
        if instances in known
        else nearest(key, same_type or list(known.values())[:_MAX_CANDIDATES])
    )
    return Issue(
        IssueReason.DATA_QUALITY,
        key,
        f"{entry.source}: usage for '{key}' matches no resource{hint}",
    )
