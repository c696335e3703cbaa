"""CloudWatch series saved to files → the metrics tables.

CSV or Parquet with ``timestamp`` and ``value`` and, for several series in one file, the columns
``resource_id`` and ``metric`` (also ``statistic``, ``unit``, ``table``, ``region_id``,
``account_id``; where no inventory describes the resources, ``instance_type``, ``engine``,
``operation``); or the JSON answer of GetMetricData or GetMetricStatistics. Where a file names
neither resource nor metric, its own name does: ``i-0abc_CPUUtilization.csv``,
``ec2_cpu_utilization_24ae8d.csv``.
"""

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from costmodel.errors import BadInputError, Issue, IssueReason
from costmodel.io.inventory.answer import read_time
from costmodel.io.inventory.cloudwatch import metric_groups
from costmodel.io.inventory.peaks import without_hidden_peaks
from costmodel.optimize.inventory import Inventory, arrow_schema, build_table
from costmodel.optimize.metric_owners import kind_of_type
from costmodel.optimize.metric_summary import blocks_of_points, hourly_table, summarize

_KEYS: Final = (
    "resource_id", "metric", "statistic", "unit", "table", "region_id", "account_id",
)  # fmt: skip
_TIME: Final = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$"
_NUMBER: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
# What a file may tell of the resource itself.
_ABOUT: Final = ("instance_type", "engine", "operation")
_ALIASES: Final = {
    "time": "timestamp", "date": "timestamp", "metric_name": "metric", "metricname": "metric",
    "stat": "statistic",
    "resourceid": "resource_id", "instanceid": "resource_id", "instance_id": "resource_id",
    "instancetype": "instance_type", "instance_class": "instance_type",
    "dbinstanceclass": "instance_type", "node_type": "instance_type", "region": "region_id",
    "regionid": "region_id", "account": "account_id", "accountid": "account_id",
}  # fmt: skip
_TABLES: Final = {"ec2": "ec2_instances", "rds": "rds_instances", "elb": "load_balancers",
                  "asg": "auto_scaling_groups", "ebs": "ebs_volumes", "i": "ec2_instances",
                  "vol": "ebs_volumes", "nat": "nat_gateways"}  # fmt: skip


def read_metric_files(paths: Iterable[Path]) -> Inventory:
    """Read saved series into an inventory that holds ``metrics`` and ``metric_series`` only.

    Cells that are not a time or a number are left out and reported.
    """
    files = _files(paths)
    metrics = [arrow_schema("metrics").empty_table()]
    series = [arrow_schema("metric_series").empty_table()]
    issues: list[Issue] = []
    resources: dict[str, dict[str, Any]] = {}
    for path in files:
        points, found = _points(path)
        issues += found
        resources |= _resources(points)
        keys, owner = _series(points)
        seconds = points["seconds"].to_numpy().astype(np.int64)
        for block in blocks_of_points(keys, owner, seconds, points["value"].to_numpy()):
            figures, hidden = without_hidden_peaks(summarize(block), str(path))
            metrics.append(figures)
            issues += hidden
            series.append(hourly_table(block))
    tables = {
        "metrics": pa.concat_tables(metrics),
        "metric_series": pa.concat_tables(series),
        "metric_resources": build_table("metric_resources", resources.values()),
    }
    return Inventory(tables, issues=tuple(issues), sources=tuple(map(str, files)))


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise BadInputError(f"{path}: does not exist")
        inside = sorted(p for p in path.rglob("*") if _kind(p)) if path.is_dir() else [path]
        if not inside:
            raise BadInputError(f"{path}: holds no .csv, .json or .parquet file of metrics")
        files += inside
    return files


def _kind(path: Path) -> str:
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    return suffix if suffix in (".csv", ".json", ".parquet") else ""


def _points(path: Path) -> tuple[pa.Table, list[Issue]]:
    """Return the points of a file: seconds, value and the key columns, bad cells left out."""
    match _kind(path):
        case ".csv":
            table = _read_csv(path)
        case ".parquet":
            table = read_parquet(path)
        case ".json":
            table = _read_json(path)
        case _:
            raise BadInputError(f"{path}: is not a .csv, .json or .parquet file of metrics")
    names = {
        name: _ALIASES.get(name.strip().lower(), name.strip().lower())
        for name in table.column_names
    }
    table = table.rename_columns([names[name] for name in table.column_names])
    table = _one_statistic(table)
    missing = [name for name in ("timestamp", "value") if name not in table.column_names]
    if missing:
        raise BadInputError(
            f"{path}: has no column '{missing[0]}'; metrics need timestamp and value"
        )
    return _clean(path, table)


