"""The pages Budgets and Catalog."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

import costmodel
from api import spend
from api.access import workspace_of
from api.alerting import budget_of
from api.answers import finite
from api.bill_rows import ready_bill
from api.costs import CostQuery, summarize
from api.documents import create_document, delete_document, list_documents
from api.problems import Problem, as_problem
from api.routes.budgets import check_against
from api.routes.prices import look_up
from api.routes.webhooks import shown
from api.state import State, state_of
from api.web.choosing import choose
from api.web.door import page_router
from api.web.render import render
from api.web.spending import bill_end
from costmodel import BadInputError, CostModelError
from costmodel.report.catalog import price_table
from costmodel.report.figures_budget import draw_burn_down
from costmodel.report.table import to_json_rows

router = page_router()

_ROWS: Final = 200


@router.get("/budgets")
async def budgets_page(request: Request) -> Response:
    """Show where budgets stand."""
    return await _budgets(request, "", 200)


async def _budgets(request: Request, problem: str, status: int) -> Response:
    chosen = await choose(request)
    state, workspace = state_of(request), workspace_of(request)

    def rows(connection: Connection) -> dict[str, Any]:
        return {
            "budgets": list_documents(connection, workspace, "budget", 200),
            "webhooks": [
                shown(hook) for hook in list_documents(connection, workspace, "webhook", 200)
            ],
        }

    values: dict[str, Any] = {**chosen.values, **await state.database.run(rows)}
    for budget in values["budgets"]:
        budget["words"] = _thresholds_in_words(budget)
    values |= {"problem": problem, "statuses": {}, "figure": None, "services": []}
    if chosen.bill is not None:
        bill = chosen.bill
        try:
            values |= await to_thread.run_sync(lambda: _status(state, workspace, bill))
        except CostModelError as error:
            values["problem"] = as_problem(error).detail
    return render(request, "budgets.html", values, status=status)


def _thresholds_in_words(document: dict[str, Any]) -> str:
    try:
        return "; ".join(threshold.text for threshold in budget_of(document).thresholds)
    except BadInputError as error:  # of an earlier release
        return str(error)


def _status(state: State, workspace: str, bill: dict[str, Any]) -> dict[str, Any]:
    budgets = state.alerting.budgets(workspace)
    services = summarize(state, workspace, bill, CostQuery(("ServiceName",)))
    found: dict[str, Any] = {"services": sorted(str(row[0]) for row in services.rows if row[0])}
    if not budgets:
        return found
    now = spend.until(bill, None) or bill_end(bill)
    key = ("budgets", tuple(map(repr, budgets)), now)
    report = spend.remembered(
        state, workspace, bill, key, lambda b: costmodel.check_budgets(budgets, b, now=now)
    )
    statuses = finite(report.to_json())["budgets"]
    return found | {
        "statuses": {status["budget"]: status for status in statuses},
        "figure": draw_burn_down(report),
    }


@router.post("/budgets")
async def create(
    request: Request,
    name: Annotated[str, Form(max_length=200)],
    limit: Annotated[float, Form(ge=0, le=1e15)],
    period: Annotated[str, Form(max_length=20)] = "MONTHLY",
    service: Annotated[str, Form(max_length=200)] = "",
    actual: Annotated[str, Form(max_length=6)] = "",
    forecast: Annotated[str, Form(max_length=6)] = "",
) -> Response:
    """Make a budget."""
    thresholds: list[Any] = [f"{actual}%"] if actual else []
    thresholds += [{"value": f"{forecast}%", "of": "forecast"}] if forecast else []
    body: dict[str, Any] = {"limit": limit, "period": period, "thresholds": thresholds}
    if service:
        body["filter"] = {"ServiceName": [service]}
    workspace = workspace_of(request)
    try:
        budget_of({"name": name, **body})
        await state_of(request).database.run(
            lambda c: create_document(c, workspace, "budget", name, body)
        )
    except (CostModelError, Problem) as error:
        return await _budgets(request, as_problem(error).detail, 422)
    return RedirectResponse("/budgets", 303)


@router.post("/budgets/delete")
async def delete(request: Request, id: Annotated[str, Form(max_length=64)]) -> Response:
    """Delete a budget."""
    workspace = workspace_of(request)
    await state_of(request).database.run(lambda c: delete_document(c, workspace, "budget", id))
    return RedirectResponse("/budgets", 303)


@router.post("/budgets/send")
async def send(request: Request, bill: Annotated[str, Form(max_length=64)]) -> Response:
    """Check the budgets now, and send what is new."""
    state, workspace = state_of(request), workspace_of(request)
    row = await state.database.run(lambda c: ready_bill(c, workspace, bill))
    now = spend.until(row, None) or bill_end(row)
    await to_thread.run_sync(lambda: check_against(state, workspace, row, now, send=True))
    return RedirectResponse(f"/budgets?{urlencode({'bill': bill})}", 303)


@router.get("/catalog")
async def catalog_page(request: Request) -> Response:
    """Search prices."""
    state, query = state_of(request), request.query_params
    asked = {
        "service": query.get("service", "AmazonEC2")[:80],
        "region": query.get("region", "us-east-1")[:40],
        "usage_type": query.get("usage_type", "BoxUsage:m5.*" if not query else "")[:200],
    }
    values: dict[str, Any] = {"catalog": state.catalog, "asked": asked, "problem": "", "rows": [],
                              "total": 0}  # fmt: skip
    try:
        rows = await to_thread.run_sync(
            look_up, state, asked["service"], asked["region"], asked["usage_type"] or "*", None
        )
        values["total"] = rows.num_rows
        values["rows"] = finite(to_json_rows(price_table(rows.slice(0, _ROWS))))
    except (CostModelError, Problem) as error:
        values["problem"] = as_problem(error).detail
    return render(request, "catalog.html", values)
