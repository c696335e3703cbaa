"""Resources known by their metrics only, as rows of the inventory: type and region must be told.

A file of metrics may name instance type, region, engine and operation beside each point; a bill
with resource ids tells them too. What neither tells stays out, and an issue says what is missing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from costmodel.errors import Issue, IssueReason
from costmodel.optimize.billed_rows import short_name
from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.rightsizing.market import CACHE_OPERATIONS, RDS_OPERATIONS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A resource whose points end a day before the newest ones may be stopped or gone.
_STILL_SEEN: Final = timedelta(days=1)
_LISTED: Final = 3
_NO_TYPE: Final = (
    "instance type and region are not known; add the columns instance_type and region_id, a bill "
    "with resource ids, or an inventory"
)
_NOT_SIZED: Final = "metrics alone do not price them; give an inventory"


class _Kind(NamedTuple):
    """A table whose rows are priced by type and region.

    Attributes:
        column: column of the type.
        state: state of what runs.
        service_code, usage: service and usage types (up to the colon) of the type on a bill.
        engines: engine by operation on a bill.
    """

    column: str
    state: str
    service_code: str
    usage: tuple[str, ...]
    engines: Mapping[str, str]


_KINDS: Final = {
    "ec2_instances": _Kind("instance_type", "running", "AmazonEC2", ("BoxUsage",), {}),
    "rds_instances": _Kind(
        "instance_class",
        "available",
        "AmazonRDS",
        ("InstanceUsage", "Multi-AZUsage"),
        {operation: engine for engine, operation in RDS_OPERATIONS.items()},
    ),
    "elasticache_clusters": _Kind(
        "node_type",
        "available",
        "AmazonElastiCache",
        ("NodeUsage",),
        {operation: engine for engine, operation in CACHE_OPERATIONS.items()},
    ),
}


class _Seen(NamedTuple):
    """When the points of one resource begin and end."""

    kind: str
    begin: datetime
    end: datetime


def kind_of_type(instance_type: str | None, table: str | None) -> str | None:
    """Return the inventory table of a type: db.… is a database, cache.… a cache node."""
    if not instance_type or table:
        return table
    start = instance_type.split(".")[0]
    return {"db": "rds_instances", "cache": "elasticache_clusters"}.get(start, "ec2_instances")


def with_owners(account: Inventory) -> Inventory:
    """Return the account with a row for every resource whose metrics alone are known.

    Tables that were collected are left as they are. The age of a resource is at least the time
    its points span; a resource of EC2 whose operation nobody tells is priced as Linux.
    """
    described = {**_billed(account), **_told(account)}
    seen = _spans(account, described)
    if not seen:
        return account
    newest = max(span.end for span in seen.values())
    dated = account if account.collected_at > _EPOCH else replace(account, collected_at=newest)
    tables: dict[str, list[dict[str, Any]]] = {}
    for name, span in seen.items():
        about = described.get(name, {})
        if span.kind in _KINDS and about.get("instance_type") and about.get("region_id"):
            running = newest - span.end < _STILL_SEEN
            tables.setdefault(span.kind, []).append(_row(name, span, about, running=running))
    added = {kind: build_table(kind, rows) for kind, rows in tables.items()}
    issues = [*_unknown(seen, added), *_assumed(tables.get("ec2_instances", []))]
    return replace(dated, tables={**account.tables, **added}, issues=(*account.issues, *issues))


def _told(account: Inventory) -> dict[str, dict[str, Any]]:
    """Return what files of metrics tell of their resources."""
    rows = account.table("metric_resources").to_pylist()
    return {row["resource_id"]: {k: v for k, v in row.items() if v is not None} for row in rows}


def _billed(account: Inventory) -> dict[str, dict[str, Any]]:
    """Return what a bill tells of its resources; one billed as two types has none."""
    found: dict[str, dict[str, Any]] = {}
    doubtful = set()
    for row in account.table("billed_resources").to_pylist():
        usage, _, size = str(row["usage_type"] or "").partition(":")
        for table, kind in _KINDS.items():
            if row["service_code"] == kind.service_code and usage in kind.usage and size:
                name = short_name(str(row["resource_id"]))
                about = {
                    "table": table,
                    # Bills write 2xl where types say 2xlarge.
                    "instance_type": f"{size}arge" if size.endswith("xl") else size,
                    "engine": kind.engines.get(row["operation"]),
                    "multi_az": usage.startswith("Multi-AZ"),
                    **{k: row[k] for k in ("account_id", "region_id", "operation") if row[k]},
                }
                if found.setdefault(name, about)["instance_type"] != about["instance_type"]:
                    doubtful.add(name)
    return {name: about for name, about in found.items() if name not in doubtful}


def _spans(account: Inventory, described: Mapping[str, Mapping[str, Any]]) -> dict[str, _Seen]:
    """Return the resources that only metrics know, with the time their points span."""
    spans: dict[str, _Seen] = {}
    names = ("resource_id", "table", "start_at", "end_at", "period_seconds")
    metrics = account.table("metrics").select(names)
    # Of a collected account nearly all metrics have an owner: they are left out at once.
    owned = pc.is_in(metrics["table"], pa.array(list(account.tables), pa.string()))
    for row in metrics.filter(pc.invert(owned)).to_pylist():
        name = row["resource_id"]
        kind = row["table"] or described.get(name, {}).get("table") or ""
        if "/index/" in name or (kind and account.has(kind)):
            continue
        end = row["end_at"] + timedelta(seconds=row["period_seconds"])
        old = spans.get(name, _Seen(kind, row["start_at"], end))
        spans[name] = _Seen(old.kind or kind, min(old.begin, row["start_at"]), max(old.end, end))
    return spans


def _row(name: str, span: _Seen, about: Mapping[str, Any], *, running: bool) -> dict[str, Any]:
    kind = _KINDS[span.kind]
    row = {
        "resource_id": name,
        "name": name,
        "account_id": about.get("account_id"),
        "region_id": about["region_id"],
        "created_at": span.begin,
        kind.column: about["instance_type"],
        "state": kind.state if running else None,
    }
    if span.kind == "ec2_instances":
        return {**row, "launch_time": span.begin, "operation": about.get("operation")}
    if span.kind == "rds_instances":
        row["multi_az"] = about.get("multi_az")
    return {**row, "engine": about.get("engine")}


def _unknown(seen: Mapping[str, _Seen], added: Mapping[str, Any]) -> Iterator[Issue]:
    """Yield what is missing before metrics can be judged, one line per kind of resource."""
    known = {n for table in added.values() for n in table["resource_id"].to_pylist()}
    kinds = sorted({span.kind for name, span in seen.items() if name not in known})
    for kind in kinds:
        names = [name for name, span in seen.items() if span.kind == kind and name not in known]
        what = _NOT_SIZED if kind and kind not in _KINDS else _NO_TYPE
        message = f"{len(names)} resources ({', '.join(names[:_LISTED])}): {what}"
        yield Issue(IssueReason.MISSING_INPUT, f"metrics {kind}".strip(), message)


def _assumed(rows: list[dict[str, Any]]) -> Iterator[Issue]:
    names = [row["resource_id"] for row in rows if row["operation"] is None]
    if names:
        message = (
            f"{len(names)} instances ({', '.join(names[:_LISTED])}): the column operation is not "
            "given, Linux prices are shown; groups, clusters and Spot are not known from metrics"
        )
        yield Issue(IssueReason.MISSING_INPUT, "metrics ec2_instances", message)
