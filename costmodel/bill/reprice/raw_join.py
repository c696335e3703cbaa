"""Prices joined to a bill's raw rows: by as few raw columns as decide the price."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pyarrow as pa

from costmodel.bill import engine
from costmodel.bill.normalize.raw import Sql, quote
from costmodel.bill.normalize.relation import BILL_COLUMNS, select_folded
from costmodel.bill.query import Bill
from costmodel.bill.reprice.lines import usage_test
from costmodel.bill.reprice.raw_keys import RawKeys

RAW_PRICES: Final = "raw_prices"
_ROW, _PRICE = "x_RawRow", "x_PriceRow"


def raw_price_table(keys: RawKeys, names: Sequence[str], price_rows: pa.Table) -> pa.Table:
    """Return raw columns with the row of the price table they lead to.

    Args:
        keys: the bill's raw keys.
        names: columns of the relation that make a price key.
        price_rows: ``names``, and the prices of each key.
    """
    (source,) = keys.bill.sources
    raw = source.tables[source.scan]
    place = _place_of_raw_rows(keys, names, price_rows)
    values = list(zip(*(raw[name].to_pylist() for name in keys.columns), strict=True))
    kept = _deciding(values, place)
    found: dict[tuple[Any, ...], int] = {
        tuple(value[column] for column in kept): row
        for value, row in zip(values, place, strict=True)
        if row is not None
    }
    columns = {
        keys.columns[column]: pa.array(
            [key[i] for key in found], raw.schema.field(keys.columns[column]).type
        )
        for i, column in enumerate(kept)
    }
    table = pa.table(columns | {_PRICE: pa.array(list(found.values()), pa.int64())})
    chosen = price_rows.drop_columns(list(names)).take(table[_PRICE])
    for name in chosen.column_names:
        table = table.append_column(name, chosen[name])
    return table.drop_columns([_PRICE])


def _place_of_raw_rows(
    keys: RawKeys, names: Sequence[str], price_rows: pa.Table
) -> list[int | None]:
    """Return the price row of each raw row; None where it is no metered usage."""
    (source,), (rows,) = keys.bill.sources, keys.bill.rows
    raw = source.tables[source.scan]
    test = usage_test(keys.bill)
    numbered = raw.append_column(_ROW, pa.array(range(len(raw)), pa.int64()))
    wanted = {name: BILL_COLUMNS[name] for name in (*names, *test.columns)}
    numbered_rows = replace(rows, columns=rows.columns | {_ROW: quote(_ROW)})
    inner = select_folded(numbered_rows, source.scan, wanted | {_ROW: "BIGINT"})
    listed = ", ".join(map(quote, (_ROW, *names)))
    answer = engine.arrow(
        keys.bill.connection,
        f"SELECT {listed} FROM ({inner}) AS bill WHERE {test.sql}",
        {source.scan: numbered},
    )
    known = {
        key: row
        for row, key in enumerate(
            zip(*(price_rows[name].to_pylist() for name in names), strict=True)
        )
    }
    place: list[int | None] = [None] * len(raw)
    for row, *key in zip(*(answer[name].to_pylist() for name in (_ROW, *names)), strict=True):
        place[row] = known[tuple(key)]
    return place


def _deciding(values: Sequence[tuple[Any, ...]], place: Sequence[int | None]) -> list[int]:
    """Return the columns that tell price rows, and usage from the rest, apart."""
    kept = list(range(len(values[0]))) if values else []
    for column in reversed(range(len(kept))):
        fewer = [other for other in kept if other != column]
        leads_to: dict[tuple[Any, ...], int | None] = {}
        if all(
            leads_to.setdefault(tuple(value[other] for other in fewer), row) == row
            for value, row in zip(values, place, strict=True)
        ):
            kept = fewer
    return kept


def joined_rows(
    bill: Bill, table: pa.Table, columns: Sequence[str], prices: Sequence[str], condition: Sql
) -> Sql:
    """Return the relation's columns of rows whose price is known, with some price columns.

    Args:
        bill: the bill, of one source.
        table: from ``raw_price_table``; registered as ``raw_prices``.
        columns: columns of the relation.
        prices: columns of the table to carry along.
        condition: on the table, as ``p``.
    """
    (source,), (rows,) = bill.sources, bill.rows
    raw = [name for name in table.column_names if name in source.columns]
    tests = " AND ".join(
        f"s.{quote(name)} {'IS NOT DISTINCT FROM' if table[name].null_count else '='}"
        f" p.{quote(name)}"
        for name in raw
    )
    carried = ", ".join(f"p.{quote(name)} AS {quote(f'x_{name}')}" for name in prices)
    scan = (
        f"(SELECT s.*, {carried} FROM {source.scan} AS s JOIN {RAW_PRICES} AS p"
        f" ON {tests or 'TRUE'} WHERE {condition}) AS priced"
    )
    passed: dict[str, Sql | None] = {f"x_{name}": quote(f"x_{name}") for name in prices}
    wanted = {name: BILL_COLUMNS.get(name, "VARCHAR") for name in columns}
    return select_folded(
        replace(rows, columns=rows.columns | passed), scan,
        wanted | dict.fromkeys(passed, "DOUBLE"),
    )  # fmt: skip
