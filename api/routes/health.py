"""``/healthz``, ``/readyz`` and ``/metrics``: for the machines that watch the service."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from api.answers import answer
from api.state import state_of
from api.store.tables import JOB

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """Whether the process works."""

    status: str


class Readiness(BaseModel):
    """Whether requests can be answered, and why not."""

    status: str
    database: str
    catalog: str


@router.get("/healthz", response_model=Health)
async def healthz() -> Response:
    """Say that the process is alive."""
    return answer({"status": "ok"})


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
async def readyz(request: Request) -> Response:
    """Say whether the store answers and prices are loaded; 503 while draining."""
    state = state_of(request)
    try:
        await state.database.run(lambda c: c.execute(select(1)))
        database = "ok"
    except DBAPIError:
        database = "does not answer"
    draining = state.stopping.is_set()
    is_ready = database == "ok" and not draining
    status = "ok" if is_ready else "draining" if draining else "unavailable"
    body = {"status": status, "database": database, "catalog": state.catalog.version}
    return answer(body, 200 if is_ready else 503)


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
    return Response(state.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _count_jobs(connection: Connection) -> dict[str, int]:
    counts = dict.fromkeys(("queued", "running", "done", "failed", "cancelled"), 0)
    rows = connection.execute(select(JOB.c.status, func.count()).group_by(JOB.c.status))
    for status, number in rows:
        counts[status] = number
    return counts
