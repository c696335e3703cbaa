"""Batch smoothing of many daily series at once: weekly profile, damped Holt, Theta.

Letters: ``n`` series, ``l`` days, ``g`` grid points, ``k`` forecast origins, ``h`` steps ahead.
The loops run over time; every step works on all series and all grid points together.
"""

from itertools import product
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

WEEK: Final = 7
# A profile over half a year is steady enough to keep and young enough to follow a change.
_PROFILE_WEEKS: Final = 26
_LEAST_WEEKS: Final = 3
_LEAST_FACTOR: Final = 0.1
# A profile must explain a tenth of the variation inside weeks, or it is noise.
_KEPT_VARIANCE: Final = 0.9

_HOLT_GRID: Final = np.array(
    list(product((0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9), (0.0, 0.01, 0.05, 0.15), (0.9, 0.98)))
)
_THETA_ALPHA: Final = np.linspace(0.05, 0.95, 10)


class HoltStates(NamedTuple):
    """Damped-Holt state at each origin, of the grid point that was best up to it."""

    level: Floats  # (k, n)
    trend: Floats  # (k, n) per day
    damping: Floats  # (k, n)


class ThetaStates(NamedTuple):
    """Theta state at each origin."""

    level: Floats  # (k, n)
    alpha: Floats  # (k, n) smoothing parameter
    slope: Floats  # (k, n) least-squares slope per day


def nan_median(values: Floats) -> Floats:
    """Return the median over the last axis, NaN left out; NaN where nothing is left.

    numpy's own warns on empty slices and is slow on many short ones.
    """
    ordered = np.sort(values, axis=-1)
    count = (~np.isnan(values)).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0), axis=-1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-1] - 1), axis=-1)
    return ((low + high) / 2.0)[..., 0]


class WeeklyProfile(NamedTuple):
    """What a weekday does to the level: value = level * factor + offset.

    Position 0 belongs to day ``l``, the first forecast day.
    """

    factor: Floats  # (n, 7) mean 1, never negative; all 1 for an additive profile
    offset: Floats  # (n, 7) mean 0; all 0 for a multiplicative one

    def remove(self, y: Floats, days: Ints) -> Floats:
        """Return (n, d) levels of values; a weekday that costs next to nothing keeps the last one.

        Args:
            y: (n, d) values.
            days: (d,) their days, counted from the first forecast day.
        """
        factor = self.factor[:, days % WEEK]
        idle = factor <= _LEAST_FACTOR
        level: Floats = (y - self.offset[:, days % WEEK]) / np.where(idle, 1.0, factor)
        if not idle.any():
            return level
        last = np.maximum.accumulate(np.where(idle, -1, np.arange(y.shape[1])), axis=1)
        last = np.where(last < 0, np.argmin(idle, axis=1)[:, None], last)
        return np.take_along_axis(level, last, axis=1)

    def apply(self, level: Floats, days: Ints) -> Floats:
        """Return (…, n, d) values of levels on days counted from the first forecast day.

        Args:
            level: (…, n, d) levels.
            days: (d,) days; whole weeks more or less make no difference.
        """
        value: Floats = level * self.factor[:, days % WEEK]
        value += self.offset[:, days % WEEK]
        return value