def _one_statistic(table: pa.Table) -> pa.Table:
    """Return a table with a column per statistic with the one that shows peaks as its value."""
    found = [name for name in ("maximum", "sum", "average") if name in table.column_names]
    if "value" in table.column_names or not found:
        return table
    statistic = pa.array([found[0].capitalize()] * table.num_rows)
    return table.append_column("value", table[found[0]]).append_column("statistic", statistic)


def _clean(path: Path, table: pa.Table) -> tuple[pa.Table, list[Issue]]:
    seconds, values = _seconds(table["timestamp"]), _values(table["value"])
    # No metric of the catalogue falls below zero: -1 is how some exporters write "unknown".
    known = pc.is_finite(pc.fill_null(values, float("nan")))
    counted = pc.and_(known, pc.greater_equal(pc.fill_null(values, -1.0), 0.0))
    good = pc.and_(pc.is_valid(seconds), counted)
    issues = []
    bad = table.num_rows - int(pc.sum(good).as_py() or 0)
    if bad:
        first = int(pc.index(good, pa.scalar(value=False)).as_py()) + 2
        message = (
            f"{bad} rows without a time or a number from zero up are left out, the first in line "
            f"{first}"
        )
        issues.append(Issue(IssueReason.DATA_QUALITY, str(path), message))
    resource, metric, kind = name_of_file(path)
    defaults = {"resource_id": resource, "metric": metric, "table": kind}
    columns = {"seconds": seconds, "value": values}
    for name in (*_KEYS, *_ABOUT):
        stored = table[name] if name in table.column_names else None
        text = pa.nulls(table.num_rows, pa.string()) if stored is None else _texts(stored)
        columns[name] = pc.fill_null(text, defaults[name]) if defaults.get(name) else text
    cleaned = pa.table(columns).filter(good)
    if not cleaned.num_rows:
        raise BadInputError(f"{path}: holds no data point")
    return cleaned, issues


def _resources(points: pa.Table) -> dict[str, dict[str, Any]]:
    """Return what the points tell of their resources, by resource id."""
    told = points.filter(pc.is_valid(points["instance_type"]))
    names = ("resource_id", "table", "account_id", "region_id", *_ABOUT)
    rows = told.group_by(list(names)).aggregate([]).to_pylist()
    return {
        row["resource_id"]: {**row, "table": kind_of_type(row["instance_type"], row["table"])}
        for row in rows
    }


def _texts(column: Any) -> Any:
    text = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _seconds(column: Any) -> Any:
    """Return times as seconds since 1970; null where a cell is no time."""
    if pa.types.is_timestamp(column.type):
        return pc.divide(pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64()), 1_000_000)
    text = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    valid = pc.match_substring_regex(text, _TIME)
    zoned = pc.match_substring_regex(text, r"(Z|[+-]\d\d:?\d\d)$")
    text = pc.if_else(zoned, text, pc.binary_join_element_wise(text, "Z", ""))
    text = pc.if_else(valid, text, pa.scalar(None, pa.string()))
    try:
        times = pc.cast(text, pa.timestamp("us", tz="UTC"))
    except pa.ArrowInvalid:
        # A cell such as 2026-02-30 has the form of a time but is none.
        times = pa.array([read_time(part) for part in text.to_pylist()], pa.timestamp("us", "UTC"))
    return pc.divide(pc.cast(times, pa.int64()), 1_000_000)


def _values(column: Any) -> Any:
    if not pa.types.is_string(column.type):
        return pc.cast(column, pa.float64())
    text = pc.utf8_trim_whitespace(column)
    number = pc.match_substring_regex(text, _NUMBER)
    return pc.cast(pc.if_else(number, text, pa.scalar(None, pa.string())), pa.float64())


def _series(points: pa.Table) -> tuple[list[dict[str, Any]], Any]:
    """Return the distinct keys of the points, and the (p,) number of each point's key."""
    codes = np.zeros(points.num_rows, dtype=np.int64)
    for name in _KEYS:
        encoded = pc.dictionary_encode(points[name].combine_chunks(), null_encoding="encode")
        _, codes = np.unique(
            codes * (len(encoded.dictionary) + 1)
            + encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64),
            return_inverse=True,
        )
    _, first = np.unique(codes, return_index=True)
    return points.select(list(_KEYS)).take(pa.array(first)).to_pylist(), codes


