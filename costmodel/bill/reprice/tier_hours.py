"""Months that cross a tier bound, hour by hour: nearly every hour lies inside one tier.

Rows of one hour fill tiers in the order of their quantity, so that every run gives equal costs.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa

from costmodel.bill.normalize.raw import QUANTITY_TYPE, Sql
from costmodel.catalog.catalog import RateMatch

_NEVER: Final = 1e300  # a bound no quantity reaches


def ladders(keys: pa.Table, match: RateMatch) -> pa.Table:
    """Return begin, finish and price of each tier of the pools that cross one, tier by tier.

    Ladders shorter than the longest are filled up with tiers nothing reaches.

    Args:
        keys: ``pool_key`` and ``crosses`` of each key.
        match: the keys' SKUs.
    """
    pools, of_pool = _crossing_pools(keys)
    tiers, sku = match.tiers, match.sku[of_pool]
    width = np.diff(tiers.first)[sku]
    columns: dict[str, Any] = {"x_PoolKey": pools}
    for tier in range(int(width.max(initial=0))):
        row = np.where(tier < width, np.append(tiers.first, 0)[sku] + tier, -1)
        after = np.where(tier + 1 < width, row + 1, -1)
        # What is given back before anything was used is at the first price.
        begin = np.append(tiers.begin_range, _NEVER)[row]
        columns[f"begin{tier}"] = begin if tier else np.full(len(pools), -_NEVER)
        columns[f"finish{tier}"] = np.append(tiers.begin_range, _NEVER)[after]
        columns[f"price{tier}"] = np.append(tiers.unit_price, 0.0)[row]
    return pa.table(columns)


def _crossing_pools(keys: pa.Table) -> tuple[Any, Any]:
    """Return the pools that cross a bound, and a key of each."""
    crossing = np.flatnonzero(keys["crosses"].to_numpy())
    pools, first = np.unique(keys["pool_key"].to_numpy()[crossing], return_index=True)
    return pools, crossing[first]


def tier_hours(
    ask: Callable[[Sql], pa.Table], rows: Sql, keys: pa.Table, match: RateMatch
) -> pa.Table:
    """Return the price of each hour of each crossing pool; NULL where the hour crosses a bound.

    Args:
        ask: runs a query.
        rows: the pools' rows: ``x_PoolKey, ChargePeriodStart, PricingQuantity``.
        keys: ``pool_key`` and ``crosses`` of each key.
        match: the keys' SKUs.

    Returns:
        ``x_PoolKey, ChargePeriodStart, unit_price`` and ``before``, what the pool used till then.
    """
    hours = ask(
        'SELECT x_PoolKey, "ChargePeriodStart", SUM("PricingQuantity") AS total,'
        ' SUM(LEAST("PricingQuantity", 0)) AS returned,'
        ' SUM(SUM("PricingQuantity")) OVER (PARTITION BY x_PoolKey ORDER BY "ChargePeriodStart")'
        f' - SUM("PricingQuantity") AS before FROM ({rows}) AS u GROUP BY 1, 2'
    )
    total, returned, before = (
        hours[name].cast(pa.float64()).to_numpy() for name in ("total", "returned", "before")
    )
    pools, of_pool = _crossing_pools(keys)
    sku = match.sku[of_pool][np.searchsorted(pools, hours["x_PoolKey"].to_numpy())]
    # The running sum stays between these, whatever the order of the hour's rows.
    lowest, highest = before + returned, before + total - returned
    tiers = match.tiers
    first, end = tiers.first[sku], tiers.first[sku + 1]
    low, high = first.copy(), first.copy()
    for tier in range(1, int((end - first).max(initial=1))):
        row = np.minimum(first + tier, end - 1)
        low += (first + tier < end) & (tiers.begin_range[row] <= lowest)
        high += (first + tier < end) & (tiers.begin_range[row] < highest)
    price = np.where(high <= low, tiers.unit_price[low], np.nan)
    return pa.table(
        {
            "x_PoolKey": hours["x_PoolKey"], "ChargePeriodStart": hours["ChargePeriodStart"],
            "unit_price": pa.array(price, from_pandas=True), "before": hours["before"],
        }
    )  # fmt: skip


def straddling_cost(rows: Sql, shown: Sql, steps: pa.Table, name: Sql) -> Sql:
    """Return the cost of rows of hours that cross a bound: what of each tier lies inside a row.

    Args:
        rows: the rows with ``x_PoolKey, ChargePeriodStart, PricingQuantity, before``.
        shown: columns to show.
        steps: the ladders; registered as ``tier_ladders``.
        name: of the cost.
    """
    running = (
        f'SELECT *, CAST(CAST(before AS {QUANTITY_TYPE}) + SUM("PricingQuantity") OVER (PARTITION'
        ' BY x_PoolKey, "ChargePeriodStart" ORDER BY "PricingQuantity" ROWS UNBOUNDED PRECEDING)'
        f' AS DOUBLE) AS after, CAST("PricingQuantity" AS DOUBLE) AS amount FROM ({rows}) AS r'
    )
    tiers = sum(column.startswith("begin") for column in steps.column_names)
    pieces = " + ".join(
        f"t.price{tier} * ({_inside('w.after', tier)} - {_inside('w.after - w.amount', tier)})"
        for tier in range(tiers)
    )
    return (
        f"SELECT {shown}, {pieces} AS {name} FROM ({running}) AS w"
        " JOIN tier_ladders AS t ON t.x_PoolKey = w.x_PoolKey"
    )


def _inside(quantity: Sql, tier: int) -> Sql:
    """Return a running sum held between the bounds of a tier."""
    return f"GREATEST(LEAST({quantity}, t.finish{tier}), t.begin{tier})"
