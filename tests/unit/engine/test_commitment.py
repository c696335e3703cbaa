"""The optimal commitment on inputs small enough to work out by hand, and degenerate ones."""

import numpy as np
import pytest

from costmodel.engine.commitment import (
    commitment_curve,
    cost_at_commitment,
    curve_cost,
    optimal_commitment,
    optimal_commitment_grid,
)
from costmodel.errors import CommitmentError

NAN = np.nan


def test_steady_usage_is_committed_in_full() -> None:
    best = optimal_commitment(np.full((10, 1), 2.0), [1.0], [0.7])

    # 2 units x 0.7 = 1.4 USD/h for ten hours; 20 on demand.
    assert best.commitment == pytest.approx(1.4)
    assert best.cost == pytest.approx(14.0)
    assert best.on_demand_cost == pytest.approx(20.0)
    assert best.utilization == pytest.approx(1.0)
    assert best.coverage == pytest.approx(1.0)
    assert best.savings == pytest.approx(6.0)
    assert best.effective_savings_rate == pytest.approx(0.3)


def test_usage_in_too_few_hours_is_left_on_demand() -> None:
    # Used 6 of 10 hours at 30 % off: a commitment of 0.7 costs 7.0, on demand costs 6.0.
    usage = np.array([[1.0]] * 6 + [[0.0]] * 4)

    best = optimal_commitment(usage, [1.0], [0.7])

    assert best.commitment == 0.0
    assert best.cost == best.on_demand_cost == pytest.approx(6.0)
    assert best.utilization == 1.0
    assert best.coverage == 0.0


def test_a_28_percent_discount_commits_at_the_28th_percentile() -> None:
    usage = np.arange(1.0, 101.0)[:, None]

    best = optimal_commitment(usage, [1.0], [0.72])

    assert best.commitment == pytest.approx(28 * 0.72)


def test_the_better_discount_is_committed_before_the_worse() -> None:
    # Type 0 (50 % off) runs in 6 of 10 hours, type 1 (10 % off) in the same 6: only type 0 pays.
    usage = np.array([[1.0, 1.0]] * 6 + [[0.0, 0.0]] * 4)

    best = optimal_commitment(usage, [1.0, 1.0], [0.5, 0.9])

    assert best.commitment == pytest.approx(0.5)
    assert best.cost == pytest.approx(10 * 0.5 + 6 * 1.0)
    assert best.utilization == pytest.approx(0.6)
    assert best.coverage == pytest.approx(0.5)


def test_usage_outside_the_plan_stays_on_demand() -> None:
    best = optimal_commitment(np.ones((4, 2)), [1.0, 3.0], [0.5, NAN])

    assert best.cost == pytest.approx(4 * 0.5 + 4 * 3.0)
    assert best.coverage == pytest.approx(0.25)


def test_hours_with_a_weight_count_that_often() -> None:
    usage = np.array([[1.0], [3.0]])
    weighted = optimal_commitment(usage, [1.0], [0.7], weight=[2, 5])

    spelled_out = optimal_commitment(np.repeat(usage, [2, 5], axis=0), [1.0], [0.7])

    assert weighted.commitment == spelled_out.commitment
    assert weighted.cost == pytest.approx(spelled_out.cost)


def test_a_dearer_dollar_of_commitment_buys_less() -> None:
    usage = np.arange(1.0, 101.0)[:, None]

    best = optimal_commitment(usage, [1.0], [0.72], commitment_price=1.25)

    # The effective rate is 0.9: the 10th percentile.
    assert best.commitment == pytest.approx(10 * 0.72)


def test_the_curve_passes_through_on_demand_and_the_optimum() -> None:
    usage = np.array([[1.0, 2.0], [3.0, 0.0], [0.0, 0.0]])
    curve = commitment_curve(usage, [1.0, 2.0], [0.6, 1.5])
    best = optimal_commitment(usage, [1.0, 2.0], [0.6, 1.5])

    assert curve_cost(curve, 0.0) == pytest.approx(best.on_demand_cost)
    assert curve_cost(curve, best.commitment) == pytest.approx(best.cost)
    # Far to the right everything is covered: three hours of the commitment.
    assert curve_cost(curve, 100.0) == pytest.approx(300.0)
    assert np.all(np.diff(curve.commitment) > 0)


def test_the_cost_of_a_given_commitment_counts_unused_hours() -> None:
    result = cost_at_commitment([[1.0], [0.0]], [1.0], [0.5], 0.5)

    assert result.cost == pytest.approx(1.0)
    assert result.utilization == pytest.approx(0.5)


def test_the_grid_holds_the_optimum_of_every_offer_and_pool() -> None:
    usage = np.array([[1.0, 2.0, 4.0]] * 3)
    offers = [[0.7, 0.7, 0.7], [0.6, NAN, 0.9]]

    grid = optimal_commitment_grid(usage, [1.0] * 3, offers, pool=[0, 1, 0])

    assert grid.commitment == pytest.approx(np.array([[3.5, 1.4], [4.2, 0.0]]))
    assert grid.cost == pytest.approx(np.array([[10.5, 4.2], [12.6, 6.0]]))


