"""The portfolio against brute force, its bound against every bill, and HiGHS on all hours."""

import itertools
import sys

import numpy as np
import pytest

from costmodel.engine.commitment import optimal_commitment
from costmodel.engine.coverage.commitments import Commitments, savings_plan_commitments
from costmodel.engine.portfolio import (
    Offers,
    cluster_hours,
    dominated_offers,
    plan_portfolio,
    simulate_portfolio,
    solve_linear_programme,
)
from costmodel.errors import MissingDependencyError

NAN = np.nan


def offers(draw, *, price=None, stage=None, is_reservation=None, step=0.001) -> Offers:
    draw = np.array(draw, dtype=float)
    count = len(draw)
    return Offers(
        draw,
        np.array(price if price is not None else [1.0] * count),
        np.array(stage if stage is not None else [0] * count, dtype=int),
        np.array(is_reservation or [False] * count, dtype=bool),
        np.full(count, step) if np.isscalar(step) else np.array(step),
    )


def simulated_cost(usage, on_demand, offered, quantity) -> float:
    coverage = simulate_portfolio(usage, on_demand, offered, quantity)
    return float(coverage.on_demand_cost.sum() + len(usage) * (offered.price @ quantity))


def test_one_plan_is_the_exact_optimum() -> None:
    usage = np.arange(1.0, 101.0)[:, None]
    plan = plan_portfolio(usage, [1.0], offers([[0.725]]))

    exact = optimal_commitment(usage, [1.0], [0.725])
    assert plan.quantity[0] == pytest.approx(exact.commitment)
    assert plan.cost == pytest.approx(exact.cost)
    assert plan.on_demand_cost == pytest.approx(5050.0)
    assert plan.gap == pytest.approx(0.0, abs=1e-6)


def test_the_cheap_reservation_takes_the_base_and_the_plan_the_rest() -> None:
    # Row 0 runs one unit always: reserve it at 0.4. Row 1 is outside the reservation: plan at 0.7.
    usage = np.ones((24, 2))
    offered = offers(
        [[1.0, NAN], [0.7, 0.7]],
        price=[0.4, 1.0],
        stage=[1, 3],
        is_reservation=[True, False],
        step=[1.0, 0.001],
    )

    plan = plan_portfolio(usage, [1.0, 1.0], offered)

    assert plan.quantity == pytest.approx([1.0, 0.7])
    assert plan.cost == pytest.approx(24 * (0.4 + 0.7))


def test_reservations_are_bought_whole() -> None:
    # One and a half instances always: one reservation at 0.5, the half is cheaper on demand (0.5
    # against 0.5 for a second): never a fraction.
    usage = np.full((24, 1), 1.5)
    offered = offers([[1.0]], price=[0.6], stage=[1], is_reservation=[True], step=1.0)

    plan = plan_portfolio(usage, [1.0], offered)

    assert plan.quantity == pytest.approx([1.0])
    assert plan.cost == pytest.approx(24 * (0.6 + 0.5))


def test_existing_commitments_are_respected() -> None:
    # 10 units at 0.5 = 5 USD/h are worth committing; 3 are held until hour 12.
    usage = np.full((24, 1), 10.0)
    held = savings_plan_commitments([[0.5]], np.array([[3.0]] * 12 + [[0.0]] * 12), [0], 1)

    plan = plan_portfolio(usage, [1.0], offers([[0.5]], stage=[1]), held)

    # In hours 0-11 only 2 are still useful, in 12-23 up to 5; at 50 % off both halves tie.
    assert 2.0 - 1e-6 <= plan.quantity[0] <= 5.0 + 1e-6
    assert plan.on_demand_cost == pytest.approx(12 * (10 - 6) + 12 * 10)
    assert plan.cost == pytest.approx(12 * 2 + 12 * (2 + 6))
    assert plan.lower_bound <= plan.cost + 1e-9


def test_nothing_is_bought_where_nothing_pays() -> None:
    plan = plan_portfolio(np.ones((4, 1)), [1.0], offers([[1.2]]))

    assert plan.quantity[0] == 0.0
    assert plan.cost == plan.on_demand_cost == 4.0


@pytest.mark.parametrize("usage", [np.zeros((4, 2)), np.ones((1, 2))])
def test_no_usage_and_one_hour_give_a_plan(usage) -> None:
    plan = plan_portfolio(usage, [1.0, 1.0], offers([[0.5, 0.5]]))

    assert plan.cost == pytest.approx(0.5 * usage.sum())
    assert plan.gap == pytest.approx(0.0, abs=1e-6)


def test_without_offers_everything_stays_on_demand() -> None:
    none = offers(np.empty((0, 1)))

    plan = plan_portfolio(np.ones((4, 1)), [1.0], none)

    assert plan.cost == 4.0
    assert plan.lower_bound == pytest.approx(4.0)


@pytest.mark.parametrize("seed", range(8))
def test_small_portfolios_are_as_good_as_brute_force(seed) -> None:
    rng = np.random.default_rng(seed)
    usage, on_demand = rng.integers(0, 4, (6, 2)).astype(float), np.ones(2)
    offered = offers(
        [[1.0, NAN], [0.6, 0.75]],
        price=[0.55, 1.0],
        stage=[1, 3],
        is_reservation=[True, False],
        step=[1.0, 0.05],
    )

    plan = plan_portfolio(usage, on_demand, offered)

    grid = itertools.product(np.arange(0.0, 4.0), np.arange(0.0, 4.5, 0.05))
    best = min(simulated_cost(usage, on_demand, offered, np.array(q)) for q in grid)
    assert plan.cost <= best * 1.01
    assert plan.lower_bound <= best + 1e-9


