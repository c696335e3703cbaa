"""The exactly optimal hourly commitment of one Savings Plan, by sort and prefix sums.

Inside one pool AWS covers the usage with the highest savings percentage first, which is the
greedy solution of the fractional knapsack. The cost over the commitment is therefore convex and
piecewise linear, and its minimum is a weighted quantile of the points where the slope changes: no
grid and no solver. Letters in shapes: ``h`` hours, ``k`` usage types, ``p`` plan offers,
``g`` pools, ``m`` breakpoints.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.engine.hourly_input import hour_weights, hourly_usage, plan_rates, rates
from costmodel.engine.tiers import Floats
from costmodel.errors import CommitmentError

# Slopes are sums of up to millions of terms: below this share of the hours they count as 0.
_FLAT = 1e-9
# Below this many candidates sorting costs less than another round of narrowing.
_SORT_BELOW = 20_000


@dataclass(frozen=True, slots=True)
class OptimalCommitment:
    """The best commitment of one plan and what it gives over the hours.

    ``utilization`` is used / committed, 1 without a commitment (nothing is wasted);
    ``coverage`` is the on-demand value of covered usage / that of all usage, 0 without usage.
    """

    commitment: float  # USD per hour
    cost: float  # USD over the hours, commitment and remaining on-demand usage
    on_demand_cost: float  # USD over the hours without the plan
    utilization: float
    coverage: float

    @property
    def savings(self) -> float:
        """What the plan saves over the hours [USD]."""
        return self.on_demand_cost - self.cost

    @property
    def effective_savings_rate(self) -> float:
        """Savings / on-demand cost; 0 without usage."""
        return self.savings / self.on_demand_cost if self.on_demand_cost else 0.0


class CommitmentCurve(NamedTuple):
    """Cost over the commitment, exact: linear between the points and after the last."""

    commitment: Floats  # (m,) USD per hour, ascending from 0
    cost: Floats  # (m,) USD over the hours
    last_slope: float  # USD over the hours per USD per hour, right of the last point


class PlanGrid(NamedTuple):
    """Optimal commitments of p offers in g pools; fields as in ``OptimalCommitment``."""

    commitment: Floats  # (p, g)
    cost: Floats  # (p, g)
    on_demand_cost: Floats  # (p, g)
    utilization: Floats  # (p, g)
    coverage: Floats  # (p, g)


class _Pool(NamedTuple):
    """Covered usage of one plan, best saving first."""

    spend_at_plan: Floats  # (h, k) USD per hour
    ratio: Floats  # (k,) on-demand / plan rate, descending
    weight: Floats  # (h,) hours
    uncovered_cost: float  # USD, usage outside the plan
    commitment_price: float  # USD per USD of commitment


def optimal_commitment(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    plan_rate: npt.ArrayLike,
    *,
    weight: npt.ArrayLike | None = None,
    commitment_price: float = 1.0,
) -> OptimalCommitment:
    """Return the hourly commitment with the least total cost.

    Args:
        usage: (h, k) quantity of each usage type in each hour.
        on_demand_rate: (k,) USD per unit.
        plan_rate: (k,) Savings Plan rate, USD per unit; NaN where the plan does not cover a type.
            A rate above on-demand is allowed: such usage is covered last and never worth a
            commitment.
        weight: (h,) hours each row stands for, 1 by default.
        commitment_price: USD paid per USD of commitment, above 1 when an upfront payment has a
            cost of capital.

    Raises:
        CommitmentError: shapes that do not fit, NaN, infinite or negative numbers.
    """
    pool = _pool(usage, on_demand_rate, plan_rate, weight, commitment_price)
    breakpoint_ = np.cumsum(pool.spend_at_plan, axis=1)
    best = _lowest_point(pool, breakpoint_)
    result = _at_commitment(pool, breakpoint_, best)
    return result if result.savings > 0.0 else _at_commitment(pool, breakpoint_, 0.0)


def cost_at_commitment(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    plan_rate: npt.ArrayLike,
    commitment: float,
    *,
    weight: npt.ArrayLike | None = None,
    commitment_price: float = 1.0,
) -> OptimalCommitment:
    """Return cost, utilization and coverage of a given commitment [USD per hour].

    Other arguments as for ``optimal_commitment``.
    """
    if not commitment >= 0.0 or np.isinf(commitment):
        raise CommitmentError(f"commitment is {commitment}: give USD per hour, 0 or more")
    pool = _pool(usage, on_demand_rate, plan_rate, weight, commitment_price)
    return _at_commitment(pool, np.cumsum(pool.spend_at_plan, axis=1), float(commitment))


def commitment_curve(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    plan_rate: npt.ArrayLike,
    *,
    weight: npt.ArrayLike | None = None,
    commitment_price: float = 1.0,
) -> CommitmentCurve:
    """Return the whole cost curve; arguments as for ``optimal_commitment``."""
    pool = _pool(usage, on_demand_rate, plan_rate, weight, commitment_price)
    point = np.cumsum(pool.spend_at_plan, axis=1).ravel()
    order = np.argsort(point, kind="stable")
    at = point[order]
    slope = _first_slope(pool) + np.cumsum(_bends(pool)[order])
    slope_left = np.append(_first_slope(pool), slope[:-1])[: len(at)]
    cost = _on_demand_cost(pool) + np.cumsum(np.diff(at, prepend=0.0) * slope_left)
    # Points that coincide describe one corner: the last carries the slope to its right.
    is_corner = np.append(at[1:] > at[:-1], np.ones(min(len(at), 1), dtype=bool))
    at, cost = at[is_corner], cost[is_corner]
    if not len(at) or at[0] > 0.0:
        at, cost = np.append(0.0, at), np.append(_on_demand_cost(pool), cost)
    return CommitmentCurve(at, cost, pool.commitment_price * float(pool.weight.sum()))


def curve_cost(curve: CommitmentCurve, commitment: npt.ArrayLike) -> Floats:
    """Return the exact cost at any commitments [USD over the hours]."""
    at = np.asarray(commitment, dtype=np.float64)
    beyond = np.maximum(at - curve.commitment[-1], 0.0) * curve.last_slope
    cost: Floats = np.interp(at, curve.commitment, curve.cost) + beyond
    return cost


def optimal_commitment_grid(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    offer_rates: npt.ArrayLike,
    pool: npt.ArrayLike | None = None,
) -> PlanGrid:
    """Return the optimum of every offer (plan type, term, payment) in every pool.

    Args:
        usage: (h, k) quantity of each usage type in each hour.
        on_demand_rate: (k,) USD per unit.
        offer_rates: (p, k) rate of each offer, NaN where it does not cover a type.
        pool: (k,) number of the account, family or other pool of each column; one pool without.
    """
    quantity = hourly_usage(usage)
    count = quantity.shape[1]
    on_demand = rates(on_demand_rate, count, "on_demand_rate")
    offers = np.atleast_2d(plan_rates(offer_rates, count, "offer_rates"))
    number = np.zeros(count, dtype=np.intp) if pool is None else np.asarray(pool, dtype=np.intp)
    if number.shape != (count,) or number.min(initial=0) < 0:
        raise CommitmentError(f"pool must hold {count} numbers >= 0, one per usage type")
    members = [np.flatnonzero(number == g) for g in range(int(number.max(initial=-1)) + 1)]
    cells = [
        optimal_commitment(quantity[:, rows], on_demand[rows], offer[rows])
        for offer in offers
        for rows in members
    ]
    shape = (len(offers), len(members))
    names = ("commitment", "cost", "on_demand_cost", "utilization", "coverage")
    return PlanGrid(
        *(np.array([getattr(c, name) for c in cells]).reshape(shape) for name in names)
    )


def _pool(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    plan_rate: npt.ArrayLike,
    weight: npt.ArrayLike | None,
    commitment_price: float,
) -> _Pool:
    quantity = hourly_usage(usage)
    hours, count = quantity.shape
    on_demand = rates(on_demand_rate, count, "on_demand_rate")
    plan = plan_rates(plan_rate, count, "plan_rate")
    if plan.ndim != 1:
        raise CommitmentError(f"plan_rate has shape {plan.shape}: give one plan, ({count},)")
    if not commitment_price > 0.0:
        raise CommitmentError(f"commitment_price is {commitment_price}: it must be > 0")
    omega = hour_weights(weight, hours)
    covered = np.flatnonzero(~np.isnan(plan))
    ratio = on_demand[covered] / plan[covered]
    # Highest savings percentage first, ties to the lower rate: AWS's order.
    order = covered[np.lexsort((plan[covered], -ratio))]
    outside = np.flatnonzero(np.isnan(plan))
    return _Pool(
        quantity[:, order] * plan[order],
        on_demand[order] / plan[order],
        omega,
        float(omega @ (quantity[:, outside] @ on_demand[outside])),
        commitment_price,
    )


def _first_slope(pool: _Pool) -> float:
    """Slope at 0 if every hour had usage of the best type; breakpoints at 0 correct it."""
    best = float(pool.ratio[0]) if len(pool.ratio) else 0.0
    return float(pool.weight.sum()) * (pool.commitment_price - best)


def _bends(pool: _Pool) -> Floats:
    """Return by how much the slope rises at each breakpoint, (h * k,)."""
    return np.outer(
        pool.weight, pool.ratio - np.append(pool.ratio[1:], 0.0)[: len(pool.ratio)]
    ).ravel()


def _on_demand_cost(pool: _Pool) -> float:
    return float(pool.weight @ (pool.spend_at_plan @ pool.ratio)) + pool.uncovered_cost


def _lowest_point(pool: _Pool, breakpoint_: Floats) -> float:
    """Return the smallest breakpoint at which the slope reaches 0: a weighted quantile."""
    needed = -_first_slope(pool) - _FLAT * float(pool.weight.sum())
    if needed <= 0.0 or not breakpoint_.size:
        return 0.0
    point, bend = breakpoint_.ravel(), _bends(pool)
    # Narrow to the half that holds the quantile, as quickselect does: a full sort of 1.75 million
    # breakpoints would take five times as long.
    while len(point) > _SORT_BELOW:
        pivot = np.median(point[:: len(point) // 1001])
        below = point <= pivot
        if below.all() or not below.any():
            break
        weight_below = float(bend[below].sum())
        side = below if weight_below >= needed else ~below
        needed -= 0.0 if weight_below >= needed else weight_below
        point, bend = point[side], bend[side]
    order = np.argsort(point, kind="stable")
    place = np.searchsorted(np.cumsum(bend[order]), needed)
    return float(point[order[min(int(place), len(point) - 1)]])


def _at_commitment(pool: _Pool, breakpoint_: Floats, commitment: float) -> OptimalCommitment:
    hours = float(pool.weight.sum())
    on_demand_cost = _on_demand_cost(pool)
    if commitment == 0.0 or not breakpoint_.size:
        cost = on_demand_cost + pool.commitment_price * commitment * hours
        return OptimalCommitment(commitment, cost, on_demand_cost, float(commitment == 0.0), 0.0)
    drawn = np.clip(commitment - breakpoint_ + pool.spend_at_plan, 0.0, pool.spend_at_plan)
    covered_value = float(pool.weight @ (drawn @ pool.ratio))
    used = float(pool.weight @ np.minimum(breakpoint_[:, -1], commitment))
    return OptimalCommitment(
        commitment,
        pool.commitment_price * commitment * hours + on_demand_cost - covered_value,
        on_demand_cost,
        used / (commitment * hours) if hours else 1.0,
        covered_value / on_demand_cost if on_demand_cost else 0.0,
    )
