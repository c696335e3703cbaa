"""``/v1/estimates``: price architectures, keep them, compare two, see each number's working."""

import time
from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import Query, Request
from fastapi.responses import Response
from sqlalchemy import delete, select

from api.access import needs, v1_router, workspace_of, write_with_audit
from api.answers import answer, decode_cursor, finite, page
from api.estimate_rows import estimate_body, estimate_row, list_estimate_rows
from api.estimating import INLINE_BYTES, compare, price, working
from api.problems import not_found
from api.schemas.estimates import (
    Architecture,
    ComparisonModel,
    DiffRequest,
    EstimateModel,
    EstimateRequest,
    EstimateSummary,
    Explanation,
)
from api.schemas.shared import Cursor, IdempotencyKey, Identifier, Limit, Page
from api.state import State, state_of
from api.store.tables import ESTIMATE

router = v1_router("estimates")


@router.post("", status_code=201, response_model=EstimateModel)
async def create_estimate(
    request: Request, body: EstimateRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Price an architecture: what it costs a month, line by line."""
    state = state_of(request)
    asked = body.asked()
    length = int(request.headers.get("content-length") or INLINE_BYTES)
    if length < INLINE_BYTES:
        priced = price(state, asked)
    else:
        priced = await to_thread.run_sync(price, state, asked)
    if not body.store:
        content = estimate_body(None, body.name or "", time.time(), priced)
        return Response(content, 201, media_type="application/json")
    row = estimate_row(workspace_of(request), body.name or "", asked, priced)
    write_with_audit(request, ESTIMATE, row)
    headers = {"Location": f"/v1/estimates/{row['id']}"}
    return Response(row["result"], 201, media_type="application/json", headers=headers)


@router.get("", response_model=Page[EstimateSummary])
async def list_estimates(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """List stored estimates, newest first."""
    workspace, after = workspace_of(request), decode_cursor(cursor)
    rows = await state_of(request).database.run(
        lambda c: list_estimate_rows(c, workspace, limit + 1, after)
    )
    return answer(page(rows, limit))


@router.get("/{estimate_id:ident}", response_model=EstimateModel)
async def read_estimate(request: Request, estimate_id: Identifier) -> Response:
    """Return a stored estimate as it was priced."""
    row = await read_stored(state_of(request), workspace_of(request), estimate_id)
    return Response(row["result"], media_type="application/json")


@router.delete("/{estimate_id:ident}", status_code=204, response_class=Response)
async def delete_estimate(request: Request, estimate_id: Identifier) -> Response:
    """Delete a stored estimate."""
    query = delete(ESTIMATE).where(
        ESTIMATE.c.id == estimate_id, ESTIMATE.c.workspace_id == workspace_of(request)
    )
    gone = await state_of(request).database.run(lambda c: c.execute(query).rowcount)
    if not gone:
        raise not_found("estimate", estimate_id)
    return Response(status_code=204)


@router.get("/{estimate_id:ident}/explanation", response_model=Explanation)
async def explain_estimate(
    request: Request, estimate_id: Identifier, address: Annotated[str, Query(max_length=1000)]
) -> Response:
    """Return how each number of one resource came about: formula, values, SKU, tiers, source."""
    state = state_of(request)
    row = await read_stored(state, workspace_of(request), estimate_id)
    found = await to_thread.run_sync(working, state, orjson.loads(row["request"]), address)
    return answer({"address": address, "lines": finite(found.to_json())})


@router.post("/diff", response_model=ComparisonModel)
@needs("read")
async def diff_estimates(
    request: Request, body: DiffRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Compare two architectures or stored estimates, both at today's prices."""
    state, workspace = state_of(request), workspace_of(request)
    before = await _side(state, workspace, body.before, body.before_id)
    after = await _side(state, workspace, body.after, body.after_id)
    return answer(finite(await to_thread.run_sync(compare, state, before, after)))


async def _side(
    state: State, workspace: str, given: Architecture | None, identifier: str | None
) -> dict[str, Any]:
    if given is not None:
        return given.model_dump(mode="json", exclude_none=True)
    row = await read_stored(state, workspace, identifier or "")
    asked: dict[str, Any] = orjson.loads(row["request"])
    return asked


async def read_stored(state: State, workspace: str, identifier: str) -> dict[str, Any]:
    """Return a stored estimate's row.

    Raises:
        Problem: 404.
    """
    query = select(ESTIMATE).where(
        ESTIMATE.c.id == identifier, ESTIMATE.c.workspace_id == workspace
    )
    row = await state.database.run(lambda c: c.execute(query).mappings().first())
    if row is None:
        raise not_found("estimate", identifier)
    return dict(row)