def test_narrowing_among_many_breakpoints_finds_the_same_point_as_sorting() -> None:
    # 60,000 breakpoints are narrowed before they are sorted; the curve sorts them all.
    rng = np.random.default_rng(7)
    usage, on_demand = rng.gamma(2.0, 1.0, (6000, 10)), rng.uniform(0.1, 2.0, 10)
    for deepest in (0.05, 0.3, 0.9):
        plan = on_demand * (1 - rng.uniform(0.01, deepest, 10))

        best, curve = (f(usage, on_demand, plan) for f in (optimal_commitment, commitment_curve))

        assert best.cost == pytest.approx(curve.cost.min(), rel=1e-12)
        lowest = curve.commitment[np.argmin(curve.cost)]
        assert best.commitment == pytest.approx(lowest, rel=1e-9)


def test_many_equal_breakpoints_do_not_stall_the_narrowing() -> None:
    best = optimal_commitment(np.full((30_000, 1), 2.0), [1.0], [0.7])

    assert best.commitment == pytest.approx(1.4)


# --- degenerate input ---


def test_no_usage_needs_no_commitment() -> None:
    best = optimal_commitment(np.zeros((5, 2)), [1.0, 1.0], [0.5, 0.5])

    assert (best.commitment, best.cost, best.on_demand_cost) == (0.0, 0.0, 0.0)
    assert (best.utilization, best.coverage, best.effective_savings_rate) == (1.0, 0.0, 0.0)


def test_no_usage_types_need_no_commitment() -> None:
    best = optimal_commitment(np.zeros((5, 0)), [], [])

    assert (best.commitment, best.cost) == (0.0, 0.0)
    curve = commitment_curve(np.zeros((5, 0)), [], [])
    assert curve_cost(curve, 2.0) == pytest.approx(10.0)


def test_one_hour_is_committed_in_full() -> None:
    best = optimal_commitment([[2.0]], [1.0], [0.7])

    assert best.commitment == pytest.approx(1.4)


@pytest.mark.parametrize("plan_rate", [1.0, 1.5])
def test_a_plan_without_a_discount_is_not_bought(plan_rate) -> None:
    best = optimal_commitment(np.ones((5, 1)), [1.0], [plan_rate])

    assert best.commitment == 0.0
    assert best.cost == pytest.approx(5.0)


def test_a_rate_above_on_demand_does_not_spoil_the_others() -> None:
    best = optimal_commitment(np.ones((5, 2)), [1.0, 1.0], [1.5, 0.5])

    assert best.commitment == pytest.approx(0.5)
    assert best.cost == pytest.approx(5 * 0.5 + 5 * 1.0)


def test_an_offer_that_covers_nothing_costs_nothing() -> None:
    best = optimal_commitment(np.ones((5, 1)), [1.0], [NAN])

    assert (best.commitment, best.cost) == (0.0, 5.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[NAN]], [1.0], [0.5]), r"usage\[0, 0\] is nan.*missing hours"),
        (([[np.inf]], [1.0], [0.5]), r"usage\[0, 0\] is inf"),
        (([[1.0], [-2.0]], [1.0], [0.5]), r"usage\[1, 0\] is -2"),
        ((np.zeros((0, 1)), [1.0], [0.5]), "usage has shape"),
        (([[1.0]], [NAN], [0.5]), r"on_demand_rate\[0\] is nan"),
        (([[1.0]], [-1.0], [0.5]), r"on_demand_rate\[0\] is -1"),
        (([[1.0]], [1.0], [0.0]), r"plan_rate\[0\] is 0"),
        (([[1.0]], [1.0], [-0.5]), r"plan_rate\[0\] is -0.5"),
        (([[1.0]], [1.0], [[0.5]]), "give one plan"),
        (([[1.0]], [1.0], [0.5, 0.5]), "last axis must be 1"),
    ],
)
def test_input_that_is_no_number_is_named(arguments, message) -> None:
    with pytest.raises(CommitmentError, match=message):
        optimal_commitment(*arguments)


def test_wrong_options_are_named() -> None:
    with pytest.raises(CommitmentError, match="commitment is -1"):
        cost_at_commitment([[1.0]], [1.0], [0.5], -1.0)
    with pytest.raises(CommitmentError, match="commitment_price is 0"):
        optimal_commitment([[1.0]], [1.0], [0.5], commitment_price=0.0)
    with pytest.raises(CommitmentError, match="pool must hold 1"):
        optimal_commitment_grid([[1.0]], [1.0], [[0.5]], pool=[0, 1])
    with pytest.raises(CommitmentError, match="weight has shape"):
        optimal_commitment([[1.0]], [1.0], [0.5], weight=[1.0, 1.0])
