"""Verdicts on anomalies: how they are stored, and as the detector takes them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from api.documents import create_document, list_documents, update_document
from api.store.database import Database
from costmodel.budget.feedback import parse_feedback

if TYPE_CHECKING:
    from api.schemas.verdicts import VerdictRequest
    from costmodel.budget.feedback import Feedback

_FIELDS: Final = ("monitor", "from", "to", "verdict", "note")


def stored_verdict(request: "VerdictRequest") -> dict[str, Any]:
    """Return a verdict as it is stored; without an end it is of one day."""
    entry = request.model_dump(mode="json", by_alias=True)
    return {**entry, "to": entry["to"] or entry["from"]}


def verdict_name(stored: Mapping[str, Any]) -> str:
    """Return what a workspace has one verdict of: series and days."""
    return f"{stored['from']}..{stored['to']} {stored['monitor']}"


def read_verdicts(connection: Connection, workspace: str) -> list[dict[str, Any]]:
    """Return a workspace's verdicts, newest first."""
    return list_documents(connection, workspace, "verdict")


def feedback_of(database: Database, workspace: str) -> "tuple[Feedback, ...]":
    """Return a workspace's verdicts as the detector of anomalies takes them."""
    with database.transaction() as connection:
        rows = read_verdicts(connection, workspace)
    entries = [{name: row[name] for name in _FIELDS} for row in rows]
    return tuple(parse_feedback(entries, "verdicts"))


def put_verdict(connection: Connection, workspace: str, stored: Mapping[str, Any]) -> None:
    """Write a verdict down, in place of an earlier one about the same series and days."""
    name = verdict_name(stored)
    for row in read_verdicts(connection, workspace):
        if row["name"] == name:
            place = (row["id"], row["version"])
            update_document(connection, workspace, "verdict", *place, name, stored)
            return
    create_document(connection, workspace, "verdict", name, stored)
