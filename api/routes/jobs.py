"""``/v1/jobs``: follow long work, as a resource or as a stream of events; cancel it."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import select

from api.access import v1_router, workspace_of
from api.answers import answer, decode_cursor, dump, page
from api.bill_rows import set_status
from api.jobs import FINISHED, describe_job, read_job, request_cancel
from api.schemas.bills import JobModel
from api.schemas.shared import Cursor, IdempotencyKey, Identifier, Limit, Page
from api.state import State, state_of
from api.store.tables import JOB

router = v1_router("jobs")

_LOOK_SECONDS: Final = 0.25
_COMMENT_SECONDS: Final = 15.0  # so that proxies do not take the stream for dead


@router.get("", response_model=Page[JobModel])
async def list_jobs(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """List jobs, newest first."""
    after = decode_cursor(cursor)
    query = (
        select(JOB)
        .where(JOB.c.workspace_id == workspace_of(request))
        .order_by(JOB.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(JOB.c.id < after)
    rows = await state_of(request).database.run(
        lambda c: [describe_job(row) for row in c.execute(query).mappings()]
    )
    return answer(page(rows, limit))


@router.get("/{job_id:ident}", response_model=JobModel)
async def read(request: Request, job_id: Identifier) -> Response:
    """Return a job: how far it is, and its result."""
    workspace = workspace_of(request)
    job = await state_of(request).database.run(lambda c: read_job(c, workspace, job_id))
    return answer(job)


@router.post("/{job_id:ident}/cancel", response_model=JobModel)
async def cancel(
    request: Request, job_id: Identifier, idempotency_key: IdempotencyKey = None
) -> Response:
    """Cancel a job; what it had begun is thrown away."""
    workspace = workspace_of(request)
    job = await state_of(request).database.run(lambda c: request_cancel(c, workspace, job_id))
    bill = job["payload"].get("bill")
    if bill is not None and job["kind"] in ("import-bill", "sample-bill"):
        await state_of(request).database.run(lambda c: set_status(c, str(bill), "empty"))
    return answer(job)


@router.get(
    "/{job_id:ident}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def follow(request: Request, job_id: Identifier) -> Response:
    """Follow a job as server-sent events, until it ends."""
    state, workspace = state_of(request), workspace_of(request)
    await state.database.run(lambda c: read_job(c, workspace, job_id))
    return StreamingResponse(_events(state, workspace, job_id), media_type="text/event-stream")


async def _events(state: State, workspace: str, job_id: str) -> AsyncIterator[bytes]:
    told, spoke = b"", time.monotonic()
    while not state.stopping.is_set():
        job = await state.database.run(lambda c: read_job(c, workspace, job_id))
        text = dump(job)
        if text != told:
            told, spoke = text, time.monotonic()
            name = b"end" if job["status"] in FINISHED else b"progress"
            yield b"event: " + name + b"\ndata: " + text + b"\n\n"
        if job["status"] in FINISHED:
            return
        if time.monotonic() - spoke > _COMMENT_SECONDS:
            spoke = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(_LOOK_SECONDS)
