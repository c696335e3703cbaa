"""Forecasts of many daily cost series at once, with calibrated intervals.

The mean is the median of five simple forecasts (damped Holt, Theta, the median of the last week
and of the last four weeks on top of a weekly profile, and last week repeated). Simple methods
win on daily cloud cost (M4 daily: nothing beats them by much), and their median is not led astray
by any one of them. Intervals are conformal: quantiles of the errors the same forecast made
from past origins, because model variances cover too much.

Letters: ``n`` series, ``l`` days of history, ``k`` past origins, ``h`` days ahead, ``q`` levels.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.engine.calendar_events import split_calendar_events
from costmodel.engine.smoothing import (
    WEEK,
    Floats,
    Ints,
    damped_holt,
    holt_forecast,
    theta,
    theta_forecast,
    weekly_profile,
)
from costmodel.errors import BadInputError

LEVELS: Final = (0.5, 0.8, 0.95)
_ORIGINS: Final = 26
_MONTH: Final = 28
_LEVEL_DAYS: Final = 56
_LARGEST_RATIO: Final = 4.0
_RECENT_ORIGINS: Final = 8
_PROFILE_DAYS: Final = 3 * WEEK  # from then on a weekly profile can be told from noise
_CLEARLY_WEEKLY: Final = 0.7
_CLEARLY: Final = 0.9  # how much smaller an error must be to change the method
# Series per pass: the grid of a chunk stays in the processor's second-level cache.
_CHUNK: Final = 256


class Forecast(NamedTuple):
    """Expected values and intervals of ``n`` series over ``h`` days.

    Attributes:
        mean: (n, h) expected value of each day [unit of y].
        levels: (q,) probability of each interval.
        lower: (q, n, h) lower ends.
        upper: (q, n, h) upper ends.
    """

    mean: Floats
    levels: tuple[float, ...]
    lower: Floats
    upper: Floats

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Return the (n, h) lower and upper ends of the interval of a probability."""
        if level not in self.levels:
            raise BadInputError(f"no interval of {level}: there are {self.levels}")
        i = self.levels.index(level)
        return self.lower[i], self.upper[i]


class _Paths(NamedTuple):
    """Forecast paths and the errors of the same forecast from past origins."""

    mean: Floats  # (n, h)
    error: Floats  # (n, k, h) actual - forecast, NaN where not observed


def forecast(y: Floats, horizon: int, *, day_of_month: Ints | None = None) -> Forecast:
    """Forecast every series for `horizon` days.

    Args:
        y: (n, l) daily values, oldest first; NaN = missing. Leading NaN: the series is younger.
        horizon: h, days ahead, >= 1.
        day_of_month: (l + h,) 1 … 31 of the history and the days ahead; with it, fees, tax and
            credits that recur on a day of the month, or on its last, are forecast as calendar
            events. One more, of the day after, tells whether the last day ahead ends its month.

    Returns:
        Mean and intervals of each day. A series without any value is NaN. Series that never were
        negative have no negative forecast.
    """
    return _summarize(y, horizon, day_of_month, _keep)


def forecast_total(y: Floats, horizon: int, *, day_of_month: Ints | None = None) -> Forecast:
    """Forecast the running total of the coming days: column i is the sum of days 1 … i + 1.

    The interval of a sum is not the sum of intervals, so it is calibrated on past sums.

    Args:
        y: (n, l) daily values as for `forecast`.
        horizon: h, days ahead, >= 1.
        day_of_month: as for `forecast`.
    """
    return _summarize(y, horizon, day_of_month, _running_total)


def _keep(values: Floats) -> Floats:
    return values


def _running_total(values: Floats) -> Floats:
    return np.cumsum(values, axis=-1)


