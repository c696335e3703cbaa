"""What a utilisation series says: percentiles with gaps, folds, idleness, burstable credits.

A mean hides spikes: a series is idle only if *every* point is below the threshold, and a series
with gaps too wide is unknown rather than idle. NaN marks a point that was not seen.
Letters: n series, t points, q percentiles, d days.
"""

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOURS_PER_DAY: Final = 24
HOURS_PER_WEEK: Final = 168
MINUTES_PER_HOUR: Final = 60.0
# Rows sorted at once: keeps the copy of 100,000 series × 720 hours small.
_BLOCK: Final = 8192


class Load(IntEnum):
    """What a series looks like."""

    UNKNOWN = 0
    IDLE = 1
    SPIKY = 2
    STEADY = 3


def percentiles(values: Floats, shares: Floats) -> Floats:
    """Return percentiles of every series, gaps left out.

    Args:
        values: (n, t) points, NaN where nothing was seen.
        shares: (q,) percentiles as shares, 0 to 1.

    Returns:
        (n, q) linear between neighbours as numpy's default; NaN for a series without points.
    """
    result = np.full((len(values), len(shares)), np.nan)
    for begin in range(0, len(values), _BLOCK):
        # NaN sorts last, so the first `seen` columns of a row are its points.
        block = np.sort(np.asarray(values[begin : begin + _BLOCK], dtype=np.float64), axis=1)
        seen = np.sum(~np.isnan(block), axis=1)
        rows = np.flatnonzero(seen)
        place = (seen[rows, None] - 1) * shares[None, :]
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, seen[rows, None] - 1)
        low = block[rows[:, None], below]
        high = block[rows[:, None], above]
        result[begin + rows] = low + (high - low) * (place - below)
    return result


def hourly(values: Floats, per_hour: int) -> tuple[Floats, Floats]:
    """Reduce points to hours.

    Args:
        values: (n, t) points on a regular grid that starts at a full hour; the last hour may be
            cut short.
        per_hour: points in an hour.

    Returns:
        (n, ceil(t / per_hour)) mean and largest value of each hour, NaN where nothing was seen.
    """
    if per_hour == 1:
        return values, values
    mean, largest, _ = _reduce(values, per_hour)
    return mean, largest


def daily(values: Floats, per_day: int) -> tuple[Floats, Floats, Floats]:
    """Reduce points to days.

    Args:
        values: (n, t) points on a regular grid that starts at midnight UTC.
        per_day: points in a day.

    Returns:
        (n, d) mean, largest value and sum of each day, NaN where nothing was seen.
    """
    return _reduce(values, per_day)


