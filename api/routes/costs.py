"""``/v1/bills/{id}/costs`` and exports: sums by group and period, as JSON, CSV or Parquet."""

import io
from pathlib import Path
from typing import Any, Literal

from anyio import to_thread
from fastapi import Request
from fastapi.responses import FileResponse, Response

from api.access import v1_router, workspace_of
from api.answers import answer, finite
from api.bill_rows import ready_bill
from api.bill_seal import FILE
from api.costs import CostQuery, summarize
from api.schemas.bills import CostModel, Filter, Granularity, GroupBy, Metric, Top
from api.schemas.shared import Identifier
from api.state import State, state_of
from costmodel.report.table import to_csv

router = v1_router("bills")


@router.get("/{bill_id:ident}/costs", response_model=CostModel, tags=["costs"])
async def costs(
    request: Request,
    bill_id: Identifier,
    group_by: GroupBy = [],  # noqa: B006 - FastAPI copies it
    metric: Metric = [],  # noqa: B006 - FastAPI copies it
    granularity: Granularity = "total",
    filter: Filter = None,
    top: Top = None,
) -> Response:
    """Sum a bill by columns, tags and periods."""
    query = CostQuery(tuple(group_by), tuple(metric), granularity, filter, top)
    _, summary = await _ask(request, bill_id, query)
    return answer(finite(summary.to_json()))


@router.get(
    "/{bill_id:ident}/export",
    response_class=Response,
    tags=["costs"],
    responses={
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/vnd.apache.parquet": {"schema": {"type": "string"}},
            }
        }
    },
)
async def export(
    request: Request,
    bill_id: Identifier,
    format: Literal["csv", "parquet", "focus"] = "csv",
    group_by: GroupBy = [],  # noqa: B006 - FastAPI copies it
    metric: Metric = [],  # noqa: B006 - FastAPI copies it
    granularity: Granularity = "total",
    filter: Filter = None,
    top: Top = None,
) -> Response:
    """Download sums as CSV or Parquet, or the whole bill in FOCUS columns (`focus`, Parquet)."""
    state, workspace = state_of(request), workspace_of(request)
    if format == "focus":
        bill = await state.database.run(lambda c: ready_bill(c, workspace, bill_id))
        await to_thread.run_sync(state.bills.open_dataset, workspace, bill)
        return _whole(state.bills.folder(workspace, bill["id"]) / "dataset" / FILE, bill_id)
    query = CostQuery(tuple(group_by), tuple(metric), granularity, filter, top)
    bill, summary = await _ask(request, bill_id, query)
    if format == "parquet":
        body = await to_thread.run_sync(_parquet, summary)
        return _download(body, "application/vnd.apache.parquet", f"{bill_id}.parquet")
    # to_csv puts a quote before text that a spreadsheet would take for a formula.
    text = to_csv(summary.report_tables()[0])
    return _download(text.encode(), "text/csv", f"{bill_id}.csv")


async def _ask(request: Request, bill_id: str, query: CostQuery) -> tuple[dict[str, Any], Any]:
    state, workspace = state_of(request), workspace_of(request)
    bill = await state.database.run(lambda c: ready_bill(c, workspace, bill_id))
    return bill, await to_thread.run_sync(_summarize, state, workspace, bill, query)


def _summarize(state: State, workspace: str, bill: dict[str, Any], query: CostQuery) -> Any:
    return summarize(state, workspace, bill, query)


def _whole(file: Path, bill_id: str) -> Response:
    return FileResponse(
        file,
        media_type="application/vnd.apache.parquet",
        filename=f"{bill_id}-focus.parquet",
    )


def _parquet(summary: Any) -> bytes:
    out = io.BytesIO()
    summary.table.to_parquet(out, index=False)
    return out.getvalue()


def _download(body: bytes, media_type: str, name: str) -> Response:
    return Response(
        body,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
