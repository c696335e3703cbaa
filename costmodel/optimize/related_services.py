"""Columns of database, network, storage and account tables that follow from other tables."""

import json
from collections import Counter
from datetime import datetime
from typing import Any, Final

import numpy as np

from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Array, Columns, column, objects
from costmodel.optimize.related_usage import unread_indexes

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


def tables(inventory: Inventory) -> Columns:
    """Return whether a table scales by itself, and its unread indexes."""
    names = column(inventory, "dynamodb_tables", "name")
    scaled = {
        row["target_id"]
        for row in inventory.table("scalable_targets").to_pylist()
        if row["service_namespace"] == "dynamodb"
    }
    has = inventory.has("scalable_targets")
    return {
        "autoscaled": objects([f"table/{n}" in scaled if has else None for n in names]),
        **unread_indexes(inventory),
    }


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
