import numpy as np
import pytest

from costmodel.engine.smoothing import (
    damped_holt,
    holt_forecast,
    theta,
    theta_forecast,
    weekly_profile,
)

NO_BIRTH = np.zeros(1, dtype=int)


def test_weekly_profile_starts_at_the_first_forecast_day() -> None:
    week = np.array([-10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0])  # a credit: offsets, not factors
    y = np.tile(week, 5)[None, 2:]  # 33 days: the next day is weekday 0 of `week`

    profile = weekly_profile(y, NO_BIRTH)

    assert profile.offset[0] == pytest.approx(week - week.mean())
    assert profile.factor[0].tolist() == [1.0] * 7
    assert profile.remove(y, np.arange(-33, 0)) == pytest.approx(np.full((1, 33), week.mean()))
    ahead = profile.apply(np.full((1, 3), week.mean()), np.array([-1, 0, 8]))
    assert ahead[0] == pytest.approx([70.0, -10.0, 20.0])


def test_weekdays_that_scale_with_the_level_become_factors() -> None:
    week = np.array([0.5, 1.0, 1.25, 1.25, 1.0, 1.0, 1.0])
    y = (np.repeat([10.0, 100.0, 30.0, 80.0], 7) * np.tile(week, 4))[None]

    profile = weekly_profile(y, NO_BIRTH)

    assert profile.factor[0] == pytest.approx(week)
    assert not profile.offset.any()


def test_a_weekday_without_cost_has_the_level_of_the_day_before_and_follows_it() -> None:
    week = np.array([0.0, 1.4, 1.4, 1.4, 1.4, 1.4, 0.0])  # idle on both ends
    levels = np.repeat([10.0, 100.0, 30.0, 80.0], 7)
    y = (levels * np.tile(week, 4))[None]

    profile = weekly_profile(y, NO_BIRTH)
    level = profile.remove(y, np.arange(-28, 0))

    assert profile.factor[0] == pytest.approx(week)
    # The first day has none before it; the first of a week has the level of the week before.
    assert level[0, :9] == pytest.approx([10.0] * 8 + [100.0])
    assert level[0, 13:16] == pytest.approx([100.0, 100.0, 30.0])
    assert profile.apply(np.full((1, 2), 50.0), np.arange(2))[0] == pytest.approx([0.0, 70.0])


def test_weekly_profile_of_noise_and_of_less_than_three_weeks_is_none() -> None:
    noise = np.random.default_rng(1).normal(100.0, 10.0, (50, 182))
    short = weekly_profile(np.arange(20.0)[None], NO_BIRTH)
    profile = weekly_profile(noise, np.zeros(50, dtype=int))

    assert ((profile.offset == 0.0) & (profile.factor == 1.0)).mean() > 0.9
    assert short.offset.tolist() == [[0.0] * 7]
    assert short.factor.tolist() == [[1.0] * 7]


def test_weeks_before_birth_do_not_dilute_the_profile() -> None:
    week = np.array([50.0, 50.0, 100.0, 100.0, 100.0, 100.0, 100.0])
    young = np.concatenate([np.full(126, 50.0), np.tile(week, 5)])[None]

    profile = weekly_profile(young, np.array([126]))

    assert profile.offset[0] == pytest.approx(week - week.mean())


def brute_force_holt(x: np.ndarray, horizon: int) -> np.ndarray:
    """The recursion of the reference, one series and one grid point at a time."""
    best = (np.inf, None)
    for alpha in (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9):
        for beta in (0.0, 0.01, 0.05, 0.15):
            for phi in (0.9, 0.98):
                level, trend, squared = x[:7].mean(), 0.0, 0.0
                for value in x[1:]:
                    predicted = level + phi * trend
                    error = value - predicted
                    squared += error * error
                    level = predicted + alpha * error
                    trend = phi * trend + alpha * beta * error
                if squared < best[0]:
                    best = (squared, (level, trend, phi))
    level, trend, phi = best[1]
    return np.array([level + sum(phi**j for j in range(1, i + 1)) * trend
                     for i in range(1, horizon + 1)])  # fmt: skip


def test_damped_holt_is_the_scalar_recursion_at_every_origin() -> None:
    x = np.cumsum(np.random.default_rng(2).normal(0.2, 1.0, (3, 60)), axis=1)
    origins = np.array([40, 60])

    ahead = holt_forecast(damped_holt(x, origins), 5)

    for series in range(3):
        assert ahead[0, series] == pytest.approx(brute_force_holt(x[series, :40], 5))
        assert ahead[1, series] == pytest.approx(brute_force_holt(x[series], 5))


def test_theta_adds_half_the_least_squares_slope() -> None:
    x = np.random.default_rng(3).normal(50.0, 1.0, (1, 80)) + 0.5 * np.arange(80)
    origins = np.array([80])

    states = theta(x, origins)
    ahead = theta_forecast(states, origins, 4)[0, 0]

    slope = np.polyfit(np.arange(80), x[0], 1)[0]
    alpha = states.alpha[0, 0]
    first = states.level[0, 0] + 0.5 * slope * (1 / alpha - (1 - alpha) ** 80 / alpha)
    assert states.slope[0, 0] == pytest.approx(slope)
    assert ahead == pytest.approx(first + 0.5 * slope * np.arange(4))
