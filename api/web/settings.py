"""The page Settings: bills, webhooks, keys, audit log; sample data."""

import time
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy import Connection, delete, select, update

from api.access import needs, principal_of, workspace_of
from api.bill_rows import create_bill, delete_bill_row, list_bill_rows
from api.documents import delete_document, list_documents, read_document
from api.identity import moment
from api.keys import create_key, describe_key
from api.problems import Problem, as_problem, not_found
from api.routes.bills import queue_import, queue_sample, save_part
from api.routes.webhooks import create_webhook, deliveries_of, send_test, shown
from api.schemas.bills import SampleRequest
from api.schemas.spend import WebhookRequest
from api.state import state_of
from api.store.tables import API_KEY, AUDIT, SESSION, WORKSPACE
from api.web.choosing import job_under_way
from api.web.door import page_router
from api.web.render import render
from costmodel import CostModelError

router = page_router()

_Id = Annotated[str, Form(max_length=64)]


@router.get("/settings")
async def settings_page(request: Request) -> Response:
    """Show keys, webhooks and bills."""
    return await _settings(request)


async def _settings(
    request: Request, *, problem: str = "", secret: str = "", message: str = "", status: int = 200
) -> Response:
    state, workspace = state_of(request), workspace_of(request)
    is_admin = "admin" in principal_of(request).scopes

    def work(connection: Connection) -> dict[str, Any]:
        place = WORKSPACE.c.id == workspace
        return {
            "workspace": dict(connection.execute(select(WORKSPACE).where(place)).mappings().one()),
            "bills": list_bill_rows(connection, workspace, 200, None),
            "job": job_under_way(connection, workspace, ("import-bill", "sample-bill")),
            "webhooks": [shown(h) for h in list_documents(connection, workspace, "webhook", 200)],
            "keys": _keys(connection, workspace) if is_admin else [],
            "audit": _audit(connection, workspace) if is_admin else [],
        }

    values = await state.database.run(work)
    deliveries = await to_thread.run_sync(lambda: deliveries_of(state, workspace, 20))
    values |= {"is_admin": is_admin, "deliveries": deliveries["items"], "problem": problem,
               "secret": secret, "message": message}  # fmt: skip
    return render(request, "settings.html", values, status=status)


def _keys(connection: Connection, workspace: str) -> list[dict[str, Any]]:
    query = select(API_KEY).where(API_KEY.c.workspace_id == workspace)
    rows = connection.execute(query.order_by(API_KEY.c.id.desc()).limit(200)).mappings()
    return [describe_key(row) for row in rows]


def _audit(connection: Connection, workspace: str) -> list[dict[str, Any]]:
    query = select(AUDIT).where(AUDIT.c.workspace_id == workspace)
    rows = connection.execute(query.order_by(AUDIT.c.id.desc()).limit(20)).mappings()
    return [{**row, "created_at": moment(row["created_at"])} for row in rows]


@router.post("/sample")
async def sample(request: Request) -> Response:
    """Make a bill of sample data."""
    workspace = workspace_of(request)
    asked = SampleRequest.model_validate({})
    await state_of(request).database.run(lambda c: queue_sample(c, workspace, asked))
    return RedirectResponse("/", 303)


@router.post("/bills")
async def import_bill(
    request: Request,
    name: Annotated[str, Form(min_length=1, max_length=200)],
    files: Annotated[list[UploadFile], File()],
) -> Response:
    """Import the files of a bill."""
    state, workspace = state_of(request), workspace_of(request)
    given = [file for file in files if file.filename]
    if not given:
        return await _settings(request, problem="choose at least one file", status=422)
    bill = await state.database.run(lambda c: create_bill(c, workspace, name, None))
    folder = state.bills.folder(workspace, bill["id"]) / "parts"
    for number, file in enumerate(given, start=1):
        content = await file.read()
        await to_thread.run_sync(save_part, folder, number, str(file.filename), content)
    await state.database.run(lambda c: queue_import(c, workspace, bill))
    return RedirectResponse("/settings", 303)


@router.post("/bills/delete")
async def delete_bill(request: Request, id: _Id) -> Response:
    """Delete a bill and its data."""
    state, workspace = state_of(request), workspace_of(request)
    await state.database.run(lambda c: delete_bill_row(c, workspace, id))
    await to_thread.run_sync(state.bills.remove, workspace, id)
    return RedirectResponse("/settings", 303)


@router.post("/webhooks")
async def add_webhook(
    request: Request,
    name: Annotated[str, Form()],
    url: Annotated[str, Form()],
    format: Annotated[str, Form()] = "json",
) -> Response:
    """Add a webhook; its signing secret is shown this once."""
    state, workspace = state_of(request), workspace_of(request)
    try:
        body = WebhookRequest.model_validate({"name": name, "url": url, "format": format})
        _, secret = await to_thread.run_sync(lambda: create_webhook(state, workspace, body))
    except ValidationError as error:
        first = error.errors()[0]
        return await _settings(request, problem=f"{first['loc'][0]}: {first['msg']}", status=422)
    except (Problem, CostModelError) as error:
        return await _settings(request, problem=as_problem(error).detail, status=422)
    return await _settings(request, secret=secret or "", message="The webhook is there.")


@router.post("/webhooks/test")
async def test_webhook(request: Request, id: _Id) -> Response:
    """Send a test alert to a webhook."""
    state, workspace = state_of(request), workspace_of(request)
    hook = await state.database.run(lambda c: read_document(c, workspace, "webhook", id))
    found = await to_thread.run_sync(lambda: send_test(state, workspace, hook))
    text = f"Test of {hook['name']}: {found['status']}. {found['answer']}"
    return await _settings(request, message=text)


@router.post("/webhooks/delete")
async def delete_webhook(request: Request, id: _Id) -> Response:
    """Delete a webhook."""
    workspace = workspace_of(request)
    await state_of(request).database.run(lambda c: delete_document(c, workspace, "webhook", id))
    return RedirectResponse("/settings", 303)


@router.post("/deliveries/replay")
async def replay(request: Request) -> Response:
    """Deliver dead letters again."""
    state, workspace = state_of(request), workspace_of(request)
    number = await to_thread.run_sync(
        lambda: state.alerting.outbox(workspace).replay(now=time.time())
    )
    return await _settings(request, message=f"{number} deliveries wait again.")


@router.post("/keys")
@needs("admin")
async def make_key(
    request: Request,
    name: Annotated[str, Form(min_length=1, max_length=200)],
    scope: Annotated[Literal["read", "write", "admin"], Form()] = "read",
    expires: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Make a key; it is shown this once."""
    workspace = workspace_of(request)
    try:
        ends = datetime.fromisoformat(expires).replace(tzinfo=UTC).timestamp() if expires else None
    except ValueError:
        return await _settings(request, problem="the end is not a date", status=422)
    _, secret = await state_of(request).database.run(
        lambda c: create_key(c, workspace, name, [scope], ends)
    )
    return await _settings(request, secret=secret, message="The key is there.")


@router.post("/keys/revoke")
@needs("admin")
async def revoke_key(request: Request, id: _Id) -> Response:
    """Revoke a key."""
    workspace = workspace_of(request)

    def work(connection: Connection) -> None:
        place = (API_KEY.c.id == id) & (API_KEY.c.workspace_id == workspace)
        found = connection.execute(
            update(API_KEY).where(place).values(revoked_at=time.time())
        ).rowcount
        if not found:
            raise not_found("key", id)
        connection.execute(delete(SESSION).where(SESSION.c.api_key_id == id))

    await state_of(request).database.run(work)
    state_of(request).principals.clear()
    return RedirectResponse("/settings", 303)
