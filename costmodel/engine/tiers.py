"""Graduated and volume price tiers of many SKUs at once, in flat arrays.

Letters in shapes: ``n`` charges, ``s`` SKUs, ``t`` tiers in all. AWS applies graduated tiers to
nearly everything (each slice of the quantity at its own price); volume tiers price the whole
quantity at the rate of the tier it reaches.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# Charges per block: the temporaries of 64 K doubles stay in a 2 MB L2 cache.
_BLOCK = 1 << 16
# Blocks go to threads (numpy releases the lock) from 1 M charges on: 45 ms become 33 at 10 M.
_THREADED = 1 << 20
_THREADS = 2


class TierTable(NamedTuple):
    """Price tiers of many SKUs, laid end to end.

    Tiers of one SKU are adjacent and ascending, and its first tier begins at 0.
    """

    first: Ints  # (s + 1,) row of each SKU's first tier; the last entry is t
    begin_range: Floats  # (t,) PricingUnit
    unit_price: Floats  # (t,) USD per PricingUnit
    base_cost: Floats  # (t,) USD already due at begin_range under graduated pricing
    next_begin: Floats  # (t,) where the SKU's next tier begins, NaN at its last
    flat_price: Floats  # (s,) USD per PricingUnit of SKUs with one tier, NaN where several


def build_tier_table(first: npt.ArrayLike, begin_range: Any, unit_price: Any) -> TierTable:
    """Return the tiers of many SKUs with the cost due at each tier's start.

    Args:
        first: (s + 1,) row of each SKU's first tier; begins with 0, the last entry is t.
        begin_range: (t,) lower bound of each tier [PricingUnit], ascending inside a SKU from 0.
        unit_price: (t,) price of each tier [USD per PricingUnit]; NaN is unknown.

    Raises:
        ValueError: a SKU has no tier, does not begin at 0 or does not ascend.
    """
    first_row = np.asarray(first, dtype=np.intp)
    begin = np.asarray(begin_range, dtype=np.float64)
    price = np.asarray(unit_price, dtype=np.float64)
    _check_tiers(first_row, begin, price)
    next_begin = np.append(begin[1:], np.nan)
    next_begin[first_row[1:] - 1] = np.nan
    flat_price = np.where(np.diff(first_row) == 1, price[first_row[:-1]], np.nan)
    base_cost = _base_cost(first_row, begin, price)
    return TierTable(first_row, begin, price, base_cost, next_begin, flat_price)


def _check_tiers(first: Ints, begin: Floats, price: Floats) -> None:
    if begin.shape != price.shape or begin.ndim != 1:
        raise ValueError("begin_range and unit_price must be arrays of one length")
    if len(first) == 0 or first[0] != 0 or first[-1] != len(begin) or np.any(np.diff(first) < 1):
        raise ValueError("first must rise from 0 to the number of tiers, one or more per SKU")
    starts = first[:-1]
    if np.any(begin[starts] != 0.0):
        raise ValueError("the first tier of a SKU must begin at 0")
    rising = np.diff(begin) > 0
    inside = np.ones(max(len(begin) - 1, 0), dtype=bool)
    inside[starts[1:] - 1] = False
    if not np.all(rising[inside]):
        raise ValueError("tier bounds of a SKU must ascend")


def _base_cost(first: Ints, begin: Floats, price: Floats) -> Floats:
    """Add up inside each SKU, tier number by tier number.

    One running total over all SKUs would lose digits to cancellation (7e-10 at 50,000 SKUs).
    """
    base = np.zeros_like(begin)
    tier_number = np.arange(len(begin)) - np.repeat(first[:-1], np.diff(first))
    for number in range(1, int(tier_number.max(initial=0)) + 1):
        row = np.flatnonzero(tier_number == number)
        base[row] = base[row - 1] + (begin[row] - begin[row - 1]) * price[row - 1]
    return base


def tier_of(tiers: TierTable, sku: Ints, quantity: Floats) -> Ints:
    """Return the row of the tier each quantity ends in: the last that begins at or below it.

    Args:
        tiers: price tiers of every SKU.
        sku: (n,) SKU number of each charge.
        quantity: (n,) PricingQuantity of each charge; NaN and negatives stay in the first tier.

    Returns:
        (n,) row numbers into the tier arrays.
    """
    row = tiers.first.take(sku)
    # All step together: dropping those that have arrived costs more than it saves (56 against
    # 33 ms at 10 M charges); the NaN behind a last tier stops everybody.
    while True:
        rises = tiers.next_begin.take(row) <= quantity
        if not rises.any():
            return row
        row += rises


def graduated_cost(tiers: TierTable, sku: npt.ArrayLike, quantity: npt.ArrayLike) -> Floats:
    """Return the list cost of each charge under graduated pricing.

    Args:
        tiers: price tiers of every SKU.
        sku: (n,) SKU number of each charge; negative means unknown.
        quantity: (n,) PricingQuantity of each charge. A negative quantity (a correction) is priced
            in the first tier.

    Returns:
        (n,) ListCost [USD]; NaN where the SKU, its price or the quantity is unknown.
    """

    def climb(sku_block: Ints, quantity_block: Floats) -> Floats:
        row = tier_of(tiers, sku_block, quantity_block)
        inside = quantity_block - tiers.begin_range.take(row)
        # A tier's base cost may be unknown (NaN) while the first slice is priced: keep it NaN.
        return tiers.base_cost.take(row) + inside * tiers.unit_price.take(row)

    return _cost_by_block(tiers, sku, quantity, climb)


def volume_cost(tiers: TierTable, sku: npt.ArrayLike, quantity: npt.ArrayLike) -> Floats:
    """Return the list cost of each charge under volume pricing: all at the reached tier's price.

    Arguments and result as for ``graduated_cost``.
    """

    def reach(sku_block: Ints, quantity_block: Floats) -> Floats:
        return quantity_block * tiers.unit_price.take(tier_of(tiers, sku_block, quantity_block))

    return _cost_by_block(tiers, sku, quantity, reach)


def _cost_by_block(tiers: TierTable, sku: Any, quantity: Any, cost_in_tiers: Any) -> Floats:
    """Price all charges; ``cost_in_tiers`` is asked for those whose SKU has several tiers."""
    sku_array = np.asarray(sku, dtype=np.intp)
    amount = np.asarray(quantity, dtype=np.float64)
    if sku_array.shape != amount.shape or sku_array.ndim != 1:
        raise ValueError("sku and quantity must be one-dimensional and of one length")
    result = np.empty(len(amount))

    def price_block(start: int) -> None:
        block = slice(start, start + _BLOCK)
        _price_block(tiers, sku_array[block], amount[block], cost_in_tiers, result[block])

    starts = range(0, len(amount), _BLOCK)
    if len(amount) < _THREADED:
        for start in starts:
            price_block(start)
        return result
    with ThreadPoolExecutor(_THREADS) as threads:
        for _ in threads.map(price_block, starts):  # an error in a thread is raised here
            pass
    return result


def _price_block(
    tiers: TierTable, sku: Ints, quantity: Floats, cost_in_tiers: Any, result: Floats
) -> None:
    """Write the cost of one block: one gather for SKUs with one tier, the climb for the rest."""
    if sku.max(initial=-1) >= len(tiers.flat_price):
        raise IndexError(f"SKU {sku.max()} of {len(tiers.flat_price)}")
    if not len(tiers.flat_price):
        result[:] = np.nan
        return
    # "clip" skips numpy's buffered bounds check; negative numbers are blanked below.
    np.take(tiers.flat_price, sku, out=result, mode="clip")
    np.multiply(result, quantity, out=result)
    if sku.min(initial=0) < 0:
        result[sku < 0] = np.nan
    rest = np.flatnonzero(np.isnan(result))
    rest_sku = sku.take(rest)
    if rest_sku.min(initial=0) < 0:
        rest, rest_sku = rest[rest_sku >= 0], rest_sku[rest_sku >= 0]
    if len(rest):
        result[rest] = cost_in_tiers(rest_sku, quantity.take(rest))


def marginal_price(tiers: TierTable, sku: Ints, quantity: Floats) -> Floats:
    """Return the price of the next unit after each quantity [USD per PricingUnit], shape (n,)."""
    return tiers.unit_price[tier_of(tiers, sku, quantity)]


def pooled_cost(
    tiers: TierTable, sku: npt.ArrayLike, quantity: npt.ArrayLike, pool: npt.ArrayLike
) -> Floats:
    """Return each charge's share of the cost of its pool, where a pool fills one tier ladder.

    AWS applies tiers to an account's whole monthly use of a SKU; every charge of the pool carries
    the same average price, so that shares do not depend on the order of rows.

    Args:
        tiers: price tiers of every SKU.
        sku: (n,) SKU number; negative means unknown.
        quantity: (n,) PricingQuantity, NaN unknown.
        pool: (n,) number of the account (or payer) the tiers are counted for.

    Returns:
        (n,) ListCost [USD]; they add up to the graduated cost of the pool's quantity.
    """
    sku_array, amount = np.asarray(sku, dtype=np.intp), np.asarray(quantity, dtype=np.float64)
    result = np.full(len(amount), np.nan)
    known = np.flatnonzero((sku_array >= 0) & ~np.isnan(amount))
    if not len(known):
        return result
    count = len(tiers.first) - 1
    pairs = np.asarray(pool, dtype=np.intp)[known] * count + sku_array[known]
    keys, group = np.unique(pairs, return_inverse=True)
    key_sku = keys % count
    total = np.bincount(group, weights=amount[known], minlength=len(keys))
    cost = graduated_cost(tiers, key_sku, total)
    with np.errstate(invalid="ignore", divide="ignore"):
        average = np.where(total > 0, cost / total, tiers.unit_price[tiers.first[key_sku]])
    result[known] = amount[known] * average[group]
    return result
