"""From hours of the week that are never used to a schedule: blocks to switch off.

A block is worth a stop only if it is long, and a resource starts at most once a day. Letters: n
resources, 168 hours of the week, Monday 00 UTC first.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

HOURS_PER_WEEK: Final = 168
HOURS_PER_DAY: Final = 24


def off_hours(unused: Bools, *, least_block: int, lead_hours: float) -> Floats:
    """Return the hours a week each resource can be off.

    Args:
        unused: (n, 168) hours in which nothing happened in any week.
        least_block: shorter blocks are not worth a stop [h].
        lead_hours: how long before its use a resource must be back, per block [h].

    Returns:
        (n,) hours a week; of two blocks that start on one day the longer counts; 168 where no hour
        is ever used, 0 where no block is long enough.
    """
    length = _block_lengths(unused)
    length[length < least_block] = 0
    by_day = length.reshape(len(unused), HOURS_PER_WEEK // HOURS_PER_DAY, HOURS_PER_DAY).max(
        axis=2
    )
    off = np.maximum(by_day - lead_hours, 0.0).sum(axis=1)
    return np.where(unused.all(axis=1), float(HOURS_PER_WEEK), off)


def _block_lengths(unused: Bools) -> NDArray[np.int64]:
    """Return at the first hour of each block its length, 0 elsewhere; the week is a circle."""
    twice = np.concatenate([unused, unused], axis=1)
    place = np.arange(twice.shape[1])
    used_at = np.where(twice, 2 * HOURS_PER_WEEK, place)
    next_used = np.minimum.accumulate(used_at[:, ::-1], axis=1)[:, ::-1][:, :HOURS_PER_WEEK]
    starts = unused & ~np.roll(unused, 1, axis=1)
    return np.where(starts, np.minimum(next_used - place[:HOURS_PER_WEEK], HOURS_PER_WEEK), 0)