def _summarize(
    y: Floats, horizon: int, day_of_month: Ints | None, measure: Callable[[Floats], Floats]
) -> Forecast:
    """Forecast in chunks and put intervals around what `measure` makes of the daily paths."""
    y = _checked(y, horizon)
    events = np.zeros((len(y), horizon))
    if day_of_month is not None:
        y, events = split_calendar_events(y, _checked_days(day_of_month, y, horizon), horizon)
    y = _at_least_a_month(y)
    parts = [
        _measured(y[start : start + _CHUNK], events[start : start + _CHUNK], measure)
        for start in range(0, len(y), _CHUNK)
    ]
    if not parts:
        empty = np.zeros((len(LEVELS), 0, horizon))
        return Forecast(empty[0], LEVELS, empty, empty)
    mean, lower, upper = (np.concatenate(part, axis=-2) for part in zip(*parts, strict=True))
    return Forecast(mean, LEVELS, lower, upper)


def _checked(y: Floats, horizon: int) -> Floats:
    """Return the series as a float matrix, or say what is wrong with it."""
    y = np.asarray(y, dtype=np.float64)
    if y.ndim != 2 or y.shape[1] == 0:
        raise BadInputError(f"forecast needs (series, days), got an array of shape {y.shape}")
    if horizon < 1:
        raise BadInputError(f"forecast horizon {horizon}: give at least 1 day")
    if np.isinf(y).any():
        raise BadInputError("forecast input holds infinite values: leave them NaN (missing)")
    return y


def _checked_days(day_of_month: Ints, y: Floats, horizon: int) -> Ints:
    days = np.asarray(day_of_month)
    length = y.shape[1] + horizon
    if days.shape not in ((length,), (length + 1,)):
        raise BadInputError(
            f"day_of_month has shape {days.shape}: give one per day of history and of the "
            f"horizon, ({y.shape[1]} + {horizon},)"
        )
    return days


def _at_least_a_month(y: Floats) -> Floats:
    """Return the series with at least four weeks of columns: missing days in front."""
    missing = max(0, _MONTH - y.shape[1])
    return np.pad(y, ((0, 0), (missing, 0)), constant_values=np.nan)


def _measured(
    y: Floats, events: Floats, measure: Callable[[Floats], Floats]
) -> tuple[Floats, Floats, Floats]:
    """Return mean (n, h), lower and upper (q, n, h) of one chunk with its coming events."""
    paths = _paths(y, events.shape[1])
    mean = measure(paths.mean)
    low, high = conformal_band(measure(paths.error))
    lower, upper = mean + low, mean + high
    # A cost that never was negative will not be: cut the interval as well as the mean.
    cut = np.where(np.nan_to_num(y).min(axis=1) < 0.0, -np.inf, 0.0)
    lower = np.maximum(lower, cut[:, None])
    known = measure(events)
    return mean + known, lower + known, upper + known


def _paths(y: Floats, horizon: int) -> _Paths:
    filled, first = fill_missing(y)
    length = y.shape[1]
    origins = _origins(length)
    profile = weekly_profile(filled, first)
    days = origins[:, None] + np.arange(horizon)  # (k, h)
    known = np.pad(y, ((0, 0), (0, horizon)), constant_values=np.nan)[:, days[:-1]]
    known[(origins[:-1] - first[:, None]) < WEEK] = np.nan
    is_positive = filled.min(axis=1) >= 0.0

    def finish(levels: Floats) -> tuple[Floats, Floats]:
        # Origins lie whole weeks apart: day i falls on the same weekday from all of them.
        predicted = profile.apply(levels, np.arange(horizon))
        np.maximum(predicted, 0.0, out=predicted, where=is_positive[None, :, None])
        return predicted[-1], known - predicted[:-1].transpose(1, 0, 2)

    level = profile.remove(filled, np.arange(-length, 0))
    median, repeated = _level_forecasts(level, origins, horizon)
    (mean, error), (naive, naive_error) = finish(median), finish(repeated)
    # Where repeating the last week did clearly better of late, the profile is out of date.
    recent = slice(-_RECENT_ORIGINS, None)
    is_naive = _mean_size(naive_error[:, recent]) < _CLEARLY * _mean_size(error[:, recent])
    is_naive |= _has_young_week(filled, first)
    mean = np.where(is_naive[:, None], naive, mean)
    error[is_naive] = naive_error[is_naive]
    error *= _level_ratio(filled, origins)[..., None]
    mean = np.where((first < length)[:, None], mean, np.nan)
    return _Paths(mean, _or_daily_changes(error, y))


