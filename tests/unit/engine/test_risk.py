"""Scenarios by hand, and the published trade-off between mean and worst decile."""

import numpy as np
import pytest

from costmodel.engine.commitment import cost_at_commitment, optimal_commitment
from costmodel.engine.risk import (
    Scenarios,
    apply_event,
    bootstrap_scenarios,
    commitment_under_risk,
    conditional_value_at_risk,
    join_curves,
    risk_adjusted_commitment,
    scenario_costs,
    weekly_curves,
)
from costmodel.errors import CommitmentError


def test_the_cost_of_a_future_is_the_cost_of_its_weeks() -> None:
    rng = np.random.default_rng(0)
    usage, on_demand, plan = rng.gamma(2.0, 1.0, (336, 2)), [1.0, 2.0], [0.7, 1.6]
    curves = weekly_curves(usage, on_demand, plan)
    future = Scenarios(np.array([[1, 0, 1]]), np.array([[1.0, 2.0, 0.5]]))

    cost = scenario_costs(curves, future, 1.5)

    spelled_out = np.vstack([usage[168:], usage[:168] * 2.0, usage[168:] * 0.5])
    assert cost[0] == pytest.approx(cost_at_commitment(spelled_out, on_demand, plan, 1.5).cost)


def test_without_risk_weight_the_pooled_optimum_is_found() -> None:
    usage = np.random.default_rng(1).gamma(2.0, 1.0, (504, 3))
    rates = ([1.0, 2.0, 0.5], [0.7, 1.5, 0.3])
    curves = weekly_curves(usage, *rates)
    past = Scenarios(np.array([[0, 1, 2]]), np.ones((1, 3)))

    best = risk_adjusted_commitment(curves, past)

    pooled = optimal_commitment(usage, *rates)
    assert best.expected_cost == pytest.approx(pooled.cost)
    assert best.on_demand_cost == pytest.approx(pooled.on_demand_cost)


def test_caution_buys_less_and_protects_the_worst_decile() -> None:
    # Level risk of 25 % a year at 27 % off: each step of caution lowers the commitment and the
    # mean saving and lifts the mean of the worst tenth.
    rng = np.random.default_rng(2)
    hours = np.arange(168 * 4)
    usage = (70 + 20 * np.sin(hours * 2 * np.pi / 24))[:, None]
    curves = weekly_curves(usage, [1.0], [0.73])
    futures = bootstrap_scenarios(
        rng, 4, scenarios=300, horizon_weeks=52, yearly_growth=-0.05, yearly_volatility=0.25
    )

    cautious = [
        risk_adjusted_commitment(curves, futures, risk_weight=weight) for weight in (0, 0.5, 1)
    ]

    assert cautious[0].commitment > cautious[1].commitment > cautious[2].commitment > 0
    assert cautious[0].mean_saving > cautious[2].mean_saving
    assert cautious[2].worst_saving > cautious[0].worst_saving


def test_cvar_of_ten_losses_at_90_percent_is_the_worst() -> None:
    assert conditional_value_at_risk(np.arange(10.0), 0.9) == pytest.approx(9.0)
    assert conditional_value_at_risk(np.arange(10.0), 0.85) == pytest.approx((9 + 0.5 * 8) / 1.5)
    assert conditional_value_at_risk(np.arange(10.0), 0.0) == pytest.approx(4.5)


def test_growth_moves_the_mean_level() -> None:
    futures = bootstrap_scenarios(
        np.random.default_rng(3), 2, scenarios=4000, horizon_weeks=52,
        yearly_growth=0.2, yearly_volatility=0.1,
    )  # fmt: skip

    assert futures.level[:, -1].mean() == pytest.approx(1.2, rel=0.02)
    assert set(np.unique(futures.week)) == {0, 1}


def test_an_event_changes_the_weeks_after_it_only() -> None:
    futures = Scenarios(np.zeros((1000, 10), dtype=int), np.ones((1000, 10)))

    after = apply_event(futures, np.random.default_rng(4), probability=0.5, week_shift=1)

    assert after.week.any(axis=1).mean() == pytest.approx(0.5, abs=0.05)
    assert np.all(np.diff(after.week, axis=1) >= 0)


def test_curves_after_an_event_follow_the_normal_ones() -> None:
    before, gone = (weekly_curves(np.full((168, 1), u), [1.0], [0.5]) for u in (2.0, 1.0))
    curves = join_curves(before, gone)

    cost = scenario_costs(curves, Scenarios(np.array([[0, 1]]), np.ones((1, 2))), 0.0)

    assert cost[0] == pytest.approx(168 * 3.0)
    assert curves.hours == pytest.approx([168, 168])


def test_no_usage_in_any_future_saves_nothing() -> None:
    curves = weekly_curves(np.zeros((168, 1)), [1.0], [0.5])

    result = commitment_under_risk(curves, Scenarios(np.array([[0]]), np.ones((1, 1))), 0.0)

    assert (result.mean_saving, result.worst_saving) == (0.0, 0.0)


def test_wrong_settings_are_named() -> None:
    curves = weekly_curves(np.ones((168, 1)), [1.0], [0.5])
    with pytest.raises(CommitmentError, match="risk_weight"):
        risk_adjusted_commitment(
            curves, Scenarios(np.array([[0]]), np.ones((1, 1))), risk_weight=2.0
        )
    with pytest.raises(CommitmentError, match="scenarios need"):
        bootstrap_scenarios(np.random.default_rng(0), 0, scenarios=1, horizon_weeks=1)
