"""Has the spend of every workspace checked by the clock, and after a bill has changed.

When a check is due stands in the workspace's row. Whoever finds it due locks the row, queues one
job and moves the time on, in one transaction: two services on one database queue one job, and what
was missed while no service ran is made up for once.
"""

import logging
import threading
import time
from collections.abc import Callable
from random import Random
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from api.jobs import CHECK_SPEND, FINISHED, enqueue
from api.settings import Settings
from api.store.database import Database
from api.store.tables import BILL, JOB, WORKSPACE
from api.timetable import Timetable, parse_timetable

_LOG = logging.getLogger("costmodel.scheduler")
_LOOK_SECONDS: Final = 2.0
_KEEP_SECONDS: Final = 30 * 86_400.0  # finished checks of a workspace, in the list of jobs


class Scheduler:
    """A thread that queues the checks that are due."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
    ) -> None:
        self.timetable = parse_timetable(settings.check_every)
        self.database, self.clock = database, clock
        self._random = random or Random()  # noqa: S311 - spreads checks, no secret
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checks", daemon=True)

    def start(self) -> None:
        """Begin, unless checks are off."""
        if self.timetable is not None:
            self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            try:
                self.queue_due()
            except (SQLAlchemyError, OSError) as error:
                # A database that restarts must not end the checks.
                _LOG.warning("checks wait: %s", type(error).__name__)

    def queue_due(self) -> list[str]:
        """Queue the checks that are due now; return the ids of their jobs."""
        if self.timetable is None:
            return []
        now = self.clock()
        with self.database.transaction() as connection:
            workspaces = list(connection.execute(select(WORKSPACE.c.id)).scalars())
            bills = _bill_marks(connection)
        jobs = [self._queue_one(self.timetable, one, now) for one in workspaces if one in bills]
        return [job for job in jobs if job is not None]

    def _queue_one(self, timetable: Timetable, workspace: str, now: float) -> str | None:
        """Queue the check of a workspace if it is due and nobody else does so right now."""
        with self.database.transaction() as connection:
            row = _locked(connection, workspace)
            if row is None or _is_under_way(connection, row["check_job"]):
                return None
            mark = _bill_marks(connection, workspace).get(workspace)
            due_at = row["check_due_at"]
            # Times far ahead are of a clock that was wrong, or of another timetable.
            latest = timetable.next_after(now) + timetable.spread
            is_new = mark is not None and mark != row["check_bills"]
            values: dict[str, Any] = {"check_due_at": timetable.draw_after(now, self._random)}
            job = None
            if is_new or (due_at is not None and due_at <= now):
                job = _queue(connection, workspace, now)
                values |= {"check_job": job, "check_bills": mark, "check_queued_at": now}
            elif due_at is not None and due_at <= latest:
                return None
            place = WORKSPACE.c.id == workspace
            connection.execute(update(WORKSPACE).where(place).values(values))
            return job


def _queue(connection: Connection, workspace: str, now: float) -> str:
    old = (
        (JOB.c.workspace_id == workspace)
        & (JOB.c.kind == CHECK_SPEND)
        & JOB.c.status.in_(FINISHED)
        & (JOB.c.created_at < now - _KEEP_SECONDS)
    )
    connection.execute(delete(JOB).where(old))
    job: str = enqueue(connection, workspace, CHECK_SPEND, {})["id"]
    _LOG.info("check is due", extra={"workspace": workspace, "job": job})
    return job


def _locked(connection: Connection, workspace: str) -> Any:
    """Return a workspace's row, locked until the transaction ends; None if another has it."""
    query = select(WORKSPACE).where(WORKSPACE.c.id == workspace)
    # The weaker lock: rows of the workspace may be added elsewhere meanwhile.
    locking = query.with_for_update(skip_locked=True, key_share=True)
    return connection.execute(locking).mappings().first()


def _is_under_way(connection: Connection, job: str | None) -> bool:
    query = select(JOB.c.status).where(JOB.c.id == job)
    return connection.execute(query).scalar() in ("queued", "running")


def _bill_marks(connection: Connection, workspace: str | None = None) -> dict[str, str]:
    """Return of each workspace with bills a text that changes when one of them does."""
    query = (
        select(
            BILL.c.workspace_id,
            func.count().label("number"),
            func.sum(BILL.c.version).label("versions"),
            func.max(BILL.c.id).label("newest"),
        )
        .where(BILL.c.facts != "{}")
        .group_by(BILL.c.workspace_id)
    )
    if workspace is not None:
        query = query.where(BILL.c.workspace_id == workspace)
    return {
        row.workspace_id: f"{row.number} {row.versions} {row.newest}"
        for row in connection.execute(query)
    }


def describe_checks(connection: Connection, now: float) -> dict[str, float]:
    """Return how the checks stand: [s] the most overdue one, the time of the last, how many ran.

    Returns:
        ``overdue_seconds``, ``last_queued_at`` (0 = never), ``done`` and ``failed``.
    """
    place = WORKSPACE.c.id.in_(select(BILL.c.workspace_id).where(BILL.c.facts != "{}"))
    query = select(func.min(WORKSPACE.c.check_due_at), func.max(WORKSPACE.c.check_queued_at))
    due_at, last = connection.execute(query.where(place)).one()
    ended = select(JOB.c.status, func.count().label("number")).where(JOB.c.kind == CHECK_SPEND)
    counts = {row.status: row.number for row in connection.execute(ended.group_by(JOB.c.status))}
    return {
        "overdue_seconds": 0.0 if due_at is None else max(now - due_at, 0.0),
        "last_queued_at": last or 0.0,
        "done": float(counts.get("done", 0)),
        "failed": float(counts.get("failed", 0)),
    }
