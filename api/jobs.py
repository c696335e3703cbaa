"""The job queue: rows of one table, claimed by lease, so that no job is lost and none runs twice.

A worker that dies stops renewing its lease; the job then goes to the next worker, until it has
been started as often as the limits allow.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Connection, and_, insert, or_, select, update

from api.bill_rows import leave_bill
from api.identity import moment, new_id
from api.problems import Problem, not_found
from api.store.tables import JOB

LEASE_SECONDS: Final = 20.0
CHECK_SPEND: Final = "check-spend"
FINISHED: Final = ("done", "failed", "cancelled")


def enqueue(
    connection: Connection, workspace: str, kind: str, payload: Mapping[str, Any]
) -> dict[str, Any]:
    """Add a job and return it."""
    row: dict[str, Any] = {
        "id": new_id("job"),
        "workspace_id": workspace,
        "kind": kind,
        "status": "queued",
        "payload": orjson.dumps(payload).decode(),
        "created_at": time.time(),
    }
    connection.execute(insert(JOB).values(row))
    return read_job(connection, workspace, row["id"])


def read_job(connection: Connection, workspace: str, identifier: str) -> dict[str, Any]:
    """Return a job as the API shows it.

    Raises:
        Problem: 404.
    """
    query = select(JOB).where(JOB.c.id == identifier, JOB.c.workspace_id == workspace)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise not_found("job", identifier)
    return describe_job(row)


def describe_job(row: Any) -> dict[str, Any]:
    """Return a job's row as the API shows it."""
    return {
        "id": row["id"],
        "kind": row["kind"],
        "status": row["status"],
        "progress": row["progress"],
        "message": row["message"],
        "attempts": row["attempts"],
        "payload": orjson.loads(row["payload"]),
        "result": orjson.loads(row["result"]) if row["result"] else None,
        "created_at": moment(row["created_at"]),
        "started_at": moment(row["started_at"]),
        "finished_at": moment(row["finished_at"]),
    }


def claim(connection: Connection, owner: str, now: float, most_attempts: int) -> Any:
    """Return the next job's row with a lease on it, or None.

    A job whose worker vanished is taken again; after ``most_attempts`` it fails.
    """
    lost = and_(JOB.c.status == "running", JOB.c.lease_until < now)
    _end_lost(connection, and_(lost, JOB.c.cancel_requested == 1), "cancelled", "cancelled")
    text = f"the worker died {most_attempts} times at this job"
    _end_lost(connection, and_(lost, JOB.c.attempts >= most_attempts), "failed", text)
    query = (
        select(JOB)
        .where(or_(JOB.c.status == "queued", lost))
        # Nobody waits at a screen for a check by the clock: what people asked for goes first.
        .order_by(JOB.c.kind == CHECK_SPEND, JOB.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    connection.execute(
        update(JOB)
        .where(JOB.c.id == row["id"])
        .values(
            status="running", lease_owner=owner, lease_until=now + LEASE_SECONDS,
            attempts=row["attempts"] + 1, started_at=now,
        )
    )  # fmt: skip
    return {**row, "attempts": row["attempts"] + 1}


def _end_lost(connection: Connection, place: Any, status: str, message: str) -> None:
    """End jobs that no worker holds any more."""
    rows = connection.execute(select(JOB).where(place).with_for_update(skip_locked=True))
    for job in rows.mappings().all():
        _end(connection, job, {"status": status, "message": message})


def _end(connection: Connection, job: Any, values: Mapping[str, Any]) -> None:
    """Write down how a job ended, on it and on the bill it was to fill."""
    connection.execute(
        update(JOB)
        .where(JOB.c.id == job["id"])
        .values(finished_at=time.time(), lease_owner=None, **values)
    )
    if values["status"] != "done":
        leave_bill(connection, job, values["status"], values["message"])


def renew(connection: Connection, identifier: str, owner: str, now: float) -> str:
    """Renew a lease; return what its worker has to do: ``go on`` or ``stop``."""
    mine = and_(JOB.c.id == identifier, JOB.c.lease_owner == owner, JOB.c.status == "running")
    renewed = connection.execute(
        update(JOB).where(mine).values(lease_until=now + LEASE_SECONDS)
    ).rowcount
    if not renewed:
        return "stop"
    asked = connection.execute(
        select(JOB.c.cancel_requested).where(JOB.c.id == identifier)
    ).scalar_one()
    return "stop" if asked else "go on"


def report_progress(
    connection: Connection, identifier: str, owner: str, progress: float, message: str
) -> None:
    """Write down how far a job is, if its worker still holds it."""
    mine = and_(JOB.c.id == identifier, JOB.c.lease_owner == owner)
    connection.execute(update(JOB).where(mine).values(progress=progress, message=message))


def finish(
    connection: Connection,
    identifier: str,
    owner: str,
    status: str,
    *,
    message: str = "",
    result: Mapping[str, Any] | None = None,
) -> bool:
    """End a job; False where another worker holds it by now."""
    mine = and_(JOB.c.id == identifier, JOB.c.lease_owner == owner, JOB.c.status == "running")
    job = connection.execute(select(JOB).where(mine).with_for_update()).mappings().first()
    if job is None:
        return False
    values: dict[str, Any] = {"status": status, "message": message}
    if result is not None:
        values |= {"result": orjson.dumps(result).decode(), "progress": 1.0}
    _end(connection, job, values)
    return True


def hand_back(connection: Connection, identifier: str, owner: str) -> None:
    """Give a job back to the queue, as if it had not been started: the service stops."""
    mine = and_(JOB.c.id == identifier, JOB.c.lease_owner == owner, JOB.c.status == "running")
    connection.execute(
        update(JOB)
        .where(mine)
        .values(status="queued", lease_owner=None, attempts=JOB.c.attempts - 1)
    )


def request_cancel(connection: Connection, workspace: str, identifier: str) -> dict[str, Any]:
    """Cancel a job: at once if it waits, else its worker stops at its next heartbeat.

    Raises:
        Problem: 404, or 409 if it has ended.
    """
    job = read_job(connection, workspace, identifier)
    if job["status"] in FINISHED:
        raise Problem(409, "ended", f"the job is {job['status']}: it cannot be cancelled")
    place = JOB.c.id == identifier
    connection.execute(update(JOB).where(place).values(cancel_requested=1))
    waiting = and_(place, JOB.c.status == "queued")
    _end_lost(connection, waiting, "cancelled", "cancelled")
    return read_job(connection, workspace, identifier)
