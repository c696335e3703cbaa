"""Series of data points → rows of the metrics tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from costmodel.engine.utilization import HOURS_PER_WEEK, daily, hourly, percentiles, week_fold
from costmodel.errors import BadInputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DAY: Final = 86_400
_HOUR: Final = 3_600
_SHARES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_5": 0.995}


@dataclass(frozen=True, slots=True)
class SeriesBlock:
    """Series on one regular grid.

    Attributes:
        keys: (n) resource_id, account_id, region_id, table, metric, statistic, unit of each row.
        values: (n, t) data points, NaN where nothing was seen.
        start: time of the first column, midnight UTC.
        period_seconds: length of a column; it divides a day.
        days: (n,) look-back the coverage is measured against.
    """

    keys: Sequence[Mapping[str, Any]]
    values: Floats
    start: datetime
    period_seconds: int
    days: Floats


def place_on_grid(
    times: Sequence[datetime], values: Sequence[float], start: datetime, period: int, width: int
) -> Floats:
    """Return points as one row of a grid; points outside are left out, of two the larger stays."""
    row = np.full(width, np.nan)
    if not len(times):
        return row
    seconds = np.array([(time - start).total_seconds() for time in times])
    column = np.floor(seconds / period).astype(np.int64)
    inside = (column >= 0) & (column < width)
    np.fmax.at(row, column[inside], np.asarray(values, dtype=np.float64)[inside])
    return row


def midnight(time: datetime) -> datetime:
    """Return the midnight UTC at or before a time."""
    return time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def summarize(block: SeriesBlock) -> list[dict[str, Any]]:
    """Return the ``metrics`` row of every series that has data points."""
    if _DAY % block.period_seconds:
        raise BadInputError(f"a metric period of {block.period_seconds} s does not divide a day")
    values = block.values
    seen = np.sum(~np.isnan(values), axis=1)
    kept = np.flatnonzero(seen)
    values, seen = values[kept], seen[kept].astype(np.float64)
    if not len(kept):
        return []
    per_day = _DAY // block.period_seconds
    day_mean, day_max, day_total = daily(values, per_day)
    fold, weeks = _fold(block, values)
    total = np.nansum(values, axis=1)
    figures = {
        "datapoints": seen,
        "coverage": np.minimum(seen / (block.days[kept] * per_day), 1.0),
        "min": np.fmin.reduce(values, axis=1),
        "mean": total / seen,
        "max": np.fmax.reduce(values, axis=1),
        "total": total,
        "max_daily_mean": np.fmax.reduce(day_mean, axis=1),
        "max_daily_total": np.fmax.reduce(day_total, axis=1),
        **dict(zip(_SHARES, percentiles(values, np.array(list(_SHARES.values()))).T, strict=True)),
    }
    first = np.argmax(~np.isnan(values), axis=1)
    last = values.shape[1] - 1 - np.argmax(~np.isnan(values[:, ::-1]), axis=1)
    rows = []
    for row, index in enumerate(kept.tolist()):
        rows.append(
            {
                **block.keys[index],
                **{name: float(column[row]) for name, column in figures.items()},
                "period_seconds": float(block.period_seconds),
                "period_days": float(block.days[index]),
                "start_at": _time(block, int(first[row])),
                "end_at": _time(block, int(last[row])),
                "daily_max": day_max[row],
                "daily_total": day_total[row],
                "fold_max": None if fold is None else fold[row],
                "fold_weeks": float(weeks[row]),
            }
        )
    return rows


def hourly_rows(block: SeriesBlock) -> list[dict[str, Any]]:
    """Return the ``metric_series`` row of every series that has data points."""
    if block.period_seconds > _HOUR:
        return []
    mean, largest = hourly(block.values, _HOUR // block.period_seconds)
    names = ("resource_id", "account_id", "region_id", "metric", "statistic")
    return [
        {
            **{name: block.keys[row].get(name) for name in names},
            "start_at": block.start,
            "hourly_mean": mean[row],
            "hourly_max": largest[row],
        }
        for row in np.flatnonzero(np.sum(~np.isnan(block.values), axis=1)).tolist()
    ]


def _fold(block: SeriesBlock, values: Floats) -> tuple[Floats | None, NDArray[np.int64]]:
    if block.period_seconds > _HOUR:
        return None, np.zeros(len(values), dtype=np.int64)
    _, largest = hourly(values, _HOUR // block.period_seconds)
    first_hour = block.start.weekday() * 24 % HOURS_PER_WEEK
    return week_fold(largest, first_hour)


def _time(block: SeriesBlock, column: int) -> datetime:
    return block.start + timedelta(seconds=column * block.period_seconds)


# Lengths of a data point CloudWatch and its exports use; a series takes the nearest.
_PERIODS: Final = np.array([1, 5, 10, 30, 60, 300, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400])
# Cells of one grid: keeps a block below 160 MB.
_MOST_CELLS: Final = 20_000_000


def blocks_of_points(
    keys: Sequence[Mapping[str, Any]], series: Ints, seconds: Ints, values: Floats
) -> Iterator[SeriesBlock]:
    """Put loose data points on grids: series of one period and first day share a block.

    Args:
        keys: (s,) key of each series.
        series: (p,) series each point belongs to.
        seconds: (p,) time of each point, seconds since 1970.
        values: (p,) its value.
    """
    order = np.lexsort((seconds, series))
    series, seconds, values = series[order], seconds[order], values[order]
    first = np.flatnonzero(np.diff(series, prepend=-1))
    last = np.append(first[1:], len(series)) - 1
    numbers = series[first]
    period = _series_periods(series, seconds, len(keys))[numbers]
    start = seconds[first] // _DAY * _DAY
    days = np.maximum(seconds[last] - seconds[first] + period, period) / _DAY
    groups = np.unique(np.stack([period, start]), axis=1).T
    for step, begin in groups.tolist():
        chosen = np.flatnonzero((period == step) & (start == begin))
        width = int((seconds[last[chosen]].max() - begin) // step) + 1
        rows = max(1, _MOST_CELLS // width)
        for at in range(0, len(chosen), rows):
            part = chosen[at : at + rows]
            grid = np.full((len(part), width), np.nan)
            lengths = last[part] - first[part] + 1
            offsets = np.repeat(np.cumsum(lengths) - lengths, lengths)
            points = np.repeat(first[part], lengths) + np.arange(lengths.sum()) - offsets
            row = np.repeat(np.arange(len(part)), lengths)
            column = (seconds[points] - begin) // step
            np.fmax.at(grid, (row, column), values[points])
            moment = datetime.fromtimestamp(begin, UTC)
            yield SeriesBlock(
                [keys[number] for number in numbers[part].tolist()], grid, moment, step, days[part]
            )


def _series_periods(series: Ints, seconds: Ints, count: int) -> Ints:
    """Return the (s,) period of each series: the median step, at the nearest known length."""
    steps = np.diff(seconds)
    inside = (np.diff(series) == 0) & (steps > 0)
    owner, steps = series[1:][inside], steps[inside]
    order = np.lexsort((steps, owner))
    owner, steps = owner[order], steps[order]
    begins = np.searchsorted(owner, np.arange(count))
    ends = np.searchsorted(owner, np.arange(count), side="right")
    periods = np.full(count, 300, dtype=np.int64)
    known = np.flatnonzero(ends > begins)
    median = steps[(begins[known] + ends[known]) // 2]
    periods[known] = _PERIODS[np.argmin(np.abs(_PERIODS[None, :] - median[:, None]), axis=1)]
    return periods
