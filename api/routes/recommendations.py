"""``/v1/recommendations``: run, list, suppress, and what carried-out advice saved."""

from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from anyio import to_thread
from fastapi import Path as PathParameter
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection, select

from api.access import v1_router, workspace_of
from api.answers import answer, decode_cursor, page, versioned
from api.bill_rows import ready_bill
from api.documents import create_document, delete_document, list_documents
from api.identity import new_id
from api.jobs import enqueue
from api.problems import Problem
from api.routes.bills import check_reference
from api.schemas.bills import JobModel
from api.schemas.shared import Cursor, IdempotencyKey, Identifier, Limit, Page, Strict, Tree
from api.schemas.spend import SuppressionRequest, VersionedModel
from api.state import State, state_of
from api.store.tables import JOB

router = v1_router("recommendations")


_FILE_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}"


class RunRequest(Strict):
    """Where to look for savings: an inventory, a bill, or both."""

    inventory: str | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="Folder that `inventory collect` wrote, below one of the operator's --bills; "
        "what was uploaded without it.",
    )
    bill_id: str | None = Field(
        None,
        max_length=64,
        description="A bill: what commitments on it cover already saves nothing.",
    )


class StoredFile(BaseModel):
    """One uploaded file of an inventory."""

    file_name: str
    bytes: int


def inventory_folder(state: State, workspace: str) -> Path:
    """Return where a workspace's uploaded inventory is."""
    return state.settings.data / "inventory" / workspace


@router.put(
    "/inventory/{file_name}",
    response_model=StoredFile,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
async def upload_inventory(
    request: Request, file_name: Annotated[str, PathParameter(pattern=f"^{_FILE_NAME}$")]
) -> Response:
    """Upload one file of the folder that `costmodel inventory collect` wrote."""
    body = await request.body()
    if not body:
        raise Problem(422, "empty", "the file is empty: send it as the body")
    folder = inventory_folder(state_of(request), workspace_of(request))
    await to_thread.run_sync(store_file, folder, file_name, body)
    return answer({"file_name": file_name, "bytes": len(body)})


def store_file(folder: Path, name: str, content: bytes) -> None:
    """Write a file aside, then put it in its place."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder.parent / f"{folder.name}-{new_id('new')}"
    aside.write_bytes(content)
    aside.replace(folder / name)


@router.post("", status_code=202, response_model=JobModel)
async def run(
    request: Request, body: RunRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Look for savings in an account's inventory and bill, as a job."""
    state, workspace = state_of(request), workspace_of(request)
    if body.inventory is not None:
        check_reference(body.inventory, state.settings)
    job = await state.database.run(lambda c: queue_run(c, state, workspace, body))
    return answer(job, 202)


def queue_run(
    connection: Connection, state: State, workspace: str, asked: RunRequest
) -> dict[str, Any]:
    """Queue a search for savings.

    Raises:
        Problem: 404 or 409, there is no such bill; 409, there is neither inventory nor bill.
    """
    uploaded = inventory_folder(state, workspace)
    inventory = asked.inventory or (str(uploaded) if uploaded.is_dir() else None)
    if asked.bill_id is not None:
        ready_bill(connection, workspace, asked.bill_id)
    elif inventory is None:
        raise Problem(409, "no-inventory", "upload the files of an inventory or name a bill first")
    asking = {"inventory": inventory, "bill": asked.bill_id}
    return enqueue(connection, workspace, "recommend", asking)


@router.get("", response_model=Page[Tree])
async def list_recommendations(
    request: Request, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """List the newest run's recommendations, largest saving first; suppressed ones are marked."""
    workspace, after = workspace_of(request), decode_cursor(cursor)
    found = await state_of(request).database.run(lambda c: newest(c, workspace))
    start = next((i + 1 for i, row in enumerate(found) if row["id"] == after), 0)
    return answer(page(found[start : start + limit + 1], limit))


@router.get("/realised", response_model=Tree)
async def read_realised(request: Request) -> Response:
    """Return what advice that is done saved on the bill of the newest run, beside the promise."""
    workspace = workspace_of(request)
    found = await state_of(request).database.run(lambda c: newest_run(c, workspace))
    measured = found.get("realised") or {
        "currencyCode": "USD", "promisedMonthlySavings": 0.0, "realisedMonthlySavings": 0.0,
        "items": [], "issues": [],
    }  # fmt: skip
    return answer({**measured, "done": found.get("done", [])})


def newest(connection: Connection, workspace: str) -> list[dict[str, Any]]:
    """Return the recommendations of the newest run that ended well."""
    quiet = {row["name"] for row in list_documents(connection, workspace, "suppression")}
    rows: list[dict[str, Any]] = newest_run(connection, workspace).get("items", [])
    for number, row in enumerate(rows):
        row["id"] = f"rec_{number:06d}"
        row["suppressed"] = row["recommendationId"] in quiet
    return rows


def newest_run(connection: Connection, workspace: str) -> dict[str, Any]:
    """Return the answer of the newest run that ended well; empty before the first."""
    query = (
        select(JOB.c.result)
        .where(JOB.c.workspace_id == workspace, JOB.c.kind == "recommend", JOB.c.status == "done")
        .order_by(JOB.c.id.desc())
        .limit(1)
    )
    text = connection.execute(query).scalar()
    found: dict[str, Any] = {} if text is None else orjson.loads(text)
    return found


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
