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
from costmodel.bill.normalize.relation import BILL_COLUMNS
from costmodel.bill.query import Bill
from costmodel.bill.reprice.lines import on_demand_usage_type, usage_test
from costmodel.bill.reprice.raw_join import RAW_PRICES, joined_rows, raw_price_table
from costmodel.bill.reprice.raw_keys import RawKeys, raw_keys
from costmodel.catalog.catalog import PriceCatalog, RateMatch
from costmodel.engine.tiers import graduated_cost

# A row's price key; rows of one key and pool fill one tier ladder.
_KEYS = ("x_PriceServiceCode", "RegionId", "SkuMeter", "x_Operation")
_POOL = ("BillingAccountId", "BillingPeriodStart")
# Rows of one hour fill tiers in the order of their quantity: every run gives equal costs.
_ORDER = ("ChargePeriodStart", "PricingQuantity")
_NEVER = 1e300  # a bound no quantity reaches


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
    added_up = _added_up(bill, filter_text)
    keys = _key_table(added_up.bill if added_up else bill, catalog, filter_text)
    if added_up is not None and all(name in BILL_COLUMNS for name in wanted):
        return _by_raw_columns(bill, added_up, keys, wanted)
    tables, crosses = {"price_keys": keys}, bool(np.any(keys["crosses"].to_numpy()))
    read = source(
        bill,
        list(
            dict.fromkeys(
                [*_KEYS, *_POOL, *usage_test(bill).columns, *(_ORDER if crosses else ()), *wanted]
            )
        ),
        filter_text,
        unused="folded",
    )
    shown = ", ".join(f"u.{quote(name)}" for name in [*wanted, "PricingQuantity"])
    joined = _join_condition(keys)
    usage = f"SELECT * FROM {read.sql} WHERE {usage_test(bill).sql} AND {read.condition}"
    quantity = f"CAST(u.{quote('PricingQuantity')} AS DOUBLE)"
    plain = (
        f"SELECT {shown}, {quantity} * p.unit_price AS {quote('x_CatalogCost')}"
        f" FROM ({usage}) AS u LEFT JOIN price_keys AS p ON {joined}"
        " WHERE NOT COALESCE(p.crosses, FALSE)"
    )
    if not crosses:
        return RowPrices(plain, tables)
    # Few meters cross: naming them spares the second scan nearly all of its work.
    meters = keys.filter(keys["crosses"])["SkuMeter"].unique().to_pylist()
    few = f"{usage} AND {isin(quote('SkuMeter'), meters)}"
    tiers = sum(name.startswith("begin") for name in keys.column_names)
    return RowPrices(f"{plain} UNION ALL {_crossing(few, joined, wanted, tiers)}", tables)


def _by_raw_columns(
    bill: Bill, added_up: RawKeys, keys: pa.Table, wanted: Sequence[str]
) -> RowPrices:
    """Return the same query on raw columns, where the bill has them in one table."""
    table = raw_price_table(added_up, (*_KEYS, *_POOL), keys)
    shown = ", ".join(quote(name) for name in [*wanted, "PricingQuantity"])
    amount = f"CAST({quote('PricingQuantity')} AS DOUBLE)"
    cost = quote("x_CatalogCost")
    rows = joined_rows(bill, table, [*wanted, "PricingQuantity"], ["unit_price"], "NOT p.crosses")
    plain = f"SELECT {shown}, {amount} * x_unit_price AS {cost} FROM ({rows}) AS u"
    tables = {RAW_PRICES: table}
    if not np.any(keys["crosses"].to_numpy()):
        return RowPrices(plain, tables)
    steps = [name for name in keys.column_names if name.startswith(("begin", "finish", "price"))]
    rows = joined_rows(
        bill, table, list(dict.fromkeys([*wanted, *_ORDER])), ["pool_key", *steps], "p.crosses"
    )
    order = ", ".join(map(quote, _ORDER))
    running = (
        f"SELECT *, CAST(SUM({quote('PricingQuantity')}) OVER (PARTITION BY x_pool_key"
        f" ORDER BY {order} ROWS UNBOUNDED PRECEDING) AS DOUBLE) AS after, {amount} AS amount"
        f" FROM ({rows}) AS u"
    )
    crossing = f"SELECT {shown}, {_pieces(len(steps) // 3, 'x_')} AS {cost} FROM ({running}) AS w"
    return RowPrices(f"{plain} UNION ALL {crossing}", tables)


