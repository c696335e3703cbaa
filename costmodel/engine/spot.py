"""Spot capacity: expected price, volatility, the cost of interruptions, how much and where.

Letters in shapes: ``o`` observations of a price, ``i`` instance pools, ``j`` scenarios.
AWS's Spot Instance Advisor reports interruptions in a month in five buckets.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.engine.tiers import Floats
from costmodel.errors import CommitmentError
from costmodel.units import HOURS_PER_MONTH

# Middle of the advisor's buckets <5, 5-10, 10-15, 15-20 and >20 % a month; the last is open and
# taken as 25 %.
MONTHLY_INTERRUPTION: Final = (0.025, 0.075, 0.125, 0.175, 0.25)


class SpotPrices(NamedTuple):
    """Statistics of each pool's price history."""

    mean: Floats  # (i,) USD per hour
    lowest: Floats  # (i,)
    highest: Floats  # (i,)
    volatility: Floats  # (i,) standard deviation of the change of log price per observation


class RestartModel(NamedTuple):
    """What an interruption costs a workload."""

    lost_hours: float = 0.0  # work since the last checkpoint, done again
    restart_hours: float = 0.0  # paid time until work goes on
    cost: float = 0.0  # USD besides


def spot_prices(history: npt.ArrayLike) -> SpotPrices:
    """Return price statistics of each pool.

    Args:
        history: (o, i) USD per hour, evenly spaced in time; NaN where a pool was not observed.
    """
    price = np.asarray(history, dtype=np.float64)
    if price.ndim != 2 or not len(price):
        raise CommitmentError(f"price history has shape {price.shape}: give observations × pools")
    if np.any(price <= 0.0) or np.any(np.isinf(price)):
        raise CommitmentError("spot prices must be numbers > 0, or NaN where not observed")
    columns = [column[~np.isnan(column)] for column in price.T]
    stats = [_pool_prices(column) for column in columns]
    return SpotPrices(*(np.array(values) for values in zip(*stats, strict=True)))


def _pool_prices(price: Floats) -> tuple[float, float, float, float]:
    if not len(price):
        return (np.nan, np.nan, np.nan, np.nan)
    # The step between two observations around a gap spans more time: counted as one all the same.
    change = np.diff(np.log(price))
    volatility = float(change.std(ddof=1)) if len(change) > 1 else np.nan
    return float(price.mean()), float(price.min()), float(price.max()), volatility


def interruption_rate(bucket: npt.ArrayLike) -> Floats:
    """Return interruptions per instance-hour for advisor buckets 0 … 4.

    A share q interrupted in a month of 730 hours is a rate of −ln(1 − q) / 730.
    """
    index = np.asarray(bucket, dtype=np.intp)
    if np.any((index < 0) | (index >= len(MONTHLY_INTERRUPTION))):
        raise CommitmentError("interruption buckets are 0 (<5 %) to 4 (>20 %)")
    rate: Floats = -np.log1p(-np.array(MONTHLY_INTERRUPTION)[index]) / HOURS_PER_MONTH
    return rate


def effective_spot_price(
    price: npt.ArrayLike, interruptions_per_hour: npt.ArrayLike, restart: RestartModel
) -> Floats:
    """Return the price of a useful hour, work done twice and restarts included [USD per hour].

    Args:
        price: spot price [USD per hour].
        interruptions_per_hour: rate of interruptions of a running instance.
        restart: what an interruption costs.

    Raises:
        CommitmentError: an interruption loses more than runs between two of them.
    """
    rate = np.asarray(interruptions_per_hour, dtype=np.float64)
    # Of every running hour a share is lost work; running hours per useful hour = 1 / (1 − share).
    lost = rate * (restart.lost_hours + restart.restart_hours)
    if np.any(lost >= 1.0):
        raise CommitmentError("interruptions lose more work than is done between them")
    paid = np.asarray(price, dtype=np.float64) + rate * restart.cost
    effective: Floats = paid / (1.0 - lost)
    return effective


def diversified_shares(effective_price: npt.ArrayLike, highest_share: float) -> Floats:
    """Return the share of the fleet in each pool: cheapest first, none above a limit.

    The limit is what may be lost at once when one pool is reclaimed.

    Args:
        effective_price: (i,) price of a useful hour; NaN pools get nothing.
        highest_share: largest share of one pool, 0 … 1.
    """
    price = np.asarray(effective_price, dtype=np.float64)
    known = int(np.count_nonzero(~np.isnan(price)))
    if not 0.0 < highest_share <= 1.0 or known * highest_share < 1.0 - 1e-12:
        raise CommitmentError(
            f"{known} pools of at most {highest_share:.0%} do not make a whole fleet: "
            "add pools or raise the limit"
        )
    order = np.argsort(np.where(np.isnan(price), np.inf, price), kind="stable")
    filled = np.clip(1.0 - highest_share * np.arange(len(price)), 0.0, highest_share)
    share = np.zeros(len(price))
    share[order] = filled
    return share


def diversified_volatility(shares: npt.ArrayLike, covariance: npt.ArrayLike) -> float:
    """Return the standard deviation of the fleet's price, sqrt(w' Σ w)."""
    weight = np.asarray(shares, dtype=np.float64)
    return float(np.sqrt(weight @ np.asarray(covariance, dtype=np.float64) @ weight))


class SpotShare(NamedTuple):
    """How much of a fleet to run on spot."""

    share: float  # 0 … 1
    cost: float  # USD per hour and unit of fleet, shortage included
    on_demand_cost: float  # USD per hour and unit of fleet without spot


def optimal_spot_share(
    on_demand_rate: float,
    spot_rate: float,
    lost_share: npt.ArrayLike,
    *,
    shortage_cost: float,
    spare: float = 0.0,
    weight: npt.ArrayLike | None = None,
) -> SpotShare:
    """Return the share of spot with the least expected cost.

    In scenario j the share ``lost_share[j]`` of the spot part is gone at once; what is missing
    beyond the spare capacity costs ``shortage_cost``. The expected cost is convex and piecewise
    linear in the share: the optimum is 0, 1 or where a scenario uses up the spare.

    Args:
        on_demand_rate: USD per hour of a unit of fleet.
        spot_rate: USD per useful hour (``effective_spot_price``).
        lost_share: (j,) share of the spot part lost at once in each scenario, 0 … 1.
        shortage_cost: USD per hour and missing unit of fleet.
        spare: share of the fleet that can be missing without harm.
        weight: (j,) probability of each scenario; equal by default.
    """
    lost = np.asarray(lost_share, dtype=np.float64)
    if lost.ndim != 1 or not len(lost) or np.any(~((lost >= 0.0) & (lost <= 1.0))):
        raise CommitmentError("lost_share must hold one share in 0 … 1 for each scenario")
    if min(on_demand_rate, spot_rate, shortage_cost, spare) < 0.0:
        raise CommitmentError("rates, shortage cost and spare capacity must be >= 0")
    chance = np.ones(len(lost)) if weight is None else np.asarray(weight, dtype=np.float64)
    chance = chance / chance.sum()
    bends = spare / lost[lost > 0.0]
    share = np.unique(np.concatenate([[0.0, 1.0], bends[bends < 1.0]]))
    missing = np.maximum(share[:, None] * lost - spare, 0.0)
    expected = (1.0 - share) * on_demand_rate + share * spot_rate
    expected += shortage_cost * (missing @ chance)
    best = int(np.argmin(expected))
    return SpotShare(float(share[best]), float(expected[best]), on_demand_rate)
