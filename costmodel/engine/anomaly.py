"""Unexpected rises in many daily cost series at once.

A day is flagged when it stands out by all three of: a robust score, an amount of money and a
percentage. Consecutive days become one anomaly; a rise that lasts three days is a new level and is
reported once. Letters: ``n`` series, ``l`` days, ``a`` anomalies.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.engine.forecast import fill_missing
from costmodel.engine.smoothing import WEEK, Floats, Ints, weekly_profile

# Half the typical day of the last week, half yesterday: follows a shift in days, not in weeks.
_SCALE_DAYS: Final = 14
_FIRST_SCORED: Final = WEEK + _SCALE_DAYS
# A steady series is not surprising at every cent: no scale under 5 % of the expected cost.
_SCALE_FLOOR: Final = 0.05
_REBASE_DAYS: Final = 3


class Sensitivity(NamedTuple):
    """What it takes to be an anomaly; all three must be exceeded."""

    score: float = 2.7  # residual over its usual size
    amount: float = 1.0  # [currency per day] above the expected cost
    percent: float = 10.0  # [%] above the expected cost


class Expectation(NamedTuple):
    """What each day should have cost, knowing only the days before it."""

    expected: Floats  # (n, l) NaN in the first three weeks
    level: Floats  # (n, l) the same without the weekday
    factor: Floats  # (n, l) expected = level * factor + offset
    offset: Floats  # (n, l)
    scale: Floats  # (n, l) usual size of a residual, NaN in the first three weeks

    def score(self, y: Floats) -> Floats:
        """Return (n, l) residuals in usual residuals; a rise out of nothing is infinite."""
        residual = y - self.expected
        score = np.zeros_like(residual)
        with np.errstate(divide="ignore", invalid="ignore"):
            np.divide(residual, self.scale, out=score, where=residual != 0.0)
        return score


class Anomalies(NamedTuple):
    """Merged anomalies, in the order in which they began."""

    series: Ints  # (a,)
    start: Ints  # (a,) first day
    end: Ints  # (a,) day after the last one
    impact: Floats  # (a,) [currency] cost above the expectation, all days
    expected: Floats  # (a,) [currency] what those days should have cost
    score: Floats  # (a,) score of the first day
    is_new_level: NDArray[np.bool_]  # (a,) lasted three days: the baseline moved

    def select(self, keep: NDArray[np.bool_]) -> "Anomalies":
        """Return the anomalies of a mask (a,)."""
        return Anomalies(
            self.series[keep],
            self.start[keep],
            self.end[keep],
            self.impact[keep],
            self.expected[keep],
            self.score[keep],
            self.is_new_level[keep],
        )


def expect(y: Floats) -> Expectation:
    """Return what each day should have cost, from the days before it.

    Args:
        y: (n, l) daily cost, NaN = missing.
    """
    filled, first = fill_missing(np.asarray(y, dtype=np.float64))
    n, length = filled.shape
    usual, offset = np.full((n, length), np.nan), np.zeros((n, length))
    factor = np.ones((n, length))
    for start in range(WEEK, length, WEEK):
        profile = weekly_profile(filled[:, :start], first)
        end = min(start + WEEK, length)
        level = profile.remove(filled[:, start - WEEK : end], np.arange(-WEEK, end - start))
        windows = np.lib.stride_tricks.sliding_window_view(level, WEEK, axis=1)[:, : end - start]
        usual[:, start:end] = (np.median(windows, axis=2) + windows[..., -1]) / 2.0
        factor[:, start:end] = profile.factor[:, : end - start]
        offset[:, start:end] = profile.offset[:, : end - start]
    usual[(np.arange(length) - first[:, None]) < WEEK] = np.nan
    expected = usual * factor + offset
    scale = _residual_scale(filled - expected, expected)
    return Expectation(expected, usual, factor, offset, scale)


def _residual_scale(residual: Floats, expected: Floats) -> Floats:
    """Return (n, l) root mean square of the residuals of the two weeks before each day."""
    scale = np.full(residual.shape, np.nan)
    if residual.shape[1] > _SCALE_DAYS:
        squared = np.lib.stride_tricks.sliding_window_view(
            np.square(residual[:, :-1]), _SCALE_DAYS, axis=1
        )
        scale[:, _SCALE_DAYS:] = np.sqrt(squared.mean(axis=2))
    floored: Floats = np.maximum(scale, _SCALE_FLOOR * np.abs(expected))
    return floored


def find_anomalies(y: Floats, sensitivity: Sensitivity | None = None) -> Anomalies:
    """Find unexpected rises and merge consecutive days.

    Args:
        y: (n, l) daily cost, NaN = missing. Scores begin after three weeks.
        sensitivity: the three floors; the default is meant for USD.
    """
    y = np.asarray(y, dtype=np.float64)
    limits = sensitivity or Sensitivity()
    expectation = expect(y)
    flagged = expectation.score(y) > limits.score
    flagged &= _is_material(y - expectation.expected, expectation.expected, limits)
    return _merge(y, flagged, expectation, limits)


def _is_material(excess: Floats, expected: Floats, limits: Sensitivity) -> NDArray[np.bool_]:
    """Return where an excess passes the amount and the percent floor (NaN does not)."""
    enough: NDArray[np.bool_] = (excess >= limits.amount) & (excess > 0.0)
    return enough & (excess >= limits.percent / 100.0 * np.maximum(expected, 0.0))


def _merge(
    y: Floats, flagged: NDArray[np.bool_], expectation: Expectation, limits: Sensitivity
) -> Anomalies:
    """Walk through the days; an anomaly lasts while the excess over its frozen baseline does."""
    n, length = y.shape
    # A day that is not there closes what is still open at the end.
    after = np.pad(y, ((0, 0), (0, 1)), constant_values=np.nan)
    factor = np.pad(expectation.factor, ((0, 0), (0, 1)))
    offset = np.pad(expectation.offset, ((0, 0), (0, 1)))
    began = np.full(n, -1)  # -1 = nothing goes on
    base, scale = np.full(n, np.nan), np.full(n, np.nan)  # frozen on the first day
    closed: list[tuple[Ints, Ints, Ints, Floats]] = []
    for day in range(length + 1):
        expected = base * factor[:, day] + offset[:, day]
        excess = after[:, day] - expected
        lasts = (excess > limits.score * scale) & _is_material(excess, expected, limits)
        is_open = began >= 0
        ends = is_open & (~lasts | (day - began >= _REBASE_DAYS))
        which = np.flatnonzero(ends)
        closed.append((which, began[which], np.full(len(which), day), base[which]))
        began[which] = -1
        if day == length:
            break
        begins = np.flatnonzero(flagged[:, day] & ~is_open)
        began[begins] = day
        base[begins] = expectation.level[begins, day]
        scale[begins] = expectation.scale[begins, day]
    return _describe(y, closed, expectation)


def _describe(
    y: Floats, closed: list[tuple[Ints, Ints, Ints, Floats]], expectation: Expectation
) -> Anomalies:
    """Sum what each anomaly cost above its frozen baseline."""
    series, start, end, base = (np.concatenate(part) for part in zip(*closed, strict=True))
    order = np.lexsort((series, start))
    series, start, end, base = series[order], start[order], end[order], base[order]
    expected, actual = np.zeros(len(series)), np.zeros(len(series))
    for step in range(_REBASE_DAYS):
        inside = start + step < end
        day = np.minimum(start + step, y.shape[1] - 1)
        usual = base * expectation.factor[series, day] + expectation.offset[series, day]
        expected += np.where(inside, usual, 0.0)
        actual += np.where(inside, y[series, day], 0.0)
    score = expectation.score(y)[series, start]
    is_new_level = end - start >= _REBASE_DAYS
    return Anomalies(series, start, end, actual - expected, expected, score, is_new_level)
