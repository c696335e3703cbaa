"""The pages of estimates: make one, read it line by line, see a number's working, compare two."""

from typing import Annotated, Any, Final

import orjson
from anyio import to_thread
from fastapi import File, Form, Path, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from sqlalchemy import insert

from api.access import workspace_of
from api.answers import finite
from api.estimate_rows import estimate_row, list_estimate_rows
from api.estimating import compare, price, working
from api.problems import Problem, as_problem, not_found
from api.state import state_of
from api.store.tables import ESTIMATE
from api.web.door import page_router
from api.web.figures import by_resource
from api.web.render import render
from costmodel import CostModelError
from costmodel.report.table import to_html

router = page_router()

_EXAMPLE: Final = """region: us-east-1
resources:
  instance.web:
    instance_type: m5.large
    count: 2
    root_block_device: {volume_size: 50, volume_type: gp3}
  db_instance.shop:
    engine: postgres
    instance_class: db.t3.medium
    allocated_storage: 100
  sqs_queue.orders:
    usage: {monthly_requests: 5000000}
"""
_Id = Annotated[str, Path(pattern=r"^est_[0-9a-f]{28}$")]


@router.get("/estimate")
async def estimate_page(request: Request) -> Response:
    """Show the form, and what is stored."""
    form = {"name": "", "region": "", "text": _EXAMPLE}
    return await _form_page(request, form, "", 200)


async def _form_page(
    request: Request, form: dict[str, str], problem: str, status: int
) -> Response:
    workspace = workspace_of(request)
    rows = await state_of(request).database.run(
        lambda c: list_estimate_rows(c, workspace, 50, None)
    )
    values = {"form": form, "problem": problem, "estimates": rows}
    return render(request, "estimate.html", values, status=status)


@router.post("/estimate")
async def make_estimate(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    region: Annotated[str, Form(max_length=40)] = "",
    text: Annotated[str, Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Price what was pasted or uploaded, and keep it."""
    state, workspace = state_of(request), workspace_of(request)
    form = {"name": name, "region": region, "text": text}
    asked: dict[str, Any] = {"text": text, "pool_tiers": "account", "free_tier": "none"}
    if region:
        asked["region"] = region
    try:
        content = await file.read() if file is not None and file.filename else b""
        if content:
            asked["text"] = _as_text(content)
        if not asked["text"].strip():
            raise Problem(422, "empty", "paste a spec, or choose a file")
        priced = await to_thread.run_sync(price, state, asked)
    except (Problem, CostModelError) as error:
        return await _form_page(request, form, as_problem(error).detail, 422)
    label = name or (file.filename if file is not None and file.filename else "")
    row = estimate_row(workspace, (label or "")[:200], asked, priced)
    await state.database.run(lambda c: c.execute(insert(ESTIMATE).values(row)))
    return RedirectResponse(f"/estimate/{row['id']}", 303)


def _as_text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Problem(422, "bad-input", "the file is not UTF-8 text") from None


@router.get("/estimate/compare")
async def compare_page(request: Request, before: str = "", after: str = "") -> Response:
    """Show what differs between two stored estimates."""
    state = state_of(request)
    old, new = await _stored(request, before), await _stored(request, after)
    found = await to_thread.run_sync(
        compare, state, orjson.loads(old["request"]), orjson.loads(new["request"])
    )
    values = {"before": old, "after": new, "found": finite(found)}
    return render(request, "compare.html", values)


@router.get("/estimate/{estimate_id}")
async def one_page(request: Request, estimate_id: _Id) -> Response:
    """Show an estimate line by line."""
    row = await _stored(request, estimate_id)
    estimate = orjson.loads(row["result"])
    values = {"estimate": estimate, "figure": by_resource(estimate)}
    return render(request, "estimate_one.html", values)


@router.get("/estimate/{estimate_id}/working")
async def working_page(request: Request, estimate_id: _Id, address: str) -> Response:
    """Show how each number of one resource came about."""
    row = await _stored(request, estimate_id)
    state = state_of(request)
    found = await to_thread.run_sync(working, state, orjson.loads(row["request"]), address)
    tables = [Markup(to_html(t)) for t in found.report_tables()]  # noqa: S704 - to_html escapes
    values = {"address": address, "estimate_id": estimate_id, "tables": tables}
    return render(request, "working.html", values)


async def _stored(request: Request, identifier: str) -> dict[str, Any]:
    from sqlalchemy import select

    query = select(ESTIMATE).where(
        ESTIMATE.c.id == identifier, ESTIMATE.c.workspace_id == workspace_of(request)
    )
    row = await state_of(request).database.run(lambda c: c.execute(query).mappings().first())
    if row is None:
        raise not_found("estimate", identifier)
    return dict(row)
