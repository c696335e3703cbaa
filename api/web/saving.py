"""The pages Commitments and Recommendations."""

from typing import Annotated, Any

import numpy as np
from anyio import to_thread
from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

import costmodel
from api import spend
from api.access import workspace_of
from api.answers import finite
from api.bill_rows import ready_bill
from api.documents import create_document, delete_document, list_documents
from api.jobs import enqueue
from api.problems import Problem, as_problem
from api.routes.recommendations import is_available, newest
from api.state import State, state_of
from api.web.choosing import choose, job_under_way
from api.web.door import page_router
from api.web.figures import covered_days, waterfall
from api.web.render import data_block, render
from costmodel import CostModelError
from costmodel.report.figures_commitments import cost_curve

router = page_router()


@router.get("/commitments")
async def commitments(request: Request) -> Response:
    """Show what to buy, the cost curve, and coverage over time."""
    chosen = await choose(request)
    values: dict[str, Any] = chosen.values
    if chosen.bill is not None:
        state, workspace, bill = state_of(request), workspace_of(request), chosen.bill
        asked = {
            "term": request.query_params.get("term", "1yr"),
            "payment": request.query_params.get("payment", "No Upfront"),
        }
        values |= {"asked": asked, "problem": "", "plan": None, "curve": None, "issues": []}
        values |= await to_thread.run_sync(lambda: _coverage(state, workspace, bill))
        try:
            values |= await to_thread.run_sync(lambda: _plan(state, workspace, bill, asked))
        except CostModelError as error:
            values["problem"] = as_problem(error).detail
    return render(request, "commitments.html", values)


def _plan(
    state: State, workspace: str, bill: dict[str, Any], asked: dict[str, str]
) -> dict[str, Any]:
    choice = costmodel.CommitmentChoice(terms=(asked["term"],), payments=(asked["payment"],))
    plan = spend.plan(state, workspace, bill, choice, costmodel.Uncertainty())
    tree = finite(plan.to_json())
    found: dict[str, Any] = {"plan": tree, "issues": tree["issues"]}
    if plan.curve is None:
        return found
    figure = cost_curve(plan)
    x, y = (np.asarray(values, dtype=float) for values in (figure.data[0].x, figure.data[0].y))
    curve = {
        "name": plan.curve_label,
        "x": x.tolist(),
        "y": y.tolist(),
        "on_demand": float(y[0]),
        "best": int(np.argmin(y)),
    }
    return found | {
        "curve": curve,
        "curve_figure": figure,
        "curve_data": data_block(curve, "curve-data"),
    }


def _coverage(state: State, workspace: str, bill: dict[str, Any]) -> dict[str, Any]:
    try:
        tree = finite(spend.coverage(state, workspace, bill).to_json())
    except CostModelError:
        return {"coverage": None, "coverage_figure": None}
    figure = covered_days(tree["days"]) if tree["days"] else None
    return {"coverage": tree, "coverage_figure": figure}


@router.get("/recommendations")
async def recommendations(request: Request) -> Response:
    """Show what would save money, with evidence."""
    chosen, workspace = await choose(request), workspace_of(request)

    def work(connection: Connection) -> dict[str, Any]:
        return {
            "job": job_under_way(connection, workspace, ("recommend",)) or chosen.job,
            "rows": [_shown(row) for row in newest(connection, workspace)],
            "suppressions": list_documents(connection, workspace, "suppression", 200),
        }

    found = await state_of(request).database.run(work)
    shown = [row for row in found["rows"] if not row["suppressed"]]
    values = {
        **chosen.values,
        **found,
        "available": is_available(),
        "figure": waterfall(shown) if shown else None,
    }
    return render(request, "recommendations.html", values)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a recommendation in the page's words."""
    import json

    saving = row.get("monthly_savings", row.get("saving", 0.0)) or 0.0
    return {
        "key": str(row.get("key", row["id"])),
        "title": str(row.get("title", row.get("rule", ""))),
        "where": str(row.get("resource_id", row.get("address", ""))),
        "saving": float(saving),
        "evidence": json.dumps(row.get("evidence", row), indent=1, ensure_ascii=False),
        "suppressed": bool(row["suppressed"]),
    }


@router.post("/recommendations")
async def run(request: Request, bill: Annotated[str, Form(max_length=64)]) -> Response:
    """Look for savings in a bill."""
    workspace = workspace_of(request)

    def work(connection: Connection) -> None:
        found = ready_bill(connection, workspace, bill)
        if not is_available():
            raise Problem(409, "not-available", "this version of costmodel cannot recommend yet")
        enqueue(connection, workspace, "recommend", {"bill": found["id"]})

    await state_of(request).database.run(work)
    return RedirectResponse("/recommendations", 303)


@router.post("/recommendations/suppress")
async def suppress(request: Request, key: Annotated[str, Form(max_length=300)]) -> Response:
    """Suppress a recommendation."""
    workspace = workspace_of(request)
    body = {"reason": "", "until": None}
    await state_of(request).database.run(
        lambda c: create_document(c, workspace, "suppression", key, body)
    )
    return RedirectResponse("/recommendations", 303)


@router.post("/recommendations/unsuppress")
async def unsuppress(request: Request, id: Annotated[str, Form(max_length=64)]) -> Response:
    """Show a recommendation again."""
    workspace = workspace_of(request)
    await state_of(request).database.run(
        lambda c: delete_document(c, workspace, "suppression", id)
    )
    return RedirectResponse("/recommendations", 303)
