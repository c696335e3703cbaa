"""Daily sums of a month by what most questions group by: a thousandth of the rows, exact."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from costmodel.bill.normalize.raw import MONEY_TYPE, Sql, quote
from costmodel.bill.normalize.relation import BILL_COLUMNS
from costmodel.bill.store.codes import Codes, codes_of, combined
from costmodel.columns import COST_METRICS

if TYPE_CHECKING:
    import duckdb

KEYS: Final = (
    "BillingAccountId", "BillingPeriodStart", "SubAccountId", "BillingCurrency", "ServiceName",
    "x_ServiceCode", "ServiceCategory", "RegionId", "x_UsageType", "x_Operation", "PricingUnit",
    "ChargeCategory", "ChargeClass", "ChargeFrequency", "PricingCategory", "x_LineItemType",
    "CommitmentDiscountStatus", "CommitmentDiscountType", "x_ProductFamily", "x_InstanceType",
    "ProviderName", "x_BillFormat",
)  # fmt: skip
DAY: Final = "ChargePeriodStart"
SUMS: Final = (*COST_METRICS, "PricingQuantity", "ConsumedQuantity", "x_CommitmentTrueUp",
               "x_CommitmentUpfront")  # fmt: skip
_MICROSECONDS_PER_DAY: Final = 86_400_000_000


def daily_sums(connection: "duckdb.DuckDBPyConnection", rows: pa.Table) -> pa.Table:
    """Return the sums of some rows by key and day.

    Args:
        connection: DuckDB connection of this thread.
        rows: rows of a store, amounts as doubles or decimals.
    """
    keys = [name for name in KEYS if name in rows.column_names]
    sums = [name for name in SUMS if name in rows.column_names]
    day = _days(rows)
    codes = [codes_of(rows[name]) for name in keys]
    first_day = int(day.min()) if len(day) else 0
    codes.append((day - first_day, int(day.max()) - first_day + 1 if len(day) else 1))
    groups = combined(codes, len(rows))
    same = _first_of_same(rows, sums)
    counted = pa.table({"code": groups.code, **{name: rows[name] for name in set(same.values())}})
    connection.register("counted", counted)
    fields = ", ".join(
        f"{_sum(name, rows.schema.field(name).type)} AS {quote(name)}"
        for name in sorted(set(same.values()))
    )
    answer = connection.sql(
        f"SELECT code, {fields} FROM counted GROUP BY code ORDER BY code"
    ).to_arrow_table()
    first = pa.array(groups.first)
    columns = {name: _plain(rows[name].take(first)) for name in keys}
    days = (day[groups.first] * _MICROSECONDS_PER_DAY).view("datetime64[us]")
    columns[DAY] = pa.array(days, pa.timestamp("us"))
    return pa.table(columns | {name: answer[same[name]] for name in sums})


def merged(connection: "duckdb.DuckDBPyConnection", parts: Sequence[pa.Table]) -> pa.Table:
    """Return the sums of several parts as one table, in the order questions ask for."""
    whole = pa.concat_tables(parts, promote_options="permissive")
    keys = [name for name in (*KEYS, DAY) if name in whole.column_names]
    sums = [name for name in SUMS if name in whole.column_names]
    connection.register("parts", whole)
    # Keys of one value all month, often half of them, are left out of grouping and ordering.
    varied = [name for name in keys if name == DAY or len(whole[name].unique()) > 1]
    names = ", ".join(map(quote, varied))
    fields = ", ".join(
        f"{_sum(name, whole.schema.field(name).type)} AS {quote(name)}" for name in sums
    )
    query = f"SELECT {names}, {fields} FROM parts GROUP BY {names} ORDER BY {names}"
    answer = connection.sql(query).to_arrow_table()
    first = pa.array(np.zeros(len(answer), dtype=np.int64))
    columns = {name: answer[name] if name in varied else whole[name].take(first) for name in keys}
    return pa.table(columns | {name: answer[name] for name in sums})


def _first_of_same(rows: pa.Table, names: Sequence[str]) -> dict[str, str]:
    """Return for each column the first that shares its memory: it is summed once."""
    first: dict[tuple[int, ...], str] = {}
    return {
        name: first.setdefault(tuple(_address(chunk) for chunk in rows[name].chunks), name)
        for name in names
    }


def _address(chunk: pa.Array) -> int:
    values = chunk.buffers()[1]
    return 0 if values is None else int(values.address) + chunk.offset


def _sum(name: str, kind: pa.DataType) -> Sql:
    """Return the exact sum of a column; doubles are rounded first, as rows of ``bill`` are."""
    column = quote(name)
    if not pa.types.is_decimal(kind):
        column = f"CAST({column} AS {BILL_COLUMNS[name]})"
    return f"CAST(SUM({column}) AS {MONEY_TYPE})"


def _days(rows: pa.Table) -> Codes:
    start = rows[DAY].cast(pa.timestamp("us")).cast(pa.int64())
    days: Codes = start.fill_null(0).to_numpy() // _MICROSECONDS_PER_DAY
    return days


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
