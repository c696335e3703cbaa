"""The pages Commitments and Recommendations."""

import json
import re
from typing import Annotated, Any

import numpy as np
from anyio import to_thread
from fastapi import File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection, select

import costmodel
from api import spend
from api.access import workspace_of
from api.answers import finite
from api.documents import create_document, delete_document, list_documents
from api.problems import as_problem
from api.routes.recommendations import RunRequest, inventory_folder, newest, queue_run, store_file
from api.state import State, state_of
from api.store.tables import JOB
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
            "failed": _failure(connection, workspace),
            "suppressions": list_documents(connection, workspace, "suppression", 200),
        }

    found = await state_of(request).database.run(work)
    shown = [row for row in found["rows"] if not row["suppressed"]]
    values = {
        **chosen.values,
        **found,
        "has_inventory": inventory_folder(state_of(request), workspace).is_dir(),
        "figure": waterfall(shown) if shown else None,
    }
    return render(request, "recommendations.html", values)


def _failure(connection: Connection, workspace: str) -> str:
    """Return why the newest run ended badly, if it did."""
    query = (
        select(JOB.c.status, JOB.c.message)
        .where(JOB.c.workspace_id == workspace, JOB.c.kind == "recommend")
        .order_by(JOB.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return str(row.message) if row is not None and row.status == "failed" else ""


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a recommendation in the page's words."""
    told = {
        name: row[name]
        for name in ("evidence", "missingEvidence", "alternatives", "remedy", "source")
        if row.get(name)
    }
    change = f"{row['currentResourceSummary']} → {row['recommendedResourceSummary']}"
    return {
        "key": row["recommendationId"],
        "title": row["title"],
        "where": f"{row['resourceId']} ({row['region']})",
        "resource": row["resourceId"],
        "region": row["region"],
        "change": change,
        "saving": float(row["estimatedMonthlySavings"] or 0.0),
        "evidence": json.dumps(told, indent=1, ensure_ascii=False),
        "suppressed": bool(row["suppressed"]),
    }


@router.post("/recommendations")
async def run(
    request: Request,
    files: Annotated[list[UploadFile], File()] = [],  # noqa: B006 - FastAPI copies it
    bill: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Look for savings in the uploaded inventory and the chosen bill."""
    state, workspace = state_of(request), workspace_of(request)
    folder = inventory_folder(state, workspace)
    for file in files:
        name = re.sub(r"[^A-Za-z0-9._-]", "_", str(file.filename or "")).lstrip("._-")[:100]
        content = await file.read()
        if name and content:
            await to_thread.run_sync(store_file, folder, name, content)
    asked = RunRequest(inventory=None, bill_id=bill or None)
    await state.database.run(lambda c: queue_run(c, state, workspace, asked))
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
