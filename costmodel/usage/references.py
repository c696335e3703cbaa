"""Which resource an attribute leads to: by address, or by the name the other resource bears."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from costmodel.usage.spec import Resource

# Attributes a resource is called by in another's attributes.
_NAMES: Final = frozenset((
    "name", "id", "arn", "family", "cluster_identifier", "identifier", "function_name", "bucket",
    "cluster_name",
))  # fmt: skip
_ENDINGS: Final = ("_name", "_id", "_arn", "_identifier", "_ids", "_names", "_arns")


# Nearly every block is a dict, which is quicker to tell than a mapping.
_BLOCK: Final = (dict, Mapping)


@dataclass(frozen=True)
class References:
    """Resources by address and by the names they bear, and those of a type that refer to one."""

    by_address: Mapping[str, Resource]
    by_name: Mapping[str, Sequence[Resource]]
    incoming: Mapping[tuple[str, str], Sequence[Resource]]


def index_references(resources: Sequence[Resource]) -> References:
    """Return what every reference of a spec leads to."""
    incoming: dict[tuple[str, str], list[Resource]] = {}
    by_name: dict[str, list[Resource]] = {}
    for resource in resources:
        if resource.references:
            targets = {target for many in resource.references.values() for target in many}
            for target in targets:
                incoming.setdefault((target, resource.type), []).append(resource)
        given = (resource.inputs[attribute] for attribute in _NAMES & resource.inputs.keys())
        for name in {name for name in given if isinstance(name, str) and name}:
            by_name.setdefault(name, []).append(resource)
    return References({r.address: r for r in resources}, by_name, incoming)


def referred(resource: Resource, attribute: str, references: References) -> Resource | None:
    """Return the resource an attribute refers to, or None.

    A reference of the source counts first; then a value that is an address; then a value that is
    the name of a resource whose type the attribute names (``launch_template = {name = "web"}``).
    """
    if not resource.references and _head(attribute) not in resource.inputs:
        return None
    for target in _targets(resource, attribute):
        if target in references.by_address:
            return references.by_address[target]
    value = value_at(resource.inputs, attribute.split("."))
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    values = list(value.values()) if isinstance(value, Mapping) else [value]
    for text in values:
        if isinstance(text, str) and text in references.by_address:
            return references.by_address[text]
    stem = attribute.rpartition(".")[2] if not isinstance(value, Mapping) else attribute
    for text in values:
        for candidate in references.by_name.get(text, ()) if isinstance(text, str) else ():
            if _stem(stem) in candidate.type and candidate is not resource:
                return candidate
    return None


def _head(attribute: str) -> str:
    return attribute.partition(".")[0].partition("[")[0]


def reference_count(resource: Resource, attribute: str) -> int:
    """Return how many resources an attribute refers to, where its values are not known."""
    return len(_targets(resource, attribute))


def _targets(resource: Resource, attribute: str) -> list[str]:
    return [
        target
        for name, targets in resource.references.items()
        if name == attribute or name.startswith(f"{attribute}.")
        for target in targets
    ]


def _stem(attribute: str) -> str:
    """Return the word a resource type must hold: ``function_name`` → ``function``."""
    last = attribute.rpartition(".")[2]
    ending = next((end for end in _ENDINGS if last.endswith(end)), "")
    return last.removesuffix(ending) or last


def value_at(values: Any, steps: Sequence[str]) -> Any:
    """Return the value at a path of nested blocks; of a list of blocks, the first.

    A step ``name[key=value;…]`` takes the first block of the list that has these values, a step
    ``name[text]`` that text if the list holds it.
    """
    for step in steps:
        if isinstance(values, list | tuple):
            values = values[0] if values else None
        if values is None or not isinstance(values, _BLOCK):
            return None
        values = values.get(step) if "[" not in step else next(iter(_picked(values, step)), None)
    return values


def picked_at(values: Any, steps: Sequence[str]) -> list[Any] | None:
    """Return all that the last step ``name[…]`` of a path picks; None for nothing."""
    inner = value_at(values, steps[:-1])
    if isinstance(inner, list | tuple):
        inner = inner[0] if inner else None
    return (_picked(inner, steps[-1]) if isinstance(inner, Mapping) else []) or None


def _picked(values: Mapping[str, Any], step: str) -> list[Any]:
    name, _, conditions = step.rstrip("]").partition("[")
    listed = values.get(name)
    listed = listed if isinstance(listed, list | tuple) else [listed]
    if "=" not in conditions:
        return [item for item in listed if item == conditions]
    wanted = dict(condition.split("=", 1) for condition in conditions.split(";"))
    return [
        block
        for block in listed
        if isinstance(block, Mapping)
        and all(block.get(key) == value for key, value in wanted.items())
    ]


def blocks_at(values: Any, steps: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return every nested block at a path, lists flattened."""
    found: list[Any] = [values]
    for step in steps:
        inner = [block.get(step) for block in found if isinstance(block, _BLOCK)]
        found = [
            element
            for item in inner
            if item is not None
            for element in (item if isinstance(item, list | tuple) else [item])
        ]
    return [block for block in found if isinstance(block, _BLOCK)]
