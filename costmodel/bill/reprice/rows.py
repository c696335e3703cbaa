"""Every usage row of a bill with its list cost, in the order tiers fill over the month.

Most price keys have one tier, or an organisation's month stays inside the first: there a row costs
its quantity times one price (a month that ends in its first tier never left it). Where a month
crosses a tier bound, its hours are priced first (``tier_hours``): only the rows of the very hour
that crosses need a running sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from costmodel.bill import engine
from costmodel.bill.analysis.dialect import Sql, named, quote
from costmodel.bill.normalize.relation import Expressions
from costmodel.bill.normalize.source_rows import AS_STORED, rows_of_columns
from costmodel.bill.query import Bill
from costmodel.bill.reprice.lines import HAS_QUANTITY, on_demand_usage_type, usage_test
from costmodel.bill.reprice.raw_keys import RAW_KEY, SourceKeys, grouped_rows
from costmodel.bill.reprice.tier_hours import ladders, straddling_cost, tier_hours
from costmodel.catalog.catalog import PriceCatalog, RateMatch
from costmodel.engine.tiers import graduated_cost

# A row's price key; rows of one key and pool fill one tier ladder.
_KEYS = ("x_PriceServiceCode", "RegionId", "SkuMeter", "x_Operation")
_POOL = ("BillingAccountId", "BillingPeriodStart")
_AMOUNT: Final = "x_Amount"
_COST: Final = "x_CatalogCost"


@dataclass(frozen=True, slots=True)
class RowPrices:
    """A query that gives rows their list cost, and the tables it joins."""

    sql: Sql
    tables: dict[str, pa.Table]

    def arrow(self, bill: Bill, query: Sql) -> Any:
        """Return the answer of a query on ``rows``, the priced rows, as an Arrow table."""
        return _arrow(bill, f"WITH rows AS ({self.sql}) {query}", self.tables)


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
    keys, match = _priced_keys(bill, catalog, filter_text)
    usage = _UsageRows(bill, filter_text, [*wanted, "PricingQuantity"])
    shown = ", ".join(map(quote, [*wanted, "PricingQuantity"]))
    plain = usage.sql("NOT p.crosses", {"x_UnitPrice": "p.unit_price"})
    parts = [f"SELECT {shown}, {_AMOUNT} * x_UnitPrice AS {quote(_COST)} FROM ({plain}) AS u"]
    tables = {"price_keys": keys.select([RAW_KEY, "unit_price", "crosses", "pool_key"])}
    if np.any(keys["crosses"].to_numpy()):
        crossing = _UsageRows(bill, filter_text, [*wanted, "PricingQuantity", "ChargePeriodStart"])
        rows = crossing.sql("p.crosses", {"x_PoolKey": "p.pool_key"})
        tables["tier_ladders"] = steps = ladders(keys, match)
        tables["tier_hours"] = tier_hours(
            lambda query: _arrow(bill, query, tables), rows, keys, match
        )
        of_hour = ('JOIN tier_hours AS h ON h.x_PoolKey = u.x_PoolKey AND h."ChargePeriodStart"'
                   ' IS NOT DISTINCT FROM u."ChargePeriodStart"')  # fmt: skip
        parts.append(
            f"SELECT {_of('u', [*wanted, 'PricingQuantity'])}, {_AMOUNT} * h.unit_price AS"
            f" {quote(_COST)} FROM ({rows}) AS u {of_hour} WHERE h.unit_price IS NOT NULL"
        )
        if tables["tier_hours"]["unit_price"].null_count:
            whole = f"SELECT u.*, h.before FROM ({rows}) AS u {of_hour} WHERE h.unit_price IS NULL"
            parts.append(straddling_cost(whole, shown, steps, quote(_COST)))
    return RowPrices(" UNION ALL ".join(parts), tables)


def _of(table: str, names: Sequence[str]) -> Sql:
    return ", ".join(f"{table}.{quote(name)}" for name in names)


class _UsageRows:
    """Usage rows of a bill joined to ``price_keys``.

    Args:
        bill: the bill.
        filter_text: expression of the filter language.
        names: columns of the relation to show.
    """

    def __init__(self, bill: Bill, filter_text: str | None, names: Sequence[str]) -> None:
        self._bill = bill
        self._names = list(dict.fromkeys(names))
        test, condition = usage_test(bill), bill.filter(filter_text)
        self._read = [*test.columns, "PricingQuantity", *sorted(condition.columns)]
        self._condition = f"{test.sql} AND {HAS_QUANTITY} AND {condition.sql}"

    def sql(self, condition: Sql, carried: Expressions) -> Sql:
        """Return the rows whose key meets a condition, with what the key carries."""
        return " UNION ALL ".join(
            self._of_source(place, condition, carried) for place in range(len(self._bill.sources))
        )

    def _of_source(self, place: int, condition: Sql, carried: Expressions) -> Sql:
        keys = SourceKeys(self._bill, place, [*_KEYS, *_POOL])
        joined = (
            f"(SELECT s.*, {named([(str(sql), name) for name, sql in carried.items()])}"
            f" FROM {keys.source.scan} AS s JOIN price_keys AS p ON {keys.key} = p.{RAW_KEY}"
            f" WHERE {condition}) AS priced"
        )
        # A cost is a double: the quantity need not become a decimal on the way.
        amount = rows_of_columns(
            keys.source.format, keys.source.columns, self._bill.prefixes, AS_STORED
        ).columns["PricingQuantity"]
        more: Expressions = {_AMOUNT: f"CAST({amount} AS DOUBLE)"}
        more |= {name: quote(name) for name in carried}
        inner = keys.relation(list(dict.fromkeys([*self._names, *self._read])), more, joined)
        shown = ", ".join(map(quote, [*self._names, *more]))
        return f"SELECT {shown} FROM ({inner}) AS bill WHERE {self._condition}"


def _priced_keys(
    bill: Bill, catalog: PriceCatalog, filter_text: str | None
) -> tuple[pa.Table, RateMatch]:
    """Return each raw key with its price, its pool and whether that crosses a tier bound.

    The table has ``x_RawKey, pool_key, unit_price, crosses``, and of its pool ``quantity, cost``.
    """
    names = [*_KEYS, *_POOL]
    test, condition = usage_test(bill), bill.filter(filter_text)
    rows = grouped_rows(
        bill, names, ["PricingQuantity"], f"{test.sql} AND {condition.sql}",
        [*test.columns, *sorted(condition.columns)],
    )  # fmt: skip
    listed = ", ".join(map(quote, names))
    table = bill.arrow(
        f"SELECT {RAW_KEY}, {listed}, DENSE_RANK() OVER (ORDER BY {listed}) AS pool_key,"
        f" SUM({quote('PricingQuantity')}) OVER (PARTITION BY {listed}) AS quantity"
        f" FROM ({rows}) AS bill"
    )
    texts = {
        name: np.asarray(table[name].fill_null("").to_numpy(), dtype=object) for name in _KEYS
    }
    _, usage_type = catalog.strip_region_prefix(texts["SkuMeter"])
    match = catalog.match(
        texts["x_PriceServiceCode"], texts["RegionId"],
        on_demand_usage_type(np.asarray(usage_type, dtype=object)), texts["x_Operation"],
    )  # fmt: skip
    return _with_prices(table.drop_columns(names), match), match


def _with_prices(table: pa.Table, match: RateMatch) -> pa.Table:
    tiers, known = match.tiers, match.sku >= 0
    quantity = table["quantity"].cast(pa.float64()).fill_null(0.0).to_numpy()
    first = tiers.first[np.maximum(match.sku, 0)] if len(match.skus) else np.zeros(len(table), int)
    price = np.append(tiers.unit_price, np.nan)[np.where(known, first, -1)]
    width = np.where(known, np.append(np.diff(tiers.first), 0)[match.sku], 0)
    second = np.append(tiers.begin_range, np.inf)[np.where(width > 1, first + 1, -1)]
    columns = {
        "cost": graduated_cost(tiers, match.sku, quantity),
        "unit_price": pa.array(price, from_pandas=True),
        "crosses": quantity > second,
    }
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return table


def _arrow(bill: Bill, query: Sql, tables: dict[str, pa.Table]) -> Any:
    registered = {name: table for part in bill.sources for name, table in part.tables.items()}
    return engine.arrow(bill.connection, query, registered | tables)


def catalog_total(bill: Bill, catalog: PriceCatalog, filter_text: str | None = None) -> float:
    """Return the list cost of all usage by the catalog [USD]; usage without a price is left out.

    Args:
        bill: the bill.
        catalog: the prices.
        filter_text: expression of the filter language.
    """
    keys, _ = _priced_keys(bill, catalog, filter_text)
    # Pools in order: the sum of doubles is the same in every run.
    _, of_pool = np.unique(keys["pool_key"].to_numpy(), return_index=True)
    return float(np.nansum(keys["cost"].to_numpy()[of_pool]))
