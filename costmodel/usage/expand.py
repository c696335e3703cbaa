"""Spec × sheets → usage table: all resources of one kind at once, nested parts as kinds of theirs.

A kind's meters give rows; its children (a root volume, the instances of a group) become resources
of another kind and are expanded in turn.
"""

from collections import ChainMap
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import numpy as np

from costmodel.catalog.library import Kind
from costmodel.catalog.sheet import PRICING_MODELS, Child, Meter, ResourceSheet
from costmodel.engine.formula import Template, compile_template
from costmodel.engine.formula.functions import Array, as_flag, as_number, is_given
from costmodel.errors import Issue, IssueReason
from costmodel.usage.inputs import missing_inputs, read_input
from costmodel.usage.references import References, blocks_at, index_references, referred
from costmodel.usage.spec import Resource
from costmodel.usage.table import UsageTable, Working, concat_usage, empty_usage

# A group holds instances, an instance volumes: three levels; more is a loop of sheets.
_DEEPEST: Final = 6
_NO_MODEL: Final = compile_template("OnDemand")
_NOTHING: Final = compile_template("")
Tables = MutableMapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Resources of one kind: b rows, each part of a resource of the spec.

    Attributes:
        root: number of the resource of the spec.
        path: nested blocks around the row.
        resources: what is priced.
        regions: where.
        counts: how many.
        refused: inputs whose value, or the value they are made of, is not valid.
    """

    root: list[int]
    path: list[tuple[str, ...]]
    resources: list[Resource]
    regions: list[str | None]
    counts: list[float]
    refused: list[set[str]]


@dataclass
class _Expansion:
    """What all batches share."""

    kinds: Mapping[str, Kind]
    tables: Tables
    references: References
    as_of: float
    issues: list[Issue]
    parts: list[UsageTable]


def expand(
    resources: Sequence[Resource],
    regions: Sequence[str | None],
    kinds: Mapping[str, Kind],
    tables: Tables,
    as_of: date,
) -> tuple[UsageTable, list[Issue]]:
    """Return the usage of resources in a month, and what could not be understood.

    Args:
        resources: resources of the spec; those of a kind without a sheet give no rows.
        regions: region of each resource.
        kinds: Terraform type → kind.
        tables: look-up tables every sheet may read (hardware, region prefixes).
        as_of: the month to price; formulas read it as the number YYYYMMDD.
    """
    day = float(as_of.strftime("%Y%m%d"))
    state = _Expansion(kinds, tables, index_references(resources), day, [], [])
    by_type: dict[str, list[int]] = {}
    for number, resource in enumerate(resources):
        if resource.type in kinds and not kinds[resource.type].sheet.hidden:
            by_type.setdefault(resource.type, []).append(number)
    for kind, numbers in by_type.items():
        batch = _Batch(
            root=numbers,
            path=[()] * len(numbers),
            resources=[resources[number] for number in numbers],
            regions=[regions[number] for number in numbers],
            counts=[resources[number].count for number in numbers],
            refused=[set() for _ in numbers],
        )
        _expand_batch(state, kinds[kind], batch, depth=0)
    usage = concat_usage(state.parts) if state.parts else empty_usage()
    return usage, list(dict.fromkeys(state.issues))


def _expand_batch(state: _Expansion, kind: Kind, batch: _Batch, depth: int) -> None:
    if depth > _DEEPEST:
        raise RecursionError(f"{kind.service.file}: children of {kind.sheet.type} never end")
    tables = ChainMap(dict(kind.service.tables), state.tables)
    scope = _scope(state, kind.sheet, batch)
    for meter in kind.sheet.meters:
        part = _meter_rows(state, kind.sheet, meter, batch, scope, tables)
        if part is not None:
            state.parts.append(part)
    for child in kind.sheet.children:
        inner = _child_batch(state, child, batch, scope, tables)
        if inner.root:
            _expand_batch(state, state.kinds[child.resource], inner, depth + 1)


def _scope(state: _Expansion, sheet: ResourceSheet, batch: _Batch) -> dict[str, Array]:
    scope: dict[str, Array] = {}
    for name, given in sheet.inputs.items():
        said = len(state.issues)
        scope[name], bad = read_input(given, batch.resources, state.references, state.issues)
        for row in bad:
            batch.refused[row].add(name)
        if len(state.issues) > said:
            state.issues[said:] = _placed(state.issues[said:], batch)
    scope["region"] = _texts(batch.regions)
    scope["as_of"] = np.full(len(batch.root), state.as_of)
    prefixes = state.tables.get("region_prefix", {})
    scope["region_prefix"] = _texts([prefixes.get(region or "") for region in batch.regions])
    return scope


def _placed(issues: Sequence[Issue], batch: _Batch) -> list[Issue]:
    """Say in which block a value stands: the type of a volume may be that of a root device."""
    paths: dict[str, tuple[str, ...]] = {}
    for resource, path in zip(batch.resources, batch.path, strict=True):
        paths.setdefault(resource.address, path)
    return [
        replace(issue, message=" / ".join([*paths[issue.address], issue.message]))
        for issue in issues
    ]


def _meter_rows(
    state: _Expansion,
    sheet: ResourceSheet,
    meter: Meter,
    batch: _Batch,
    scope: Mapping[str, Array],
    tables: Tables,
) -> UsageTable | None:
    length = len(batch.root)
    applies = np.ones(length, dtype=bool)
    if meter.when is not None:
        applies = np.broadcast_to(as_flag(meter.when.evaluate(scope, tables)), (length,))
    rows = np.flatnonzero(applies)
    if not len(rows):
        return None
    each = np.broadcast_to(as_number(meter.quantity.evaluate(scope, tables)), (length,))
    quantity = each[rows] * np.array(batch.counts)[rows]
    usage_names = [n for n in meter.quantity.names if n in sheet.inputs and sheet.inputs[n].usage]
    refused = np.array([bool(batch.refused[row] & meter.quantity.names) for row in rows])
    quantity[refused] = np.nan
    unknown = np.isnan(quantity)
    is_usage_based = unknown & ~refused & _lacks_usage(usage_names, scope, rows)
    texts = {
        name: template.evaluate(scope, length, tables)[rows]
        for name, template in _templates(meter).items()
    }
    _forget_refused(meter, batch, rows, texts)
    # A name with an unknown part ends before it: "Instance usage".
    short = meter.name.literals[0].rstrip(" (,/:") or "Usage"
    texts["name"][:] = [short if text is None else text for text in texts["name"]]
    model = texts["model"]
    model[:] = [value if value in PRICING_MODELS else "OnDemand" for value in model]
    _report_missing(state, meter, batch, scope, rows, texts, unknown & ~is_usage_based)
    region = _texts(batch.regions)[rows]
    if meter.region is not None:
        region = meter.region.evaluate(scope, length, tables)[rows]
    return UsageTable(
        resource=np.array(batch.root, dtype=np.intp)[rows],
        path=_texts([(*batch.path[row], *([meter.path] if meter.path else [])) for row in rows]),
        service_code=_texts([meter.service_code] * len(rows)),
        region_id=region,
        unit=_texts([meter.unit] * len(rows)),
        quantity=quantity,
        is_usage_based=is_usage_based,
        pools_tiers=np.full(len(rows), meter.tier_scope == "account"),
        workings=[Working(meter, scope, int(row), bool(usage_names)) for row in rows],
        **texts,
    )


def _forget_refused(meter: Meter, batch: _Batch, rows: Array, texts: Mapping[str, Array]) -> None:
    """Take the price key from rows it would be a guess for: a value that decides it is not valid.

    A formula takes such a value for absent, and would give the key of the ordinary case.
    """
    names = _key_names(meter)
    for place, row in enumerate(rows):
        refused = batch.refused[row]
        if refused & names:
            texts["usage_type"][place] = None
        if refused & meter.name.names:
            texts["name"][place] = None


def _key_names(meter: Meter) -> frozenset[str]:
    """Return the inputs that decide which price a row has."""
    parts = [template.names for part, template in _templates(meter).items() if part != "name"]
    return frozenset[str]().union(*parts)


def _lacks_usage(names: Sequence[str], scope: Mapping[str, Array], rows: Array) -> Array:
    result = np.zeros(len(rows), dtype=bool)
    for name in names:
        result |= ~is_given(scope[name])[rows]
    return result


def _templates(meter: Meter) -> dict[str, Template]:
    templates = {
        "name": meter.name,
        "usage_type": meter.usage_type,
        "operation": meter.operation,
        "variant": meter.variant,
    }
    buy = meter.purchase
    return templates | {
        "model": _NO_MODEL if buy is None else buy.model,
        "lease": _NOTHING if buy is None else buy.lease_contract_length,
        "option": _NOTHING if buy is None else buy.purchase_option,
        "offering_class": _NOTHING if buy is None else buy.offering_class,
        "plan_type": _NOTHING if buy is None else buy.plan_type,
    }


def _report_missing(
    state: _Expansion,
    meter: Meter,
    batch: _Batch,
    scope: Mapping[str, Array],
    rows: Array,
    texts: Mapping[str, Array],
    no_quantity: Array,
) -> None:
    """Say which inputs keep a row from having a price key or a quantity."""
    no_key = np.array([value is None for value in texts["usage_type"]], dtype=bool)
    no_key |= np.array([value is None for value in texts["operation"]], dtype=bool)
    for place in np.flatnonzero(no_quantity | no_key):
        resource = batch.resources[rows[place]]
        names = set(meter.usage_type.names | meter.operation.names if no_key[place] else ())
        names |= set(meter.quantity.names if no_quantity[place] else ())
        lacking = missing_inputs(sorted(names), scope, int(rows[place]))
        if batch.refused[rows[place]] & (names | _key_names(meter)):
            continue  # its own issue has said so
        late = [name for name in lacking if name in resource.unknown]
        reason = IssueReason.UNRESOLVED if late else IssueReason.MISSING_INPUT
        if late or lacking:
            says = "is known only after apply" if late else "is not given or not known"
            what = f"{', '.join(late or lacking)} {says}"
        elif np.isnan(batch.counts[rows[place]]):
            what = "how many there are is not known"
        else:
            stated = _stated(sorted(names), scope, int(rows[place]))
            what = f"nothing is priced for {stated}; check the value"
        label = texts["name"][place]
        state.issues.append(Issue(reason, resource.address, f"{label}: {what}"))


def _stated(names: Sequence[str], scope: Mapping[str, Array], row: int) -> str:
    """Return the values a look-up was made with and found nothing: ``size 'huge'``."""
    values = {
        name: scope[name][row if len(scope[name]) > 1 else 0] for name in names if name in scope
    }
    said = [
        f"{name} {value!r}" if isinstance(value, str) else f"{name} {value:g}"
        for name, value in values.items()
        if isinstance(value, str | float)
    ]
    return ", ".join(said) or "what is given"


def _child_batch(
    state: _Expansion, child: Child, batch: _Batch, scope: Mapping[str, Array], tables: Tables
) -> _Batch:
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
        return _Batch([], [], [], [], [], [])
    rows = np.array([row for row, _ in found], dtype=np.intp)
    blocks = [block for _, block in found]
    inner = {name: array[rows] if len(array) > 1 else array for name, array in scope.items()}
    refused = [set(batch.refused[row]) for row in rows]
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
        counts = counts * as_number(
            np.broadcast_to(child.count.evaluate(inner, tables), len(rows))
        )
        counts[[bool(values & child.count.names) for values in refused]] = np.nan
    labels = child.path.evaluate(inner, len(rows), tables)
    return _Batch(
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
            {name for name, formula in child.inputs.items() if formula.names & values}
            for values in refused
        ],
    )


def _sources(state: _Expansion, child: Child, parent: Resource) -> list[Resource]:
    """Return where a child's fields are read: its blocks, the resource referred to, or nothing."""
    if child.reference:
        targets = [referred(parent, name, state.references) for name in child.reference]
        found = [target for target in targets if target is not None][:1]
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


def _texts(values: Sequence[Any]) -> Array:
    result = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        result[place] = value
    return result