def _has_young_week(filled: Floats, first: Ints) -> NDArray[np.bool_]:
    """Return which series, too young for a profile, are more like a week ago than like their mean.

    With less than two weeks what was nearer decides; with more, a week must be clearly nearer.
    """
    recent = filled[:, 1 - _PROFILE_DAYS :]  # at least four weeks are there
    week_ago, now = recent[:, :-WEEK], recent[:, WEEK:]
    level = np.lib.stride_tricks.sliding_window_view(recent[:, :-1], WEEK, axis=1).mean(axis=2)
    age = filled.shape[1] - first
    seen = np.arange(now.shape[1], 0, -1) <= (age - WEEK)[:, None]
    by_week = np.where(seen, np.abs(now - week_ago), 0.0).sum(axis=1)
    by_level = np.where(seen, np.abs(now - level), 0.0).sum(axis=1)
    share = np.where(age < 2 * WEEK, 1.0, _CLEARLY_WEEKLY)
    is_weekly: NDArray[np.bool_] = (age < _PROFILE_DAYS) & (by_week < share * by_level)
    return is_weekly


def _mean_size(error: Floats) -> Floats:
    """Return the (n,) mean absolute error, 0 where none was observed."""
    seen = ~np.isnan(error)
    size = np.where(seen, np.abs(error), 0.0).sum(axis=(1, 2))
    mean: Floats = size / np.maximum(seen.sum(axis=(1, 2)), 1)
    return mean


def _level_ratio(filled: Floats, origins: Ints) -> Floats:
    """Return (n, k) today's level over the level at each past origin.

    Errors of a cost grow with the cost: those made when a series was half as large count double.
    """
    total = np.cumsum(np.abs(np.pad(filled, ((0, 0), (1, 0)))), axis=1)
    days = np.minimum(origins, _LEVEL_DAYS)
    level = (total[:, origins] - total[:, origins - days]) / days
    past, now = level[:, :-1], level[:, -1:]
    known = (past > 0.0) & (now > 0.0)
    bounded = np.clip(past, now / _LARGEST_RATIO, now * _LARGEST_RATIO)
    ratio: Floats = np.where(known, now, 1.0) / np.where(known, bounded, 1.0)
    return ratio


def _or_daily_changes(error: Floats, y: Floats) -> Floats:
    """Give series too young for past origins the errors of a random walk: their daily changes."""
    young = np.all(np.isnan(error), axis=(1, 2))
    change = np.diff(y, axis=1)[:, -error.shape[1] :, None]
    walk = change * np.sqrt(np.arange(1, error.shape[2] + 1))
    return np.where(young[:, None, None], walk, error)


