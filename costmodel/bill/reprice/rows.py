"""Every usage row of a bill with its list cost, in the order tiers fill over the month.

Most price keys have one tier, or an organisation's month stays inside the first: there a row costs
its quantity times one price. Only months that cross a tier bound need a running sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from costmodel.bill import engine
from costmodel.bill.analysis.dialect import Sql, named, places, quote, source
from costmodel.bill.normalize.raw import isin
from costmodel.bill.query import Bill
from costmodel.bill.reprice.lines import USAGE_CONDITION, on_demand_usage_type
from costmodel.catalog.catalog import PriceCatalog, RateMatch
from costmodel.engine.tiers import graduated_cost

# A row's price key; rows of one key and pool fill one tier ladder.
_KEYS = ("x_PriceServiceCode", "RegionId", "SkuMeter", "x_Operation")
_POOL = ("BillingAccountId", "BillingPeriodStart")
_USAGE_COLUMNS = ("ChargeCategory", "ChargeClass", "x_LineItemType", "PricingQuantity")
# Rows of one hour fill tiers in a fixed order, so that every run gives every row the same cost.
_ORDER = ("ChargePeriodStart", "SubAccountId", "ResourceId", "PricingQuantity")


@dataclass(frozen=True, slots=True)
class RowPrices:
    """A query that gives rows their list cost, and the tables it joins."""

    sql: Sql
    tables: dict[str, pa.Table]

    def arrow(self, bill: Bill, query: Sql) -> Any:
        """Return the answer of a query on ``rows``, the priced rows, as an Arrow table."""
        tables = self.tables | {
            name: table for part in bill.sources for name, table in part.tables.items()
        }
        return engine.arrow(bill.connection, f"WITH rows AS ({self.sql}) {query}", tables)


def price_rows(
    bill: Bill,
    catalog: PriceCatalog,
    columns: Sequence[str] = (),
    filter_text: str | None = None,
) -> RowPrices:
    """Return the query for usage rows with some columns, PricingQuantity and ``x_CatalogCost``.

    Rows without a price have a cost of NULL.

    Args:
        bill: the bill.
        catalog: the prices.
        columns: further columns of each row.
        filter_text: expression of the filter language.
    """
    wanted = [bill.resolve(name) for name in columns if name != "PricingQuantity"]
    keys = _key_table(bill, catalog, filter_text)
    tables, crosses = {"price_keys": keys}, bool(np.any(keys["crosses"].to_numpy()))
    read = source(
        bill,
        list(
            dict.fromkeys([*_KEYS, *_POOL, *_USAGE_COLUMNS, *(_ORDER if crosses else ()), *wanted])
        ),
        filter_text,
        unused="folded",
    )
    shown = ", ".join(f"u.{quote(name)}" for name in [*wanted, "PricingQuantity"])
    joined = _join_condition(keys)
    usage = f"SELECT * FROM {read.sql} WHERE {USAGE_CONDITION} AND {read.condition}"
    quantity = f"CAST(u.{quote('PricingQuantity')} AS DOUBLE)"
    plain = (
        f"SELECT {shown}, {quantity} * p.unit_price AS {quote('x_CatalogCost')}"
        f" FROM ({usage}) AS u LEFT JOIN price_keys AS p ON {joined}"
        " WHERE NOT COALESCE(p.crosses, FALSE)"
    )
    if not crosses:
        return RowPrices(plain, tables)
    tables["price_tiers"] = _tier_rows(keys)
    # Few meters cross: naming them spares the second scan nearly all of its work.
    meters = keys.filter(keys["crosses"])["SkuMeter"].unique().to_pylist()
    few = f"{usage} AND {isin(quote('SkuMeter'), meters)}"
    return RowPrices(f"{plain} UNION ALL {_crossing(few, joined, wanted)}", tables)


def _join_condition(keys: pa.Table) -> Sql:
    """Return the test that a row has a key; what all keys have in common need not be compared."""
    tests = []
    for name in (*_KEYS, *_POOL):
        values = keys[name].unique()
        if len(values) > 1:
            equal = "IS NOT DISTINCT FROM" if values.null_count else "="
            tests.append(f"u.{quote(name)} {equal} p.{quote(name)}")
    return " AND ".join(tests) or "TRUE"


def _crossing(usage: Sql, joined: Sql, wanted: Sequence[str]) -> Sql:
    """Return the rows of pools that cross a tier bound: cost up to the row less cost before it."""
    names = [*wanted, "PricingQuantity"]
    order = ", ".join(f"u.{quote(name)}" for name in _ORDER)
    running = (
        f"SELECT {', '.join(f'u.{quote(name)}' for name in names)}, p.pool_key,"
        f" SUM(u.{quote('PricingQuantity')}) OVER (PARTITION BY p.pool_key ORDER BY {order}"
        " ROWS UNBOUNDED PRECEDING) AS running"
        f" FROM ({usage}) AS u JOIN price_keys AS p ON {joined} WHERE p.crosses"
    )
    shown = ", ".join(f"w.{quote(name)}" for name in names)
    before = f"CAST(w.running - w.{quote('PricingQuantity')} AS DOUBLE)"
    after = "CAST(w.running AS DOUBLE)"
    cost = (
        f"(a.base_cost + ({after} - a.begin_range) * a.unit_price)"
        f" - (b.base_cost + ({before} - b.begin_range) * b.unit_price)"
    )
    within = "{0} >= {1}.begin_range AND {0} < {1}.end_range"
    return (
        f"SELECT {shown}, {cost} AS {quote('x_CatalogCost')} FROM ({running}) AS w"
        f" JOIN price_tiers AS a ON a.pool_key = w.pool_key AND {within.format(after, 'a')}"
        f" JOIN price_tiers AS b ON b.pool_key = w.pool_key AND {within.format(before, 'b')}"
    )


def _key_table(bill: Bill, catalog: PriceCatalog, filter_text: str | None) -> pa.Table:
    """Return each key and pool with its price and whether it crosses a tier bound."""
    keys = [(quote(name), name) for name in (*_KEYS, *_POOL)]
    fields = named([*keys, (f"SUM({quote('PricingQuantity')})", "quantity")])
    read = source(bill, [*_KEYS, *_POOL, *_USAGE_COLUMNS], filter_text, unused="folded")
    table = bill.arrow(
        f"SELECT {fields} FROM {read.sql} WHERE {USAGE_CONDITION} AND {read.condition}"
        f" GROUP BY {places(len(keys))}"
    )
    texts = {
        name: np.asarray(table[name].fill_null("").to_numpy(), dtype=object) for name in _KEYS
    }
    _, usage_type = catalog.strip_region_prefix(texts["SkuMeter"])
    match = catalog.match(
        texts["x_PriceServiceCode"], texts["RegionId"],
        on_demand_usage_type(np.asarray(usage_type, dtype=object)), texts["x_Operation"],
    )  # fmt: skip
    quantity = table["quantity"].cast(pa.float64()).to_numpy()
    return _with_prices(table, match, quantity)


def _with_prices(table: pa.Table, match: RateMatch, quantity: Any) -> pa.Table:
    tiers, known = match.tiers, match.sku >= 0
    first = tiers.first[np.maximum(match.sku, 0)] if len(match.skus) else np.zeros(len(table), int)
    price = np.append(tiers.unit_price, np.nan)[np.where(known, first, -1)]
    width = np.where(known, np.append(np.diff(tiers.first), 0)[match.sku], 0)
    second = np.append(tiers.begin_range, np.inf)[np.where(width > 1, first + 1, -1)]
    crosses = quantity > second
    return (
        table.append_column("cost", pa.array(graduated_cost(tiers, match.sku, quantity)))
        .append_column("unit_price", pa.array(price, from_pandas=True))
        .append_column("crosses", pa.array(crosses))
        .append_column("pool_key", pa.array(np.arange(len(table))))
        .append_column("tiers", _ladders(match, np.flatnonzero(crosses), len(table)))
    )


def _ladders(match: RateMatch, crossing: Any, count: int) -> pa.Array:
    """Return the tiers of crossing keys as lists of (begin, end, price, base); null elsewhere."""
    ladders: list[list[dict[str, float]] | None] = [None] * count
    tiers = match.tiers
    for key in crossing.tolist():
        rows = range(tiers.first[match.sku[key]], tiers.first[match.sku[key] + 1])
        ends = [*tiers.begin_range[rows.start + 1 : rows.stop].tolist(), float("inf")]
        ladders[key] = [
            {
                "begin_range": float(tiers.begin_range[row]),
                "end_range": end,
                "unit_price": float(tiers.unit_price[row]),
                "base_cost": float(tiers.base_cost[row]),
            }
            for row, end in zip(rows, ends, strict=True)
        ]
    names = ("begin_range", "end_range", "unit_price", "base_cost")
    return pa.array(ladders, pa.list_(pa.struct([(name, pa.float64()) for name in names])))


def _tier_rows(keys: pa.Table) -> pa.Table:
    rows = [
        {"pool_key": pool, **tier}
        for pool, ladder in zip(
            keys["pool_key"].to_pylist(), keys["tiers"].to_pylist(), strict=True
        )
        for tier in ladder or ()
    ]
    return pa.Table.from_pylist(rows)


def catalog_total(bill: Bill, catalog: PriceCatalog, filter_text: str | None = None) -> float:
    """Return the list cost of all usage by the catalog [USD]; usage without a price is left out.

    Args:
        bill: the bill.
        catalog: the prices.
        filter_text: expression of the filter language.
    """
    keys = _key_table(bill, catalog, filter_text)
    return float(np.nansum(keys["cost"].to_numpy()))
