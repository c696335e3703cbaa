"""Resources of an architecture as inventory tables: checks flag what the code will create.

Nothing runs yet, so there are no ages and no metrics: checks that need them stay open.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from costmodel.errors import Issue, IssueReason
from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.inventory_tables import INVENTORY_TABLES
from costmodel.optimize.rule import IacTable
from costmodel.usage.references import value_at
from costmodel.usage.spec import ArchitectureSpec, Resource

_FLAGS: Final = {True: True, "true": True, False: False, "false": False}

# A count beyond this is a fleet nobody resizes one by one.
_MOST_COPIES: Final = 1000


def iac_inventory(
    spec: ArchitectureSpec, known: Mapping[str, IacTable], now: datetime
) -> tuple[Inventory, dict[str, list[str]]]:
    """Return the resources as tables, and for each table the ``file:line`` of its rows.

    Args:
        spec: what the code says.
        known: Terraform type → table and columns.
        now: day for which dated checks (extended support) are made.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    places: dict[str, list[str]] = {}
    issues = list(spec.issues)
    for resource in spec.resources:
        mapped = known.get(resource.type)
        if mapped is None:
            continue
        copies = _copies(_row(resource, mapped, spec.region), resource.count)
        place = resource.source or resource.address
        if copies:
            rows.setdefault(mapped.table, []).extend(copies)
            places.setdefault(mapped.table, []).extend([place] * len(copies))
        if resource.count != len(copies):
            issues.append(_not_whole(resource, len(copies)))
    tables = {kind: build_table(kind, found) for kind, found in rows.items()}
    return Inventory(tables, now.astimezone(UTC), tuple(issues)), places


def _copies(row: dict[str, Any], count: float) -> list[dict[str, Any]]:
    """Return a row for each resource counted, numbered as Terraform numbers them."""
    if count == 1.0:
        return [row]
    whole = min(int(count), _MOST_COPIES)
    return [{**row, "resource_id": f"{row['resource_id']}[{number}]"} for number in range(whole)]


def _not_whole(resource: Resource, looked_at: int) -> Issue:
    text = f"{looked_at:,} of a count of {resource.count:,g} are looked at"
    return Issue(IssueReason.APPROXIMATION, resource.address, text)


def _row(resource: Resource, mapped: IacTable, region: str | None) -> dict[str, Any]:
    schema = INVENTORY_TABLES[mapped.table]
    tags = resource.inputs.get("tags")
    row: dict[str, Any] = {
        "resource_id": resource.address,
        "name": resource.address.rsplit(".", 1)[-1],
        "region_id": resource.region or region,
        "tags": _tags(tags),
    }
    if mapped.state and "state" in schema.names:
        row["state"] = mapped.state
    if mapped.table == "ec2_instances":
        row["operation"] = "RunInstances"
    for column, path in mapped.columns.items():
        value = value_at(resource.inputs, path.split("."))
        row[column] = _cell(value, schema.field(column).kind)
    return row


def _tags(tags: Any) -> dict[str, str] | None:
    if not isinstance(tags, Mapping):
        return None
    return {str(key): str(value) for key, value in tags.items()}


def _cell(value: Any, kind: str) -> Any:
    """Return an attribute as the column has it; what does not fit is unknown."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if value else None
    match kind:
        case "number":
            try:
                return None if value is None else float(value)
            except (TypeError, ValueError):
                return None
        case "flag":
            return _FLAGS.get(value) if isinstance(value, bool | str) else None
        case "text":
            return None if value is None or isinstance(value, Mapping) else str(value)
    return None
