"""One commitment against many possible futures: expected saving, bad decile, CVaR.

A future is a sequence of past weeks, each at a level of its own, perhaps with some workload gone.
Its cost over the commitment is a weighted sum of the exact weekly cost curves, hence convex, and
so is the risk objective (Rockafellar and Uryasev, 2000). Letters in shapes: ``s`` scenarios,
``n`` weeks of a scenario, ``v`` weekly curves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.engine.commitment import CommitmentCurve, commitment_curve, curve_cost
from costmodel.engine.hourly_input import hourly_usage
from costmodel.engine.tiers import Floats, Ints
from costmodel.errors import CommitmentError

WEEK_HOURS = 168
# Golden section: each step shrinks the interval by 0.618; 40 steps leave 4e-9 of it.
_SECTIONS = 40
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


class Scenarios(NamedTuple):
    """Possible futures as weeks at a level."""

    week: Ints  # (s, n) number of the weekly curve
    level: Floats  # (s, n) usage relative to that week


class WeeklyCurves(NamedTuple):
    """Exact cost over the commitment of each past week."""

    curves: Sequence[CommitmentCurve]  # v
    on_demand_cost: Floats  # (v,) USD
    hours: Floats  # (v,) hours


@dataclass(frozen=True, slots=True)
class RiskyCommitment:
    """A commitment with what it saves on average and when things go badly."""

    commitment: float  # USD per hour
    expected_cost: float  # USD over the horizon
    on_demand_cost: float  # USD over the horizon, expected
    mean_saving: float  # share of expected on-demand cost
    worst_saving: float  # the same, mean of the worst tail of futures by USD saved


def weekly_curves(
    usage: npt.ArrayLike, on_demand_rate: npt.ArrayLike, plan_rate: npt.ArrayLike
) -> WeeklyCurves:
    """Return the cost curve of each week; a rest of less than a week is its own, shorter one.

    Arguments as for ``optimal_commitment``.
    """
    quantity = hourly_usage(usage)
    weeks = [quantity[start : start + WEEK_HOURS] for start in range(0, len(quantity), WEEK_HOURS)]
    curves = [commitment_curve(week, on_demand_rate, plan_rate) for week in weeks]
    on_demand = np.array([curve.cost[0] for curve in curves])
    return WeeklyCurves(curves, on_demand, np.array([float(len(week)) for week in weeks]))


def join_curves(*parts: WeeklyCurves) -> WeeklyCurves:
    """Return several sets of weekly curves as one, numbered on: usage as it is, after an event."""
    return WeeklyCurves(
        [curve for part in parts for curve in part.curves],
        np.concatenate([part.on_demand_cost for part in parts]),
        np.concatenate([part.hours for part in parts]),
    )


def bootstrap_scenarios(
    rng: np.random.Generator,
    weeks: int,
    *,
    scenarios: int,
    horizon_weeks: int,
    yearly_growth: float = 0.0,
    yearly_volatility: float = 0.0,
) -> Scenarios:
    """Return futures of resampled weeks times a log-normal path of the level.

    Args:
        rng: source of randomness.
        weeks: number of past weeks to draw from.
        scenarios: number of futures.
        horizon_weeks: length of a future.
        yearly_growth: expected change of usage per year, 0.1 for +10 %.
        yearly_volatility: standard deviation of the logarithm of the level after a year.
    """
    if min(weeks, scenarios, horizon_weeks) < 1 or yearly_growth <= -1.0 or yearly_volatility < 0:
        raise CommitmentError(
            "scenarios need one or more weeks, futures and horizon weeks, growth above -100 % and "
            "a volatility of 0 or more"
        )
    shape = (scenarios, horizon_weeks)
    week = rng.integers(0, weeks, shape)
    step = yearly_volatility / np.sqrt(52.0)
    # The drift keeps the mean of the log-normal path on the growth line.
    drift = np.log1p(yearly_growth) / 52.0 - step**2 / 2.0
    path = np.cumsum(drift + step * rng.standard_normal(shape), axis=1)
    return Scenarios(week, np.exp(path))


def apply_event(
    scenarios: Scenarios,
    rng: np.random.Generator,
    *,
    probability: float,
    week_shift: int,
) -> Scenarios:
    """Return futures in which an event happens at a random week, or not at all.

    From that week on, the curves ``week_shift`` further on apply: those of the usage after the
    event (a workload removed, a family migrated), joined behind the normal ones.

    Args:
        scenarios: futures without the event.
        rng: source of randomness.
        probability: chance that the event happens within the horizon.
        week_shift: offset of the curves after the event.
    """
    count, horizon = scenarios.week.shape
    happens = rng.random(count) < probability
    start = np.where(happens, rng.integers(0, horizon, count), horizon)
    after = np.arange(horizon)[None, :] >= start[:, None]
    return scenarios._replace(week=scenarios.week + after * week_shift)


def scenario_costs(curves: WeeklyCurves, scenarios: Scenarios, commitment: float) -> Floats:
    """Return the cost of each future under a commitment [USD over the horizon], (s,)."""
    cost = np.zeros(scenarios.week.shape)
    for number, curve in enumerate(curves.curves):
        here = scenarios.week == number
        level = scenarios.level[here]
        # Usage at level x costs x times the week's cost at commitment C / x.
        cost[here] = level * curve_cost(curve, commitment / level)
    return np.asarray(cost.sum(axis=1), dtype=np.float64)


def scenario_on_demand_costs(curves: WeeklyCurves, scenarios: Scenarios) -> Floats:
    """Return the on-demand cost of each future [USD over the horizon], (s,)."""
    weekly = scenarios.level * curves.on_demand_cost[scenarios.week]
    return np.asarray(weekly.sum(axis=1), dtype=np.float64)


def conditional_value_at_risk(loss: npt.ArrayLike, tail: float) -> float:
    """Return the mean of the worst ``1 - tail`` of the losses; never below their mean."""
    values = np.sort(np.asarray(loss, dtype=np.float64))[::-1]
    share = (1.0 - tail) * len(values)
    weight = np.clip(share - np.arange(len(values)), 0.0, 1.0)
    return float(weight @ values / weight.sum())


def risk_objective(
    curves: WeeklyCurves,
    scenarios: Scenarios,
    commitment: float,
    *,
    risk_weight: float,
    tail: float = 0.9,
) -> float:
    """Return (1 - w) · mean + w · CVaR of the regret against doing nothing [USD].

    Regret is cost minus on-demand cost. With the cost itself, CVaR would look at the futures of
    high usage and push the commitment up.
    """
    cost = scenario_costs(curves, scenarios, commitment)
    regret = cost - scenario_on_demand_costs(curves, scenarios)
    risk = conditional_value_at_risk(regret, tail)
    return float((1.0 - risk_weight) * regret.mean() + risk_weight * risk)


def risk_adjusted_commitment(
    curves: WeeklyCurves,
    scenarios: Scenarios,
    *,
    risk_weight: float = 0.0,
    tail: float = 0.9,
) -> RiskyCommitment:
    """Return the commitment with the least risk objective, by golden section.

    Args:
        curves: weekly cost curves.
        scenarios: futures drawn from them.
        risk_weight: 0 minimises the expected cost, 1 the CVaR of the regret.
        tail: level of the CVaR; 0.9 looks at the worst tenth.
    """
    if not (0.0 <= risk_weight <= 1.0 and 0.0 <= tail < 1.0):
        raise CommitmentError("risk_weight must lie in 0 … 1 and tail in 0 … below 1")
    highest = max(float(curve.commitment[-1]) for curve in curves.curves)
    low, high = 0.0, highest * float(scenarios.level.max())

    def objective(commitment: float) -> float:
        return risk_objective(curves, scenarios, commitment, risk_weight=risk_weight, tail=tail)

    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    value_left, value_right = objective(left), objective(right)
    for _ in range(_SECTIONS):
        if value_left <= value_right:
            high, right, value_right = right, left, value_left
            left = high - _GOLDEN * (high - low)
            value_left = objective(left)
        else:
            low, left, value_left = left, right, value_right
            right = low + _GOLDEN * (high - low)
            value_right = objective(right)
    best = min((0.0, (low + high) / 2.0), key=objective)
    return commitment_under_risk(curves, scenarios, best, tail=tail)


def commitment_under_risk(
    curves: WeeklyCurves, scenarios: Scenarios, commitment: float, *, tail: float = 0.9
) -> RiskyCommitment:
    """Return what a given commitment saves on average and in the worst tail of futures."""
    cost = scenario_costs(curves, scenarios, commitment)
    on_demand = scenario_on_demand_costs(curves, scenarios)
    expected = float(on_demand.mean())
    worst = -conditional_value_at_risk(cost - on_demand, tail)
    return RiskyCommitment(
        float(commitment),
        float(cost.mean()),
        expected,
        1.0 - float(cost.mean()) / expected if expected else 0.0,
        worst / expected if expected else 0.0,
    )