def _pieces(tiers: int, prefix: str = "") -> Sql:
    """Return the cost of what of each tier lies between a row's running sums."""
    return " + ".join(
        f"w.{prefix}price{tier} * GREATEST(LEAST(w.after, w.{prefix}finish{tier})"
        f" - GREATEST(w.after - w.amount, w.{prefix}begin{tier}), 0)"
        for tier in range(tiers)
    )


def _join_condition(keys: pa.Table) -> Sql:
    """Return the test that a row has a key; what all keys have in common need not be compared."""
    tests = []
    for name in (*_KEYS, *_POOL):
        values = keys[name].unique()
        if len(values) > 1:
            equal = "IS NOT DISTINCT FROM" if values.null_count else "="
            tests.append(f"u.{quote(name)} {equal} p.{quote(name)}")
    return " AND ".join(tests) or "TRUE"


def _crossing(usage: Sql, joined: Sql, wanted: Sequence[str], tiers: int) -> Sql:
    """Return the rows of pools that cross a tier bound: what of each tier lies inside the row."""
    names = [*wanted, "PricingQuantity"]
    order = ", ".join(f"u.{quote(name)}" for name in _ORDER)
    steps = [f"p.{name}{tier}" for tier in range(tiers) for name in ("begin", "finish", "price")]
    running = (
        f"SELECT {', '.join([f'u.{quote(name)}' for name in names] + steps)},"
        f" CAST(SUM(u.{quote('PricingQuantity')}) OVER (PARTITION BY p.pool_key ORDER BY {order}"
        " ROWS UNBOUNDED PRECEDING) AS DOUBLE) AS after,"
        f" CAST(u.{quote('PricingQuantity')} AS DOUBLE) AS amount"
        f" FROM ({usage}) AS u JOIN price_keys AS p ON {joined} WHERE p.crosses"
    )
    shown = ", ".join(f"w.{quote(name)}" for name in names)
    return f"SELECT {shown}, {_pieces(tiers)} AS {quote('x_CatalogCost')} FROM ({running}) AS w"


def _added_up(bill: Bill, filter_text: str | None) -> RawKeys | None:
    # A filter may look at single rows.
    return None if filter_text else raw_keys(bill, [*_KEYS, *_POOL, *usage_test(bill).columns])


def _key_table(bill: Bill, catalog: PriceCatalog, filter_text: str | None) -> pa.Table:
    """Return each key and pool with its price and whether it crosses a tier bound."""
    keys = [(quote(name), name) for name in (*_KEYS, *_POOL)]
    fields = named([*keys, (f"SUM({quote('PricingQuantity')})", "quantity")])
    columns = [*_KEYS, *_POOL, *usage_test(bill).columns]
    read = source(bill, columns, filter_text, unused="folded")
    table = bill.arrow(
        f"SELECT {fields} FROM {read.sql} WHERE {usage_test(bill).sql} AND {read.condition}"
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
    table = table.append_column("cost", pa.array(graduated_cost(tiers, match.sku, quantity)))
    table = table.append_column("unit_price", pa.array(price, from_pandas=True))
    table = table.append_column("crosses", pa.array(crosses))
    table = table.append_column("pool_key", pa.array(np.arange(len(table))))
    for name, values in _ladders(match, crosses).items():
        table = table.append_column(name, pa.array(values))
    return table


def _ladders(match: RateMatch, crosses: Any) -> dict[str, Any]:
    """Return begin, finish and price of each tier of the keys that cross one, tier by tier.

    Ladders shorter than the longest are filled up with tiers nothing reaches.
    """
    tiers, sku = match.tiers, np.where(crosses, match.sku, -1)
    width = np.where(crosses, np.append(np.diff(tiers.first), 0)[sku], 0)
    columns = {}
    for tier in range(int(width.max(initial=0))):
        row = np.where(tier < width, np.append(tiers.first, 0)[sku] + tier, -1)
        after = np.where(tier + 1 < width, row + 1, -1)
        columns[f"begin{tier}"] = np.append(tiers.begin_range, _NEVER)[row]
        columns[f"finish{tier}"] = np.append(tiers.begin_range, _NEVER)[after]
        columns[f"price{tier}"] = np.append(tiers.unit_price, 0.0)[row]
    return columns


def catalog_total(bill: Bill, catalog: PriceCatalog, filter_text: str | None = None) -> float:
    """Return the list cost of all usage by the catalog [USD]; usage without a price is left out.

    Args:
        bill: the bill.
        catalog: the prices.
        filter_text: expression of the filter language.
    """
    added_up = _added_up(bill, filter_text)
    keys = _key_table(added_up.bill if added_up else bill, catalog, filter_text)
    return float(np.nansum(keys["cost"].to_numpy()))