def _grid(values: Floats, size: int) -> Floats:
    """Return the points as (n, groups, size), the last group padded by NaN."""
    groups = -(-values.shape[1] // size)
    if groups * size == values.shape[1]:
        return values.reshape(len(values), groups, size)
    padded = np.full((len(values), groups * size), np.nan)
    padded[:, : values.shape[1]] = values
    return padded.reshape(len(values), groups, size)


def _reduce(values: Floats, size: int) -> tuple[Floats, Floats, Floats]:
    grid = _grid(values, size)
    absent = np.isnan(grid)
    seen = size - np.sum(absent, axis=2)
    total = np.where(absent, 0.0, grid).sum(axis=2)
    total[seen == 0] = np.nan
    return total / np.maximum(seen, 1), np.fmax.reduce(grid, axis=2, initial=np.nan), total


def week_fold(values: Floats, first_hour: int) -> tuple[Floats, Ints]:
    """Fold an hourly series onto the hours of the week.

    Args:
        values: (n, t) one value per hour.
        first_hour: hour of the week of the first column; 0 is Monday 00:00 UTC.

    Returns:
        (n, 168) largest value of each hour of the week, NaN where it was never seen; and the (n,)
        weeks seen of the least observed hour.
    """
    shifted = np.full((len(values), first_hour + values.shape[1]), np.nan)
    shifted[:, first_hour:] = values
    weeks = _grid(shifted, HOURS_PER_WEEK)
    seen = np.sum(~np.isnan(weeks), axis=1)
    return np.fmax.reduce(weeks, axis=1, initial=np.nan), seen.min(axis=1)


def classify(
    mean: Floats, peak: Floats, coverage: Floats, *, idle_below: float, least_coverage: float
) -> Ints:
    """Say what each series looks like; a low mean with high peaks is spiky, never idle.

    Args:
        mean: (n,) mean.
        peak: (n,) largest value.
        coverage: (n,) points seen / points expected over the look-back.
        idle_below: a series is idle if its peak is below this (Compute Optimizer: 5 % CPU).
        least_coverage: below this share of points the series is unknown.

    Returns:
        (n,) members of `Load`. Spiky: the mean is below the threshold's double or a quarter of
        the peak, while the peak is not idle.
    """
    load = np.full(len(mean), int(Load.STEADY), dtype=np.int64)
    load[(mean < 2 * idle_below) | (mean < peak / 4)] = Load.SPIKY
    load[peak < idle_below] = Load.IDLE
    load[np.isnan(peak) | np.isnan(mean) | ~(coverage >= least_coverage)] = Load.UNKNOWN
    return load


class Burstable(NamedTuple):
    """Credit terms of burstable instances; one credit is one vCPU for one minute at 100 %.

    Earn rate and limit are in the hardware table; the limit is what 24 h earn. Launch credits: T2
    in standard mode gets 30 for each vCPU, spent first and outside the limit; other families get
    none. Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/
    burstable-credits-baseline-concepts.html and burstable-performance-instances-standard-mode.html
    """

    vcpus: Floats
    earned_per_hour: Floats
    limit: Floats
    launch: Floats


LAUNCH_CREDITS_PER_VCPU: Final = 30.0


class CreditRun(NamedTuple):
    """How credits went, (n,) each.

    Attributes:
        balance: credits left at the end, launch credits included.
        least_balance: smallest balance at any time.
        short: vCPU-minutes standard mode would have had to withhold.
        surplus: surplus credits still owed at the end; charged when the instance stops.
        charged: surplus credits charged, those owed at the end not included.
    """

    balance: Floats
    least_balance: Floats
    short: Floats
    surplus: Floats
    charged: Floats


def standard_credits(terms: Burstable, cpu: Floats) -> CreditRun:
    """Run standard mode: without credits the CPU falls to its baseline.

    Args:
        terms: credit terms of the (n,) instances.
        cpu: (n, hours) mean CPU of each hour as a share of all vCPUs, 0 to 1; NaN counts as 0.
    """
    balance = np.zeros(len(cpu))
    launch = np.array(terms.launch, dtype=np.float64)
    least = balance + launch
    short = np.zeros(len(cpu))
    for hour in range(cpu.shape[1]):
        spent = _spent(terms, cpu[:, hour])
        from_launch = np.minimum(launch, spent)
        launch = launch - from_launch
        after = balance + terms.earned_per_hour - (spent - from_launch)
        short += np.maximum(-after, 0.0)
        balance = np.clip(after, 0.0, terms.limit)
        least = np.minimum(least, balance + launch)
    nothing = np.zeros(len(cpu))
    return CreditRun(balance + launch, least, short, nothing, nothing)


def unlimited_credits(terms: Burstable, cpu: Floats) -> CreditRun:
    """Run unlimited mode: beyond its credits an instance borrows up to 24 h of earnings.

    What it earns pays back first; what it borrows above the limit is charged at once.

    Args:
        terms: credit terms of the (n,) instances; launch credits do not exist in this mode.
        cpu: (n, hours) mean CPU of each hour as a share of all vCPUs, 0 to 1; NaN counts as 0.
    """
    # One number holds both: positive is the balance, negative the surplus owed.
    account = np.zeros(len(cpu))
    least = np.zeros(len(cpu))
    charged = np.zeros(len(cpu))
    for hour in range(cpu.shape[1]):
        after = account + terms.earned_per_hour - _spent(terms, cpu[:, hour])
        charged += np.maximum(-after - terms.limit, 0.0)
        account = np.clip(after, -terms.limit, terms.limit)
        least = np.minimum(least, np.maximum(account, 0.0))
    surplus = np.maximum(-account, 0.0)
    return CreditRun(np.maximum(account, 0.0), least, np.zeros(len(cpu)), surplus, charged)


def _spent(terms: Burstable, cpu: Floats) -> Floats:
    return terms.vcpus * np.nan_to_num(cpu) * MINUTES_PER_HOUR
