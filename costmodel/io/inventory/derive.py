"""Columns that no single answer holds: they follow from other tables."""

import re
from collections import Counter, defaultdict
from typing import Any, Final

Rows = dict[str, list[dict[str, Any]]]

# Part of an Elastic Load Balancing ARN that CloudWatch uses as dimension value.
_DIMENSION_MARKS: Final = {"load_balancers": ":loadbalancer/", "target_groups": ":"}

_DOLLARS: Final = re.compile(r"\$\s?([\d,]+(?:\.\d+)?)")


def derive_columns(rows: Rows, read: set[str]) -> None:
    """Fill in columns that follow from other tables, in place; what was not read stays unknown."""
    _balancer_dimensions(rows)
    _advisor_savings(rows)
    _nat_zones(rows)
    if "route_tables" in read:
        _nat_routes(rows)
    if "redshift_scheduled_actions" in read:
        _pause_schedules(rows)
    if "dms_tasks" in read:
        _count(rows, "dms_instances", "arn", "tasks", "dms_tasks", "instance_arn")
    if "dynamodb_backups" in read:
        _table_backups(rows)


def _balancer_dimensions(rows: Rows) -> None:
    for table, mark in _DIMENSION_MARKS.items():
        for row in rows.get(table, []):
            if row.get("dimension") is None and row.get("arn"):
                row["dimension"] = str(row["arn"]).rsplit(mark, 1)[-1]


def _advisor_savings(rows: Rows) -> None:
    """Read Trusted Advisor's own figure from its table of a resource."""
    for row in rows.get("evidence", []):
        details = row.get("details")
        if row.get("source") == "TrustedAdvisor" and isinstance(details, dict):
            row["monthly_savings_usd"] = dollars(list(details.values()))


def dollars(cells: list[Any]) -> float | None:
    """Return the one amount in USD among the cells; None where there is none or several."""
    found = [match for cell in cells if (match := _DOLLARS.fullmatch(str(cell).strip()))]
    return float(found[0].group(1).replace(",", "")) if len(found) == 1 else None


def _nat_zones(rows: Rows) -> None:
    zones = {row["resource_id"]: row.get("availability_zone") for row in rows.get("subnets", [])}
    for nat in rows.get("nat_gateways", []):
        nat["availability_zone"] = zones.get(nat.get("subnet_id"))


def _nat_routes(rows: Rows) -> None:
    routes: dict[str, list[str]] = defaultdict(list)
    for table in rows.get("route_tables", []):
        for nat in table.get("nat_gateway_ids") or []:
            routes[nat].append(table["resource_id"])
    for nat in rows.get("nat_gateways", []):
        nat["route_tables"] = routes.get(nat["resource_id"], [])


def _pause_schedules(rows: Rows) -> None:
    paused = {
        (row["region_id"], row.get("cluster_name"))
        for row in rows.get("redshift_scheduled_actions", [])
        if row.get("action") == "pause" and row.get("state") != "DISABLED"
    }
    for cluster in rows.get("redshift_clusters", []):
        cluster["has_pause_schedule"] = (cluster["region_id"], cluster.get("name")) in paused


def _count(rows: Rows, table: str, key: str, column: str, parts: str, part_key: str) -> None:
    counts = Counter(row.get(part_key) for row in rows.get(parts, []))
    for row in rows.get(table, []):
        row[column] = counts[row.get(key)]


def _table_backups(rows: Rows) -> None:
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for backup in rows.get("dynamodb_backups", []):
        key = (backup["region_id"], backup.get("table_name") or "")
        found[key].append(float(backup.get("size_bytes") or 0.0))
    for table in rows.get("dynamodb_tables", []):
        sizes = found.get((table["region_id"], table.get("name") or ""), [])
        table["on_demand_backups"] = len(sizes)
        table["on_demand_backup_bytes"] = sum(sizes)


def fill_tags(rows: Rows, tagged: dict[str, dict[str, str]]) -> None:
    """Give rows without tags those the tagging API knows by ARN."""
    for table in rows.values():
        for row in table:
            tags = tagged.get(str(row.get("arn")))
            if tags is not None and row.get("tags") in (None, [], {}):
                row["tags"] = tags
