"""What a resource consists of: itself, its nested blocks, and what it refers to."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from costmodel.catalog.sheet import Child
from costmodel.engine.formula.scalar import as_flag, as_number, is_given
from costmodel.errors import Issue, IssueReason
from costmodel.usage.inputs import is_plain_value
from costmodel.usage.plan import KindPlan, PlannedChild, Position, Tables
from costmodel.usage.references import References, blocks_at, referred, value_at
from costmodel.usage.spec import Resource
from costmodel.usage.table import UsageLine

Scope = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A resource of the spec, or something inside or behind it, as a resource of its kind.

    Attributes:
        resource: what is priced.
        region: where.
        path: nested blocks around it.
        count: how many.
        refused: inputs whose value, or the value they are made of, is not valid.
    """

    resource: Resource
    region: str | None
    path: tuple[str, ...]
    count: float
    refused: set[str]


@dataclass(slots=True)
class Run:
    """What the parts of one resource share while it is expanded."""

    references: References
    as_of: float
    lines: list[tuple[Position, UsageLine]] = field(default_factory=list)
    issues: list[tuple[Position, Issue]] = field(default_factory=list)


def parts_below(
    run: Run, plan: KindPlan, planned: PlannedChild, part: Part, scope: Scope
) -> Iterator[Part]:
    """Return the children of a part as parts of the child's kind.

    Args:
        run: the resource under way.
        plan: the part's kind.
        planned: one of its children.
        part: the parent.
        scope: what the parent's formulas read.
    """
    child, tables = planned.child, plan.tables
    if child.when is not None and not as_flag(child.when.value(scope, tables)):
        return
    for source in _sources(run, planned, part.resource):
        # What a resource outside the source says is as unknown as a value that is not valid.
        block = Resource("", child.resource) if source is None else source
        refused = {*part.refused, *(child.fields if source is None else ())}
        inner = dict(scope)
        for name, reader, position in planned.fields:
            issues: list[Issue] = []
            inner[name], is_refused = reader.read(block, run.references, issues)
            run.issues += [(position, issue) for issue in issues]
            if is_refused:
                refused.add(name)
        count = part.count
        if child.count is not None:
            count *= as_number(child.count.value(inner, tables))
        label = child.path.value(inner, tables)
        passed = planned.passed if source is None else ()
        yield Part(
            _resource(child, part.resource, block, inner, tables),
            part.region,
            (*part.path, label) if label else part.path,
            count if refused.isdisjoint(planned.count_names) else math.nan,
            {
                *(name for name, made in child.inputs.items() if made.names & refused),
                *passed,
            },
        )


def _sources(run: Run, planned: PlannedChild, parent: Resource) -> Sequence[Resource | None]:
    """Return where a child's fields are read: its blocks, the resource referred to, or nothing.

    None stands for a resource that is referred to and is not in the source, and for a plain value
    where a block should stand.
    """
    child, steps = planned.child, planned.block_steps
    if child.reference:
        targets = [referred(parent, name, run.references) for name in child.reference]
        found = [target for target in targets if target is not None][:1]
        outside = None if found else _outside(child, parent)
        if outside is not None:
            run.issues.append((planned.position, outside))
            return [None]
    elif steps:
        if is_plain_value(parent.inputs.get(steps[0])):
            return [None]  # said when the parent's inputs were read
        blocks = blocks_at(parent.inputs, steps) or blocks_at(parent.usage, steps)
        inside = f"{child.block}."
        late = frozenset(n.removeprefix(inside) for n in parent.unknown if n.startswith(inside))
        found = [
            Resource(parent.address, child.resource, parent.region, block, unknown=late)
            for block in blocks
        ]
    else:
        found = [Resource(parent.address, child.resource, parent.region)]
    if not found and child.always:
        found = [Resource(parent.address, child.resource, parent.region)]
    return found


def _outside(child: Child, parent: Resource) -> Issue | None:
    """Return the issue of a reference that is given and leads nowhere, None if none is given."""
    for name in child.reference:
        value = value_at(parent.inputs, name.split("."))
        if isinstance(value, list | tuple):
            value = value[0] if value else None
        if value is None and name not in parent.unknown:
            continue
        texts = [value.get("id"), value.get("name")] if isinstance(value, Mapping) else [value]
        called = next((f" {text!r}" for text in texts if isinstance(text, str)), "")
        message = f"{name}{called} is not in the source: what it sets has no price"
        return Issue(IssueReason.UNRESOLVED, parent.address, message)
    return None


def _resource(
    child: Child, parent: Resource, block: Resource, scope: Scope, tables: Tables
) -> Resource:
    passed = {name: block.inputs[name] for name in child.passes if name in block.inputs}
    computed = {name: made.value(scope, tables) for name, made in child.inputs.items()}
    # What is not known is absent.
    given = {name: value if is_given(value) else None for name, value in computed.items()}
    return Resource(
        address=parent.address,
        type=child.resource,
        region=parent.region,
        inputs={**passed, **given},
        references=block.references if child.reference else parent.references,
        unknown=parent.unknown | block.unknown,
        source=parent.source,
    )
