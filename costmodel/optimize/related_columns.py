"""Columns of a table that follow from other tables: is it used, by whom, what stands behind it.

A table that was not collected leaves them unknown (None), never false.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np

from costmodel.optimize import related_services, related_usage
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.node_packing import node_columns, pod_columns
from costmodel.optimize.outside_advice import evidence_columns
from costmodel.optimize.related_account import ACCOUNT
from costmodel.optimize.related_cells import Array, Columns, column, objects
from costmodel.optimize.related_network import NETWORK
from costmodel.units import BYTES_PER_GIB

# Tags by which services mark what they manage.
_BACKUP_TAGS: Final = ("aws:backup:", "aws:dlm:", "dlm:")
_CLUSTER_TAGS: Final = (
    "eks:", "aws:eks:", "kubernetes.io/cluster/", "k8s.io/cluster-autoscaler/",
    "amazonecsmanaged", "aws:batch", "karpenter.sh/",
)  # fmt: skip
# Billing operation of a capacity reservation's platform.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-info-fields.html
_PLATFORM_OPERATION: Final = {
    "Linux/UNIX": "RunInstances", "Windows": "RunInstances:0002",
    "Red Hat Enterprise Linux": "RunInstances:0010", "SUSE Linux": "RunInstances:000g",
}  # fmt: skip


def related_columns(inventory: Inventory) -> dict[str, Columns]:
    """Return table → columns that follow from other tables, for the tables collected."""
    return {
        kind: columns
        for kind, make in _MAKERS.items()
        if inventory.has(kind) and (columns := make(inventory)) is not None
    }


def _members(inventory: Inventory, kind: str, names: Iterable[Any]) -> Array:
    """Return where a name is an id of another table; None where that was not collected."""
    listed = list(names)
    if not inventory.has(kind):
        return objects([None] * len(listed))
    known = set(column(inventory, kind, "resource_id"))
    return objects([None if name is None else name in known for name in listed])


def _first(values: Any) -> Any:
    return values[0] if values else None


def _has_tag(pairs: Any, prefixes: tuple[str, ...]) -> bool | None:
    if pairs is None:
        return None
    return any(str(key).lower().startswith(prefixes) for key, _ in pairs)


def _volumes(inventory: Inventory) -> Columns:
    kind = "ebs_volumes"
    attached = [_first(ids) for ids in column(inventory, kind, "attached_instances")]
    instances = inventory.table("ec2_instances")
    names = instances["resource_id"].to_pylist()
    state = dict(zip(names, instances["state"].to_pylist(), strict=True))
    days = dict(
        zip(names, inventory.age_days("ec2_instances", "state_since").tolist(), strict=True)
    )
    snapshots = Counter(column(inventory, "ebs_snapshots", "volume_id"))
    counted = inventory.has("ebs_snapshots")
    protected = set(column(inventory, "backup_protected", "resource_id"))
    policies = column(inventory, "dlm_policies", "state").count("ENABLED")
    seen = inventory.has("dlm_policies") and inventory.has("backup_protected")
    arns = column(inventory, kind, "arn")
    groups = dict(
        zip(names, column(inventory, "ec2_instances", "auto_scaling_group"), strict=True)
    )
    alone = [ids[0] if ids and len(ids) == 1 else None
             for ids in column(inventory, kind, "attached_instances")]  # fmt: skip
    goes = column(inventory, kind, "delete_on_termination")
    return {
        "attached_to": objects([None if groups.get(name) else name for name in alone]),
        "scaled_by": objects(
            [groups.get(n) if with_it else None for n, with_it in zip(alone, goes, strict=True)]
        ),
        "instance_state": objects([state.get(name) for name in attached]),
        "instance_stopped_days": np.array([days.get(name, np.nan) for name in attached]),
        "is_boot": objects(goes),
        "snapshot_count": np.array(
            [
                float(snapshots[name]) if counted else np.nan
                for name in column(inventory, kind, "resource_id")
            ]
        ),
        # Policies choose by tag; with one enabled nobody knows which volumes it takes.
        "has_snapshot_policy": objects(
            [True if arn in protected else (False if seen and not policies else None)
             for arn in arns]
        ),
    }  # fmt: skip


def _snapshots(inventory: Inventory) -> Columns:
    kind = "ebs_snapshots"
    sources = [None if v == "vol-ffffffff" else v for v in column(inventory, kind, "volume_id")]
    texts = column(inventory, kind, "description")
    tags = column(inventory, kind, "tags")
    behind = column(inventory, "amis", "snapshot_ids")
    shared = Counter(s for ids in behind for s in ids or ())
    image = {
        s: name
        for name, ids in zip(column(inventory, "amis", "resource_id"), behind, strict=True)
        for s in ids or ()
        # A snapshot that another image needs too stays when one of them goes.
        if shared[s] == 1
    }
    has_images = inventory.has("amis")
    return {
        "image_id": objects(
            [image.get(name) for name in column(inventory, kind, "resource_id")]
        ),
        "volume_exists": _members(inventory, "ebs_volumes", sources),
        "backs_image": objects(
            [name in shared if has_images else None
             for name in column(inventory, kind, "resource_id")]
        ),
        "is_managed": objects(
            [_is_managed(text, pairs) for text, pairs in zip(texts, tags, strict=True)]
        ),
    }  # fmt: skip


def _is_managed(description: Any, pairs: Any) -> bool | None:
    text = str(description or "").lower()
    if "aws backup" in text or "dlm" in text or "createimage" in text.replace(" ", ""):
        return True
    return _has_tag(pairs, _BACKUP_TAGS)


def _images(inventory: Inventory) -> Columns:
    kind = "amis"
    sources = ("ec2_instances", "launch_templates", "launch_configurations")
    used = set(column(inventory, "ec2_instances", "image_id"))
    used |= set(column(inventory, "launch_configurations", "image_id"))
    for ids in column(inventory, "launch_templates", "image_ids"):
        used |= set(ids or ())
    complete = all(inventory.has(source) for source in sources)
    names = column(inventory, kind, "resource_id")
    snapshots = column(inventory, kind, "snapshot_ids")
    shared = Counter(s for ids in snapshots for s in ids or ())
    full = inventory.numbers("ebs_snapshots", "full_size_bytes") / BYTES_PER_GIB
    size = np.where(np.isnan(full), inventory.numbers("ebs_snapshots", "size_gb"), full)
    sizes = dict(
        zip(column(inventory, "ebs_snapshots", "resource_id"), size.tolist(), strict=True)
    )
    return {
        "is_used": objects(
            [True if name in used else (False if complete else None) for name in names]
        ),
        # A snapshot that another image needs too stays when this image goes.
        "snapshot_gb": np.array(
            [
                sum(sizes.get(s, np.nan) for s in ids if shared[s] == 1) if ids else np.nan
                for ids in snapshots
            ]
        ),
    }


def _instances(inventory: Inventory) -> Columns:
    kind = "ec2_instances"
    watched: set[Any] = set()
    period = inventory.numbers("cloudwatch_alarms", "period_seconds")
    listed = column(inventory, "cloudwatch_alarms", "dimension_values")
    for seconds, values in zip(period.tolist(), listed, strict=True):
        if seconds < 300:
            watched |= set(values or ())
    has_alarms = inventory.has("cloudwatch_alarms")
    names = column(inventory, kind, "resource_id")
    elastic = set(column(inventory, "addresses", "public_ip"))
    has_addresses = inventory.has("addresses")
    return {
        "has_elastic_ip": objects(
            [
                ip in elastic if has_addresses else None
                for ip in column(inventory, kind, "public_ip")
            ]
        ),
        "fast_alarm": objects([name in watched if has_alarms else None for name in names]),
        "is_k8s_node": _members(inventory, "k8s_nodes", names),
        "sql_enterprise_features": related_usage.enterprise_features(inventory),
    }


def _groups(inventory: Inventory) -> Columns:
    kind = "auto_scaling_groups"
    operation: dict[Any, Any] = {}
    instances = inventory.table("ec2_instances").select(("auto_scaling_group", "operation"))
    for row in instances.to_pylist():
        operation[row["auto_scaling_group"]] = row["operation"]
    types = [set(found or ()) for found in column(inventory, kind, "instance_types")]
    names = column(inventory, kind, "name")
    return {
        "member_type": objects([next(iter(t)) if len(t) == 1 else None for t in types]),
        "member_operation": objects([operation.get(name) for name in names]),
        "managed_by_cluster": objects(
            [_has_tag(tags, _CLUSTER_TAGS) for tags in column(inventory, kind, "tags")]
        ),
    }


def _launch_configurations(inventory: Inventory) -> Columns | None:
    used = set(column(inventory, "auto_scaling_groups", "launch_configuration"))
    if not inventory.has("auto_scaling_groups"):
        return None
    return {
        "is_used": objects(
            [name in used for name in column(inventory, "launch_configurations", "name")]
        )
    }


def _capacity(inventory: Inventory) -> Columns:
    platforms = column(inventory, "capacity_reservations", "platform")
    return {"operation": objects([_PLATFORM_OPERATION.get(p) for p in platforms])}


_MAKERS: Final[Mapping[str, Callable[[Inventory], Columns | None]]] = {
    "ebs_volumes": _volumes,
    "ebs_snapshots": _snapshots,
    "amis": _images,
    "ec2_instances": _instances,
    "auto_scaling_groups": _groups,
    "launch_configurations": _launch_configurations,
    "capacity_reservations": _capacity,
    "evidence": evidence_columns,
    "k8s_pods": pod_columns,
    "k8s_nodes": node_columns,
    "rds_instances": related_services.databases,
    "rds_clusters": related_services.clusters,
    "rds_snapshots": related_services.database_snapshots,
    "dynamodb_tables": related_services.tables,
    "lambda_functions": related_usage.functions,
    "synthetics_canaries": related_usage.canary_runs,
    "ecs_services": related_services.services,
    "s3_buckets": related_services.buckets,
    "s3_storage": related_services.bucket_storage,
    "cloudwatch_dashboards": related_services.dashboards,
    "cloudtrails": related_services.trails,
    "ecr_repositories": related_services.repositories,
    "sagemaker_endpoints": related_services.endpoints_of_models,
    "backup_protected": related_services.protected,
    **NETWORK,
    **ACCOUNT,
}
