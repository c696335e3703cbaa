"""CloudWatch metrics in bulk: GetMetricData with 500 metrics a call, in parallel."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
import pyarrow as pa

from costmodel.errors import Issue, IssueReason
from costmodel.io.inventory.account import Account
from costmodel.io.inventory.ask import Refusal, ask, ask_raw, whole
from costmodel.io.inventory.collect import GLOBAL, Progress, silent
from costmodel.io.inventory.registry import Call
from costmodel.optimize.metric_summary import (
    SeriesBlock,
    hourly_table,
    midnight,
    place_on_grid,
    summarize,
)

Row = dict[str, Any]

# GetMetricData takes at most 500 metrics.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
_QUERIES: Final = 500
_DATA: Final = Call("cloudwatch", "get_metric_data", "metrics", {}, items="MetricDataResults[]")
_LIST: Final = Call("cloudwatch", "list_metrics", "metrics", {}, items="Metrics[]")
# Dead resources have no points worth asking for.
_GONE: Final = ("terminated", "deleted", "deleting")


@dataclass(frozen=True, slots=True)
class MetricGroup:
    """Metrics of one namespace for one table (see metrics.toml)."""

    table: str
    namespace: str
    dimensions: Mapping[str, str]
    period: int
    days: int
    metrics: Sequence[tuple[str, str, str]]
    where: Mapping[str, str] = field(default_factory=dict)
    series: Sequence[str] = ()
    discover: bool = False
    split: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """One metric of one resource."""

    key: Row
    namespace: str
    dimensions: Sequence[tuple[str, str]]
    with_series: bool


@cache
def metric_groups() -> tuple[MetricGroup, ...]:
    """Read metrics.toml."""
    file = resources.files("costmodel.io.inventory") / "metrics.toml"
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(
        MetricGroup(**{**row, "metrics": tuple(map(tuple, row["metrics"]))})
        for row in document["group"]
    )


@dataclass(slots=True)
class MetricReading:
    """Tables of ``metrics`` and ``metric_series``, refusals, how many metrics were asked for."""

    metrics: list[pa.Table] = field(default_factory=list)
    series: list[pa.Table] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    asked: int = 0


def read_metrics(
    account: Account,
    rows: Mapping[str, Sequence[Row]],
    *,
    now: datetime,
    days: int,
    progress: Progress = silent,
) -> MetricReading:
    """Read the metrics of every resource that was found.

    Args:
        account: where to ask.
        rows: inventory table → rows.
        now: end of the look-back.
        days: look-back; metrics that need a longer one get it.
        progress: called after every chunk.
    """
    reading = MetricReading()
    chunks = list(_chunks(account, rows, days, reading))
    reading.asked = sum(len(queries) for _, _, _, queries in chunks)
    with ThreadPoolExecutor(account.workers) as pool:
        parts = pool.map(lambda chunk: _read_chunk(account, chunk, now), chunks)
        for done, (part, issue) in enumerate(parts, 1):
            reading.metrics += part.metrics
            reading.series += part.series
            reading.issues += [issue] if issue is not None else []
            progress(done, len(chunks), "cloudwatch:get_metric_data")
    return reading


Chunk = tuple[str, int, int, list[Query]]


def _chunks(
    account: Account, rows: Mapping[str, Sequence[Row]], days: int, reading: MetricReading
) -> Iterator[Chunk]:
    """Yield (region, period, days, at most 500 queries)."""
    bins: dict[tuple[str, int, int], list[Query]] = {}
    for group in metric_groups():
        found = [row for row in rows.get(group.table, []) if _wanted(group, row)]
        queries = _discovered if group.discover else _direct
        for region, query in queries(account, group, found, reading):
            key = (region, group.period, max(days, group.days))
            bins.setdefault(key, []).append(query)
    for (region, period, span), listed in bins.items():
        for begin in range(0, len(listed), _QUERIES):
            yield region, period, span, listed[begin : begin + _QUERIES]


def _wanted(group: MetricGroup, row: Row) -> bool:
    if row.get("state") in _GONE or any(row.get(k) != v for k, v in group.where.items()):
        return False
    return all(_dimension(text, row) for text in group.dimensions.values())


def _dimension(text: str, row: Row) -> str:
    return text[1:] if text.startswith("=") else str(row.get(text) or "")


def _direct(
    account: Account, group: MetricGroup, rows: Sequence[Row], reading: MetricReading
) -> Iterator[tuple[str, Query]]:
    for row in rows:
        named = [(name, _dimension(text, row)) for name, text in group.dimensions.items()]
        for metric in group.metrics:
            yield _region(account, row), _query(group, metric, row, named)


def _discovered(
    account: Account, group: MetricGroup, rows: Sequence[Row], reading: MetricReading
) -> Iterator[tuple[str, Query]]:
    """Yield queries for the dimension sets ListMetrics knows: agents add dimensions of theirs."""
    by_region: dict[str, dict[str, Row]] = {}
    (name, column) = next(iter(group.dimensions.items()))
    for row in rows:
        by_region.setdefault(_region(account, row), {})[str(row[column])] = row
    wanted = {metric[0]: metric for metric in group.metrics}
    for region, known in by_region.items():
        answer = ask(account, _LIST, region, {"Namespace": group.namespace})
        if isinstance(answer, Refusal):
            reading.issues.append(_issue("list_metrics", region, answer))
            continue
        for found in whole(answer).get("Metrics", []):
            named = [(part["Name"], part["Value"]) for part in found["Dimensions"]]
            row_of = known.get(dict(named).get(name, ""))
            if found["MetricName"] not in wanted or row_of is None:
                continue
            if group.split:
                if group.split not in dict(named):
                    continue
                part = f"{row_of['resource_id']}/index/{dict(named)[group.split]}"
                row_of = {**row_of, "resource_id": part}
            yield region, _query(group, wanted[found["MetricName"]], row_of, named)


def _region(account: Account, row: Row) -> str:
    return account.home_region if row["region_id"] == GLOBAL else str(row["region_id"])


def _query(
    group: MetricGroup, metric: tuple[str, str, str], row: Row, named: Sequence[tuple[str, str]]
) -> Query:
    name, statistic, unit = metric
    key = {
        **{part: row.get(part) for part in ("resource_id", "account_id", "region_id")},
        "table": group.table,
        "metric": name,
        "statistic": statistic,
        "unit": unit,
    }
    return Query(key, group.namespace, named, name in group.series)


def _read_chunk(
    account: Account, chunk: Chunk, now: datetime
) -> tuple[MetricReading, Issue | None]:
    region, period, days, queries = chunk
    end = midnight(now) if period == 86_400 else now
    begin = end - timedelta(days=days)
    start = midnight(begin)
    parameters = {
        "StartTime": begin,
        "EndTime": end,
        "MetricDataQueries": [_ask(number, query, period) for number, query in enumerate(queries)],
    }
    # Millions of points: they stay as boto3 gives them.
    answer = ask_raw(account, _DATA, region, parameters)
    if isinstance(answer, Refusal):
        return MetricReading(), _issue("get_metric_data", region, answer)
    width = -(-int((end - start).total_seconds()) // period)
    values = np.full((len(queries), width), np.nan)
    for result in whole(answer).get("MetricDataResults", []):
        number = int(result["Id"][1:])
        row = place_on_grid(result["Timestamps"], result["Values"], start, period, width)
        values[number] = np.fmax(values[number], row)
    return _summarized(queries, values, start, period, days), None


def _ask(number: int, query: Query, period: int) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in query.dimensions]
    metric = {
        "Namespace": query.namespace,
        "MetricName": query.key["metric"],
        "Dimensions": dimensions,
    }
    stat = {"Metric": metric, "Period": period, "Stat": query.key["statistic"]}
    return {"Id": f"m{number}", "MetricStat": stat}


def _summarized(
    queries: Sequence[Query], values: Any, start: datetime, period: int, days: int
) -> MetricReading:
    keys, merged = _merge_same(queries, values)
    block = SeriesBlock(keys, merged, start, period, np.full(len(keys), float(days)))
    wanted = {(q.key["resource_id"], q.key["metric"]) for q in queries if q.with_series}
    rows = [n for n, key in enumerate(keys) if (key["resource_id"], key["metric"]) in wanted]
    chosen = SeriesBlock(
        [keys[row] for row in rows], merged[rows], start, period, block.days[rows]
    )
    return MetricReading([summarize(block)], [hourly_table(chosen)])


def _merge_same(queries: Sequence[Query], values: Any) -> tuple[list[Row], Any]:
    """Keep one series per resource and metric: of several disks the fullest."""
    rows: dict[tuple[str, str], int] = {}
    keys: list[Row] = []
    merged: list[Any] = []
    for query, series in zip(queries, values, strict=True):
        name = (query.key["resource_id"], query.key["metric"])
        if name not in rows:
            rows[name] = len(keys)
            keys.append(query.key)
            merged.append(series)
        else:
            merged[rows[name]] = np.fmax(merged[rows[name]], series)
    return keys, np.array(merged).reshape(len(keys), -1)


def _issue(operation: str, region: str, refusal: Refusal) -> Issue:
    text = f"{refusal.code}: {' '.join(refusal.message.split())}; utilisation there is unknown"
    return Issue(IssueReason.NOT_READ, f"cloudwatch:{operation} {region}", text)
