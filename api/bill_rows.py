"""Rows of bills in the database."""

import time
from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Connection, delete, insert, select, update

from api.identity import moment, new_id
from api.problems import Problem, not_found
from api.store.tables import BILL, JOB

FILLS_BILL: Final = frozenset(("import-bill", "sample-bill"))


def create_bill(
    connection: Connection, workspace: str, name: str, reference: str | None
) -> dict[str, Any]:
    """Add a bill that has no content yet."""
    now = time.time()
    row: dict[str, Any] = {
        "id": new_id("bill"),
        "workspace_id": workspace,
        "name": name,
        "status": "empty",
        "reference": reference,
        "facts": "{}",
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    connection.execute(insert(BILL).values(row))
    return read_bill_row(connection, workspace, row["id"])


def read_bill_row(connection: Connection, workspace: str, identifier: str) -> dict[str, Any]:
    """Return a bill as the API shows it.

    Raises:
        Problem: 404.
    """
    query = select(BILL).where(BILL.c.id == identifier, BILL.c.workspace_id == workspace)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise not_found("bill", identifier)
    return describe_bill(row)


def describe_bill(row: Any) -> dict[str, Any]:
    """Return a bill's row as the API shows it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "reference": row["reference"],
        "error": row["error"],
        "version": row["version"],
        "created_at": moment(row["created_at"]),
        "updated_at": moment(row["updated_at"]),
        "facts": orjson.loads(row["facts"]),
    }


def list_bill_rows(
    connection: Connection, workspace: str, limit: int, after: str | None
) -> list[dict[str, Any]]:
    """Return bills, newest first."""
    query = select(BILL).where(BILL.c.workspace_id == workspace).order_by(BILL.c.id.desc())
    if after is not None:
        query = query.where(BILL.c.id < after)
    rows = connection.execute(query.limit(limit)).mappings()
    return [describe_bill(row) for row in rows]


def ready_bill(connection: Connection, workspace: str, identifier: str) -> dict[str, Any]:
    """Return a bill that can be asked.

    Raises:
        Problem: 404, or 409 before it has been imported.
    """
    bill = read_bill_row(connection, workspace, identifier)
    if not bill["facts"]:
        reason = bill["error"] or f"the bill is {bill['status']}"
        raise Problem(409, "not-ready", f"{reason}; import it first")
    return bill


def rename_bill(
    connection: Connection, workspace: str, identifier: str, version: int, name: str
) -> dict[str, Any]:
    """Give a bill another name.

    Raises:
        Problem: 404, or 412 where somebody else was faster.
    """
    bill = read_bill_row(connection, workspace, identifier)
    if bill["version"] != version:
        raise changed()
    connection.execute(
        update(BILL)
        .where(BILL.c.id == identifier)
        .values(name=name, updated_at=time.time(), version=version + 1)
    )
    return read_bill_row(connection, workspace, identifier)


def changed() -> Problem:
    """Return the problem of an update that came too late."""
    return Problem(
        412, "changed", "it has changed since you read it: read it again", path="header.If-Match"
    )


def set_status(connection: Connection, identifier: str, status: str) -> None:
    """Write down what happens to a bill."""
    connection.execute(
        update(BILL)
        .where(BILL.c.id == identifier)
        .values(status=status, error=None, updated_at=time.time())
    )


def mark_ready(
    connection: Connection, workspace: str, identifier: str, facts: Mapping[str, Any]
) -> None:
    """Write down what a bill holds now."""
    _settle(connection, workspace, identifier, status="ready", error=None,
            facts=orjson.dumps(facts).decode())  # fmt: skip


def leave_bill(connection: Connection, job: Any, status: str, message: str) -> None:
    """Say on a bill that the job which was to fill it failed or was cancelled.

    What an earlier job put there stays.
    """
    if job["kind"] not in FILLS_BILL:
        return
    identifier = str(orjson.loads(job["payload"])["bill"])
    if status == "failed":
        _settle(connection, job["workspace_id"], identifier, status="failed", error=message)
        return
    facts = connection.execute(select(BILL.c.facts).where(BILL.c.id == identifier)).scalar()
    before = "empty" if facts in (None, "{}") else "ready"
    _settle(connection, job["workspace_id"], identifier, status=before, error=None)


def _settle(connection: Connection, workspace: str, identifier: str, **values: Any) -> None:
    connection.execute(
        update(BILL)
        .where(BILL.c.id == identifier, BILL.c.workspace_id == workspace)
        .values(updated_at=time.time(), version=BILL.c.version + 1, **values)
    )


def delete_bill_row(connection: Connection, workspace: str, identifier: str) -> None:
    """Delete a bill's row.

    Raises:
        Problem: 404, or 409 while a job works on it.
    """
    read_bill_row(connection, workspace, identifier)
    busy = connection.execute(
        select(JOB.c.id).where(
            JOB.c.workspace_id == workspace,
            JOB.c.status.in_(("queued", "running")),
            JOB.c.payload.contains(f'"{identifier}"', autoescape=True),
        )
    ).first()
    if busy is not None:
        raise Problem(409, "busy", f"job {busy.id} works on this bill: cancel it first")
    connection.execute(delete(BILL).where(BILL.c.id == identifier))
