"""When to buy: renewals, ladders of small purchases, and one- against three-year terms.

A ladder costs a little when usage is flat and protects when it falls; above all it spreads the
days on which commitments end. Letters in shapes: ``m`` months, ``s`` paths of demand.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.engine.tiers import Floats
from costmodel.errors import CommitmentError
from costmodel.units import HOURS_PER_MONTH

# Each month a third of the gap: 1.5 points less mean saving than buying all at once when demand
# is flat, 1.3 points more in the worst decile when it falls.
LADDER_SHARE = 1.0 / 3.0


class Ladder(NamedTuple):
    """Purchases by month and the commitment they lead to."""

    purchase: Floats  # (m,) USD per hour bought at the start of the month
    expiry: Floats  # (m,) USD per hour that ends at the start of the month
    commitment: Floats  # (m,) USD per hour in force


def ladder_purchases(
    target: npt.ArrayLike,
    existing: npt.ArrayLike,
    *,
    term_months: int,
    share: float = LADDER_SHARE,
    highest: float = np.inf,
    step: float = 0.001,
) -> Ladder:
    """Return each month's purchase: a share of the gap to the target.

    Args:
        target: (m,) commitment wanted in each month [USD per hour].
        existing: (m,) commitment held already, with its expiries and queued purchases.
        term_months: months a purchase lasts.
        share: part of the gap bought in a month; 1 closes it at once.
        highest: no purchase lifts the total above this: the optimum of the worst plausible future.
        step: purchases are whole multiples [USD per hour].
    """
    wanted = np.asarray(target, dtype=np.float64)
    held = np.asarray(existing, dtype=np.float64)
    if wanted.shape != held.shape or wanted.ndim != 1:
        raise CommitmentError("target and existing must hold one commitment for each month")
    if not (0.0 < share <= 1.0 and term_months >= 1 and step > 0.0):
        raise CommitmentError("share must lie in 0 … 1, term_months and step above 0")
    purchase = np.zeros(len(wanted))
    in_force = held.copy()
    for month in range(len(wanted)):
        gap = min(wanted[month], highest) - in_force[month]
        bought = np.floor(max(share * gap, 0.0) / step + 1e-9) * step
        purchase[month] = bought
        in_force[month : month + term_months] += bought
    ended = np.zeros(len(wanted))
    ended[term_months:] = purchase[: max(len(wanted) - term_months, 0)]
    expiry = ended + np.maximum(-np.diff(held, prepend=held[:1]), 0.0)
    return Ladder(purchase, expiry, in_force)


class TermChoice(NamedTuple):
    """What a share of three-year commitment costs over several years."""

    three_year_share: Floats  # (x,) share of the target bought for three years
    mean_cost: Floats  # (x,) USD over the horizon
    worst_cost: Floats  # (x,) USD, mean of the worst tail of paths by regret


def compare_terms(
    level: npt.ArrayLike,
    hourly_spend: npt.ArrayLike,
    *,
    one_year_discount: float,
    three_year_discount: float,
    shares: npt.ArrayLike = (0.0, 0.25, 0.5, 0.75, 1.0),
    tail: float = 0.9,
) -> TermChoice:
    """Return the cost of mixing one- and three-year plans over paths of demand.

    At every renewal the target is the quantile of the current profile that the discount of the
    term asks for. Only hours inside the horizon are charged, so that a long term does not look
    dear merely because the horizon ends.

    Args:
        level: (s, m) demand relative to today in each month of each path.
        hourly_spend: (h,) on-demand value of a typical month's hours [USD per hour].
        one_year_discount: 1 - plan rate / on-demand rate.
        three_year_discount: the same for three years.
        shares: shares of three-year commitment to compare.
        tail: level of the tail mean.
    """
    demand = np.atleast_2d(np.asarray(level, dtype=np.float64))
    profile = np.sort(np.asarray(hourly_spend, dtype=np.float64))
    if not len(profile) or not 0 <= one_year_discount < 1 or not 0 <= three_year_discount < 1:
        raise CommitmentError("give hourly spend and discounts in 0 … below 1")
    mix = np.asarray(shares, dtype=np.float64)
    on_demand = demand.sum(axis=1) * profile.mean() * HOURS_PER_MONTH
    costs = []
    for three_share in mix:
        three = _renewed(demand, profile, three_year_discount, 36, float(three_share))
        one = _renewed(demand, profile, one_year_discount, 12, 1.0 - float(three_share))
        costs.append(
            _cost(demand, profile, (three, three_year_discount), (one, one_year_discount))
        )
    mean = np.array([cost.mean() for cost in costs])
    worst = np.array([_tail_cost(cost, on_demand, tail) for cost in costs])
    return TermChoice(mix, mean, worst)


def _renewed(
    demand: Floats, profile: Floats, discount: float, months: int, share: float
) -> Floats:
    """Return the on-demand value covered in each month of each path, renewed every term."""
    quantile = float(np.quantile(profile, discount, method="inverted_cdf"))
    at_renewal = demand[:, (np.arange(demand.shape[1]) // months) * months]
    covered: Floats = share * quantile * at_renewal
    return covered


def _cost(
    demand: Floats, profile: Floats, three: tuple[Floats, float], one: tuple[Floats, float]
) -> Floats:
    """Return the cost of each path: commitments and the spend above what they cover."""
    covered = three[0] + one[0]
    fee = three[0] * (1.0 - three[1]) + one[0] * (1.0 - one[1])
    # Mean spend above c for the sorted profile at level x: x · E(profile − c / x)^+.
    prefix = np.append(0.0, np.cumsum(profile))
    with np.errstate(divide="ignore", invalid="ignore"):
        bar = np.where(demand > 0.0, covered / demand, np.inf)
    below = np.searchsorted(profile, bar, side="right")
    rest = prefix[-1] - prefix[below]
    above = len(profile) - below
    excess = np.where(above > 0, rest - np.where(above > 0, bar, 0.0) * above, 0.0)
    on_demand = demand * excess / len(profile)
    return np.asarray(((fee + on_demand) * HOURS_PER_MONTH).sum(axis=1), dtype=np.float64)


def _tail_cost(cost: Floats, on_demand: Floats, tail: float) -> float:
    """Return the mean cost of the paths where buying did worst against on-demand."""
    worst = np.argsort(on_demand - cost, kind="stable")
    count = max(int(np.ceil((1.0 - tail) * len(cost))), 1)
    return float(cost[worst[:count]].mean())
