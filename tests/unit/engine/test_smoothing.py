import numpy as np
import pytest

from costmodel.engine.smoothing import (
    damped_holt,
    holt_forecast,
    profile_at,
    theta,
    theta_forecast,
    weekly_profile,
)


def test_weekly_profile_starts_at_the_first_forecast_day() -> None:
    week = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0])
    y = np.tile(week, 5)[None, 2:]  # 33 days: the next day is weekday 0 of `week`

    profile = weekly_profile(y, np.zeros(1, dtype=int))

    assert profile[0] == pytest.approx(week - 40.0)
    assert profile_at(profile, np.array([-1, 0, 7]))[0] == pytest.approx([30.0, -30.0, -30.0])


def test_weekly_profile_of_noise_and_of_less_than_three_weeks_is_zero() -> None:
    noise = np.random.default_rng(1).normal(100.0, 10.0, (50, 182))

    assert (weekly_profile(noise, np.zeros(50, dtype=int)) == 0.0).mean() > 0.9
    assert not weekly_profile(np.arange(20.0)[None], np.zeros(1, dtype=int)).any()


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
