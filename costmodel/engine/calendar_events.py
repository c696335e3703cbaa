"""Charges that come with the calendar: month-start fees, support, tax, credits.

They are events, not demand: a smoother would spread them over the following days. They are taken
out of the series before it and put back on the days of the month they fall on.

Letters: ``n`` series, ``l`` days of history, ``h`` days ahead.
"""

from typing import Final, NamedTuple

import numpy as np

from costmodel.engine.smoothing import Floats, Ints, nan_median

_NEIGHBOURS: Final = 7  # days on either side that say what the day would be without the event
_MONTHS: Final = 6  # occurrences that are looked at
_RECURRING: Final = 3  # latest occurrences that must all show the event …
_LEAST: Final = 2  # … or both, where the history holds but two
_NOISE: Final = 4.0  # an event stands out by this many median absolute deviations
_SHARE: Final = 0.2  # and by this share of the usual day


class CalendarSplit(NamedTuple):
    """A series without its calendar events, and the events to come."""

    base: Floats  # (n, l) history without the events
    future: Floats  # (n, h) events on the days ahead


def split_calendar_events(y: Floats, day_of_month: Ints, horizon: int) -> CalendarSplit:
    """Separate lumps that recur on the same day of the month, or on its last.

    An event is a day of the month whose last three occurrences all rise above (or all fall
    below) their neighbours by more than noise (two, in a history of two months). Its future
    amount is the median of those.

    Args:
        y: (n, l) daily values, NaN = missing.
        day_of_month: (l + h,) 1 … 31 of the history and of the days ahead; one more, of the day
            after, tells whether the last day ahead ends its month.
        horizon: h.
    """
    n, length = y.shape
    usual, noise = _usual_day(y)
    excess = y - usual
    floor = np.maximum(_NOISE * noise, _SHARE * np.abs(np.nan_to_num(usual)))
    base, future = y.copy(), np.zeros((n, horizon))
    is_last = np.append(day_of_month[1:] == 1, day_of_month[-1] == 31)
    # A fee on the last of the month is none of the 28th, the 30th and the 31st.
    for here in (is_last, *(np.equal(day_of_month, day) for day in range(1, 32))):
        past, coming = here[:length], here[length : length + horizon]
        found = np.flatnonzero(past)[-_MONTHS:]
        if len(found) < _LEAST:
            continue
        lump, least = excess[:, found], floor[:, found]
        recent, least_recent = lump[:, -_RECURRING:], least[:, -_RECURRING:]
        rises, falls = recent > least_recent, recent < -least_recent
        is_event = np.all(rises, axis=1) | np.all(falls, axis=1)
        outside = is_event[:, None] & (np.abs(lump) > least)
        base[:, found] = np.where(outside, usual[:, found], base[:, found])
        excess[:, found] = np.where(outside, 0.0, lump)
        amount = np.median(recent, axis=1)
        future[:, coming] += np.where(is_event, np.nan_to_num(amount), 0.0)[:, None]
    return CalendarSplit(base, future)


def _usual_day(y: Floats) -> tuple[Floats, Floats]:
    """Return the (n, l) median of the neighbours and the (n, 1) typical deviation from it."""
    padded = np.pad(y, ((0, 0), (_NEIGHBOURS, _NEIGHBOURS)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1, axis=1)
    around = np.delete(windows, _NEIGHBOURS, axis=2)
    usual = nan_median(around)
    return usual, np.nan_to_num(nan_median(np.abs(y - usual))[:, None])
