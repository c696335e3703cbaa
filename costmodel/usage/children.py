"""The parts of resources that are priced as another kind: volumes, the instances of a group."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from costmodel.catalog.sheet import Child, ResourceSheet
from costmodel.engine.formula.functions import Array, as_flag, as_number
from costmodel.errors import Issue, IssueReason
from costmodel.usage.batch import Batch, Expansion, Tables
from costmodel.usage.inputs import read_input
from costmodel.usage.references import blocks_at, referred, value_at
from costmodel.usage.spec import Resource


def child_batch(
    state: Expansion, child: Child, batch: Batch, scope: Mapping[str, Array], tables: Tables
) -> Batch:
    """Return the children of a batch as a batch of the child's kind."""
    length = len(batch.root)
    when = np.ones(length, dtype=bool)
    if child.when is not None:
        when = np.broadcast_to(as_flag(child.when.evaluate(scope, tables)), (length,))
    found = [
        (row, block)
        for row in np.flatnonzero(when)
        for block in _sources(state, child, batch.resources[row])
    ]
    if not found:
        return Batch([], [], [], [], [], [])
    rows = np.array([row for row, _ in found], dtype=np.intp)
    blocks = [Resource("", child.resource) if block is None else block for _, block in found]
    inner = {name: array[rows] if len(array) > 1 else array for name, array in scope.items()}
    # What a resource outside the source says is as unknown as a value that is not valid.
    refused = [
        {*batch.refused[row], *(child.fields if block is None else ())} for row, block in found
    ]
    for name, given in child.fields.items():
        inner[name], bad = read_input(given, blocks, state.references, state.issues)
        for place in bad:
            refused[place].add(name)
    computed = {
        name: np.broadcast_to(formula.evaluate(inner, tables), (len(rows),))
        for name, formula in child.inputs.items()
    }
    counts = np.array(batch.counts)[rows]
    if child.count is not None:
        counts *= as_number(np.broadcast_to(child.count.evaluate(inner, tables), len(rows)))
    deciding = {name for formula in (child.when, child.count) if formula for name in formula.names}
    counts[[bool(names & deciding) for names in refused]] = np.nan
    passed = _passed_inputs(state.kinds[child.resource].sheet, child)
    labels = child.path.evaluate(inner, len(rows), tables)
    return Batch(
        root=[batch.root[row] for row in rows],
        path=[
            (*batch.path[row], str(label)) if label else batch.path[row]
            for row, label in zip(rows, labels, strict=True)
        ],
        resources=[
            _child_resource(child, batch.resources[row], blocks[i], computed, i)
            for i, row in enumerate(rows)
        ],
        regions=[batch.regions[row] for row in rows],
        counts=[float(count) for count in counts],
        refused=[
            {name for name, formula in child.inputs.items() if formula.names & names}
            | (passed if block is None else set())
            for names, (_, block) in zip(refused, found, strict=True)
        ],
    )


def _passed_inputs(sheet: ResourceSheet, child: Child) -> set[str]:
    """Return the inputs of a part that stand in what is handed over as it is."""
    heads = {name: given.path.partition(".")[0] for name, given in sheet.inputs.items()}
    return {name for name, head in heads.items() if head in child.passes}


def _sources(state: Expansion, child: Child, parent: Resource) -> Sequence[Resource | None]:
    """Return where a child's fields are read: its blocks, the resource referred to, or nothing.

    None stands for a resource that is referred to and is not in the source.
    """
    if child.reference:
        targets = [referred(parent, name, state.references) for name in child.reference]
        found = [target for target in targets if target is not None][:1]
        outside = None if found else _outside(child, parent)
        if outside is not None:
            state.issues.append(outside)
            return [None]
    elif child.block:
        steps = child.block.split(".")
        blocks = blocks_at(parent.inputs, steps) or blocks_at(parent.usage, steps)
        found = [
            Resource(parent.address, child.resource, parent.region, block) for block in blocks
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


def _child_resource(
    child: Child, parent: Resource, block: Resource, computed: Mapping[str, Array], row: int
) -> Resource:
    values = {name: _python_value(array[row]) for name, array in computed.items()}
    passed = {name: block.inputs[name] for name in child.passes if name in block.inputs}
    return Resource(
        address=parent.address,
        type=child.resource,
        region=parent.region,
        inputs={**passed, **values},
        references=block.references if child.reference else parent.references,
        unknown=parent.unknown | block.unknown,
        source=parent.source,
    )


def _python_value(value: Any) -> Any:
    """Return a plain value; unknown becomes None, as if the attribute were absent."""
    if value is None or value != value:
        return None
    return value.item() if isinstance(value, np.generic) else value
