"""Forecasts, anomalies, changes and what-ifs of a bill; commitments."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime

import costmodel
from api import spend
from api.access import needs, v1_router, workspace_of
from api.answers import answer, finite
from api.bill_rows import ready_bill
from api.schemas.bills import Filter
from api.schemas.shared import IdempotencyKey, Identifier
from api.schemas.spend import (
    AnomaliesModel,
    ChangeModel,
    ForecastModel,
    PlanRequest,
    ResultModel,
    ScenarioRequest,
    SimulateRequest,
)
from api.state import state_of

router = v1_router("bills")
commitments_router = v1_router("commitments")

MetricName = Annotated[str | None, Query(max_length=100, description="The bill's default else.")]
AsOf = Annotated[AwareDatetime | None, Query(description="Look as if it were then.")]
Columns = Annotated[list[str], Query(max_length=3, description="Columns to split by.")]
Period = Annotated[
    str,
    Query(max_length=30, description="2026-10, or 2026-10-05..2026-10-11.", examples=["2026-10"]),
]


async def _ask(request: Request, bill_id: str, question: Any, *arguments: Any) -> Any:
    """Ask a question of a bill that is ready, in a thread."""
    state, workspace = state_of(request), workspace_of(request)
    bill = await state.database.run(lambda c: ready_bill(c, workspace, bill_id))
    return await to_thread.run_sync(lambda: question(state, workspace, bill, *arguments))


@router.get("/{bill_id:ident}/forecast", response_model=ForecastModel, tags=["spend"])
async def forecast(
    request: Request, bill_id: Identifier, by: Columns = ["ServiceName"],  # noqa: B006 - FastAPI copies it
    metric: MetricName = None, filter: Filter = None, as_of: AsOf = None,
) -> Response:  # fmt: skip
    """Forecast a bill to the end of the month, the quarter and the year, with intervals."""
    found = await _ask(request, bill_id, spend.forecast, tuple(by), metric, filter, as_of)
    return answer(finite(found.to_json()))


@router.get("/{bill_id:ident}/anomalies", response_model=AnomaliesModel, tags=["spend"])
async def anomalies(
    request: Request, bill_id: Identifier,
    by: Columns = ["ServiceName", "SubAccountId"],  # noqa: B006 - FastAPI copies it
    metric: MetricName = None, as_of: AsOf = None,
    score: Annotated[float, Query(ge=0, le=100)] = 2.7,
    amount: Annotated[float, Query(ge=0, le=1e9)] = 1.0,
    percent: Annotated[float, Query(ge=0, le=1e6)] = 10.0,
) -> Response:  # fmt: skip
    """Find unexpected rises in a bill, with their causes."""
    sensitivity = costmodel.Sensitivity(score, amount, percent)
    found = await _ask(request, bill_id, spend.anomalies, tuple(by), metric, sensitivity, as_of)
    return answer(finite(found.to_json()))


@router.get("/{bill_id:ident}/change", response_model=ChangeModel, tags=["spend"])
async def explain_change(
    request: Request, bill_id: Identifier, before: Period, after: Period,
    by: Columns = ["ServiceName"],  # noqa: B006 - FastAPI copies it
    metric: Annotated[str, Query(max_length=100)] = "EffectiveCost", filter: Filter = None,
) -> Response:  # fmt: skip
    """Say why one period costs more than another: price, quantity, mix, fees."""
    found = await _ask(request, bill_id, spend.change, before, after, tuple(by), metric, filter)
    return answer(finite(found.to_json()))


@router.post("/{bill_id:ident}/reprice", response_model=ResultModel, tags=["spend"])
@needs("read")
async def reprice(
    request: Request, bill_id: Identifier, body: ScenarioRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:  # fmt: skip
    """Price a whole bill under another scenario: regions, families, discounts, commitments."""
    scenario = costmodel.parse_bill_scenario(body.scenario, "scenario")
    found = await _ask(request, bill_id, spend.what_if, scenario)
    return answer(finite(found.to_json()))


@router.get("/{bill_id:ident}/coverage", response_model=ResultModel, tags=["commitments"])
async def coverage(request: Request, bill_id: Identifier) -> Response:
    """Say how far commitments on a bill cover its usage, and how far they are used."""
    found = await _ask(request, bill_id, spend.coverage)
    return answer(finite(found.to_json()))


@commitments_router.post("/plan", response_model=ResultModel)
@needs("read")
async def plan(
    request: Request, body: PlanRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Say which Savings Plans and reservations to buy, with a bound nothing can undercut."""
    given: dict[str, Any] = {"terms": tuple(body.terms), "payments": tuple(body.payments)}
    if body.plan_types is not None:
        given["plan_types"] = tuple(body.plan_types)
    choice = costmodel.CommitmentChoice(
        **given, offering_class=None if body.reserved == "none" else body.reserved
    )
    doubt = costmodel.Uncertainty(
        yearly_growth=body.growth, yearly_volatility=body.volatility, risk_weight=body.risk
    )
    found = await _ask(request, body.bill_id, spend.plan, choice, doubt)
    return answer(finite(found.to_json()))


@commitments_router.post("/simulate", response_model=ResultModel)
@needs("read")
async def simulate(
    request: Request, body: SimulateRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Replay every hour of a bill under given commitments."""
    held = [costmodel.HeldCommitment(**one.model_dump()) for one in body.commitments]
    found = await _ask(request, body.bill_id, spend.simulate, held, body.sharing)
    return answer(finite(found.to_json()))
