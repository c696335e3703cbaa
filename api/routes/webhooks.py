"""``/v1/webhooks``, ``/v1/deliveries`` and ``/v1/inbound``: where alerts go, and come from."""

import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import select

from api.access import v1_router, workspace_of
from api.answers import answer, decode_cursor, expected_version, finite, page, versioned
from api.documents import (
    create_document,
    delete_document,
    list_documents,
    read_document,
    update_document,
)
from api.identity import moment, new_id
from api.problems import Problem, not_found, one_line
from api.schemas.shared import Cursor, IdempotencyKey, Identifier, IfMatch, Limit, Page
from api.schemas.spend import (
    DeliveryList,
    NewWebhookModel,
    ReplayRequest,
    ReplayResult,
    TestResult,
    WebhookModel,
    WebhookRequest,
)
from api.state import State, state_of
from api.store.tables import WORKSPACE
from costmodel import BadInputError, SnsReceiver, deliver_pending
from costmodel.budget.alert import Alert, AlertKind, Severity

router = v1_router("webhooks")
deliveries_router = v1_router("deliveries")
# SNS proves who it is by signature, not by key.
inbound_router = APIRouter(prefix="/v1/inbound", tags=["inbound"])


def shown(hook: dict[str, Any]) -> dict[str, Any]:
    """Return a webhook without what is secret: its URL's path, its key."""
    parts = urlsplit(hook["url"])
    return {
        **{name: value for name, value in hook.items() if name != "secret_id"},
        "url": f"{parts.scheme}://{parts.netloc}/…",
    }


def _checked(state: State, body: WebhookRequest, secret_id: str) -> dict[str, Any]:
    """Return a webhook as it is stored.

    Raises:
        Problem: 422, the URL is none or not allowed.
    """
    entry = body.model_dump(mode="json") | {"secret_id": secret_id}
    try:
        state.alerting.parse([state.alerting.destination(entry)])
    except (BadInputError, ValueError) as error:
        raise Problem(422, "bad-input", one_line(error), path="body.url") from None
    return {name: value for name, value in entry.items() if name != "name"}


