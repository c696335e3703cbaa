"""``/healthz``, ``/readyz`` and ``/metrics``: for the machines that watch the service."""

import math
import time
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from api.answers import answer
from api.scheduler import describe_checks
from api.state import state_of
from api.store.tables import JOB

router = APIRouter(tags=["health"])

_LATE_SECONDS: Final = 900.0


class Health(BaseModel):
    """Whether the process works."""

    status: str


class Readiness(BaseModel):
    """Whether requests can be answered, and why not."""

    status: str
    database: str
    catalog: str
    checks: str


@router.get("/healthz", response_model=Health)
async def healthz() -> Response:
    """Say that the process is alive."""
    return answer({"status": "ok"})


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
async def readyz(request: Request) -> Response:
    """Say whether the store answers and prices are loaded; 503 while draining."""
    state = state_of(request)
    try:
        checks = await state.database.run(lambda c: describe_checks(c, time.time()))
        database, lateness = "ok", checks["overdue_seconds"]
    except DBAPIError:
        database, lateness = "does not answer", math.nan
    draining = state.stopping.is_set()
    is_ready = database == "ok" and not draining
    status = "ok" if is_ready else "draining" if draining else "unavailable"
    body = {
        "status": status,
        "database": database,
        "catalog": state.catalog.version,
        "checks": _checks_in_words(lateness, is_off=state.scheduler.timetable is None),
    }
    return answer(body, 200 if is_ready else 503)


def _checks_in_words(lateness: float, *, is_off: bool) -> str:
    """Say whether checks run: a late one is for people to look at, not a reason to be replaced."""
    if is_off:
        return "off"
    if math.isnan(lateness):
        return "unknown"
    return "on time" if lateness < _LATE_SECONDS else f"late by {lateness / 60.0:.0f} minutes"


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus' text format."""
    state = state_of(request)
    for status, number in (await state.database.run(_count_jobs)).items():
        state.metrics.jobs.labels(status).set(number)
    checks = await state.database.run(lambda c: describe_checks(c, time.time()))
    for outcome in ("done", "failed"):
        state.metrics.checks.labels(outcome).set(checks[outcome])
    state.metrics.checks_overdue.set(checks["overdue_seconds"])
    state.metrics.last_check.set(checks["last_queued_at"])
    return Response(state.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _count_jobs(connection: Connection) -> dict[str, int]:
    counts = dict.fromkeys(("queued", "running", "done", "failed", "cancelled"), 0)
    rows = connection.execute(select(JOB.c.status, func.count()).group_by(JOB.c.status))
    for status, number in rows:
        counts[status] = number
    return counts
