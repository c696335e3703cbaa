import numpy as np
import pytest

from costmodel.engine.forecast import (
    Forecast,
    _median_of_five,
    conformal_band,
    fill_missing,
    forecast,
    forecast_total,
)
from costmodel.errors import BadInputError

NAN = float("nan")


def noise(rows: int = 20, days: int = 200, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(3.0, 0.2, (rows, days))


def test_shapes_are_series_by_days_and_levels_first() -> None:
    result = forecast(noise(3), 40)

    assert isinstance(result, Forecast)
    assert result.mean.shape == (3, 40)
    assert result.levels == (0.5, 0.8, 0.95)
    assert result.lower.shape == result.upper.shape == (3, 3, 40)


def test_intervals_are_nested_and_hold_the_mean() -> None:
    result = forecast(noise(), 30)

    assert (np.diff(result.lower, axis=0) <= 0).all()
    assert (np.diff(result.upper, axis=0) >= 0).all()
    lower, upper = result.interval(0.5)
    assert ((lower <= result.mean) & (result.mean <= upper)).all()


def test_a_constant_series_stays_constant_without_doubt() -> None:
    result = forecast(np.full((2, 90), 4.2), 30)

    assert result.mean == pytest.approx(np.full((2, 30), 4.2))
    assert result.upper == pytest.approx(np.full((3, 2, 30), 4.2))


def test_all_zero_series_is_forecast_as_zero() -> None:
    result = forecast(np.zeros((1, 60)), 10)

    assert not result.mean.any()
    assert not result.upper.any()


def test_a_series_without_values_is_unknown_not_zero() -> None:
    y = noise(2)
    y[1] = NAN

    result = forecast(y, 5)

    assert np.isfinite(result.mean[0]).all()
    assert np.isnan(result.mean[1]).all()
    assert np.isnan(result.upper[:, 1]).all()


def test_a_pure_weekly_pattern_is_repeated() -> None:
    week = np.array([1.0, 5.0, 5.0, 5.0, 5.0, 5.0, 1.0])

    result = forecast(np.tile(week, 20)[None], 14)

    assert result.mean[0] == pytest.approx(np.tile(week, 2))


def test_costs_that_never_were_negative_stay_so_and_credits_may_be_negative() -> None:
    falling = np.maximum(100.0 - np.arange(120.0), 0.0) + noise(1, 120)

    assert (forecast(falling, 60).lower >= 0.0).all()
    assert (forecast(-noise(1), 10).mean < 0.0).all()


@pytest.mark.parametrize("days", [1, 2, 6, 8, 13, 29, 34])
def test_short_series_have_a_forecast_near_their_level(days: int) -> None:
    result = forecast(np.full((1, days), 10.0) + np.arange(days) % 2, 30)

    assert ((result.mean >= 9.9) & (result.mean <= 11.1)).all()
    assert np.isfinite(result.upper).all() == (days > 1)


def test_missing_days_change_little() -> None:
    y = noise(10, 200)
    gaps = y.copy()
    gaps[:, 50:53] = NAN
    gaps[:, -1] = NAN

    whole, holed = forecast(y, 30), forecast(gaps, 30)

    assert holed.mean.mean() == pytest.approx(whole.mean.mean(), rel=0.03)


def test_a_young_series_is_forecast_as_if_the_time_before_were_not_there() -> None:
    y = noise(1, 70)
    padded = np.pad(y, ((0, 0), (300, 0)), constant_values=NAN)

    assert forecast(padded, 7).mean == pytest.approx(forecast(y, 7).mean, rel=0.1)


def test_scaling_the_series_scales_the_forecast() -> None:
    y = noise(5)

    small, large = forecast(y, 20), forecast(y * 1e9, 20)

    assert large.mean == pytest.approx(small.mean * 1e9)
    assert large.upper == pytest.approx(small.upper * 1e9)


def test_a_series_does_not_change_its_neighbours_forecast() -> None:
    y = noise(300)

    assert forecast(y, 10).mean[299] == pytest.approx(forecast(y[299:], 10).mean[0])


def test_running_total_ends_at_the_sum_with_a_tighter_interval_than_the_sum_of_intervals() -> None:
    y = noise(20)

    daily, total = forecast(y, 30), forecast_total(y, 30)

    assert total.mean[:, -1] == pytest.approx(daily.mean.sum(axis=1))
    assert (np.diff(total.mean, axis=1) >= 0).all()
    width = (total.upper - total.lower)[1, :, -1].mean()
    assert width < 0.7 * (daily.upper - daily.lower)[1].sum(axis=1).mean()


def test_month_start_fee_is_forecast_on_the_first_and_on_no_other_day() -> None:
    day_of_month = np.concatenate([np.arange(1, n + 1) for n in (31, 28, 31, 30, 31, 30, 31)])
    y = np.full((1, 151), 10.0) + 300.0 * (day_of_month[:151] == 1)

    ahead = forecast(y, 61, day_of_month=day_of_month).mean[0]

    assert np.flatnonzero(ahead > 20.0).tolist() == [0, 30]
    assert ahead.sum() == pytest.approx(61 * 10.0 + 600.0)


def test_wrong_input_is_named() -> None:
    with pytest.raises(BadInputError, match="shape"):
        forecast(np.zeros(5), 3)
    with pytest.raises(BadInputError, match="at least 1 day"):
        forecast(np.zeros((1, 5)), 0)
    with pytest.raises(BadInputError, match="infinite"):
        forecast(np.array([[1.0, np.inf]]), 3)
    with pytest.raises(BadInputError, match=r"no interval of 0\.9"):
        forecast(np.zeros((1, 30)), 3).interval(0.9)
    with pytest.raises(BadInputError, match="day_of_month"):
        forecast(np.zeros((1, 5)), 3, day_of_month=np.ones(5, dtype=int))


def test_no_series_give_no_forecast() -> None:
    assert forecast(np.zeros((0, 50)), 3).upper.shape == (3, 0, 3)


def test_fill_takes_the_same_weekday_and_counts_the_time_before_birth() -> None:
    y = np.arange(16.0)[None].copy()
    y[0, [0, 1, 10]] = NAN

    filled, first = fill_missing(y)

    assert first.tolist() == [2]
    assert filled[0, [0, 1, 10]].tolist() == [2.0, 2.0, 3.0]


def test_median_of_five_is_the_median() -> None:
    five = np.random.default_rng(4).normal(size=(5, 1000))

    assert np.array_equal(_median_of_five(*five), np.median(five, axis=0))


def test_band_of_errors_that_do_not_grow_is_their_corrected_quantile() -> None:
    # 9 origins, one step, |error| = 1 … 9: rank ⌈0.8 · (1 + 1/9) · 9⌉ = 8, ⌈0.5 · 10⌉ = 5, 9.
    error = np.arange(1.0, 10.0)[None, :, None]

    lower, upper = conformal_band(error)

    assert upper[:, 0, 0].tolist() == [5.0, 8.0, 9.0]
    assert lower.tolist() == (-upper).tolist()


def test_band_of_a_random_walk_grows_with_the_root_of_the_step() -> None:
    walk = np.random.default_rng(5).normal(size=(1, 400, 64)).cumsum(axis=2)

    upper = conformal_band(walk)[1][1, 0]

    assert upper[63] / upper[0] == pytest.approx(8.0, rel=0.15)
    assert upper[15] == pytest.approx(1.2816 * 4.0, rel=0.15)