def _origins(length: int) -> Ints:
    """Return ascending origins, a week apart, the last at the end of the history."""
    count = min(_ORIGINS, (length - WEEK) // WEEK)
    return length - WEEK * np.arange(count, -1, -1)


def fill_missing(y: Floats) -> tuple[Floats, Ints]:
    """Fill gaps with the value a week before, and the time before birth with the first value.

    Args:
        y: (n, l) series; NaN = missing.

    Returns:
        (n, l) series without NaN, and (n,) the first day with a value (l if there is none).
    """
    missing = np.isnan(y)
    first = np.where(missing.all(axis=1), y.shape[1], np.argmin(missing, axis=1))
    if not missing.any():
        return y, first
    day = np.arange(y.shape[1])
    before = day < first[:, None]
    last = y.shape[1] - 1
    birth = np.take_along_axis(y, np.minimum(first, last)[:, None], axis=1)
    filled = np.where(before, np.nan_to_num(birth), y)
    for gap in np.flatnonzero((missing & ~before).any(axis=0)):
        past = filled[:, gap - WEEK] if gap >= WEEK else filled[:, gap - 1]
        filled[:, gap] = np.where(np.isnan(filled[:, gap]), past, filled[:, gap])
    return filled, first


def _level_forecasts(x: Floats, origins: Ints, horizon: int) -> tuple[Floats, Floats]:
    """Return the (k, n, h) median of five forecasts of levels, and the last week repeated."""
    holt = holt_forecast(damped_holt(x, origins), horizon)
    drift = theta_forecast(theta(x, origins), origins, horizon)
    week = _trailing(x, origins, WEEK)
    repeated = week[..., np.arange(horizon) % WEEK]
    week_median = np.median(week, axis=-1)[..., None]
    month_median = np.median(_trailing(x, origins, _MONTH), axis=-1)[..., None]
    median = _median_of_five(holt, drift, repeated, week_median, month_median)
    return median, repeated


def _trailing(x: Floats, origins: Ints, days: int) -> Floats:
    """Return the (k, n, days) values before each origin, the first value standing in."""
    at = np.maximum(origins[:, None] - days + np.arange(days), 0)
    return x[:, at].transpose(1, 0, 2)


def _median_of_five(a: Floats, b: Floats, c: Floats, d: Floats, e: Floats) -> Floats:
    """Return the elementwise median by comparisons: a sort takes ten times as long."""
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    return np.maximum(np.minimum(e, low), np.minimum(np.maximum(e, low), high))


def conformal_band(error: Floats) -> tuple[Floats, Floats]:
    """Return offsets around the mean that past errors stayed within.

    Args:
        error: (n, k, h) actual - forecast of k past origins, NaN where not observed.

    Returns:
        Lower and upper offset, (q, n, h) each; NaN where no error was ever observed.
    """
    growth = _growth(error)
    scaled = np.abs(error / growth[:, None, :]).reshape(len(error), -1)
    origins = (~np.isnan(error)).any(axis=2).sum(axis=1)
    quantile = _quantiles(scaled, origins)
    return -quantile[..., None] * growth, quantile[..., None] * growth


def _growth(error: Floats) -> Floats:
    """Return (n, h) how the size of errors grows with the step, as a power of the step."""
    step = np.arange(1, error.shape[2] + 1)
    seen = ~np.isnan(error)
    count = seen.sum(axis=1)
    size = np.where(seen, np.abs(error), 0.0).sum(axis=1) / np.maximum(count, 1)
    usable = (count > 0) & (size > 0)
    log_size = np.log(np.where(usable, size, 1.0))
    weight = np.where(usable, count, 0).astype(float)
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1.0)
    x = np.log(step) - (weight * np.log(step)).sum(axis=1, keepdims=True) / total
    covariance = (weight * x * log_size).sum(axis=1)
    spread = np.maximum((weight * x * x).sum(axis=1), 1e-12)
    power = np.clip(covariance / spread, 0.0, 1.5)
    growth: Floats = step ** power[:, None]
    return growth


def _quantiles(scaled: Floats, origins: Ints) -> Floats:
    """Return the (q, n) quantiles of absolute errors, NaN left out.

    Errors from one origin hang together, so the finite-sample correction of conformal prediction
    counts origins, not errors: with few of them an interval reaches to the largest error.
    """
    ordered = np.sort(scaled, axis=1)  # NaN last
    count = (~np.isnan(scaled)).sum(axis=1)
    correction = 1.0 + 1.0 / np.maximum(origins, 1)
    rank = [np.ceil(np.minimum(level * correction, 1.0) * count) - 1.0 for level in LEVELS]
    at = np.maximum(np.stack(rank), 0.0).astype(np.int64)
    return np.take_along_axis(ordered[None], at[..., None], axis=2)[..., 0]
