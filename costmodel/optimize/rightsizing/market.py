"""Prices of every candidate where a resource runs: one row per market, one column per type.

A market is what decides the price beside the type: region, operation (platform or engine) and the
kind of usage (one zone or two). A price the catalog does not have is NaN, so
that the search never chooses it.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.catalog.catalog import PriceCatalog, RateMatch
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.rightsizing.capacity import plain_type

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Operation codes of the engines whose licence does not change the price.
# Source: rows "Database Instance … No license required" of the RDS, DocumentDB and Neptune lists.
RDS_OPERATIONS: Final = {
    "mysql": "CreateDBInstance:0002",
    "postgres": "CreateDBInstance:0014",
    "mariadb": "CreateDBInstance:0018",
    "aurora-mysql": "CreateDBInstance:0016",
    "aurora-postgresql": "CreateDBInstance:0021",
    "neptune": "CreateDBInstance:0022",
    "docdb": "CreateDBInstance:0023",
}
_RDS_SERVICES: Final = {"neptune": "AmazonNeptune", "docdb": "AmazonDocDB"}
CACHE_OPERATIONS: Final = {
    "memcached": "CreateCacheCluster:0001",
    "redis": "CreateCacheCluster:0002",
    "valkey": "CreateCacheCluster:Valkey",
}
_NOWHERE: Final = "unknown"


class Market(NamedTuple):
    """What decides the price of a type beside the type."""

    service_code: str
    region_id: str
    usage_type: str
    operation: str


def price_matrix(catalog: PriceCatalog, markets: Sequence[Market], names: Any) -> Floats:
    """Return the hourly on-demand list price of every type in every market.

    Args:
        catalog: prices.
        markets: (k) markets.
        names: (m,) types as the service writes them.

    Returns:
        (k, m) prices [USD / h], NaN where the catalog has none.
    """
    types = [str(name) for name in names]
    prices = np.full((len(markets), len(types)), np.nan)
    for row, market in enumerate(markets):
        if market.operation == _NOWHERE:
            continue
        written = types if market.service_code != "AmazonES" else list(map(plain_type, types))
        count = len(types)
        found = catalog.match(
            np.full(count, market.service_code, dtype=object),
            np.full(count, market.region_id, dtype=object),
            np.array([f"{market.usage_type}:{name}" for name in written], dtype=object),
            np.full(count, market.operation, dtype=object),
        )
        if market.service_code != "AmazonEC2":
            found = _with_short_names(catalog, found, market, written)
        known = found.sku >= 0
        first = found.tiers.first[np.maximum(found.sku[known], 0)]
        prices[row, known] = found.tiers.unit_price[first]
    return prices


def _with_short_names(
    catalog: PriceCatalog, found: RateMatch, market: Market, written: Sequence[str]
) -> RateMatch:
    """Ask again for what has no price: RDS bills newer classes as db.m5.2xl, not 2xlarge."""
    names = [
        name.replace("xlarge", "xl") if sku < 0 and name[-7:-6].isdigit() else name
        for name, sku in zip(written, found.sku.tolist(), strict=True)
    ]
    count = len(names)
    return catalog.match(
        np.full(count, market.service_code, dtype=object),
        np.full(count, market.region_id, dtype=object),
        np.array([f"{market.usage_type}:{name}" for name in names], dtype=object),
        np.full(count, market.operation, dtype=object),
    )


def _numbered(found: Sequence[Market]) -> tuple[list[Market], Ints]:
    """Return the distinct markets, and the number of each row's."""
    numbers: dict[Market, int] = {}
    rows = [numbers.setdefault(market, len(numbers)) for market in found]
    return list(numbers), np.array(rows, dtype=np.int64)


def instance_markets(inventory: Inventory) -> tuple[list[Market], Ints]:
    """Return the markets of ``ec2_instances`` and the (n,) market of each.

    Dedicated tenancy has none: an instance on a Dedicated Host is paid with the host, and the
    price data hold one figure per family for dedicated instances, which is the host's.
    """
    columns = ("region_id", "tenancy", "operation")
    found = []
    for row in inventory.table("ec2_instances").select(columns).to_pylist():
        shared = row["tenancy"] in (None, "default")
        operation = (row["operation"] or "RunInstances") if shared else _NOWHERE
        found.append(Market("AmazonEC2", row["region_id"] or "", "BoxUsage", operation))
    return _numbered(found)


def database_markets(inventory: Inventory) -> tuple[list[Market], Ints]:
    """Return the markets of ``rds_instances`` and the (n,) market of each.

    Engines with licences (Oracle, SQL Server, Db2) have none: their operation depends on terms
    the inventory does not hold.
    """
    columns = ("region_id", "engine", "multi_az", "storage_type")
    found = []
    for row in inventory.table("rds_instances").select(columns).to_pylist():
        engine = row["engine"] or ""
        usage = "InstanceUsage"
        if row["storage_type"] == "aurora-iopt1":
            usage = "InstanceUsageIOOptimized"
        elif row["multi_az"] and engine in ("mysql", "postgres", "mariadb"):
            usage = "Multi-AZUsage"
        service = _RDS_SERVICES.get(engine, "AmazonRDS")
        operation = RDS_OPERATIONS.get(engine, _NOWHERE)
        found.append(Market(service, row["region_id"] or "", usage, operation))
    return _numbered(found)


def cache_markets(inventory: Inventory) -> tuple[list[Market], Ints]:
    """Return the markets of ``elasticache_clusters`` and the (n,) market of each."""
    return _numbered(
        [
            Market(
                "AmazonElastiCache",
                row["region_id"] or "",
                "NodeUsage",
                CACHE_OPERATIONS.get(row["engine"] or "", _NOWHERE),
            )
            for row in inventory.table("elasticache_clusters")
            .select(("region_id", "engine"))
            .to_pylist()
        ]
    )


def search_markets(inventory: Inventory) -> tuple[list[Market], Ints]:
    """Return the markets of ``opensearch_domains`` and the (n,) market of each."""
    regions = inventory.table("opensearch_domains")["region_id"].to_pylist()
    return _numbered(
        [Market("AmazonES", region or "", "ESInstance", "ESDomain") for region in regions]
    )
