"""Columns of database, network, storage and account tables that follow from other tables."""

import json
from collections import Counter
from datetime import datetime
from typing import Any, Final

import numpy as np

from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Array, Columns, column, objects

_OLD_IMAGE_SECONDS: Final = 90 * 86_400.0


def clusters(inventory: Inventory) -> Columns:
    """Return the instances of a cluster, where all are of one class."""
    classes: dict[Any, list[str]] = {}
    rows = inventory.table("rds_instances").select(("cluster_id", "instance_class"))
    for row in rows.to_pylist():
        if row["cluster_id"] is not None:
            classes.setdefault(row["cluster_id"], []).append(row["instance_class"])
    found = [classes.get(name, []) for name in column(inventory, "rds_clusters", "name")]
    return {
        "instance_class": objects([c[0] if len(set(c)) == 1 else None for c in found]),
        "instances": np.array([float(len(c)) if c else np.nan for c in found]),
        "peak_acu": _peak_capacity(inventory),
    }


def _peak_capacity(inventory: Inventory) -> Array:
    """Return the most capacity any instance of a cluster reached, NaN where one is unseen."""
    peaks: dict[Any, float] = {}
    seen = inventory.metric("rds_instances", "ServerlessDatabaseCapacity", "max").tolist()
    for name, peak in zip(column(inventory, "rds_instances", "cluster_id"), seen, strict=True):
        peaks[name] = float(np.maximum(peaks.get(name, 0.0), peak))
    names = column(inventory, "rds_clusters", "name")
    return np.array([peaks.get(name, np.nan) for name in names])


def databases(inventory: Inventory) -> Columns:
    """Return which instances write for their cluster."""
    writers = set(column(inventory, "rds_clusters", "writer"))
    known = {r for readers in column(inventory, "rds_clusters", "readers") for r in readers or ()}
    names = column(inventory, "rds_instances", "name")
    return {
        "is_writer": objects(
            [True if n in writers else (False if n in known else None) for n in names]
        )
    }


def database_snapshots(inventory: Inventory) -> Columns:
    """Return whether the source of a snapshot still exists."""
    kind = "rds_snapshots"
    exists: dict[str, set[Any]] = {}
    for what, table in (("instance", "rds_instances"), ("cluster", "rds_clusters")):
        if inventory.has(table):
            exists[what] = set(column(inventory, table, "name"))
    pairs = zip(
        column(inventory, kind, "source_kind"), column(inventory, kind, "source_id"),
        strict=True,
    )  # fmt: skip
    return {"source_exists": objects([s in exists[k] if k in exists else None for k, s in pairs])}


def gateways(inventory: Inventory) -> Columns:
    """Return earlier gateways of the same zone, and whether the VPC has gateway endpoints."""
    kind = "nat_gateways"
    free: set[Any] = set()
    rows = inventory.table("vpc_endpoints").select(("vpc_id", "endpoint_type"))
    for row in rows.to_pylist():
        if row["endpoint_type"] == "Gateway":
            free.add(row["vpc_id"])
    zones = list(
        zip(
            column(inventory, kind, "vpc_id"), column(inventory, kind, "availability_zone"),
            strict=True,
        )
    )  # fmt: skip
    seen: Counter[Any] = Counter()
    earlier = []
    for zone in zones:
        earlier.append(float(seen[zone]) if zone[1] is not None else np.nan)
        seen[zone] += 1
    has = inventory.has("vpc_endpoints")
    return {
        # The first gateway of a zone stays.
        "same_zone_nats": np.array(earlier),
        "vpc_has_gateway_endpoint": objects([vpc in free if has else None for vpc, _ in zones]),
    }


def endpoints(inventory: Inventory) -> Columns:
    """Return how many other endpoints of the region serve the same service."""
    keys = list(
        zip(
            column(inventory, "vpc_endpoints", "region_id"),
            column(inventory, "vpc_endpoints", "service_name"),
            column(inventory, "vpc_endpoints", "endpoint_type"), strict=True,
        )
    )  # fmt: skip
    count = Counter(keys)
    return {"same_service_elsewhere": np.array([float(count[key] - 1) for key in keys])}