@cache
def _metric_words() -> list[tuple[str, str]]:
    """Return the metrics of the catalogue by their letters, the longest first."""
    words: dict[str, str] = {}
    for group in metric_groups():
        for metric, _, _ in group.metrics:
            words.setdefault(re.sub(r"[^a-z0-9]", "", metric.lower()), metric)
    return sorted(words.items(), key=lambda item: -len(item[0]))


def name_of_file(path: Path) -> tuple[str, str, str | None]:
    """Return resource, metric and table a file name tells: ``ec2_cpu_utilization_24ae8d``."""
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    plain = re.sub(r"[^a-z0-9]", "", stem.lower())
    for word, metric in _metric_words():
        if word in plain:
            pattern = "[^a-zA-Z0-9]*".join(map(re.escape, word))
            parts = re.split(pattern, stem, maxsplit=1, flags=re.IGNORECASE)
            before, after = (part.strip("_- .") for part in (parts[0], parts[-1]))
            kind = _TABLES.get(re.split(r"[_-]", before.lower())[0])
            return after or before or stem, metric, kind
    return stem, stem, None


def _read_csv(path: Path) -> pa.Table:
    text = read_bytes(path)
    if not text.strip():
        raise BadInputError(f"{path}: is empty")
    try:
        head = pv.open_csv(io.BytesIO(text)).schema.names
        options = pv.ConvertOptions(column_types=dict.fromkeys(head, pa.string()))
        return pv.read_csv(io.BytesIO(text), convert_options=options)
    except pa.ArrowInvalid as error:
        raise BadInputError(f"{path}: is not a CSV file ({error})") from None


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, unpacked if it is gzip; say clearly when it is damaged."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    except (OSError, EOFError, zlib.error) as error:
        raise BadInputError(f"{path}: cannot be read ({error}); copy it again") from None
    return data.removeprefix(b"\xef\xbb\xbf")


def read_parquet(path: Path) -> pa.Table:
    """Return a Parquet file, or say that it cannot be read."""
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise BadInputError(f"{path}: cannot be read ({error})") from None


def read_json(path: Path) -> Any:
    """Return a JSON document, or say where it is wrong."""
    try:
        return json.loads(read_bytes(path))
    except ValueError as error:
        raise BadInputError(f"{path}: is not JSON ({error})") from None


def _read_json(path: Path) -> pa.Table:
    document = read_json(path)
    document = document.get("data", document) if isinstance(document, dict) else document
    if not isinstance(document, dict):
        raise BadInputError(f"{path}: is not an answer of GetMetricData or GetMetricStatistics")
    if "MetricDataResults" in document:
        rows = [row for part in document["MetricDataResults"] for row in _data_rows(part)]
    elif "Datapoints" in document:
        rows = [_statistic_row(document.get("Label"), p) for p in document["Datapoints"]]
    else:
        raise BadInputError(f"{path}: has neither MetricDataResults nor Datapoints")
    if not rows:
        raise BadInputError(f"{path}: holds no data point")
    return pa.Table.from_pylist(rows)


def _data_rows(part: dict[str, Any]) -> list[dict[str, Any]]:
    words = str(part.get("Label") or "").split()
    label: Sequence[str | None] = words if len(words) == 2 else (None, words[0] if words else None)
    return [
        {"resource_id": label[0], "metric": label[-1], "timestamp": _moment(time), "value": value}
        for time, value in zip(part.get("Timestamps", []), part.get("Values", []), strict=False)
    ]


def _statistic_row(label: Any, point: dict[str, Any]) -> dict[str, Any]:
    names = ("Maximum", "Sum", "Average", "Minimum", "SampleCount")
    statistic = next((name for name in names if name in point), None)
    return {
        "metric": label,
        "statistic": statistic,
        "unit": point.get("Unit"),
        "timestamp": _moment(point.get("Timestamp")),
        "value": point.get(statistic) if statistic else None,
    }


def _moment(value: Any) -> str | None:
    time = read_time(value) if value is not None else None
    return None if time is None else time.isoformat()
