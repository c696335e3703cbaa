"""Properties of bound, portfolio and risk, each on 300 random cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.engine.coverage import Reservation, ReservedUsage, apply_reservations
from costmodel.engine.portfolio import Offers, cluster_hours, plan_portfolio, simulate_portfolio
from costmodel.engine.portfolio.linear import cluster_means, solve_linear_programme
from costmodel.engine.risk import (
    bootstrap_scenarios,
    conditional_value_at_risk,
    risk_objective,
    weekly_curves,
)

CASES = settings(max_examples=300, deadline=None)


@st.composite
def portfolios(draw):
    """Usage and a mix of reservations, instance plans and compute plans."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hours, rows, count = draw(st.integers(1, 30)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    usage = rng.gamma(1.5, 2.0, (hours, rows)) * (rng.random((hours, rows)) < 0.8)
    on_demand = rng.uniform(0.05, 3.0, rows)
    draw_rate = on_demand * rng.uniform(0.3, 1.0, (count, rows))
    draw_rate[rng.random(draw_rate.shape) < 0.4] = np.nan
    is_reservation = rng.random(count) < 0.4
    stage = np.where(is_reservation, 1, rng.integers(2, 4, count))
    price = np.where(is_reservation, rng.uniform(0.5, 1.1, count), 1.0)
    step = np.where(is_reservation, 0.5, 0.001)
    return usage, on_demand, Offers(draw_rate, price, stage, is_reservation, step)


@CASES
@given(portfolios(), st.integers(0, 2**32 - 1))
def test_no_simulated_bill_is_below_the_bound(case, seed) -> None:
    usage, on_demand, offered = case
    plan = plan_portfolio(usage, on_demand, offered, clusters=6)
    rng = np.random.default_rng(seed)
    tolerance = 1e-7 * (1 + plan.on_demand_cost)

    for _ in range(5):
        quantity = rng.gamma(1.0, 2.0, len(offered.price))
        coverage = simulate_portfolio(usage, on_demand, offered, quantity)
        bill = coverage.on_demand_cost.sum() + len(usage) * (offered.price @ quantity)
        assert bill >= plan.lower_bound - tolerance
    assert plan.lower_bound - tolerance <= plan.cost <= plan.on_demand_cost + tolerance


@CASES
@given(portfolios())
def test_finer_clusters_never_lower_the_bound(case) -> None:
    usage, on_demand, offered = case
    bounds = []
    for count in (2, 4, 8, len(usage)):
        label = cluster_hours(usage * on_demand, count)
        weight = np.bincount(label).astype(float)
        mean = cluster_means(usage, label, np.ones(len(usage)))
        bounds.append(solve_linear_programme(mean, on_demand, weight, offered).lower_bound)

    # A finer clustering refines a coarser one; the last has (nearly) every hour on its own.
    assert np.all(np.diff(sorted(bounds[:3])) >= 0)
    assert np.all(np.diff(bounds[: 3 if len(usage) < 8 else 4]) >= -1e-6 * (1 + abs(bounds[-1])))


@CASES
@given(portfolios())
def test_the_plan_costs_what_its_coverage_says(case) -> None:
    usage, on_demand, offered = case

    plan = plan_portfolio(usage, on_demand, offered, clusters=6)

    fees = len(usage) * (offered.price @ plan.quantity)
    assert plan.cost == pytest.approx(fees + plan.coverage.on_demand_cost.sum())
    whole = plan.quantity / offered.step
    assert whole == pytest.approx(np.round(whole), abs=1e-6)


@CASES
@given(
    st.lists(st.sampled_from(["large", "xlarge", "2xlarge", "4xlarge"]), min_size=1, max_size=5),
    st.lists(st.floats(0.0, 5.0), min_size=5, max_size=5),
    st.floats(0.0, 6.0),
)
def test_a_smaller_size_is_never_left_while_a_larger_one_is_served(sizes, usage, count) -> None:
    rows = [ReservedUsage(f"m5.{size}") for size in sizes]
    factor = np.array([{"large": 4, "xlarge": 8, "2xlarge": 16, "4xlarge": 32}[s] for s in sizes])
    hour = np.array(usage[: len(rows)])

    coverage = apply_reservations(
        [hour], np.ones(len(rows)), rows, [Reservation("m5.large", count)]
    )

    left, covered = coverage.on_demand_quantity[0], coverage.covered_quantity[0]
    smallest_left = factor[left > 1e-9].min(initial=1000)
    assert np.all(covered[factor > smallest_left] <= 1e-9)
    used = float(covered @ factor)
    assert used == pytest.approx(min(4 * count, float(hour @ factor)), abs=1e-9)


@CASES
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.0), st.floats(0.0, 0.95))
def test_the_risk_objective_is_convex_in_the_commitment(seed, risk_weight, tail) -> None:
    rng = np.random.default_rng(seed)
    usage = rng.gamma(2.0, 1.0, (40, 2))
    curves = weekly_curves(usage, [1.0, 0.5], [0.7, 0.4])
    futures = bootstrap_scenarios(rng, 1, scenarios=12, horizon_weeks=3, yearly_volatility=1.0)
    low, high = np.sort(rng.uniform(0.0, 6.0, 2))

    at = [
        risk_objective(curves, futures, c, risk_weight=risk_weight, tail=tail)
        for c in (low, (low + high) / 2, high)
    ]

    assert at[1] <= (at[0] + at[2]) / 2 + 1e-7


@CASES
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(0.0, 0.99))
def test_cvar_is_never_below_the_mean(losses, tail) -> None:
    risk = conditional_value_at_risk(losses, tail)

    assert risk >= np.mean(losses) - 1e-6
    assert risk <= max(losses) + 1e-6