def addresses(inventory: Inventory) -> Columns:
    """Return the state of the instance an address points to."""
    instances = inventory.table("ec2_instances")
    state = dict(
        zip(instances["resource_id"].to_pylist(), instances["state"].to_pylist(), strict=True)
    )
    return {
        "instance_state": objects(
            [state.get(n) for n in column(inventory, "addresses", "instance_id")]
        )
    }


def balancers(inventory: Inventory) -> Columns:
    """Return registered targets, and balancers of the same type in the VPC."""
    kind = "load_balancers"
    targets: dict[Any, float] = {}
    counts = inventory.numbers("target_groups", "targets").tolist()
    listed = column(inventory, "target_groups", "load_balancer_arns")
    for balancers, count in zip(listed, counts, strict=True):
        for arn in balancers or ():
            targets[arn] = targets.get(arn, 0.0) + count
    types = column(inventory, kind, "load_balancer_type")
    vpcs = list(zip(types, column(inventory, kind, "vpc_id"), strict=True))
    shared = Counter(vpcs)
    absent = 0.0 if inventory.has("target_groups") else np.nan
    return {
        "registered_targets": np.array(
            [targets.get(arn, absent) for arn in column(inventory, kind, "arn")]
        ),
        "shareable": np.array([float(shared[key]) for key in vpcs]),
    }


def tables(inventory: Inventory) -> Columns:
    """Return whether a table scales by itself."""
    names = column(inventory, "dynamodb_tables", "name")
    scaled = {
        row["target_id"]
        for row in inventory.table("scalable_targets").to_pylist()
        if row["service_namespace"] == "dynamodb"
    }
    has = inventory.has("scalable_targets")
    return {"autoscaled": objects([f"table/{n}" in scaled if has else None for n in names])}


def services(inventory: Inventory) -> Columns:
    """Return whether a service scales by itself."""
    kind = "ecs_services"
    scaled = {
        row["target_id"]
        for row in inventory.table("scalable_targets").to_pylist()
        if row["service_namespace"] == "ecs"
    }
    pairs = zip(
        column(inventory, kind, "cluster_name"), column(inventory, kind, "name"), strict=True
    )
    has = inventory.has("scalable_targets")
    return {
        "autoscaled": objects([f"service/{c}/{n}" in scaled if has else None for c, n in pairs])
    }


def buckets(inventory: Inventory) -> Columns:
    """Return what a bucket stores, and whether it uses Intelligent-Tiering."""
    stored: dict[Any, float] = {}
    tiered: set[Any] = set()
    rows = inventory.table("s3_storage").select(("resource_id", "storage_class", "bytes"))
    for row in rows.to_pylist():
        stored[row["resource_id"]] = stored.get(row["resource_id"], 0.0) + (row["bytes"] or 0.0)
        if row["storage_class"] == "INTELLIGENT_TIERING":
            tiered.add(row["resource_id"])
    names = column(inventory, "s3_buckets", "resource_id")
    has = inventory.has("s3_storage")
    return {
        "stored_bytes": np.array([stored.get(n, 0.0 if has else np.nan) for n in names]),
        "uses_intelligent_tiering": objects([n in tiered if has else None for n in names]),
    }


def bucket_storage(inventory: Inventory) -> Columns:
    """Return whether the bucket expires noncurrent versions."""
    buckets = inventory.table("s3_buckets").select(("resource_id", "expires_noncurrent"))
    expires = {row["resource_id"]: row["expires_noncurrent"] for row in buckets.to_pylist()}
    names = column(inventory, "s3_storage", "resource_id")
    return {"bucket_expires_noncurrent": objects([expires.get(n) for n in names])}


