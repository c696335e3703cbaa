"""What the future may bring: risk of the broad plan, purchase calendar, length of term."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from costmodel.engine.ladder import compare_terms, ladder_purchases
from costmodel.engine.portfolio import simulate_portfolio
from costmodel.engine.risk import apply_event, bootstrap_scenarios, conditional_value_at_risk
from costmodel.engine.tiers import Floats, Ints
from costmodel.optimize.commitments.held import HeldCommitment
from costmodel.optimize.commitments.offers import OfferTable, family_pools
from costmodel.optimize.commitments.result import LadderStep, RiskPoint, StressPoint, TermOption
from costmodel.optimize.commitments.settings import Uncertainty
from costmodel.optimize.commitments.statement import Purchase, StatementInput
from costmodel.optimize.commitments.usage import HourlyUsage
from costmodel.units import HOURS_PER_MONTH

_HORIZON_WEEKS = 52
_WEEK_HOURS = 168
_MONTHS = {"1yr": 12, "3yr": 36}
# The plan is tried at these shares of its commitments, and usage at this many levels between the
# lowest and the highest of any future; costs in between are interpolated.
_SHARES = np.array([0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1])
_LEVELS = 7
_TAIL = 0.9
# Migrations of the largest families are tried.
_MOST_FAMILIES = 8


@dataclass(frozen=True, slots=True)
class WeeklyCosts:
    """Simulated cost of each past week at shares of the plan and levels of usage."""

    level: Floats  # (v,) ascending
    cost: Floats  # (x, v, w) USD a week, commitments included; x as ``_SHARES``
    on_demand: Floats  # (w,) USD a week at level 1 without new commitments, held ones kept
    utilization: Floats  # (x,) of the new commitments at level 1


def weekly_costs(problem: StatementInput, lowest: float, highest: float) -> WeeklyCosts:
    """Simulate the plan at shares of its size and levels of usage.

    Args:
        problem: past hours with the commitments held now, and the planned quantities.
        lowest: lowest level of usage in any future.
        highest: highest level.
    """
    level = np.geomspace(max(lowest, 1e-3), max(highest, lowest * 1.001, 1e-3), _LEVELS)
    rows = max(round(_WEEK_HOURS / float(problem.weight[0])), 1)
    first = np.arange(0, len(problem.weight), rows)
    price = float(problem.arrays.price @ problem.quantity)
    cost = np.empty((len(_SHARES), _LEVELS, len(first)))
    for x, share in enumerate(_SHARES):
        for v, factor in enumerate(level):
            left, _ = _simulated(problem, share, float(factor))
            weekly = (left + share * price) * problem.weight
            cost[x, v] = np.add.reduceat(weekly, first)
    on_demand, _ = _simulated(problem, 0.0, 1.0)
    utilization = np.array([_simulated(problem, share, 1.0)[1] for share in _SHARES])
    return WeeklyCosts(
        level, cost, np.add.reduceat(on_demand * problem.weight, first), utilization
    )


def _simulated(problem: StatementInput, share: float, level: float) -> tuple[Floats, float]:
    """Return on-demand cost per hour and the utilisation of the new commitments."""
    quantity = problem.quantity * share
    coverage = simulate_portfolio(
        problem.usage * level, problem.on_demand_rate, problem.arrays, quantity, problem.existing
    )
    price = problem.arrays.price
    committed = float(price @ quantity) * len(problem.weight)
    used = float(coverage.used_commitment[:, : len(price)].sum(axis=0) @ price)
    # Rounding of the sums must not show more than all as used.
    return coverage.on_demand_cost, min(used / committed, 1.0) if committed else 1.0


def risk_points(problem: StatementInput, doubt: Uncertainty) -> list[RiskPoint]:
    """Return what the plan saves at shares of its size: on average, and in the worst tenth.

    Futures are resampled weeks times a path of the level; an event (a workload removed or
    migrated) lowers the level from a random week on. The point with the least risk objective is
    marked ``is_chosen``.
    """
    if not problem.quantity.any():
        return []
    rng = np.random.default_rng(doubt.seed)
    rows = max(round(_WEEK_HOURS / float(problem.weight[0])), 1)
    futures = bootstrap_scenarios(
        rng, -(-len(problem.weight) // rows), scenarios=doubt.scenarios,
        horizon_weeks=_HORIZON_WEEKS, yearly_growth=doubt.yearly_growth,
        yearly_volatility=doubt.yearly_volatility,
    )  # fmt: skip
    happened = apply_event(
        futures._replace(week=np.zeros_like(futures.week)), rng,
        probability=doubt.removal_probability, week_shift=1,
    ).week  # fmt: skip
    level = futures.level * np.where(happened, 1.0 - doubt.removed_share, 1.0)
    weekly = weekly_costs(problem, float(level.min()), float(level.max()))
    cost = np.array([_future_costs(weekly, x, futures.week, level) for x in range(len(_SHARES))])
    expected = float(cost[0].mean())
    regret = cost - cost[0]
    risk = [conditional_value_at_risk(row, _TAIL) for row in regret]
    chosen = _chosen_share(regret.mean(axis=1), np.array(risk), doubt.risk_weight)
    price = float(problem.arrays.price @ problem.quantity)
    return [
        RiskPoint(
            float(share), float(share) * price,
            0.0 - float(regret[x].mean()) / expected, 0.0 - risk[x] / expected,
            float(weekly.utilization[x]), x == chosen,
        )
        for x, share in enumerate(_SHARES)
    ]  # fmt: skip


def _chosen_share(mean: Floats, tail: Floats, risk_weight: float | None) -> int:
    """Return the number of the share with the least objective; the whole plan without a weight."""
    if risk_weight is None:
        return int(np.argmin(np.abs(_SHARES - 1.0)))
    objective = (1.0 - risk_weight) * mean + risk_weight * tail
    # More than the past asks for is never advised.
    return int(np.argmin(np.where(_SHARES <= 1.0, objective, np.inf)))


def _future_costs(weekly: WeeklyCosts, x: int, week: Ints, level: Floats) -> Floats:
    """Return the cost of each future at one share of the plan, (s,): linear between levels."""
    at = np.clip(level, weekly.level[0], weekly.level[-1])
    above = np.clip(np.searchsorted(weekly.level, at), 1, len(weekly.level) - 1)
    low, high = weekly.level[above - 1], weekly.level[above]
    part = (at - low) / (high - low)
    table = weekly.cost[x]
    cost = (1.0 - part) * table[above - 1, week] + part * table[above, week]
    return np.asarray(cost.sum(axis=1), dtype=np.float64)


def stress_points(problem: StatementInput, usage: HourlyUsage) -> list[StressPoint]:
    """Return what the plan still saves when usage halves, or a family moves elsewhere.

    After a family's migration its usage is of a type that only broad plans cover.
    """
    if not problem.quantity.any():
        return []
    points = [
        _stress(problem, "usage as it was", problem),
    ]
    half = replace(problem, usage=problem.usage * 0.5)
    points.append(_stress(problem, "half of all usage gone", half))
    narrow = problem.arrays.stage < problem.arrays.stage.max()
    value = usage.weight @ usage.quantity * usage.on_demand_rate
    pools = sorted(family_pools(usage).items(), key=lambda pool: -value[pool[1]].sum())
    for (family, region), rows in pools[:_MOST_FAMILIES]:
        draw = problem.arrays.draw.copy()
        draw[np.ix_(np.flatnonzero(narrow), rows)] = np.nan
        moved = replace(problem, arrays=problem.arrays._replace(draw=draw))
        points.append(_stress(problem, f"{family} in {region} migrated", moved))
    return points


def _stress(plan: StatementInput, event: str, after: StatementInput) -> StressPoint:
    hours = float(plan.weight.sum())
    fees = hours * float(plan.arrays.price @ plan.quantity)
    left, utilization = _simulated(after, 1.0, 1.0)
    without, _ = _simulated(after, 0.0, 1.0)
    base, cost = float(plan.weight @ without), float(plan.weight @ left) + fees
    return StressPoint(event, base, cost, base - cost, utilization)


def ladder_steps(
    purchases: Sequence[Purchase],
    held: Sequence[HeldCommitment],
    start: datetime,
    horizon: float,
) -> list[LadderStep]:
    """Return the purchase calendar of every Savings Plan bought: a third of the gap each month.

    Held plans of the same type count until they end and are then renewed by the same rule. The
    quantities planned are adjusted for risk already, so that no step goes above them.
    """
    months = round(horizon / HOURS_PER_MONTH)
    starts = [_month_start(start, number) for number in range(months)]
    steps = []
    for purchase in purchases:
        offer = purchase.offer
        if offer.is_reservation:
            continue
        same = [h for h in held if h.plan_type == offer.plan_type and h.scope in ("", offer.scope)]
        existing = np.array(
            [sum(h.commitment for h in same if h.is_in_force(begin)) for begin in starts]
        )
        # The plan says what to add to what is held now: the target is both.
        target = np.full(months, purchase.quantity + existing[0])
        ladder = ladder_purchases(target, existing, term_months=_MONTHS[offer.term])
        steps += [
            LadderStep(begin.strftime("%Y-%m"), offer.label, *map(float, values))
            for begin, *values in zip(starts, *ladder, strict=True)
        ]
    return steps


def _month_start(start: datetime, number: int) -> datetime:
    if number == 0:
        return start
    month = start.month - 1 + number
    return start.replace(
        year=start.year + month // 12,
        month=month % 12 + 1,
        day=1,
        hour=0,
        minute=0,
        second=0,
        microsecond=0,
    )


def term_options(usage: HourlyUsage, table: OfferTable, doubt: Uncertainty) -> list[TermOption]:
    """Return one- against three-year terms of the broadest plan over three years.

    Empty unless both terms are among the offers.
    """
    discounts, spend = {}, np.zeros(0)
    for offer, draw in zip(table.offers, table.arrays.draw, strict=True):
        if offer.plan_type != "Compute" or offer.term in discounts:
            continue
        covered = ~np.isnan(draw)
        value = usage.quantity[:, covered] * usage.on_demand_rate[covered]
        paid = usage.quantity[:, covered] * draw[covered]
        spend = value.sum(axis=1)
        discounts[offer.term] = max(1.0 - float(paid.sum() / value.sum()), 0.0)
    if set(discounts) != {"1yr", "3yr"}:
        return []
    rng = np.random.default_rng(doubt.seed)
    paths = bootstrap_scenarios(
        rng, 1, scenarios=doubt.scenarios, horizon_weeks=156,
        yearly_growth=doubt.yearly_growth, yearly_volatility=doubt.yearly_volatility,
    ).level[:, np.linspace(0, 155, 36).astype(int)]  # fmt: skip
    found = compare_terms(
        paths, spend, one_year_discount=discounts["1yr"], three_year_discount=discounts["3yr"]
    )
    return [TermOption(*map(float, row)) for row in zip(*found, strict=True)]
