"""The mapping of each format: what turns a source into columns of ``bill``."""

from collections.abc import Mapping

from costmodel.bill.normalize.cur import ALIASES as CUR_ALIASES
from costmodel.bill.normalize.cur import CurColumns, cur_rows
from costmodel.bill.normalize.focus import focus_columns, focus_rows
from costmodel.bill.normalize.raw import (
    MONEY_TYPE,
    QUANTITY_TYPE,
    RawColumns,
    coalesce,
    header_of,
    snake_case,
)
from costmodel.bill.normalize.regions import base_usage_type, region_of
from costmodel.bill.normalize.relation import BILL_COLUMNS, Expressions, Rows
from costmodel.bill.normalize.stored import stored_rows
from costmodel.bill.normalize.tags import map_lookup
from costmodel.bill.source import BillFormat, BillSource

EXACT = (MONEY_TYPE, QUANTITY_TYPE)
# For copies of doubles, where nothing is added up: a sum casts to DECIMAL when it is asked for.
AS_STORED = ("DOUBLE", "DOUBLE")


def rows_of(source: BillSource, prefixes: Mapping[str, str]) -> Rows:
    """Return a source's rows as columns of ``bill``.

    Args:
        source: what a reader found.
        prefixes: usage-type prefix → region or zone.
    """
    return rows_of_columns(source.format, source.columns, prefixes, EXACT)


def rows_of_columns(
    bill_format: BillFormat,
    types: Mapping[str, str],
    prefixes: Mapping[str, str],
    numbers: tuple[str, str],
) -> Rows:
    """Return raw columns of a format as columns of ``bill``; see ``rows_of``."""
    match bill_format:
        case BillFormat.LEGACY_CUR | BillFormat.CUR_2:
            canonical = {name: snake_case(header_of(name)) for name in types}
            raw = CurColumns(types, canonical, CUR_ALIASES, numbers)
            return cur_rows(raw, prefixes, bill_format)
        case BillFormat.FOCUS:
            return focus_rows(focus_columns(types, numbers), prefixes, bill_format)
        case BillFormat.STORE:
            return stored_rows(RawColumns(types, numbers=numbers))
        case _:
            return _ready_rows(RawColumns(types, numbers=numbers), prefixes)


def _ready_rows(raw: RawColumns, prefixes: Mapping[str, str]) -> Rows:
    """Return rows that carry the columns of ``bill`` already, but for what a usage type says."""
    columns: Expressions = {name: raw.plain(name) for name in BILL_COLUMNS}
    columns["ServiceProviderName"] = columns["ProviderName"]
    meter, code = columns["SkuMeter"], columns["x_ServiceCode"]
    if meter is not None and columns["x_UsageType"] is None:
        columns["x_UsageType"] = base_usage_type(meter, code, prefixes)
        columns["RegionId"] = coalesce(columns["RegionId"], region_of(meter, code, prefixes))
    return Rows(
        columns=columns,
        tag=lambda key: map_lookup(raw, "Tags", key),
    )
