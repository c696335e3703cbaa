"""Spec × sheets → usage table: all resources of one kind at once, nested parts as kinds of theirs.

A kind's meters give rows; its children (a root volume, the instances of a group) become resources
of another kind and are expanded in turn.
"""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np

from costmodel.catalog.library import Kind
from costmodel.catalog.sheet import PRICING_MODELS, Meter, ResourceSheet
from costmodel.engine.formula import Template, compile_template
from costmodel.engine.formula.functions import Array, as_flag, as_number, is_given
from costmodel.errors import Issue, IssueReason
from costmodel.usage.batch import Batch, Expansion, Tables, placed, text_array
from costmodel.usage.children import child_batch
from costmodel.usage.inputs import missing_inputs, read_input
from costmodel.usage.references import index_references
from costmodel.usage.spec import Resource
from costmodel.usage.table import UsageTable, Working, concat_usage, empty_usage

# A group holds instances, an instance volumes: three levels; more is a loop of sheets.
_DEEPEST: Final = 6
_NO_MODEL: Final = compile_template("OnDemand")
_NOTHING: Final = compile_template("")


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
    state = Expansion(kinds, tables, index_references(resources), day, [], [])
    by_type: dict[str, list[int]] = {}
    for number, resource in enumerate(resources):
        if resource.type in kinds and not kinds[resource.type].sheet.hidden:
            by_type.setdefault(resource.type, []).append(number)
    for kind, numbers in by_type.items():
        batch = Batch(
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


def _expand_batch(state: Expansion, kind: Kind, batch: Batch, depth: int) -> None:
    if depth > _DEEPEST:
        raise RecursionError(f"{kind.service.file}: children of {kind.sheet.type} never end")
    tables = ChainMap(dict(kind.service.tables), state.tables)
    scope = _scope(state, kind.sheet, batch)
    for meter in kind.sheet.meters:
        part = _meter_rows(state, kind.sheet, meter, batch, scope, tables)
        if part is not None:
            state.parts.append(part)
    for child in kind.sheet.children:
        inner = child_batch(state, child, batch, scope, tables)
        if inner.root:
            _expand_batch(state, state.kinds[child.resource], inner, depth + 1)


def _scope(state: Expansion, sheet: ResourceSheet, batch: Batch) -> dict[str, Array]:
    scope: dict[str, Array] = {}
    for name, given in sheet.inputs.items():
        said = len(state.issues)
        scope[name], bad = read_input(given, batch.resources, state.references, state.issues)
        for row in bad:
            batch.refused[row].add(name)
        if len(state.issues) > said:
            state.issues[said:] = placed(state.issues[said:], batch)
    scope["region"] = text_array(batch.regions)
    scope["as_of"] = np.full(len(batch.root), state.as_of)
    prefixes = state.tables.get("region_prefix", {})
    scope["region_prefix"] = text_array([prefixes.get(region or "") for region in batch.regions])
    return scope


def _meter_rows(
    state: Expansion,
    sheet: ResourceSheet,
    meter: Meter,
    batch: Batch,
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
    deciding = meter.quantity.names | (meter.when.names if meter.when else frozenset())
    refused = np.array([bool(batch.refused[row] & deciding) for row in rows])
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
    region = text_array(batch.regions)[rows]
    if meter.region is not None:
        region = meter.region.evaluate(scope, length, tables)[rows]
    return UsageTable(
        resource=np.array(batch.root, dtype=np.intp)[rows],
        path=text_array(
            [(*batch.path[row], *([meter.path] if meter.path else [])) for row in rows]
        ),
        service_code=text_array([meter.service_code] * len(rows)),
        region_id=region,
        unit=text_array([meter.unit] * len(rows)),
        quantity=quantity,
        is_usage_based=is_usage_based,
        pools_tiers=np.full(len(rows), meter.tier_scope == "account"),
        workings=[Working(meter, scope, int(row), bool(usage_names)) for row in rows],
        **texts,
    )


def _forget_refused(meter: Meter, batch: Batch, rows: Array, texts: Mapping[str, Array]) -> None:
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
    state: Expansion,
    meter: Meter,
    batch: Batch,
    scope: Mapping[str, Array],
    rows: Array,
    texts: Mapping[str, Array],
    no_quantity: Array,
) -> None:
    """Say which inputs keep a row from having a price key or a quantity."""
    no_key = np.array([value is None for value in texts["usage_type"]], dtype=bool)
    no_key |= np.array([value is None for value in texts["operation"]], dtype=bool)
    deciding = meter.quantity.names | (meter.when.names if meter.when else frozenset())
    for place in np.flatnonzero(no_quantity | no_key):
        resource = batch.resources[rows[place]]
        names = set(meter.usage_type.names | meter.operation.names if no_key[place] else ())
        names |= set(meter.quantity.names if no_quantity[place] else ())
        lacking = missing_inputs(sorted(names), scope, int(rows[place]))
        if batch.refused[rows[place]] & (deciding | _key_names(meter)):
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
