"""Hours that look alike, in nested clusters."""

import numpy as np

from costmodel.engine.tiers import Floats, Ints

# Power iterations towards the direction of greatest spread; a rough direction is enough.
_ITERATIONS = 4


def cluster_hours(value: Floats, count: int) -> Ints:
    """Return the cluster number of each hour.

    The cluster with the greatest spread is split in two until there are ``count``. A finer
    clustering therefore refines a coarser one, and the bound of the linear programme can only rise
    with ``count``.

    Args:
        value: (h, k) what makes hours differ, usually the on-demand value of usage [USD].
        count: number of clusters, at most the number of distinct hours.

    Returns:
        (h,) numbers from 0.
    """
    label = np.zeros(len(value), dtype=np.intp)
    spread = [_spread(value)]
    while len(spread) < count and max(spread) > 0.0:
        widest = int(np.argmax(spread))
        members = np.flatnonzero(label == widest)
        above = _upper_half(value[members])
        label[members[above]] = len(spread)
        spread[widest] = _spread(value[members[~above]])
        spread.append(_spread(value[members[above]]))
    return label


def _spread(value: Floats) -> float:
    if len(value) < 2:
        return 0.0
    centred = value - value.mean(axis=0)
    total = float(np.einsum("hk,hk->", centred, centred))
    # Equal hours differ by rounding only: never split them.
    scale = float(np.einsum("hk,hk->", value, value))
    return total if total > 1e-20 * scale else 0.0


def _upper_half(value: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Split along the direction of greatest spread, at the mean."""
    centred = value - value.mean(axis=0)
    direction = centred[np.argmax(np.einsum("hk,hk->h", centred, centred))]
    for _ in range(_ITERATIONS):
        direction = centred.T @ (centred @ direction)
        direction /= np.sqrt(direction @ direction)
    along = centred @ direction
    return np.asarray(along > 0.0, dtype=np.bool_)