def health_checks(inventory: Inventory) -> Columns:
    """Return whether a record refers to a health check."""
    used = set(column(inventory, "route53_records", "health_check_id"))
    names = column(inventory, "route53_health_checks", "resource_id")
    has = inventory.has("route53_records")
    return {"is_used": objects([n in used if has else None for n in names])}


def records(inventory: Inventory) -> Columns:
    """Return how many other records share the name and type."""
    kind = "route53_records"
    keys = list(
        zip(
            column(inventory, kind, "zone_id"), column(inventory, kind, "name"),
            column(inventory, kind, "type"), strict=True,
        )
    )  # fmt: skip
    count = Counter(keys)
    return {"latency_siblings": np.array([float(count[key] - 1) for key in keys])}


def dashboards(inventory: Inventory) -> Columns:
    """Return how many dashboards the account has."""
    count = float(inventory.table("cloudwatch_dashboards").num_rows)
    return {"dashboards": np.full(int(count), count)}


def trails(inventory: Inventory) -> Columns:
    """Return earlier trails of the same region that record the same events."""
    kind = "cloudtrails"
    regions = list(
        zip(
            column(inventory, kind, "home_region"), column(inventory, kind, "management_events"),
            strict=True,
        )
    )  # fmt: skip
    seen: Counter[Any] = Counter()
    earlier = []
    for region in regions:
        earlier.append(float(seen[region]))
        seen[region] += 1
    return {"same_region_trails": np.array(earlier)}


def repositories(inventory: Inventory) -> Columns:
    """Return the bytes of images that are neither pulled nor pushed for 90 days."""
    now = inventory.collected_at.timestamp()
    listed = column(inventory, "ecr_repositories", "images")
    return {
        "unpulled_bytes": np.array(
            [np.nan if text is None else _unpulled(json.loads(text), now) for text in listed]
        )
    }


def _unpulled(images: list[Any], now: float) -> float:
    total = 0.0
    for image in images:
        times = [image.get(name) for name in ("pushed_at", "last_pulled_at")]
        seconds = [datetime.fromisoformat(str(time)).timestamp() for time in times if time]
        if seconds and now - max(seconds) > _OLD_IMAGE_SECONDS:
            total += image.get("bytes") or 0.0
    return total


def endpoints_of_models(inventory: Inventory) -> Columns:
    """Return how many variants an endpoint has; the metric of calls is the first one's."""
    listed = column(inventory, "sagemaker_endpoints", "variants")
    counts = [np.nan if text is None else float(len(json.loads(text))) for text in listed]
    return {"variant_count": np.array(counts)}


def protected(inventory: Inventory) -> Columns:
    """Return whether Data Lifecycle Manager makes snapshots too."""
    states = column(inventory, "dlm_policies", "state")
    enabled = "ENABLED" in states if inventory.has("dlm_policies") else None
    return {"dlm_enabled": objects([enabled] * inventory.table("backup_protected").num_rows)}


def _stray_regions(inventory: Inventory) -> float:
    """Return how many regions hold under 1 % of the resources collected."""
    count: Counter[Any] = Counter()
    for kind in inventory.tables:
        if kind not in ("metrics", "metric_series", "evidence", "accounts"):
            count.update(column(inventory, kind, "region_id"))
    del count[None], count["global"]
    return float(sum(number < 0.01 * count.total() for number in count.values()))


def accounts(inventory: Inventory) -> Columns:
    """Return stray regions and how many anomaly monitors and budgets the account has."""
    count = inventory.table("accounts").num_rows
    found: Columns = {"stray_regions": np.full(count, _stray_regions(inventory))}
    for name, kind in (("anomaly_monitors", "anomaly_monitors"), ("budget_count", "budgets")):
        rows = float(inventory.table(kind).num_rows) if inventory.has(kind) else np.nan
        found[name] = np.full(count, rows)
    return found


def reservations(inventory: Inventory) -> Columns:
    """Return the days until a reservation ends."""
    return {"days_left": -inventory.age_days("reservations", "end_at")}