@router.post("", status_code=201, response_model=NewWebhookModel)
async def create(
    request: Request, body: WebhookRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make a webhook; the secret its deliveries are signed with is shown this once."""
    state, workspace = state_of(request), workspace_of(request)
    made, secret = await to_thread.run_sync(lambda: create_webhook(state, workspace, body))
    return versioned({**shown(made), "signing_secret": secret}, 201)


def create_webhook(
    state: State, workspace: str, body: WebhookRequest
) -> tuple[dict[str, Any], str | None]:
    """Add a webhook; return it and its signing secret, if its format is signed."""
    secret_id = new_id("sec")
    stored = _checked(state, body, secret_id)
    with state.database.transaction() as connection:
        made = create_document(connection, workspace, "webhook", body.name, stored)
    secret = state.alerting.create_secret(secret_id) if body.format == "json" else None
    return made, secret


@router.get("", response_model=Page[WebhookModel])
async def list_webhooks(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """List webhooks, newest first."""
    workspace, after = workspace_of(request), decode_cursor(cursor)
    rows = await state_of(request).database.run(
        lambda c: list_documents(c, workspace, "webhook", limit + 1, after)
    )
    return answer(page([shown(row) for row in rows], limit))


@router.get("/{webhook_id:ident}", response_model=WebhookModel)
async def read(request: Request, webhook_id: Identifier) -> Response:
    """Return a webhook."""
    workspace = workspace_of(request)
    found = await state_of(request).database.run(
        lambda c: read_document(c, workspace, "webhook", webhook_id)
    )
    return versioned(shown(found))


@router.put("/{webhook_id:ident}", response_model=WebhookModel)
async def change(
    request: Request, webhook_id: Identifier, body: WebhookRequest, if_match: IfMatch = None
) -> Response:
    """Replace a webhook; its signing secret stays."""
    state, workspace = state_of(request), workspace_of(request)
    version = expected_version(request)

    def work() -> dict[str, Any]:
        with state.database.transaction() as connection:
            old = read_document(connection, workspace, "webhook", webhook_id)
        stored = _checked(state, body, old["secret_id"])
        if body.format == "json" and not state.alerting.secret_file(old["secret_id"]).exists():
            raise Problem(409, "unsigned", "make a new webhook: this one has no signing secret")
        with state.database.transaction() as connection:
            return update_document(
                connection, workspace, "webhook", webhook_id, version, body.name, stored
            )

    return versioned(shown(await to_thread.run_sync(work)))


@router.delete("/{webhook_id:ident}", status_code=204, response_class=Response)
async def delete(request: Request, webhook_id: Identifier) -> Response:
    """Delete a webhook; what was not delivered to it stays in the outbox."""
    workspace = workspace_of(request)
    await state_of(request).database.run(
        lambda c: delete_document(c, workspace, "webhook", webhook_id)
    )
    return Response(status_code=204)


@router.post("/{webhook_id:ident}/test", response_model=TestResult)
async def deliver_test(
    request: Request, webhook_id: Identifier, idempotency_key: IdempotencyKey = None
) -> Response:
    """Deliver a test alert to one webhook now, and say what it answered."""
    state, workspace = state_of(request), workspace_of(request)
    hook = await state.database.run(lambda c: read_document(c, workspace, "webhook", webhook_id))
    return answer(await to_thread.run_sync(lambda: send_test(state, workspace, hook)))


def send_test(state: State, workspace: str, hook: dict[str, Any]) -> dict[str, Any]:
    """Put a test alert into the outbox for one webhook, deliver, and look what became of it."""
    outbox = state.alerting.outbox(workspace)
    everything = {**hook, "budgets": ["*"], "min_severity": "info"}
    config = state.alerting.parse([state.alerting.destination(everything)])
    alert = _test_alert()
    outbox.commit_evaluation(
        {}, [alert], destinations=config.destinations.values(), now=time.time()
    )
    deliver_pending(outbox, config, timeout=10.0)
    rows = [row for row in outbox.list_alerts(budget=alert.budget) if row.alert.key == alert.key]
    if not rows:
        return {"status": "pending", "answer": ""}
    return {"status": str(rows[0].status), "answer": rows[0].last_answer}


def _test_alert() -> Alert:
    now = datetime.now(UTC)
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Alert(
        key=f"test/{new_id('tst')}", budget="test", kind=AlertKind.ACTUAL, period_start=start,
        period_end=start + timedelta(days=31), threshold="test", threshold_value=0.0, actual=0.0,
        forecast_mean=0.0, forecast_p90=0.0, limit=0.0, currency="USD", created_at=now,
        severity=Severity.INFO, summary="A test of this webhook: nothing has happened.",
    )  # fmt: skip


@deliveries_router.get("", response_model=DeliveryList)
async def list_deliveries(
    request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Response:
    """List the newest alerts with the state of their deliveries."""
    state, workspace = state_of(request), workspace_of(request)
    return answer(await to_thread.run_sync(lambda: deliveries_of(state, workspace, limit)))


def deliveries_of(state: State, workspace: str, limit: int) -> dict[str, Any]:
    """Return a workspace's newest deliveries."""
    outbox = state.alerting.outbox(workspace)
    items = [
        {
            "alert": finite(row.alert.to_json()),
            "destination": row.destination,
            "status": str(row.status),
            "attempts": row.attempts,
            "next_at": moment(row.next_at or None),
            "last_answer": row.last_answer,
            "delivered_at": moment(row.delivered_at),
            "webhook_id": row.webhook_id,
        }
        for row in outbox.list_alerts(limit=limit)
    ]
    return {"items": items, "next_cursor": None, "disabled": outbox.disabled_destinations()}


@deliveries_router.post("/replay", response_model=ReplayResult)
async def replay(
    request: Request, body: ReplayRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Deliver dead letters again: all, or those of one alert or destination."""
    state, workspace = state_of(request), workspace_of(request)
    number = await to_thread.run_sync(
        lambda: state.alerting.outbox(workspace).replay(
            now=time.time(), alert_key=body.alert_key, destination=body.destination
        )
    )
    return answer({"replayed": number})


@inbound_router.post(
    "/sns/{workspace_id:ident}",
    response_model=TestResult,
    openapi_extra={"requestBody": {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    responses={
        code: {
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
        }
        for code in (403, 404, 413, 422, 429, 503)
    },
)
async def receive_sns(request: Request, workspace_id: Identifier) -> Response:
    """Take in a notification of AWS Budgets or Cost Anomaly Detection through SNS."""
    state = state_of(request)
    # Who has no key is counted by address: a message costs a signature to check.
    async with state.throttle.admit(f"sns:{request.client.host if request.client else ''}"):
        query = select(WORKSPACE.c.id).where(WORKSPACE.c.id == workspace_id)
        if await state.database.run(lambda c: c.execute(query).first()) is None:
            raise not_found("workspace", workspace_id)
        body = await request.body()
        receipt = await to_thread.run_sync(lambda: take_in(state, workspace_id, body))
    return answer({"status": receipt, "answer": ""})


def take_in(state: State, workspace: str, body: bytes) -> str:
    """Verify a message of SNS and put its alert into a workspace's outbox.

    Raises:
        Problem: 403, it is not genuine, fresh and of an allowed topic; 503, SNS does not answer.
    """
    alerting = state.alerting
    receiver = SnsReceiver(
        alerting.outbox(workspace), alerting.config(workspace), fetch=alerting.fetch
    )
    try:
        return str(receiver.receive(body, now=time.time()))
    except BadInputError as error:
        raise Problem(403, "refused", one_line(error)) from None
    except OSError:
        raise Problem(
            503, "sns-unreachable", "SNS does not answer; it will send the message again",
            headers={"Retry-After": "20"},
        ) from None  # fmt: skip
