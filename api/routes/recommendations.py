"""``/v1/recommendations``: run, list, suppress."""

from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import Connection, select

import costmodel
from api.access import v1_router, workspace_of
from api.answers import answer, decode_cursor, page, versioned
from api.bill_rows import ready_bill
from api.documents import create_document, delete_document, list_documents
from api.jobs import enqueue
from api.problems import Problem
from api.schemas.bills import JobModel
from api.schemas.shared import Cursor, IdempotencyKey, Identifier, Limit, Page, Strict, Tree
from api.schemas.spend import SuppressionRequest, VersionedModel
from api.state import state_of
from api.store.tables import JOB

router = v1_router("recommendations")


class RunRequest(Strict):
    """Which bill to look for savings in."""

    bill_id: str


def is_available() -> bool:
    """Whether this costmodel can recommend."""
    return "recommend" in costmodel.__all__


@router.post("", status_code=202, response_model=JobModel)
async def run(
    request: Request, body: RunRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Look for savings in a bill, as a job."""
    workspace = workspace_of(request)

    def work(connection: Connection) -> dict[str, Any]:
        bill = ready_bill(connection, workspace, body.bill_id)
        if not is_available():
            raise Problem(409, "not-available", "this version of costmodel cannot recommend yet")
        return enqueue(connection, workspace, "recommend", {"bill": bill["id"]})

    return answer(await state_of(request).database.run(work), 202)


@router.get("", response_model=Page[Tree])
async def list_recommendations(
    request: Request, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """List the newest run's recommendations, largest saving first; suppressed ones are marked."""
    workspace, after = workspace_of(request), decode_cursor(cursor)
    found = await state_of(request).database.run(lambda c: newest(c, workspace))
    start = next((i + 1 for i, row in enumerate(found) if row["id"] == after), 0)
    return answer(page(found[start : start + limit + 1], limit))


def newest(connection: Connection, workspace: str) -> list[dict[str, Any]]:
    """Return the recommendations of the newest run that ended well."""
    query = (
        select(JOB.c.result)
        .where(JOB.c.workspace_id == workspace, JOB.c.kind == "recommend", JOB.c.status == "done")
        .order_by(JOB.c.id.desc())
        .limit(1)
    )
    text = connection.execute(query).scalar()
    if text is None:
        return []
    quiet = {row["name"] for row in list_documents(connection, workspace, "suppression")}
    rows: list[dict[str, Any]] = orjson.loads(text)["recommendations"]
    for number, row in enumerate(rows):
        row["id"] = f"rec_{number:06d}"
        row["suppressed"] = str(row.get("key", "")) in quiet
    return rows


@router.get("/suppressions", response_model=Page[VersionedModel])
async def list_suppressions(
    request: Request, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """List what is suppressed."""
    workspace, after = workspace_of(request), decode_cursor(cursor)
    rows = await state_of(request).database.run(
        lambda c: list_documents(c, workspace, "suppression", limit + 1, after)
    )
    return answer(page(rows, limit))


@router.post("/suppressions", status_code=201, response_model=VersionedModel)
async def suppress(
    request: Request, body: SuppressionRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Suppress a recommendation, with a reason."""
    workspace = workspace_of(request)
    stored = body.model_dump(mode="json", exclude={"key"})
    made = await state_of(request).database.run(
        lambda c: create_document(c, workspace, "suppression", body.key, stored)
    )
    return versioned(made, 201)


@router.delete("/suppressions/{suppression_id:ident}", status_code=204, response_class=Response)
async def unsuppress(request: Request, suppression_id: Identifier) -> Response:
    """Show a recommendation again."""
    workspace = workspace_of(request)
    await state_of(request).database.run(
        lambda c: delete_document(c, workspace, "suppression", suppression_id)
    )
    return Response(status_code=204)
