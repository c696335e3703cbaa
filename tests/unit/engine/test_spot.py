"""Spot prices, interruptions and shares, by hand."""

import numpy as np
import pytest

from costmodel.engine.spot import (
    RestartModel,
    diversified_shares,
    diversified_volatility,
    effective_spot_price,
    interruption_rate,
    optimal_spot_share,
    spot_prices,
)
from costmodel.errors import CommitmentError


def test_statistics_leave_out_what_was_not_observed() -> None:
    prices = spot_prices([[1.0, np.nan], [2.0, 0.5], [1.0, np.nan]])

    assert prices.mean == pytest.approx([4 / 3, 0.5])
    assert prices.lowest == pytest.approx([1.0, 0.5])
    assert prices.highest == pytest.approx([2.0, 0.5])
    # Log changes +0.693 and -0.693: standard deviation 0.9803.
    assert prices.volatility[0] == pytest.approx(np.log(2) * np.sqrt(2))
    assert np.isnan(prices.volatility[1])


def test_a_pool_never_seen_is_unknown() -> None:
    assert np.isnan(spot_prices([[np.nan]]).mean[0])


def test_the_middle_of_a_bucket_is_a_rate_per_hour() -> None:
    rate = interruption_rate([0, 4])

    # exp(-rate * 730) survives the month: 97.5 % and 75 %.
    assert np.exp(-rate * 730) == pytest.approx([0.975, 0.75])


def test_lost_work_is_paid_twice() -> None:
    # One interruption in 10 hours loses 1 hour and costs 0.5 USD: (1 + 0.05) / 0.9.
    price = effective_spot_price(
        1.0, 0.1, RestartModel(lost_hours=0.6, restart_hours=0.4, cost=0.5)
    )

    assert price == pytest.approx(1.05 / 0.9)


def test_without_interruptions_the_price_is_the_price() -> None:
    assert effective_spot_price([0.3], [0.0], RestartModel(2.0, 1.0, 5.0)) == pytest.approx([0.3])


def test_the_fleet_fills_the_cheapest_pools_up_to_the_limit() -> None:
    share = diversified_shares([0.3, 0.1, np.nan, 0.2], 0.4)

    assert share == pytest.approx([0.2, 0.4, 0.0, 0.4])


def test_independent_pools_halve_the_volatility_of_four() -> None:
    assert diversified_volatility([0.25] * 4, np.eye(4)) == pytest.approx(0.5)


def test_cheap_spot_without_shortage_cost_takes_the_fleet() -> None:
    best = optimal_spot_share(1.0, 0.3, [0.5], shortage_cost=0.0)

    assert (best.share, best.cost, best.on_demand_cost) == (1.0, pytest.approx(0.3), 1.0)


def test_the_spare_capacity_sets_the_share_when_shortage_is_dear() -> None:
    # Half of spot may go at once; 20 % may be missing: 40 % on spot.
    best = optimal_spot_share(1.0, 0.3, [0.5], shortage_cost=100.0, spare=0.2)

    assert best.share == pytest.approx(0.4)
    assert best.cost == pytest.approx(0.6 + 0.4 * 0.3)


def test_spot_above_on_demand_is_not_used() -> None:
    assert optimal_spot_share(1.0, 1.2, [0.0], shortage_cost=0.0).share == 0.0


def test_rare_losses_count_by_their_probability() -> None:
    # 1 % of hours lose everything at 20 USD: 0.2 a unit, less than the 0.7 saved.
    best = optimal_spot_share(1.0, 0.3, [0.0, 1.0], shortage_cost=20.0, weight=[0.99, 0.01])

    assert best.share == 1.0
    assert best.cost == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spot_prices([1.0]), "observations × pools"),
        (lambda: spot_prices([[0.0]]), "numbers > 0"),
        (lambda: interruption_rate([5]), "buckets are 0"),
        (lambda: effective_spot_price(1.0, 0.5, RestartModel(2.0)), "lose more work"),
        (lambda: diversified_shares([1.0], 0.5), "do not make a whole fleet"),
        (lambda: diversified_shares([1.0], 0.0), "do not make a whole fleet"),
        (lambda: optimal_spot_share(1.0, 0.3, [2.0], shortage_cost=0.0), "lost_share"),
        (lambda: optimal_spot_share(-1.0, 0.3, [0.0], shortage_cost=0.0), "must be >= 0"),
    ],
)
def test_wrong_input_is_named(call, message) -> None:
    with pytest.raises(CommitmentError, match=message):
        call()
