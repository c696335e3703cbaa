"""From an item of an API answer to a row of an inventory table."""

from collections.abc import Mapping
from typing import Any, Final

from costmodel.io.inventory.answer import column_value, find
from costmodel.io.inventory.registry import Call
from costmodel.optimize.inventory_tables import INVENTORY_TABLES

# Tables whose rows are about a resource of another table.
_ABOUT_OTHERS: Final = ("evidence", "backup_protected")
# Services whose short ids are unique everywhere, so that the id, not the ARN, names the resource.
_SHORT_ID_SERVICES: Final = (
    "ec2", "s3", "elasticfilesystem", "fsx", "workspaces", "route53", "cloudfront", "ds",
)  # fmt: skip


def resource_id_of_arn(arn: str) -> str:
    """Return the resource_id of an ARN: its short id where that is unique, else the ARN.

    A Lambda version or alias is dropped: advice about ``…:function:web:$LATEST`` is about ``web``.
    """
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        return arn
    if parts[2] in _SHORT_ID_SERVICES:
        return parts[-1].rsplit("/", 1)[-1]
    if parts[2] == "lambda":
        return ":".join(parts[:7])
    return arn


def item_row(
    call: Call, item: Any, context: Mapping[str, Any], place: Mapping[str, str]
) -> dict[str, Any]:
    """Return the raw row of one item: the columns its call fills, and where it is.

    Args:
        call: row of the registry.
        item: one item of the answer; a bare text becomes ``value``.
        context: names expressions may use beside the item (``_parent``, ``_account`` …).
        place: ``partition``, ``account_id`` and ``region_id`` of the call.
    """
    document = {**(item if isinstance(item, Mapping) else {"value": item}), **context}
    row = {name: find(text, document) for name, text in call.columns.items()}
    if call.columns.get("details") == "@":
        row["details"] = item
    for name in ("account_id", "region_id"):
        row[name] = row.get(name) or place[name]
    return _identify(call, row, place)


def _identify(call: Call, row: dict[str, Any], place: Mapping[str, str]) -> dict[str, Any]:
    """Fill in ARN and resource_id from each other."""
    if call.arn and row.get("arn") is None:
        words = {name: value or "" for name, value in row.items()}
        row["arn"] = call.arn.format(**{**words, "partition": place["partition"]})
    arn = row.get("arn")
    # A Trusted Advisor ARN names the piece of advice, not the resource it is about.
    about = call.table in _ABOUT_OTHERS and ":trustedadvisor:" not in str(arn)
    if about and arn is not None:
        row["resource_id"] = resource_id_of_arn(str(arn))
    if row.get("resource_id") is None:
        row["resource_id"] = arn
    return row


def finish_row(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with every value as its column holds it; the Name tag names the nameless."""
    schema = INVENTORY_TABLES[table]
    typed = {
        field.name: column_value(field.kind, row[field.name])
        for field in schema.fields
        if row.get(field.name) is not None
    }
    if "name" in schema.names and typed.get("name") is None:
        typed["name"] = (typed.get("tags") or {}).get("Name")
    return typed
