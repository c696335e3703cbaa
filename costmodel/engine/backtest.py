"""How good a forecast was: rolling origins, scaled errors, coverage of the intervals.

Letters: ``n`` series, ``l`` days, ``o`` origins, ``h`` days ahead, ``q`` interval levels.
"""

from typing import Final, NamedTuple

import numpy as np

from costmodel.engine.forecast import LEVELS, fill_missing, forecast
from costmodel.engine.smoothing import WEEK, Floats, Ints
from costmodel.errors import BadInputError

_LEAST_HISTORY: Final = 28


class Backtest(NamedTuple):
    """Accuracy of each series over all origins; NaN where a series gives no figure."""

    mase: Floats  # (n,) mean absolute error / mean absolute weekly change of the whole series
    seasonal_naive_mase: Floats  # (n,) the same of repeating the last week
    coverage: Floats  # (q, n) share of days inside each interval
    levels: tuple[float, ...]  # (q,)
    total_error: Floats  # (n,) median absolute error of the horizon's sum / the sum
    origins: Ints  # (o,)


def backtest(y: Floats, horizon: int, *, origins: int = 12, step: int = 30) -> Backtest:
    """Forecast from past origins and compare with what came.

    Args:
        y: (n, l) daily values, NaN = missing.
        horizon: h, days ahead.
        origins: how many origins; the last leaves just the horizon.
        step: days between origins.
    """
    y = np.asarray(y, dtype=np.float64)
    starts = y.shape[1] - horizon - step * np.arange(origins - 1, -1, -1)
    starts = starts[starts >= _LEAST_HISTORY]
    if len(starts) == 0:
        raise BadInputError(
            f"a backtest over {horizon} days needs {_LEAST_HISTORY + horizon} days of history, "
            f"this has {y.shape[1]}: shorten the horizon"
        )
    scored = [_score(y, int(start), horizon) for start in starts]
    error, naive, inside, total = (np.stack(part) for part in zip(*scored, strict=True))
    scale = _weekly_change(y)
    return Backtest(
        _mean(error, axis=0) / scale,
        _mean(naive, axis=0) / scale,
        _mean(inside, axis=0),
        LEVELS,
        np.array([_median(column) for column in total.T]),
        starts,
    )


def _score(y: Floats, start: int, horizon: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return absolute error (n,), that of the naive (n,), coverage (q, n), error of the sum."""
    history, actual = y[:, :start], y[:, start : start + horizon]
    result = forecast(history, horizon)
    last_week = fill_missing(history)[0][:, -WEEK:]
    naive = last_week[:, np.arange(horizon) % WEEK]
    naive = np.where(np.isnan(result.mean), np.nan, naive)
    within = (actual >= result.lower - _TOLERANCE) & (actual <= result.upper + _TOLERANCE)
    known = ~np.isnan(actual) & ~np.isnan(result.upper)
    inside = np.where(known, within.astype(float), np.nan)
    seen = ~np.isnan(actual)
    sums = np.where(seen, actual, 0.0).sum(axis=1)
    missed = np.abs(np.where(seen, result.mean - actual, 0.0).sum(axis=1))
    share = np.where(sums > 0.0, missed / np.where(sums > 0.0, sums, 1.0), np.nan)
    return (
        _mean(np.abs(actual - result.mean), axis=1),
        _mean(np.abs(actual - naive), axis=1),
        _mean(inside, axis=2),
        share,
    )


# A constant series sits on both ends of its interval; rounding must not throw it out.
_TOLERANCE: Final = 1e-9


def _weekly_change(y: Floats) -> Floats:
    """Return the (n,) mean absolute change over a week, NaN for a series that never changes."""
    change = _mean(np.abs(y[:, WEEK:] - y[:, :-WEEK]), axis=1)
    return np.where(change > 0.0, change, np.nan)


def _mean(values: Floats, axis: int) -> Floats:
    """Return the mean without NaN; NaN where nothing is left (numpy's own warns)."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")
