"""Columns of what a resource uses that another table or metric measures: indexes, logs, runs."""

import json
import re
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc

from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Array, Columns, column, objects
from costmodel.units import BYTES_PER_GIB, HOURS_PER_MONTH, METRIC_DAYS_PER_MONTH

# Datadog: an index is unread when nobody read it for 30 days.
_UNREAD_DAYS: Final = 30.0
# Trusted Advisor looks at every day of a week.
_ERROR_DAYS: Final = 7
_LAMBDA_LOGS: Final = "/aws/lambda/"
# Synthetics: rate(0 hours) runs a canary once.
# https://docs.aws.amazon.com/AmazonSynthetics/latest/APIReference/API_CanaryScheduleInput.html
_RATE: Final = re.compile(r"rate\((\d+) (minute|hour)s?\)")
_MINUTES: Final = {"minute": 1, "hour": 60}


def unread_indexes(inventory: Inventory) -> Columns:
    """Return the reads of the least read index of a table, and what its unread indexes hold.

    An index whose reads were not observed for a month leaves all three unknown.
    """
    kind = "dynamodb_tables"
    reads = _index_reads(inventory)
    names = column(inventory, kind, "resource_id")
    found = [
        _unread(json.loads(text), str(name), reads) if text is not None else _UNKNOWN
        for name, text in zip(names, column(inventory, kind, "indexes"), strict=True)
    ]
    parts = np.array(found, dtype=np.float64).reshape(len(found), 3)
    heads = ("index_reads", "index_write_capacity", "index_gb")
    return {head: parts[:, place] for place, head in enumerate(heads)}


_UNKNOWN: Final = (np.nan, np.nan, np.nan)


def _index_reads(inventory: Inventory) -> dict[str, float]:
    """Return reads by ``RESOURCE_ID/index/NAME``, of indexes observed for a month."""
    rows = inventory.table("metrics").select(("resource_id", "metric", "total", "period_days"))
    reads = rows.filter(pc.equal(rows["metric"], "ConsumedReadCapacityUnits"))
    indexes = reads.filter(pc.match_substring(reads["resource_id"], "/index/"))
    long = indexes.filter(pc.greater_equal(indexes["period_days"], _UNREAD_DAYS - 0.5))
    return dict(zip(long["resource_id"].to_pylist(), long["total"].to_pylist(), strict=True))


def _unread(
    indexes: list[dict[str, Any]], table: str, reads: dict[str, float]
) -> tuple[float, float, float]:
    seen = [reads.get(f"{table}/index/{index['name']}") for index in indexes]
    if not indexes or None in seen:
        return _UNKNOWN
    unread = [index for index, total in zip(indexes, seen, strict=True) if total == 0]
    return (
        min(total for total in seen if total is not None),
        sum(index.get("write_capacity") or 0.0 for index in unread),
        sum(index.get("size_bytes") or 0.0 for index in unread) / BYTES_PER_GIB,
    )


def functions(inventory: Inventory) -> Columns:
    """Return what functions log in a month, and the worst day of the last week for errors."""
    return {"log_gb": _logged(inventory), "worst_error_share": _worst_error_share(inventory)}


def _worst_error_share(inventory: Inventory) -> Array:
    """Return errors over invocations of the worst of the last days that have invocations."""
    kind = "lambda_functions"
    errors = inventory.daily(kind, "Errors", "daily_total")[:, -_ERROR_DAYS:]
    runs = inventory.daily(kind, "Invocations", "daily_total")[:, -_ERROR_DAYS:]
    if errors.shape != runs.shape or not errors.size:
        return np.full(len(errors), np.nan)
    share = np.where(runs > 0, errors / np.where(runs > 0, runs, 1.0), np.nan)
    return np.asarray(np.fmax.reduce(share, axis=1))


def _logged(inventory: Inventory) -> Array:
    """Return the GB a month every function writes to its log group."""
    kind = "log_groups"
    total = inventory.metric(kind, "IncomingBytes", "total")
    days = inventory.metric(kind, "IncomingBytes", "period_days")
    monthly = total / days * METRIC_DAYS_PER_MONTH / BYTES_PER_GIB
    places = _places(inventory, kind)
    by_place = dict(zip(places, monthly.tolist(), strict=True))
    wanted = _places(inventory, "lambda_functions", _LAMBDA_LOGS)
    return np.array([by_place.get(place, np.nan) for place in wanted])


def _places(inventory: Inventory, kind: str, prefix: str = "") -> list[tuple[Any, Any, str]]:
    """Return account, region and name of every row."""
    parts = [column(inventory, kind, name) for name in ("account_id", "region_id", "name")]
    return [
        (account, region, f"{prefix}{name}") for account, region, name in zip(*parts, strict=True)
    ]


def canary_runs(inventory: Inventory) -> Columns:
    """Return the runs a month of every canary; unknown for cron expressions."""
    texts = column(inventory, "synthetics_canaries", "schedule")
    return {"monthly_runs": np.array([_runs(str(text or "")) for text in texts])}


def _runs(schedule: str) -> float:
    match = _RATE.fullmatch(schedule)
    if match is None:
        return float("nan")
    minutes = int(match.group(1)) * _MINUTES[match.group(2)]
    return HOURS_PER_MONTH * 60.0 / minutes if minutes else 0.0


def enterprise_features(inventory: Inventory) -> Array:
    """Return whether an instance uses SQL Server's Enterprise features, as Compute Optimizer says.

    It looks at them through CloudWatch Application Insights and says nothing without it.
    """
    said: dict[Any, bool] = {}
    rows = inventory.table("evidence").select(
        ("resource_id", "check", "current", "finding_reasons")
    )
    for row in rows.to_pylist():
        if row["check"] == "license" and row["current"] == "Enterprise":
            reasons = set(row["finding_reasons"] or ())
            if reasons & {"Optimized", "LicenseOverprovisioned"}:
                said[row["resource_id"]] = "Optimized" in reasons
    return objects([said.get(n) for n in column(inventory, "ec2_instances", "resource_id")])
