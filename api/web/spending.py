"""The pages Overview and Explore."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, get_args
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import Request
from fastapi.responses import Response

import costmodel
from api import spend
from api.access import workspace_of
from api.answers import finite
from api.costs import CostQuery, Granularity, summarize
from api.problems import as_problem
from api.state import State, state_of
from api.verdicts import read_verdicts
from api.web.choosing import choose
from api.web.door import page_router
from api.web.figures import stacked
from api.web.judging import ignored, judged
from api.web.render import render
from costmodel import Budget, CostModelError
from costmodel.budget.filters import All
from costmodel.budget.model import BudgetType
from costmodel.budget.period import TimeUnit

router = page_router()

_GROUPS: Final = (
    "ServiceName", "RegionId", "SubAccountId", "SubAccountName", "ChargeCategory",
    "PricingCategory", "x_ServiceCode", "x_UsageType", "x_Operation", "ServiceCategory",
    "CommitmentDiscountStatus", "ResourceId",
)  # fmt: skip
_CAUSES: Final = {  # part of a change -> in words where it lowers, where it raises the cost
    "price": ("lower unit price", "higher unit price"),
    "quantity": ("less use", "more use"),
    "mix": ("cheaper mix", "dearer mix"),
    "fees": ("lower fees, tax, credits", "higher fees, tax, credits"),
}


@router.get("/")
async def overview(request: Request) -> Response:
    """Show the month, what it will come to, what changed and what is unusual."""
    chosen = await choose(request)
    values: dict[str, Any] = chosen.values
    if chosen.bill is not None:
        state, workspace = state_of(request), workspace_of(request)
        bill = chosen.bill
        values |= await to_thread.run_sync(lambda: _overview(state, workspace, bill))
    return render(request, "overview.html", values)


def _overview(state: State, workspace: str, bill: dict[str, Any]) -> dict[str, Any]:
    outlook = spend.forecast(state, workspace, bill, ("ServiceName",), None, None, None)
    found = spend.anomalies(
        state, workspace, bill, ("ServiceName", "SubAccountId"), None, None, None
    )
    with state.database.transaction() as connection:
        verdicts = read_verdicts(connection, workspace)
    budgets = state.alerting.budgets(workspace)
    report = _month_report(state, workspace, bill, budgets)
    statuses = [s for s in report.to_json()["budgets"] if s["budget"] != _MONTH]
    end = outlook.ends[0]
    # The figure is of the whole month: against a budget only where one is for all of it.
    limit = next((s.budget.name for s in report.statuses if _is_whole_month(s.budget)), "")
    return {
        "currency": outlook.currency,
        "data_through": (outlook.data_end - timedelta(days=1)).isoformat(),
        "month": {
            "start": end.start.isoformat(),
            "actual": float(end.actual[0]),
            "mean": float(end.mean[0]),
            "lower": float(end.lower[_LEVEL_80][0]),
            "upper": float(end.upper[_LEVEL_80][0]),
        },
        "limit": limit,
        "statuses": statuses,
        "alarms": sum(status["state"] == "ALARM" for status in statuses),
        "fan": _fan(report, limit or _MONTH),
        "change": _change(state, workspace, bill, outlook.data_end),
        "anomalies": judged(finite(found.to_json())["anomalies"], verdicts),
        "ignored": ignored(verdicts),
        "issues": [issue.to_json() for issue in outlook.issues],
    }


_MONTH: Final = "this month"
_LEVEL_80: Final = 1


def _is_whole_month(budget: Budget) -> bool:
    of_all = budget.filter == All() and budget.type is BudgetType.COST
    return budget.name != _MONTH and of_all and budget.period is TimeUnit.MONTHLY


def _month_report(
    state: State, workspace: str, bill: dict[str, Any], budgets: list[Budget]
) -> Any:
    month = Budget.model_validate({"name": _MONTH})
    now = spend.until(bill, None) or bill_end(bill)
    key = ("month", tuple(repr(budget) for budget in budgets), now)
    return spend.remembered(
        state, workspace, bill, key,
        lambda b: costmodel.check_budgets([month, *budgets], b, now=now),
    )  # fmt: skip


def bill_end(bill: Mapping[str, Any]) -> datetime:
    """Return the last moment of a bill: the month it closes is the newest one."""
    last = datetime.fromisoformat(bill["facts"]["last"]).replace(tzinfo=UTC)
    return last - timedelta(seconds=1)


def _fan(report: Any, name: str) -> Any:
    """Return the burn-down of one budget."""
    from dataclasses import replace

    from costmodel.report.figures_budget import draw_burn_down

    kept = tuple(s for s in report.statuses if s.budget.name == name)
    return draw_burn_down(replace(report, statuses=kept))


def _change(
    state: State, workspace: str, bill: dict[str, Any], data_end: date
) -> dict[str, Any] | None:
    """Return the month so far against the same days of the month before."""
    last = data_end - timedelta(days=1)
    start = last.replace(day=1)
    before_end = start - timedelta(days=1)
    before_start = before_end.replace(day=1)
    first = bill["facts"].get("first")
    if first is None or date.fromisoformat(first[:10]) > before_start:
        return None
    same_day = min(before_end, before_start + (last - start))
    before = f"{before_start}..{same_day}"
    after = f"{start}..{last}"
    metric = bill["facts"]["metrics"][0]
    metric = "EffectiveCost" if "EffectiveCost" in bill["facts"]["metrics"] else metric
    found = spend.change(state, workspace, bill, before, after, ("ServiceName",), metric, None)
    tree = found.to_json()
    rows = [
        {
            "name": row["ServiceName"] or "no service",
            "change": row["change"],
            "cause": _cause(row),
            "filter": f"ServiceName = '{str(row['ServiceName']).replace(chr(39), chr(39) * 2)}'",
        }
        for row in tree["rows"]
    ]
    rows.sort(key=lambda row: -abs(row["change"]))
    words = f"{start:%b} {start.day}–{last.day} against {before_start:%b} 1–{same_day.day}"
    return {"words": words, "total": tree["total"], "rows": rows}


def _cause(row: Mapping[str, Any]) -> str:
    """Return the largest part of a change in words."""
    part = max(_CAUSES, key=lambda name: abs(row[name] or 0.0))
    return _CAUSES[part][(row[part] or 0.0) > 0.0]


@router.get("/explore")
async def explore(request: Request) -> Response:
    """Group, filter and draw a bill."""
    chosen = await choose(request)
    values: dict[str, Any] = chosen.values
    if chosen.bill is not None:
        state, workspace, bill = state_of(request), workspace_of(request), chosen.bill
        asked = _asked(request, bill)
        tags = [name for name in bill["facts"]["columns"] if name in _GROUPS]
        columns = sorted({asked["group_by"], *tags}, key=lambda name: (name not in _GROUPS, name))
        values |= {"asked": asked, "columns": columns, "problem": "", "rows": [], "figure": None,
                   "heads": [], "total": None, "currency": "", "csv": ""}  # fmt: skip
        try:
            values |= await to_thread.run_sync(lambda: _explored(state, workspace, bill, asked))
        except CostModelError as error:
            values["problem"] = as_problem(error).detail
    return render(request, "explore.html", values)


def _asked(request: Request, bill: Mapping[str, Any]) -> dict[str, Any]:
    query = request.query_params
    metrics = bill["facts"]["metrics"]
    default = "EffectiveCost" if "EffectiveCost" in metrics else metrics[0]
    top = query.get("top", "8")
    granularity = query.get("granularity", "daily")
    return {
        "group_by": query.get("group_by", "ServiceName")[:200],
        "metric": query.get("metric", default)[:100],
        "granularity": granularity if granularity in get_args(Granularity) else "daily",
        "filter": query.get("filter", "")[:2000],
        "top": min(50, max(1, int(top)))
        if top.isascii() and top.isdecimal() and len(top) < 4
        else 8,
    }


def _explored(
    state: State, workspace: str, bill: dict[str, Any], asked: dict[str, Any]
) -> dict[str, Any]:
    granularity: Granularity = asked["granularity"]
    query = CostQuery(
        (asked["group_by"],), (asked["metric"],), granularity, asked["filter"] or None,
        asked["top"],
    )  # fmt: skip
    summary = summarize(state, workspace, bill, query)
    has_period = granularity != "total"
    unit = summary.currency if asked["metric"].endswith("Cost") else ""
    address = {**asked, "format": "csv"}
    if not asked["filter"]:
        del address["filter"]
    return {
        "figure": stacked(list(summary.rows), has_period=has_period, unit=unit),
        "heads": [*summary.columns, *summary.metrics],
        "rows": [_cells(row, granularity) for row in summary.rows],
        "total": float(summary.total[summary.metrics[0]]),
        "currency": unit,
        "csv": f"/v1/bills/{bill['id']}/export?{urlencode(address)}",
    }


def _cells(row: tuple[Any, ...], granularity: Granularity) -> list[Any]:
    cells: list[Any] = ["–" if cell is None else cell for cell in row[:-1]]
    if granularity != "total" and isinstance(cells[0], datetime):
        form = {"hourly": "%Y-%m-%d %H:00", "monthly": "%Y-%m"}.get(granularity, "%Y-%m-%d")
        cells[0] = cells[0].strftime(form)
    return [*cells, float(row[-1]) if row[-1] is not None else None]
