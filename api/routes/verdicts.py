"""``/v1/verdicts``: people say of anomalies: ignore what was planned, confirm what was not."""

from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import Connection

from api.access import v1_router, workspace_of
from api.answers import answer, decode_cursor, expected_version, page, versioned
from api.documents import (
    create_document,
    delete_document,
    list_documents,
    read_document,
    update_document,
)
from api.problems import Problem
from api.schemas.shared import Cursor, IdempotencyKey, Identifier, IfMatch, Limit, Page
from api.schemas.verdicts import VerdictModel, VerdictRequest
from api.state import state_of
from api.verdicts import stored_verdict, verdict_name

router = v1_router("verdicts")


@router.post("", status_code=201, response_model=VerdictModel)
async def create(
    request: Request, body: VerdictRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Say of the anomalies of some series in a span of days: ignore, or confirm."""
    workspace, stored = workspace_of(request), _checked(body)
    made = await state_of(request).database.run(
        lambda c: create_document(c, workspace, "verdict", verdict_name(stored), stored)
    )
    return versioned(made, 201)


def _checked(body: VerdictRequest) -> dict[str, Any]:
    """Return a verdict as it is stored.

    Raises:
        Problem: 422, the span ends before it begins.
    """
    if body.to is not None and body.to < body.from_:
        raise Problem(422, "invalid", "body.to: is before body.from", path="body.to")
    return stored_verdict(body)


@router.get("", response_model=Page[VerdictModel])
async def list_verdicts(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """List verdicts, newest first."""
    workspace, after = workspace_of(request), decode_cursor(cursor)
    rows = await state_of(request).database.run(
        lambda c: list_documents(c, workspace, "verdict", limit + 1, after)
    )
    return answer(page(rows, limit))


@router.get("/{verdict_id:ident}", response_model=VerdictModel)
async def read(request: Request, verdict_id: Identifier) -> Response:
    """Return a verdict."""
    workspace = workspace_of(request)
    found = await state_of(request).database.run(
        lambda c: read_document(c, workspace, "verdict", verdict_id)
    )
    return versioned(found)


@router.put("/{verdict_id:ident}", response_model=VerdictModel)
async def change(
    request: Request, verdict_id: Identifier, body: VerdictRequest, if_match: IfMatch = None
) -> Response:
    """Replace a verdict."""
    workspace, version = workspace_of(request), expected_version(request)
    stored = _checked(body)

    def work(connection: Connection) -> dict[str, Any]:
        name = verdict_name(stored)
        return update_document(connection, workspace, "verdict", verdict_id, version, name, stored)

    return versioned(await state_of(request).database.run(work))


@router.delete("/{verdict_id:ident}", status_code=204, response_class=Response)
async def delete(request: Request, verdict_id: Identifier) -> Response:
    """Take a verdict back."""
    workspace = workspace_of(request)
    await state_of(request).database.run(
        lambda c: delete_document(c, workspace, "verdict", verdict_id)
    )
    return Response(status_code=204)
