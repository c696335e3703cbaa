"""Would a choice have held? Choose on the first half of the past, watch the second."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.engine.utilization import percentiles
from costmodel.optimize.rightsizing.capacity import Capacities
from costmodel.optimize.rightsizing.search import Load, Preferences, find_sizes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Backtest(NamedTuple):
    """How a choice made halfway would have gone, (n,) each.

    Attributes:
        chosen: row of the type the first half would have chosen, -1 for none.
        overload: share of the second half's hours in which the CPU demand passes all its vCPUs;
            NaN where a half was not seen.
    """

    chosen: Ints
    overload: Floats


def backtest_sizes(
    load: Load,
    capacities: Capacities,
    prices: Floats,
    preferences: Preferences,
    hourly_max: Floats,
) -> Backtest:
    """Choose sizes on the first half of the hours and watch the second.

    Args:
        load: what (n,) instances use; its CPU figures are taken from the first half instead.
        capacities: (m,) types.
        prices: (markets, m) hourly prices [USD / h].
        preferences: headroom and architecture.
        hourly_max: (n, hours) largest CPU of each hour, share of all vCPUs, NaN unseen.
    """
    half = hourly_max.shape[1] // 2
    first, second = hourly_max[:, :half], hourly_max[:, half:]
    early = load._replace(
        cpu=percentiles(first, np.array([0.995]))[:, 0], hourly_cpu=load.hourly_cpu[:, :half]
    )
    chosen = find_sizes(early, capacities, prices, preferences).best[:, 0]
    current, new = np.maximum(load.current, 0), np.maximum(chosen, 0)
    speed = capacities.relative_speed(new, current)
    ratio = capacities.vcpus[current] / (capacities.vcpus[new] * np.where(speed > 0, speed, 1.0))
    seen = np.sum(~np.isnan(second), axis=1)
    # A recorded 100 % may hide more demand than that, so reaching all vCPUs counts as overload.
    over = np.sum(second * ratio[:, None] > 1.0 - 1e-9, axis=1)
    known = (seen > 0) & (chosen >= 0) & ~np.isnan(early.cpu)
    return Backtest(chosen, np.where(known, over / np.maximum(seen, 1), np.nan))
