"""The distinct price keys of a bill by its raw columns: few rows stand for millions.

A file keeps its texts as dictionaries, and an engine groups by those fast; any expression on them
is slow. So raw columns are grouped first, and the relation's expressions run on what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa

from costmodel.bill import engine
from costmodel.bill.normalize.raw import QUANTITY_TYPE, quote
from costmodel.bill.query import Bill
from costmodel.bill.source import BillFormat, BillSource

# The raw column the relation's PricingQuantity is a multiple of, by format.
_QUANTITY: Final = {
    BillFormat.LEGACY_CUR: "line_item_usage_amount",
    BillFormat.CUR_2: "line_item_usage_amount",
    BillFormat.FOCUS: "PricingQuantity",
    BillFormat.STORE: "PricingQuantity",
}
_NAME = "raw_keys"


@dataclass(frozen=True, slots=True)
class RawKeys:
    """A bill's rows added up by the raw columns that decide some columns of the relation.

    Attributes:
        bill: a bill of those sums, of equal quantity.
        columns: the raw columns they are grouped by.
    """

    bill: Bill
    columns: tuple[str, ...]


def raw_keys(bill: Bill, columns: Sequence[str]) -> RawKeys | None:
    """Return the bill added up by raw columns, or None where it cannot be.

    Args:
        bill: a bill of one source.
        columns: columns of the relation, PricingQuantity among them.
    """
    source = bill.sources[0]
    quantity = _QUANTITY.get(source.format)
    if len(bill.sources) > 1 or quantity is None or source.columns.get(quantity) != "DOUBLE":
        return None
    text = bill.relation_sql(list(columns), unused="folded")
    used = tuple(name for name in source.columns if name != quantity and quote(name) in text)
    return RawKeys(Bill([_added_up(bill, source, used, quantity)], bill.prefixes), used)


def _added_up(bill: Bill, source: BillSource, used: Sequence[str], quantity: str) -> BillSource:
    names = ", ".join(map(quote, used))
    total = f"SUM(CAST({quote(quantity)} AS {QUANTITY_TYPE})) AS {quote(quantity)}"
    table: pa.Table = engine.arrow(
        bill.connection, f"SELECT {names}, {total} FROM {source.scan} GROUP BY {names}",
        source.tables,
    )  # fmt: skip
    types = {name: source.columns[name] for name in used} | {quantity: QUANTITY_TYPE}
    return replace(source, scan=_NAME, columns=types, tables={_NAME: table}, issues=())
