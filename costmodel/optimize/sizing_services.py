"""Right-sizing of databases, caches, search, Fargate, Lambda and groups, as columns."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from costmodel.catalog.catalog import PriceCatalog
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Columns, column, objects
from costmodel.optimize.rightsizing.capacity import build_capacities, plain_type
from costmodel.optimize.rightsizing.market import (
    Market,
    cache_markets,
    database_markets,
    price_matrix,
    search_markets,
)
from costmodel.optimize.rightsizing.observed import (
    cache_load,
    database_load,
    fargate_need,
    lambda_used_mb,
    search_load,
)
from costmodel.optimize.rightsizing.search import Load, Preferences, find_sizes
from costmodel.optimize.rightsizing.sizes import (
    FARGATE_SIZES,
    fargate_size,
    lambda_duration,
    lambda_memory_need,
)
from costmodel.optimize.sizing_columns import (
    Sized,
    Successors,
    choice_columns,
    family_columns,
    overload_columns,
    unused_hours,
)

Floats = NDArray[np.float64]
_SHOWN: Final = ("smaller_speed", "smaller_steps")
_HEADROOM: Final = 0.2
_PREFIX: Final = {
    "rds_instances": ("AmazonRDS", "InstanceUsage:db.", "db."),
    "elasticache_clusters": ("AmazonElastiCache", "NodeUsage:cache.", "cache."),
    "opensearch_domains": ("AmazonES", "ESInstance:", ""),
}
_MAKERS: Final[dict[str, tuple[str, Any, Any]]] = {
    "rds_instances": ("instance_class", database_markets, database_load),
    "elasticache_clusters": ("node_type", cache_markets, cache_load),
    "opensearch_domains": ("instance_type", search_markets, search_load),
}


def service_columns(
    inventory: Inventory, catalog: PriceCatalog, successors: Successors, wanted: Preferences
) -> dict[str, Columns]:
    """Return table → columns of the managed services whose tables were collected."""
    found: dict[str, Columns] = {}
    for kind in _MAKERS:
        if inventory.has(kind) and inventory.table(kind).num_rows:
            found[kind] = _sized(inventory, catalog, successors, wanted, kind)
    if inventory.has("rds_instances"):
        hours = unused_hours(inventory, "rds_instances", "DatabaseConnections", 1.0, traffic=())
        found.setdefault("rds_instances", {}).update(hours)
    if inventory.has("redshift_clusters"):
        # A cluster answers its own housekeeping: connections say whether anybody uses it.
        hours = unused_hours(
            inventory, "redshift_clusters", "DatabaseConnections", 1.0, traffic=()
        )
        found["redshift_clusters"] = {"off_hours": hours["off_hours"]}
    if inventory.has("rds_proxies"):
        found["rds_proxies"] = _proxies(inventory, found.get("rds_instances", {}))
    if inventory.has("ecs_services"):
        found["ecs_services"] = _fargate(inventory, catalog)
    if inventory.has("lambda_functions"):
        found["lambda_functions"] = _functions(inventory)
    if inventory.has("auto_scaling_groups"):
        found["auto_scaling_groups"] = _groups(inventory, catalog, wanted)
    if inventory.has("eks_nodegroups"):
        found["eks_nodegroups"] = _nodes(inventory, catalog, successors)
    if inventory.has("emr_instance_groups"):
        found["emr_instance_groups"] = _families(
            inventory, catalog, successors, "emr_instance_groups", "instance_type"
        )
    return found


def _sized(
    inventory: Inventory,
    catalog: PriceCatalog,
    successors: Successors,
    wanted: Preferences,
    kind: str,
) -> Columns:
    name, markets_of, load_of = _MAKERS[kind]
    service, _, _ = _PREFIX[kind]
    names = column(inventory, kind, name)
    types = _types(catalog, kind, names, set(column(inventory, kind, "region_id")))
    capacities = build_capacities(catalog.hardware(), types)
    markets, market = markets_of(inventory)
    prices = price_matrix(catalog, markets, capacities.names)
    load = load_of(inventory, capacities, market)
    sized = Sized(load, capacities, find_sizes(load, capacities, prices, wanted))
    columns = choice_columns(sized)
    columns |= overload_columns(inventory, kind, "CPUUtilization", sized, prices, wanted)
    columns |= family_columns(names, successors.get(service, {}), set(types))
    columns["vcpus"] = np.where(load.current < 0, np.nan, capacities.vcpus[load.current])
    return columns


# https://aws.amazon.com/rds/proxy/pricing/ : at least 2 vCPU of every instance behind it.
_LEAST_PROXY_VCPUS: Final = 2.0


def _proxies(inventory: Inventory, databases: Columns) -> Columns:
    """Return the vCPUs a proxy is billed by: those of the instances behind it."""
    kind = "rds_instances"
    places = zip(
        column(inventory, kind, "region_id"), column(inventory, kind, "name"), strict=True
    )
    sizes = dict(zip(places, databases.get("vcpus", np.array([])).tolist(), strict=False))
    proxies = zip(
        column(inventory, "rds_proxies", "region_id"),
        column(inventory, "rds_proxies", "targets"),
        strict=True,
    )
    known = [
        sum(np.maximum(sizes.get((region, name), np.nan), _LEAST_PROXY_VCPUS) for name in names)
        if names
        else np.nan
        for region, names in proxies
    ]
    return {"vcpus": np.array(known)}


def _types(catalog: PriceCatalog, kind: str, names: list[Any], regions: set[Any]) -> list[str]:
    """Return the types the service sells in the regions, spelled as the inventory does."""
    service, start, prefix = _PREFIX[kind]
    listed = {name for name in names if name}
    ending = ".search" if kind == "opensearch_domains" else ""
    for region in sorted(r for r in regions if r in catalog.regions):
        usage = catalog.rates(service, [region])["x_UsageType"].to_pylist()
        for text in {u for u in usage if u and u.startswith(start)}:
            plain = text[len(start) :]
            family, _, size = plain.partition(".")
            # Bills write 2xl where instance types say 2xlarge.
            whole = f"{size}arge" if size.endswith("xl") else size
            listed.add(f"{prefix}{family}.{whole}{ending}")
    return sorted(listed)


def _fargate(inventory: Inventory, catalog: PriceCatalog) -> Columns:
    kind = "ecs_services"
    cpu, memory = fargate_need(inventory, _HEADROOM)
    regions = [r or "us-east-1" for r in column(inventory, kind, "region_id")]
    size = np.full(len(regions), -1, dtype=np.int64)
    for region in sorted(set(regions)):
        usage = ("Fargate-vCPU-Hours:perCPU", "Fargate-GB-Hours")
        match = catalog.match(
            np.array(["AmazonECS"] * 2, dtype=object), np.array([region] * 2, dtype=object),
            np.array(usage, dtype=object), np.array(["", ""], dtype=object),
        )  # fmt: skip
        if (match.sku < 0).any():
            continue
        vcpu, gib = match.tiers.unit_price[match.tiers.first[match.sku]]
        rows = np.flatnonzero([r == region for r in regions])
        size[rows] = fargate_size(cpu[rows], memory[rows], float(vcpu), float(gib))
    known = size >= 0
    chosen = FARGATE_SIZES[np.maximum(size, 0)].astype(np.float64)
    return {
        "needed_cpu_units": np.where(known, chosen[:, 0], np.nan),
        "needed_memory_mb": np.where(known, chosen[:, 1], np.nan),
    }


def _functions(inventory: Inventory) -> Columns:
    kind = "lambda_functions"
    need = lambda_memory_need(lambda_used_mb(inventory), _HEADROOM)
    memory = inventory.numbers(kind, "memory_mb")
    mean = inventory.metric(kind, "Duration", "mean")
    # The longer bound: the function computes all the time.
    return {
        "needed_memory_mb": need,
        "rightsize_ms": lambda_duration(mean, memory, need).longest,
    }


def _groups(inventory: Inventory, catalog: PriceCatalog, wanted: Preferences) -> Columns:
    """Return a smaller type for groups of one type; only the CPU of a group is measured."""
    kind = "auto_scaling_groups"
    capacities = build_capacities(catalog.hardware())
    types = [set(found or ()) for found in column(inventory, kind, "instance_types")]
    names = [next(iter(found)) if len(found) == 1 else None for found in types]
    regions = [region or "" for region in column(inventory, kind, "region_id")]
    listed = sorted(set(regions))
    markets = [Market("AmazonEC2", region, "BoxUsage", "RunInstances") for region in listed]
    prices = price_matrix(catalog, markets, capacities.names)
    unseen = np.full(len(names), np.nan)
    load = Load(
        current=capacities.index(names),
        cpu=inventory.metric(kind, "CPUUtilization", "p99_5") / 100.0,
        cpu_mean=inventory.metric(kind, "CPUUtilization", "mean") / 100.0,
        memory=unseen, network_gbps=unseen, ebs_iops=unseen, ebs_mbps=unseen,
        interfaces=np.zeros(len(names)), store_used=np.ones(len(names), dtype=np.bool_),
        market=np.array([listed.index(region) for region in regions], dtype=np.int64),
        hourly_cpu=np.empty((len(names), 0)),
    )  # fmt: skip
    columns = choice_columns(Sized(load, capacities, find_sizes(load, capacities, prices, wanted)))
    kept = {name: columns[name] for name in ("smaller_type", "smaller_risk", *_SHOWN)}
    return {**kept, **unused_hours(inventory, kind, "CPUUtilization", 5.0)}


def _nodes(inventory: Inventory, catalog: PriceCatalog, successors: Successors) -> Columns:
    types = [found or [] for found in column(inventory, "eks_nodegroups", "instance_types")]
    names = [found[0] if len(found) == 1 else None for found in types]
    known = set(build_capacities(catalog.hardware()).names)
    families = family_columns(names, successors.get("AmazonEC2", {}), known)
    return {"node_type": objects(names), "graviton_type": families["graviton_type"]}


def _families(
    inventory: Inventory, catalog: PriceCatalog, successors: Successors, kind: str, name: str
) -> Columns:
    names = [plain_type(text) if text else None for text in column(inventory, kind, name)]
    known = set(build_capacities(catalog.hardware()).names)
    families = family_columns(names, successors.get("AmazonEC2", {}), known)
    return {"newer_type": families["newer_type"]}
