"""Read the inputs of many resources of one kind into arrays: attribute, usage, reference, default.

Order of truth: attribute > usage by address > usage by type > default of the sheet.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from costmodel.catalog.sheet import Input
from costmodel.engine.formula.functions import Array, is_given
from costmodel.errors import Issue, IssueReason
from costmodel.usage.spec import Resource

# More than any bill's line: a larger number is a slip of the keyboard or of a unit.
_LARGEST = 1e18


@dataclass
class References:
    """Resources by address, and how many resources of a type refer to an address."""

    by_address: Mapping[str, Resource]
    incoming: Counter[tuple[str, str]] = field(default_factory=Counter)


def index_references(resources: Sequence[Resource]) -> References:
    """Return what every reference of a spec leads to."""
    incoming: Counter[tuple[str, str]] = Counter()
    for resource in resources:
        targets = {target for many in resource.references.values() for target in many}
        incoming.update((target, resource.type) for target in targets)
    return References({resource.address: resource for resource in resources}, incoming)


def referred(resource: Resource, attribute: str, references: References) -> Resource | None:
    """Return the resource an attribute refers to, or None."""
    for name, targets in resource.references.items():
        if name == attribute or name.startswith(f"{attribute}."):
            for target in targets:
                if target in references.by_address:
                    return references.by_address[target]
    named = value_at(resource.inputs, attribute.split("."))
    return references.by_address.get(named) if isinstance(named, str) else None


def value_at(values: Any, steps: Sequence[str]) -> Any:
    """Return the value at a path of nested blocks; of a list of blocks, the first.

    A step ``name[key=value;…]`` takes the first block of the list that has these values.
    """
    for step in steps:
        if isinstance(values, list | tuple):
            values = values[0] if values else None
        if not isinstance(values, Mapping):
            return None
        values = values.get(step) if "[" not in step else _picked(values, step)
    return values


def _picked(values: Mapping[str, Any], step: str) -> Any:
    name, _, conditions = step.rstrip("]").partition("[")
    wanted = dict(condition.split("=", 1) for condition in conditions.split(";"))
    blocks = values.get(name)
    for block in blocks if isinstance(blocks, list | tuple) else [blocks]:
        if isinstance(block, Mapping) and all(
            block.get(key) == value for key, value in wanted.items()
        ):
            return block
    return None


def blocks_at(values: Any, steps: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return every nested block at a path, lists flattened."""
    found: list[Any] = [values]
    for step in steps:
        inner = [block.get(step) for block in found if isinstance(block, Mapping)]
        found = [
            element
            for item in inner
            for element in (item if isinstance(item, list | tuple) else [item])
        ]
    return [block for block in found if isinstance(block, Mapping)]


def read_input(
    given: Input, resources: Sequence[Resource], references: References, issues: list[Issue]
) -> Array:
    """Return one input of many resources, (n,): floats, texts or flags by its kind.

    Values of the wrong kind, below 0 or outside the allowed texts become unknown and an issue.
    """
    steps = given.path.split(".")
    raw = [_raw_value(given, steps, resource, references, issues) for resource in resources]
    match given.kind:
        case "number":
            numbers = [_number(v, given, r, issues) for v, r in zip(raw, resources, strict=True)]
            return np.array(numbers, dtype=np.float64)
        case "flag":
            return np.array([value in (True, "true", "True", 1) for value in raw], dtype=bool)
        case _:
            texts = np.empty(len(raw), dtype=object)
            texts[:] = [
                _checked_text(v, given, r, issues) for v, r in zip(raw, resources, strict=True)
            ]
            return texts


def _raw_value(
    given: Input,
    steps: Sequence[str],
    resource: Resource,
    references: References,
    issues: list[Issue],
) -> Any:
    if given.referenced_by:
        return references.incoming[(resource.address, given.referenced_by)]
    value = _own_value(given, steps, resource)
    for reference in given.from_reference if value is None else ():
        attribute, _, name = reference.partition(".")
        target = referred(resource, attribute, references)
        value = None if target is None else _own_value(given, name.split("."), target)
        if value is not None:
            break
    if value is not None:
        return value
    if given.default is not None and steps[0] in resource.unknown and not given.usage:
        message = f"{given.path} is known only after apply: priced as {given.default}"
        issues.append(Issue(IssueReason.UNRESOLVED, resource.address, message))
    return given.default


def _own_value(given: Input, steps: Sequence[str], resource: Resource) -> Any:
    value = value_at(resource.inputs, steps)
    if value is None:
        value = value_at(resource.usage, steps)
    if value is None and given.name != given.path:
        # A plain value under the input's own name: what a child is handed, or a short spec.
        named = resource.inputs.get(given.name)
        return None if isinstance(named, Mapping | list | tuple) else named
    if given.counts and value is not None:
        return len(value) if isinstance(value, list | tuple | set | Mapping) else 1
    if isinstance(value, list | tuple):
        return value[0] if value else None
    return value


def _number(value: Any, given: Input, resource: Resource, issues: list[Issue]) -> float:
    if value is None or value == "":
        return float("nan")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if 0 <= number < _LARGEST:
        return number
    issues.append(_bad_value(value, given, resource, "a number from 0"))
    return float("nan")


def _checked_text(value: Any, given: Input, resource: Resource, issues: list[Issue]) -> str | None:
    if value is None or isinstance(value, Mapping | list | tuple):
        return None
    text = _plain(value)
    if given.values and text not in given.values:
        issues.append(_bad_value(value, given, resource, f"one of {', '.join(given.values)}"))
        return None
    return text


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _bad_value(value: Any, given: Input, resource: Resource, wanted: str) -> Issue:
    return Issue(
        IssueReason.UNKNOWN_VALUE,
        resource.address,
        f"{given.path} = {value!r}: give {wanted}{f' ({given.unit})' if given.unit else ''}",
    )


def missing_inputs(names: Sequence[str], scope: Mapping[str, Array], row: int) -> list[str]:
    """Return which of the names have no value in a row."""
    return [
        name
        for name in names
        if name in scope and not is_given(scope[name])[row if len(scope[name]) > 1 else 0]
    ]
