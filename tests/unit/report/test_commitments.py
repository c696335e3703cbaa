"""Figures and pages of plans and simulations show the numbers of the result."""

import numpy as np
import pytest

from costmodel.optimize.commitments.held import HeldCommitment
from costmodel.optimize.commitments.plan import plan_from_usage
from costmodel.optimize.commitments.settings import CommitmentChoice
from costmodel.optimize.commitments.simulate import simulate_usage
from costmodel.report.commitment_simulation import coverage_table
from costmodel.report.figures_commitments import (
    cost_curve,
    coverage_over_time,
    hour_of_week,
    ladder_calendar,
)
from tests.unit.optimize.commitments.catalog_of_two_families import FewRates, charges

WEEK = {"BoxUsage:m5.large": [10.0] * 84 + [4.0] * 84}


@pytest.fixture(scope="module")
def plan():
    return plan_from_usage(charges(WEEK), FewRates(), choice=CommitmentChoice(offering_class=None))


@pytest.fixture(scope="module")
def simulation():
    held = [HeldCommitment("Compute", 0.3, commitment_id="sp-1")]
    return simulate_usage(charges(WEEK), held, FewRates())


def test_the_cost_curve_marks_optimum_and_current(plan) -> None:
    figure = cost_curve(plan, current=0.3)

    curve, optimum, current = figure.data
    # 4 units are used always, 10 half of the time: 25 % off commits to the 4 (0.3 USD/h).
    assert optimum.x[0] == pytest.approx(0.3)
    assert optimum.y[0] == pytest.approx(min(curve.y), rel=1e-3)
    assert current.x[0] == 0.3
    assert plan.figure().data[1].x[0] == pytest.approx(0.3)


def test_without_a_savings_plan_the_curve_says_so() -> None:
    bare = plan_from_usage(charges({"BoxUsage:zz9.large": [1.0] * 24}), FewRates())

    assert "no Savings Plan" in cost_curve(bare).layout.annotations[0].text


def test_coverage_is_drawn_by_day(simulation) -> None:
    coverage, utilization = coverage_over_time(simulation.hours).data

    # 4 of 10 units, then 4 of 4; the half-day between has both.
    assert coverage.y[0] == pytest.approx(0.4)
    assert coverage.y[-1] == pytest.approx(1.0)
    assert utilization.y[0] == pytest.approx(1.0)


def test_the_heat_map_has_a_week_of_hours(simulation) -> None:
    (heat,) = hour_of_week(simulation.hours).data

    # 2026-01-01 is a Thursday: 10 units at 0.10.
    assert np.shape(heat.z) == (7, 24)
    assert heat.z[3][0] == pytest.approx(1.0)


def test_the_ladder_shows_purchases_above_and_expiries_below(plan) -> None:
    figure = ladder_calendar(plan)

    buy, ends, in_force = figure.data
    assert len(buy.x) == 12
    assert buy.y[0] == pytest.approx(plan.ladder[0].purchase)
    assert max(ends.y) <= 0.0
    assert in_force.y[-1] <= sum(p.quantity for p in plan.purchases) + 1e-9


def test_pages_hold_the_answer(plan, simulation) -> None:
    assert "gap" in plan.to_html()
    assert "EC2 Instance SP m5" in plan.to_text()
    assert "sp-1" in simulation.to_html()
    assert "<table" in simulation._repr_html_()


def test_coverage_by_day_is_a_table(simulation) -> None:
    table = coverage_table(simulation)

    assert table.rows[0][:4] == pytest.approx(["2026-01-01", 24.0, 9.6, 0.4])
