"""Usage lines of inventory rows through the service sheets: the meters ``estimate`` prices by."""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.catalog.catalog import PriceCatalog
from costmodel.catalog.library import Kind
from costmodel.catalog.sheet import Input, Meter
from costmodel.engine.formula.functions import as_flag, as_number, choose, is_given
from costmodel.errors import SheetError
from costmodel.optimize.rule import SheetUse
from costmodel.optimize.rule_scope import Scope

Array = NDArray[Any]
_DEFAULT_DAY = 20260901.0


class MeterRows(NamedTuple):
    """What one meter says of some rows; objects are texts.

    Attributes:
        meter: number of the meter in the sheet.
        row: (l,) row of the scope.
        service_code: price-list service.
        region, usage_type, operation, variant: (l,) the price key.
        quantity: (l,) quantity a month.
    """

    meter: int
    row: Array
    service_code: str
    region: Array
    usage_type: Array
    operation: Array
    variant: Array
    quantity: Array


def meter_rows(scope: Scope, use: SheetUse, catalog: PriceCatalog) -> Iterator[MeterRows]:
    """Yield the lines of every meter of a sheet for the rows it is used for.

    Meters that wait for usage nobody knows give no line, as in an estimate.
    """
    kind = catalog.sheets.get_kind(use.type)
    if kind is None:
        raise SheetError(f"no service sheet knows {use.type}, which a usage model names")
    rows = np.arange(scope.length)
    if use.when is not None:
        applies = as_flag(use.when.evaluate(scope, scope.model.tables))
        rows = np.flatnonzero(np.broadcast_to(applies, (scope.length,)))
    if not len(rows):
        return
    part = scope.take(rows)
    inner = _sheet_scope(part, use, kind, catalog)
    tables = ChainMap(dict(kind.service.tables), catalog.lookup_tables)
    for number, meter in enumerate(kind.sheet.meters):
        found = _rows(number, meter, kind, inner, tables, len(rows))
        if found is not None:
            count = 1.0 if use.count is None else part_count(part, use)[found.row]
            yield found._replace(row=rows[found.row], quantity=found.quantity * count)


def part_count(part: Scope, use: SheetUse) -> Array:
    """Return how many of the sheet's resource every row stands for."""
    assert use.count is not None  # noqa: S101 - asked for only where there is one
    values = as_number(use.count.evaluate(part, part.model.tables))
    return np.broadcast_to(values, (part.length,))


def _rows(
    number: int, meter: Meter, kind: Kind, inner: Mapping[str, Array], tables: Any, length: int
) -> MeterRows | None:
    applies = np.ones(length, dtype=bool)
    if meter.when is not None:
        applies = np.broadcast_to(as_flag(meter.when.evaluate(inner, tables)), (length,)).copy()
    quantity = np.broadcast_to(as_number(meter.quantity.evaluate(inner, tables)), (length,))
    given = kind.sheet.inputs
    for name in meter.quantity.names:
        if name in given and given[name].usage:
            applies &= ~(np.isnan(quantity) & ~is_given(inner[name]))
    row = np.flatnonzero(applies)
    if not len(row):
        return None
    region = inner["region"]
    if meter.region is not None:
        region = meter.region.evaluate(inner, length, tables)
    return MeterRows(
        number,
        row,
        meter.service_code,
        np.broadcast_to(region, (length,))[row],
        meter.usage_type.evaluate(inner, length, tables)[row],
        meter.operation.evaluate(inner, length, tables)[row],
        meter.variant.evaluate(inner, length, tables)[row],
        quantity[row],
    )


def _sheet_scope(
    part: Scope, use: SheetUse, kind: Kind, catalog: PriceCatalog
) -> dict[str, Array]:
    length = part.length
    inner = {name: _input(part, use, given) for name, given in kind.sheet.inputs.items()}
    inner["region"] = part.full("region_id")
    prefixes = catalog.regions
    inner["region_prefix"] = np.array(
        [prefixes.get(region or "") for region in inner["region"]], dtype=object
    )
    day = as_number(part["as_of"])
    day = np.where(np.isnan(day), _DEFAULT_DAY, day)
    inner["as_of"] = np.broadcast_to(day, (length,))
    return inner


def _input(part: Scope, use: SheetUse, given: Input) -> Array:
    """Return one input of a sheet, (n,): what the model maps, else the sheet's default."""
    default = _default(given, part.length)
    if given.name not in use.inputs:
        return default
    value = use.inputs[given.name].evaluate(part, part.model.tables)
    value = np.broadcast_to(value, (part.length,))
    match given.kind:
        case "number":
            value = as_number(value)
        case "flag":
            return as_flag(value)
        case _:
            value = value.astype(object)
    return choose(is_given(value), value, default)


def _default(given: Input, length: int) -> Array:
    match given.kind:
        case "number":
            number = 0.0 if given.referenced_by else given.default
            return np.full(length, np.nan if number is None else float(number))
        case "flag":
            return np.full(length, bool(given.default))
        case _:
            return np.full(length, given.default, dtype=object)