def weekly_profile(y: Floats, first: Ints) -> WeeklyProfile:
    """Return the weekly profile that explains each series best: by factor, by offset or none.

    Args:
        y: (n, l) series without missing values.
        first: (n,) day each series began; weeks before it say nothing.
    """
    n, length = y.shape
    weeks = min(length // WEEK, _PROFILE_WEEKS)
    window = y[:, length - WEEK * weeks :].reshape(n, weeks, WEEK)
    mean = window.mean(axis=2, keepdims=True)
    alive = (length - WEEK * np.arange(weeks, 0, -1) >= first[:, None])[..., None]
    offset = _middle_week(np.where(alive, window - mean, np.nan))
    share = np.divide(window, mean, out=np.ones_like(window), where=mean > 0.0)
    factor = 1.0 + _middle_week(np.where(alive, share - 1.0, np.nan))

    def missed(profile: Floats) -> Floats:
        total: Floats = (np.square(window - profile) * alive).sum(axis=(1, 2))
        return total

    limit = _KEPT_VARIANCE * missed(mean)
    by_offset = missed(mean + offset[:, None])
    factor = np.maximum(factor, 0.0)
    scalable = y.min(axis=1) >= 0.0
    by_factor = np.where(scalable, missed(mean * factor[:, None]), np.inf)
    enough = alive.sum(axis=(1, 2)) >= _LEAST_WEEKS
    is_factor = enough & (by_factor < limit) & (by_factor < by_offset)
    is_offset = enough & (by_offset < limit) & ~is_factor
    return WeeklyProfile(
        np.where(is_factor[:, None], factor, 1.0), np.where(is_offset[:, None], offset, 0.0)
    )


def _middle_week(deviation: Floats) -> Floats:
    """Return (n, 7) the median deviation of each weekday, centred, from (n, weeks, 7)."""
    middle = np.nan_to_num(nan_median(deviation.swapaxes(1, 2)))
    centred: Floats = middle - middle.mean(axis=1, keepdims=True)
    return centred


def damped_holt(x: Floats, origins: Ints) -> HoltStates:
    """Fit damped Holt to every series at once and keep the state at each origin.

    The grid point is the one with the least squared one-step error up to that origin, so that
    a forecast from an origin knows nothing after it.

    Args:
        x: (n, l) series, season removed.
        origins: (k,) ascending; an origin of o has seen the days before o.
    """
    alpha, beta, phi = (column[:, None] for column in _HOLT_GRID.T)
    alpha_beta, series = alpha * beta, np.arange(x.shape[0])
    level = np.repeat(x[:, :WEEK].mean(axis=1)[None], len(_HOLT_GRID), axis=0)
    trend, squared, error = np.zeros_like(level), np.zeros_like(level), np.empty_like(level)
    states: list[tuple[Floats, Floats, Floats]] = []
    wanted = set(origins.tolist())
    for day in range(1, x.shape[1] + 1):
        if day in wanted:
            best = squared.argmin(axis=0)
            states.append((level[best, series], trend[best, series], phi[best, 0]))
        if day == x.shape[1]:
            break
        # In place: a temporary per operation would double the time.
        trend *= phi
        level += trend
        np.subtract(x[:, day], level, out=error)
        trend += alpha_beta * error
        level += alpha * error
        error *= error
        squared += error
    return HoltStates(*map(np.stack, zip(*states, strict=True)))


def holt_forecast(states: HoltStates, horizon: int) -> Floats:
    """Return the (k, n, h) forecasts of damped-Holt states."""
    powers = states.damping[..., None] ** np.arange(1, horizon + 1)
    return states.level[..., None] + np.cumsum(powers, axis=-1) * states.trend[..., None]


def theta(x: Floats, origins: Ints) -> ThetaStates:
    """Fit the Theta method (simple smoothing plus half the slope) at each origin.

    Args:
        x: (n, l) series, season removed.
        origins: (k,) ascending; an origin of o has seen the days before o.
    """
    alpha, series = _THETA_ALPHA[:, None], np.arange(x.shape[0])
    level = np.repeat(x[None, :, 0], len(_THETA_ALPHA), axis=0)
    squared, error = np.zeros_like(level), np.empty_like(level)
    states: list[tuple[Floats, Floats]] = []
    wanted = set(origins.tolist())
    for day in range(1, x.shape[1] + 1):
        if day in wanted:
            best = squared.argmin(axis=0)
            states.append((level[best, series], alpha[best, 0]))
        if day == x.shape[1]:
            break
        np.subtract(x[:, day], level, out=error)
        level += alpha * error
        error *= error
        squared += error
    levels, alphas = map(np.stack, zip(*states, strict=True))
    return ThetaStates(levels, alphas, _slopes(x, origins))


def _slopes(x: Floats, origins: Ints) -> Floats:
    """Return the (k, n) least-squares slope of the days before each origin."""
    day = np.arange(x.shape[1])
    total = np.cumsum(x, axis=1)[:, origins - 1]
    moment = np.cumsum(x * day, axis=1)[:, origins - 1]
    spread = origins * (np.square(origins) - 1.0) / 12.0
    return ((moment - total * (origins - 1) / 2.0) / np.maximum(spread, 1.0)).T


def theta_forecast(states: ThetaStates, origins: Ints, horizon: int) -> Floats:
    """Return the (k, n, h) forecasts of Theta states."""
    alpha = states.alpha
    start = 1.0 / alpha - (1.0 - alpha) ** origins[:, None] / alpha
    drift = 0.5 * states.slope[..., None] * (np.arange(horizon) + start[..., None])
    return states.level[..., None] + drift
