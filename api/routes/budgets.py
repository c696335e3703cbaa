"""``/v1/budgets``: create, change, check; alerts of crossings go to the workspace's webhooks."""

from datetime import UTC, datetime
from typing import Any

from anyio import to_thread
from fastapi import Request
from fastapi.responses import Response

from api.access import v1_router, workspace_of
from api.alerting import budget_of
from api.answers import answer, decode_cursor, expected_version, finite, page, versioned
from api.bill_rows import ready_bill
from api.costs import SCANS
from api.documents import (
    create_document,
    delete_document,
    list_documents,
    read_document,
    update_document,
)
from api.problems import Problem, one_line
from api.schemas.shared import Cursor, IdempotencyKey, Identifier, IfMatch, Limit, Page
from api.schemas.spend import BudgetRequest, CheckRequest, ResultModel, VersionedModel
from api.state import State, state_of
from costmodel import BadInputError

router = v1_router("budgets")


def _checked(body: BudgetRequest) -> dict[str, Any]:
    """Return a budget as it is stored.

    Raises:
        Problem: 422.
    """
    entry = body.model_dump(mode="json")
    try:
        budget_of(entry)
    except BadInputError as error:
        raise Problem(422, "bad-input", one_line(error), path="body") from None
    return {name: value for name, value in entry.items() if name != "name"}


@router.post("", status_code=201, response_model=VersionedModel)
async def create(
    request: Request, body: BudgetRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make a budget."""
    workspace, stored = workspace_of(request), _checked(body)
    made = await state_of(request).database.run(
        lambda c: create_document(c, workspace, "budget", body.name, stored)
    )
    return versioned(made, 201)


@router.get("", response_model=Page[VersionedModel])
async def list_budgets(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """List budgets, newest first."""
    workspace, after = workspace_of(request), decode_cursor(cursor)
    rows = await state_of(request).database.run(
        lambda c: list_documents(c, workspace, "budget", limit + 1, after)
    )
    return answer(page(rows, limit))


@router.get("/{budget_id:ident}", response_model=VersionedModel)
async def read(request: Request, budget_id: Identifier) -> Response:
    """Return a budget."""
    workspace = workspace_of(request)
    found = await state_of(request).database.run(
        lambda c: read_document(c, workspace, "budget", budget_id)
    )
    return versioned(found)


@router.put("/{budget_id:ident}", response_model=VersionedModel)
async def change(
    request: Request, budget_id: Identifier, body: BudgetRequest, if_match: IfMatch = None
) -> Response:
    """Replace a budget."""
    workspace, version = workspace_of(request), expected_version(request)
    stored = _checked(body)
    made = await state_of(request).database.run(
        lambda c: update_document(c, workspace, "budget", budget_id, version, body.name, stored)
    )
    return versioned(made)


@router.delete("/{budget_id:ident}", status_code=204, response_class=Response)
async def delete(request: Request, budget_id: Identifier) -> Response:
    """Delete a budget."""
    workspace = workspace_of(request)
    await state_of(request).database.run(
        lambda c: delete_document(c, workspace, "budget", budget_id)
    )
    return Response(status_code=204)


@router.post("/check", response_model=ResultModel)
async def check(
    request: Request, body: CheckRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Hold all budgets against a bill; with `send`, new alerts go to the webhooks."""
    state, workspace = state_of(request), workspace_of(request)
    bill = await state.database.run(lambda c: ready_bill(c, workspace, body.bill_id))
    now = (body.as_of or datetime.now(UTC)).astimezone(UTC)
    report = await to_thread.run_sync(
        lambda: check_against(state, workspace, bill, now, send=body.send)
    )
    return answer(finite(report.to_json()))


def check_against(
    state: State, workspace: str, bill: dict[str, Any], now: datetime, *, send: bool
) -> Any:
    """Hold a workspace's budgets against one of its bills."""
    with SCANS, state.bills.asked(workspace, bill):
        opened = state.bills.open_dataset(workspace, bill)
        return state.alerting.check(workspace, opened, now, send=send)
