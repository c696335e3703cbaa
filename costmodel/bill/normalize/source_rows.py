"""The mapping of each format: what turns a source into columns of ``bill``."""

from collections.abc import Mapping

from costmodel.bill.normalize.cur import ALIASES as CUR_ALIASES
from costmodel.bill.normalize.cur import CurColumns, cur_rows
from costmodel.bill.normalize.focus import focus_columns, focus_rows
from costmodel.bill.normalize.raw import RawColumns, coalesce, snake_case
from costmodel.bill.normalize.regions import base_usage_type, region_of
from costmodel.bill.normalize.relation import BILL_COLUMNS, Expressions, Rows
from costmodel.bill.normalize.tags import map_lookup
from costmodel.bill.source import BillFormat, BillSource


def rows_of(source: BillSource, prefixes: Mapping[str, str]) -> Rows:
    """Return a source's rows as columns of ``bill``.

    Args:
        source: what a reader found.
        prefixes: usage-type prefix → region or zone.
    """
    match source.format:
        case BillFormat.LEGACY_CUR | BillFormat.CUR_2:
            canonical = {name: snake_case(name) for name in source.columns}
            raw = CurColumns(source.columns, canonical, CUR_ALIASES)
            return cur_rows(raw, prefixes, source.format)
        case BillFormat.FOCUS:
            return focus_rows(focus_columns(source.columns), prefixes, source.format)
        case _:
            return _ready_rows(RawColumns(source.columns), prefixes)


def _ready_rows(raw: RawColumns, prefixes: Mapping[str, str]) -> Rows:
    """Return rows that carry the columns of ``bill`` already, but for what a usage type says."""
    columns: Expressions = {name: raw.plain(name) for name in BILL_COLUMNS}
    meter, code = columns["SkuMeter"], columns["x_ServiceCode"]
    if meter is not None and columns["x_UsageType"] is None:
        columns["x_UsageType"] = base_usage_type(meter, code, prefixes)
        columns["RegionId"] = coalesce(columns["RegionId"], region_of(meter, code, prefixes))
    return Rows(
        columns=columns,
        tag=lambda key: map_lookup(raw, "Tags", key),
    )
