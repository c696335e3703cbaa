"""Series of data points → rows of the metrics tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from costmodel.engine.utilization import HOURS_PER_WEEK, daily, hourly, percentiles, week_fold
from costmodel.errors import BadInputError
from costmodel.optimize.inventory import arrow_schema

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DAY: Final = 86_400
_HOUR: Final = 3_600
# Series summarised at once: keeps the copies small.
_ROWS: Final = 4096
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


def summarize(block: SeriesBlock) -> pa.Table:
    """Return the ``metrics`` table: a row for every series that has data points."""
    if _DAY % block.period_seconds:
        raise BadInputError(f"a metric period of {block.period_seconds} s does not divide a day")
    parts = [_summary(part) for part in _parts(block)]
    return pa.concat_tables(parts) if parts else arrow_schema("metrics").empty_table()


def hourly_table(block: SeriesBlock) -> pa.Table:
    """Return the ``metric_series`` table: a row for every series that has data points."""
    schema = arrow_schema("metric_series")
    if block.period_seconds > _HOUR:
        return schema.empty_table()
    tables = []
    for part in _parts(block):
        mean, largest = hourly(part.values, _HOUR // part.period_seconds)
        columns = {
            "start_at": [part.start] * len(part.keys),
            "hourly_mean": _lists(mean),
            "hourly_max": _lists(largest),
        }
        tables.append(_table(schema, part.keys, columns))
    return pa.concat_tables(tables) if tables else schema.empty_table()


def _parts(block: SeriesBlock) -> Iterator[SeriesBlock]:
    """Yield the series that have points, a few thousand at a time."""
    kept = np.flatnonzero(~np.isnan(block.values).all(axis=1))
    for begin in range(0, len(kept), _ROWS):
        rows = kept[begin : begin + _ROWS]
        keys = [block.keys[row] for row in rows.tolist()]
        yield replace(block, keys=keys, values=block.values[rows], days=block.days[rows])


def _summary(block: SeriesBlock) -> pa.Table:
    values = block.values
    absent = np.isnan(values)
    seen = values.shape[1] - absent.sum(axis=1)
    per_day = _DAY // block.period_seconds
    day_mean, day_max, day_total = daily(values, per_day)
    fold, weeks = _fold(block)
    total = np.nansum(day_total, axis=1)
    shares = np.array(list(_SHARES.values()))
    columns: dict[str, Any] = {
        "datapoints": seen.astype(np.float64),
        "coverage": np.minimum(seen / (block.days * per_day), 1.0),
        "min": np.fmin.reduce(values, axis=1),
        "mean": total / seen,
        "max": np.fmax.reduce(values, axis=1),
        "total": total,
        "max_daily_mean": np.fmax.reduce(day_mean, axis=1),
        "max_daily_total": np.fmax.reduce(day_total, axis=1),
        **dict(zip(_SHARES, percentiles(values, shares).T, strict=True)),
        "period_seconds": np.full(len(values), float(block.period_seconds)),
        "period_days": block.days.astype(np.float64),
        "start_at": _times(block, np.argmax(~absent, axis=1)),
        "end_at": _times(block, values.shape[1] - 1 - np.argmax(~absent[:, ::-1], axis=1)),
        "daily_max": _lists(day_max),
        "daily_total": _lists(day_total),
        "fold_max": None if fold is None else _lists(fold),
        "fold_weeks": weeks.astype(np.float64),
    }
    return _table(arrow_schema("metrics"), block.keys, columns)


def _table(
    schema: pa.Schema, keys: Sequence[Mapping[str, Any]], columns: Mapping[str, Any]
) -> pa.Table:
    arrays = []
    for column in schema:
        values = columns.get(column.name)
        if column.name not in columns:
            values = [key.get(column.name) for key in keys]
        if values is None:
            values = pa.nulls(len(keys), column.type)
        arrays.append(values if isinstance(values, pa.Array) else pa.array(values, column.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def _lists(matrix: Floats) -> pa.Array:
    """Return the rows of a matrix as lists."""
    rows, width = matrix.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    return pa.ListArray.from_arrays(offsets, pa.array(matrix.astype(np.float32).ravel()))


def _fold(block: SeriesBlock) -> tuple[Floats | None, Ints]:
    if block.period_seconds > _HOUR:
        return None, np.zeros(len(block.values), dtype=np.int64)
    _, largest = hourly(block.values, _HOUR // block.period_seconds)
    first_hour = block.start.weekday() * 24 % HOURS_PER_WEEK
    return week_fold(largest, first_hour)


def _times(block: SeriesBlock, column: Ints) -> pa.Array:
    seconds = int(block.start.timestamp()) + column * block.period_seconds
    return pa.array(seconds * 1_000_000, pa.timestamp("us", tz="UTC"))


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
    series, seconds, values = _in_order(series, seconds, values)
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
            _place(grid, row * width + column, values[points])
            moment = datetime.fromtimestamp(begin, UTC)
            yield SeriesBlock(
                [keys[number] for number in numbers[part].tolist()], grid, moment, step, days[part]
            )


def _in_order(series: Ints, seconds: Ints, values: Floats) -> tuple[Ints, Ints, Floats]:
    """Return the points by series and time; points that come in order are not moved."""
    begin = int(seconds.min(initial=0)) if len(seconds) else 0
    span = int(seconds.max(initial=begin)) - begin + 1
    key = series * span + (seconds - begin)
    if bool(np.all(key[1:] >= key[:-1])):
        return series, seconds, values
    order = np.argsort(key, kind="stable")
    return series[order], seconds[order], values[order]


def _place(grid: Floats, cell: Ints, values: Floats) -> None:
    """Write points into a grid; of two points in one cell the larger stays."""
    if bool(np.all(cell[1:] > cell[:-1])):
        grid.ravel()[cell] = values
    else:
        np.fmax.at(grid.ravel(), cell, values)


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