def test_the_bound_rises_with_finer_clusters_up_to_all_hours() -> None:
    rng = np.random.default_rng(5)
    usage, on_demand = rng.gamma(2.0, 2.0, (96, 4)), rng.uniform(0.1, 2.0, 4)
    offered = offers(
        [[1.0, 2.0, NAN, NAN], on_demand * [0.6, 0.65, 0.7, 0.72]],
        price=[0.06, 1.0],
        stage=[1, 3],
        is_reservation=[True, False],
    )

    bounds = [plan_portfolio(usage, on_demand, offered, clusters=r) for r in (1, 4, 16, 64, 96)]

    values = [plan.lower_bound for plan in bounds]
    assert np.all(np.diff(values) >= -1e-9)
    assert all(plan.lower_bound <= plan.cost for plan in bounds)
    every_hour = solve_linear_programme(usage, on_demand, np.ones(96), offered)
    assert values[-1] == pytest.approx(every_hour.lower_bound)


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_equals_scipys_objective(seed) -> None:
    linprog = pytest.importorskip("scipy.optimize").linprog
    rng = np.random.default_rng(seed)
    usage, on_demand = rng.gamma(1.0, 2.0, (5, 3)), rng.uniform(0.5, 2.0, 3)
    draw = on_demand * rng.uniform(0.4, 0.9, (2, 3))
    weight = rng.integers(1, 5, 5).astype(float)
    # Variables x[h, p, k], then c[p]; minimise weight * on-demand left + fees.
    cost = np.append(
        -(weight[:, None, None] * np.broadcast_to(on_demand, (5, 2, 3))).ravel(),
        [weight.sum()] * 2,
    )
    upper, right = [], []
    for h, k in itertools.product(range(5), range(3)):
        row = np.zeros(32)
        row[[h * 6 + p * 3 + k for p in range(2)]] = 1.0
        upper.append(row)
        right.append(usage[h, k])
    for h, p in itertools.product(range(5), range(2)):
        row = np.zeros(32)
        row[h * 6 + p * 3 : h * 6 + p * 3 + 3] = draw[p]
        row[30 + p] = -1.0
        upper.append(row)
        right.append(0.0)
    reference = linprog(cost, A_ub=np.array(upper), b_ub=right).fun + weight @ usage @ on_demand

    solution = solve_linear_programme(usage, on_demand, weight, offers(draw))

    assert solution.lower_bound == pytest.approx(reference)


def test_a_large_programme_gives_the_same_bound_by_interior_point() -> None:
    # 110 hours x 200 pairs are above the size from which interior point is used.
    rng = np.random.default_rng(9)
    usage, on_demand = rng.gamma(2.0, 2.0, (110, 100)), rng.uniform(0.5, 2.0, 100)
    draw = on_demand * rng.uniform(0.5, 0.9, (2, 100))

    large = solve_linear_programme(usage, on_demand, np.ones(110), offers(draw))

    one = optimal_commitment(usage, on_demand, draw.min(axis=0))
    two = min(optimal_commitment(usage, on_demand, row).cost for row in draw)
    assert one.cost <= large.lower_bound + 1e-6 <= two + 2e-6


def test_clusters_are_nested() -> None:
    value = np.random.default_rng(1).random((50, 3))

    coarse, fine = cluster_hours(value, 5), cluster_hours(value, 12)

    assert len(np.unique(fine)) == 12
    for number in range(12):
        assert len(np.unique(coarse[fine == number])) == 1


def test_equal_hours_stay_together() -> None:
    assert cluster_hours(np.full((10, 2), 0.1), 5).max() == 0


def test_the_dearer_payment_option_of_one_plan_is_dominated() -> None:
    offered = offers([[0.7, NAN], [0.6, NAN], [0.6, 0.6], [0.6, NAN]])

    # Offer 1 beats 0; 2 covers more; 3 equals 1 and only one of the two is kept.
    assert dominated_offers(offered).sum() == 2
    assert dominated_offers(offered)[0]
    assert not dominated_offers(offered)[2]


def test_a_missing_solver_names_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)

    with pytest.raises(MissingDependencyError, match="optimize"):
        plan_portfolio(np.ones((4, 1)), [1.0], offers([[0.5]]))


def test_the_solver_prints_nothing(capfd) -> None:
    plan_portfolio(np.ones((4, 1)), [1.0], offers([[0.5]]))

    assert capfd.readouterr().out == ""


def test_commitments_of_a_portfolio_keep_their_order() -> None:
    plan = simulate_portfolio(
        np.ones((1, 1)),
        [1.0],
        offers([[0.5]], stage=[1]),
        [0.5],
        Commitments(np.array([[0.4]]), np.array([[0.4]]), np.array([0]), np.array([False])),
    )

    # The existing plan of the lower stage takes the usage; the new one stays unused.
    assert plan.used_commitment[0] == pytest.approx([0.0, 0.4])
