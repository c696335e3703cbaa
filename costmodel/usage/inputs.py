"""Read the inputs of a resource: attribute, usage, reference, default.

Order of truth: attribute > usage by address > usage by type > default of the sheet.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from costmodel.catalog.sheet import Input, ResourceSheet
from costmodel.engine.formula.scalar import is_given
from costmodel.errors import Issue, IssueReason
from costmodel.usage.references import (
    References,
    picked_at,
    reference_count,
    referred,
    value_at,
)
from costmodel.usage.spec import Resource

# More than any bill's line: a larger number is a slip of the keyboard or of a unit.
_LARGEST = 1e18


@dataclass(frozen=True, slots=True)
class InputReader:
    """One input of a sheet, ready to be read of resource after resource."""

    given: Input
    steps: tuple[str, ...]
    is_plain: bool  # a value directly under its name, with nothing behind it
    default: Any  # as it is read where nothing is given

    def is_absent(self, resource: Resource) -> bool:
        """Return whether the default holds, as far as that is seen at a glance."""
        name = self.given.name
        return self.is_plain and not (
            name in resource.inputs or name in resource.usage or resource.unknown
        )

    def read(
        self, resource: Resource, references: References, issues: list[Issue]
    ) -> tuple[Any, bool]:
        """Return the input of one resource, a float, text or flag by its kind; was it refused?

        A value of the wrong kind, below 0 or outside the allowed texts becomes unknown and an
        issue: it is refused.
        """
        given = self.given
        raw = resource.inputs.get(given.name) if self.is_plain else None
        if raw is None and self.is_plain:
            raw = resource.usage.get(given.name)
        if isinstance(raw, list | tuple) or not self.is_plain:
            raw = _value(given, self.steps, resource, references)
        if raw is None:
            raw = _default(given, self.steps[0], resource, issues)
        said = len(issues)
        value = _READERS[given.kind](raw, given, resource, issues)
        return value, len(issues) > said


def input_reader(given: Input) -> InputReader:
    """Return the reader of an input."""
    has_more = given.counts or given.from_reference or given.referenced_by
    is_plain = given.path == given.name and "." not in given.path and "[" not in given.path
    default = _READERS[given.kind](given.default, given, Resource("", ""), [])
    return InputReader(given, tuple(given.path.split(".")), is_plain and not has_more, default)


def _value(given: Input, steps: Sequence[str], resource: Resource, references: References) -> Any:
    if given.referenced_by and not given.from_reference:
        return _value_of_referrers(given, resource, references)
    value = _own_value(given, steps, resource)
    if value is None:
        for reference in given.from_reference:
            value = _value_behind(given, reference.split("."), resource, references)
            if value is not None:
                break
    if value is None and given.referenced_by:
        value = _value_of_referrers(given, resource, references)
    return value


def _default(given: Input, head: str, resource: Resource, issues: list[Issue]) -> Any:
    is_of_referrers = given.referenced_by and not given.from_reference
    is_late = {given.path, head} & resource.unknown and not given.usage and not is_of_referrers
    if given.default is not None and is_late:
        message = f"{given.path} is known only after apply: priced as {given.default}"
        issues.append(Issue(IssueReason.UNRESOLVED, resource.address, message))
    return given.default


def _value_of_referrers(given: Input, resource: Resource, references: References) -> Any:
    """Return how many of a type refer to this resource, or what the first of them leads to."""
    kind, _, attribute = given.referenced_by.partition(".")
    referrers = references.incoming.get((resource.address, kind), ())
    if not attribute:
        return len(referrers)
    for referrer in referrers:
        steps = attribute.split(".")
        value = value_at(referrer.inputs, steps)
        value = value_at(referrer.usage, steps) if value is None else value
        if value is None:
            value = _value_behind(given, steps, referrer, references)
        if value is not None:
            return value
    return None


def _value_behind(
    given: Input, steps: Sequence[str], resource: Resource, references: References
) -> Any:
    """Follow the first step to the resource it refers to; the rest is its own or leads on."""
    target = referred(resource, steps[0], references)
    if target is None or len(steps) < 2:
        return None
    value = _own_value(given, steps[1:], target)
    if value is None and len(steps) > 2:
        return _value_behind(given, steps[1:], target, references)
    return value


def _own_value(given: Input, steps: Sequence[str], resource: Resource) -> Any:
    found = picked_at if given.counts and "[" in steps[-1] else value_at
    value = found(resource.inputs, steps)
    if value is None:
        value = found(resource.usage, steps)
    if value is None and given.name != given.path and given.name in resource.inputs:
        # A plain value under the input's own name: what a child is handed, or a short spec.
        named = resource.inputs.get(given.name)
        return None if isinstance(named, Mapping | list | tuple) else named
    if given.counts:
        return _counted(value, ".".join(steps), resource)
    if isinstance(value, list | tuple):
        if given.kind == "number" and len(value) > 1:
            return value  # which of them counts nobody said: refused below
        return value[0] if value else None
    return value


def _counted(value: Any, path: str, resource: Resource) -> int | None:
    """Return the number of elements; of values known only after apply, the references to them."""
    if value is None:
        return reference_count(resource, path) or None
    return len(value) if isinstance(value, list | tuple | set | Mapping) else 1


# One object for every unknown number: rows are looked up by what they were made of, and an object
# is equal to itself.
def _number(value: Any, given: Input, resource: Resource, issues: list[Issue]) -> float:
    if value is None or value == "":
        return math.nan
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if 0 <= number < _LARGEST:
        return number
    wanted = "a number from 0" if number < _LARGEST or number != number else "a number below 1e18"
    issues.append(_bad_value(value, given, resource, wanted))
    return math.nan


def _flag(value: Any, given: Input, resource: Resource, issues: list[Issue]) -> bool:
    if value in (True, "true", "True", 1):
        return True
    if isinstance(value, str) and value not in ("false", "False", "0", ""):
        issues.append(_bad_value(value, given, resource, "true or false"))
    return False


def _checked_text(value: Any, given: Input, resource: Resource, issues: list[Issue]) -> str | None:
    if value is None or isinstance(value, Mapping | list | tuple):
        return None
    text = _plain(value)
    if given.values and text not in given.values:
        # Templates and providers differ in case only: RABBITMQ, RabbitMQ.
        alike = [known for known in given.values if known.casefold() == text.casefold()]
        if alike:
            return alike[0]
        wanted = f"one of {', '.join(given.values)}"
        close = get_close_matches(text.casefold(), given.values, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        issues.append(_bad_value(value, given, resource, wanted, hint))
        return None
    return text


_READERS: Final[Mapping[str, Callable[..., Any]]] = {
    "number": _number,
    "flag": _flag,
    "text": _checked_text,
}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()


def _bad_value(value: Any, given: Input, resource: Resource, wanted: str, hint: str = "") -> Issue:
    unit = f" ({given.unit})" if given.unit else ""
    return Issue(
        IssueReason.UNKNOWN_VALUE,
        resource.address,
        f"{given.path} = {value!r}: give {wanted}{unit}{hint}",
    )


def refuse_plain_blocks(
    sheet: ResourceSheet, resource: Resource, issues: list[Issue]
) -> frozenset[str]:
    """Report plain values where only a block can stand, and return the inputs inside such blocks.

    ``root_block_device: 50`` says nothing of the volume's size, and is not an absent block.
    """
    refused: set[str] = set()
    for head in sheet.blocks & resource.inputs.keys() if sheet.blocks else ():
        value = resource.inputs[head]
        if not is_plain_value(value):
            continue
        message = f"{head} = {value!r}: give a block, {head}: {{name: value}}"
        issues.append(Issue(IssueReason.UNKNOWN_VALUE, resource.address, message))
        refused |= {n for n, g in sheet.inputs.items() if g.path.startswith(f"{head}.")}
    return frozenset(refused)


def is_plain_value(value: Any) -> bool:
    """Return whether a value is a text or a number, and so no block."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def missing_inputs(names: Sequence[str], scope: Mapping[str, Any]) -> list[str]:
    """Return which of the names have no value."""
    return [name for name in names if name in scope and not is_given(scope[name])]
