"""Budgets held against spend, as a result to read, draw and act on."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from costmodel.budget.alert import Alert
from costmodel.budget.assess import BudgetStatus
from costmodel.budget.evaluate import evaluate
from costmodel.budget.expect import days_of_month
from costmodel.budget.model import Budget
from costmodel.budget.spend import Spend, local_days, measure
from costmodel.budget.state import AlertState, state_to_json
from costmodel.engine.forecast import Forecast, forecast_total
from costmodel.engine.smoothing import Floats
from costmodel.errors import Issue, IssueReason
from costmodel.result import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class BurnDown:
    """How a period was spent, and where it leads.

    Attributes:
        first: first day of the period.
        spent: (d,) running total of the days with data.
        ahead: running total of the days to come, on top of what is spent; None = unknown.
    """

    first: date
    spent: Floats
    ahead: Forecast | None


@dataclass(frozen=True)
class BudgetReport(Result):
    """Where every budget stands, and what is new.

    Attributes:
        statuses: each budget in its newest period with data.
        alerts: crossings that were not told before.
        state: what to remember for the next check.
        spend: what they were held against.
        issues: what the reader should know.
    """

    report_module: ClassVar[str] = "costmodel.report.budgets"

    statuses: tuple[BudgetStatus, ...]
    alerts: tuple[Alert, ...]
    state: AlertState
    spend: Spend = field(repr=False)
    issues: tuple[Issue, ...] = ()

    @cached_property
    def burn_downs(self) -> dict[str, BurnDown]:
        """The curve of each budget that sums over its period."""
        curves = ((status.budget.name, _burn_down(self.spend, status)) for status in self.statuses)
        return {name: curve for name, curve in curves if curve is not None}

    @property
    def is_ok(self) -> bool:
        """Whether no budget is in alarm and no data are late."""
        # A filter nothing meets may watch what must never be used: said, but no alarm.
        return all(status.state in ("OK", "NO_MATCH") for status in self.statuses)

    @property
    def table(self) -> "pd.DataFrame":
        """One row per budget."""
        import pandas as pd

        return pd.json_normalize([status.to_json() for status in self.statuses], sep="_")

    def states_by_budget(self, budgets: list[Budget]) -> dict[str, dict[str, Any]]:
        """Return the state of each budget as a JSON object, also where there is nothing."""
        own: dict[str, dict[str, Any]] = {budget.name: {} for budget in budgets}
        for key, crossing in state_to_json(self.state).items():
            own[key.split("/", 1)[0]][key] = crossing
        return own

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "ok": self.is_ok,
            "budgets": [status.to_json() for status in self.statuses],
            "alerts": [alert.to_json() for alert in self.alerts],
            "issues": [issue.to_json() for issue in self.issues],
        }

    def __repr__(self) -> str:
        alarms = sum(status.state == "ALARM" for status in self.statuses)
        return f"<BudgetReport {len(self.statuses)} budgets, {alarms} in alarm>"


def check(
    spend: Spend, budgets: list[Budget], *, now: datetime, state: AlertState
) -> BudgetReport:
    """Evaluate budgets and keep what is needed to draw how each period was spent.

    Args:
        spend: rows of spend with the columns the budgets read.
        budgets: the budgets.
        now: the time of the evaluation, UTC.
        state: what the last check remembered; empty at first.
    """
    found = evaluate(spend, budgets, now=now, state=state)
    issues = tuple(
        Issue(IssueReason.DATA_QUALITY, status.budget.name, note)
        for status in found.statuses
        for note in status.notes
    )
    return BudgetReport(found.statuses, found.alerts, found.state, spend, issues)


def _burn_down(spend: Spend, status: BudgetStatus) -> BurnDown | None:
    if status.state == "NOT_MEASURED":
        return None
    daily = measure(spend, status.budget)
    if daily is None or daily.base is not None:
        return None
    start, end = local_days(status.period, status.budget.zone)
    begin = max((start - daily.first).days, 0)
    spent = np.cumsum(np.nan_to_num(daily.history(end)[begin:]))
    days = (end - max(daily.end, start)).days
    if np.isnan(status.forecast_mean) or days <= 0 or daily.end < start:
        return BurnDown(start, spent, None)
    history = daily.history(end)
    calendar = days_of_month(daily.first, len(history) + days + 1)
    return BurnDown(start, spent, forecast_total(history[None], days, day_of_month=calendar))
