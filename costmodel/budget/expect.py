"""What a period will come to: what is known of it and a forecast of the days to come.

A sum is what was spent plus the forecast total of the rest. A share or a price per unit is a
quotient, of which both parts are forecast: ``r = (A + A') / (B + B')``, with ``A`` and ``B`` of
the days known, ``A'`` and ``B'`` of those to come. Its quantile is that of ``a - r b`` summed over
the days, divided by ``B + B'``: where both parts rise together their errors cancel, as they do in
the quotient.
"""

import math
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costmodel.budget.spend import DailyMeasure
from costmodel.engine.forecast import forecast_total
from costmodel.engine.smoothing import Floats

# With less than two weeks there is no weekly pattern, and the level is a guess.
_LEAST_HISTORY: Final = 14
_UNKNOWN: Final = (math.nan, math.nan)


def expect_end(daily: DailyMeasure, start: date, end: date) -> tuple[float, float]:
    """Return what is expected at the end of [start, end), and what is exceeded once in ten times.

    NaN = unknown: less than two weeks of history, or months without their days.
    """
    if daily.end >= end:
        value = daily.value(start, end)
        return value, value
    history = daily.history(end)
    known = history[~np.isnan(history)]
    if daily.is_monthly or len(known) < _LEAST_HISTORY or not np.isfinite(known).all():
        return _UNKNOWN
    if daily.base is None:
        mean, high = _totals(daily, history[None], start, end)
        return float(mean[0]), float(high[0])
    return _expect_quotient(daily, np.stack([history, daily.base[: len(history)]]), start, end)


def _expect_quotient(
    daily: DailyMeasure, parts: Floats, start: date, end: date
) -> tuple[float, float]:
    """Return the expected quotient and its 90 % quantile; `parts` is (2, l): amount and base."""
    (above, below), _ = _totals(daily, parts, start, end)
    if not below > 0.0:
        return _UNKNOWN
    ratio = above / below
    mean, high = _totals(daily, (parts[0] - ratio * parts[1])[None], start, end)
    most = 100.0 if daily.is_share else math.inf
    spread = (high[0] - mean[0]) / below
    return (
        min(float(daily.factor * ratio), most),
        min(float(daily.factor * (ratio + spread)), most),
    )


def _totals(daily: DailyMeasure, rows: Floats, start: date, end: date) -> tuple[Floats, Floats]:
    """Return (k,) expected totals of [start, end) and their 90 % quantiles.

    Args:
        daily: where the days are.
        rows: (k, l) what was spent up to the last day with data.
        start: first day.
        end: the day after the last, which is still to come.
    """
    ahead = (end - daily.end).days
    days = days_of_month(daily.first, rows.shape[1] + ahead + 1)
    total = forecast_total(rows, ahead, day_of_month=days)
    spent = np.nansum(rows[:, len(daily.history(start)) :], axis=1)
    # A period still to come starts after the days between the data and it.
    skipped = (start - daily.end).days
    before = total.mean[:, skipped - 1] if skipped > 0 else 0.0
    # The upper end of the central 80 % is the 90 % quantile.
    high = total.interval(0.8)[1]
    return spent + total.mean[:, -1] - before, spent + high[:, -1] - before


def days_of_month(first: date, count: int) -> NDArray[np.int64]:
    """Return (count,) the day of the month, 1 … 31, of consecutive days."""
    days = np.datetime64(first) + np.arange(count)
    day: NDArray[np.int64] = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    return day
