"""Columns of account-wide tables: what is watched, tagged, committed, and where things run."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Columns, column

# Tables whose rows cost nothing by themselves or are no resources.
_NOT_RESOURCES: Final = frozenset(
    ("accounts", "budgets", "anomaly_monitors", "metrics", "metric_series", "evidence",
     "metric_resources", "s3_storage", "s3_cohorts", "route53_records", "security_groups",
     "subnets", "route_tables", "network_interfaces", "scalable_targets", "launch_configurations",
     "launch_templates", "backup_rules", "k8s_pods", "k8s_nodes", "k8s_volumes",
     "backup_protected", "reservations", "savings_plans", "rds_snapshots")
)  # fmt: skip
# A region with fewer resources than this share of the account's is a stray one.
_STRAY_SHARE: Final = 0.01
_STRAY_COUNT: Final = 3


def _accounts(inventory: Inventory) -> Columns:
    names = column(inventory, "accounts", "account_id")
    untagged, total, regions = _census(inventory)
    share = [untagged[n] / total[n] if total[n] else np.nan for n in names]
    return {
        "resources": np.array([float(total[name]) for name in names]),
        "untagged_share": np.array(share),
        "stray_regions": np.array([float(_stray(regions, name)) for name in names]),
        "budget_count": _count(inventory, "budgets", names),
        "monitor_count": _count(inventory, "anomaly_monitors", names),
    }


def _census(inventory: Inventory) -> tuple[Counter[Any], Counter[Any], Counter[Any]]:
    """Return untagged and all resources by account, and resources by account and region."""
    untagged: Counter[Any] = Counter()
    total: Counter[Any] = Counter()
    regions: Counter[Any] = Counter()
    for kind, table in inventory.tables.items():
        if kind in _NOT_RESOURCES:
            continue
        for row in table.select(("account_id", "region_id", "tags")).to_pylist():
            if row["tags"] is not None:
                total[row["account_id"]] += 1
                untagged[row["account_id"]] += not row["tags"]
            regions[row["account_id"], row["region_id"]] += 1
    return untagged, total, regions


def _stray(regions: Counter[Any], account: Any) -> int:
    found = {r: n for (name, r), n in regions.items() if name == account and r != "global"}
    everything = sum(found.values())
    few = [n for n in found.values() if n <= _STRAY_COUNT and n < _STRAY_SHARE * everything]
    return len(few)


def _count(inventory: Inventory, kind: str, accounts: list[Any]) -> Any:
    """Return rows of a table per account; unknown where it was not collected."""
    if not inventory.has(kind):
        return np.full(len(accounts), np.nan)
    found = Counter(column(inventory, kind, "account_id"))
    return np.array([float(found[name]) for name in accounts])


def _reservations(inventory: Inventory) -> Columns:
    kind = "reservations"
    running = {
        "ec2": _families(inventory, "ec2_instances", "instance_type", "running"),
        "rds": _families(inventory, "rds_instances", "instance_class", "available"),
    }
    rows = inventory.table(kind).select(("service", "instance_type", "region_id")).to_pylist()
    return {"users": np.array([_users(running.get(row["service"]), row) for row in rows])}


def _users(running: Counter[Any] | None, row: Mapping[str, Any]) -> float:
    if running is None or row["instance_type"] is None:
        return np.nan
    return float(running[row["region_id"], _family(row["instance_type"])])


def _family(name: Any) -> str:
    """Return m5 of m5.large and db.m5 of db.m5.large."""
    return str(name).rpartition(".")[0]


def _families(inventory: Inventory, kind: str, column: str, state: str) -> Counter[Any] | None:
    """Return running resources by region and family; None where they were not collected."""
    if not inventory.has(kind):
        return None
    rows = inventory.table(kind).select(("region_id", column, "state")).to_pylist()
    return Counter((r["region_id"], _family(r[column])) for r in rows if r["state"] == state)


ACCOUNT: Final[Mapping[str, Callable[[Inventory], Columns]]] = {
    "accounts": _accounts,
    "reservations": _reservations,
}
