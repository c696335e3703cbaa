"""Alerts in words: what a crossing says to people, and how urgent it is."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from costmodel.budget.alert import Alert, AlertKind, Cause, Severity
from costmodel.budget.assess import BudgetStatus
from costmodel.budget.causes import CauseIndex
from costmodel.budget.model import Budget, BudgetType, Threshold
from costmodel.budget.period import Period
from costmodel.budget.spend import Spend, local_days

_SEVERITIES: Final = (Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.CRITICAL)
_STEPS: Final = (0.8, 1.0, 1.2)  # bound / limit at which the next severity begins


@dataclass(frozen=True, slots=True)
class Told:
    """A crossing that is to be told."""

    key: str
    kind: AlertKind
    threshold: Threshold | None  # None = late data
    value: float
    bound: float


def make_alert(status: BudgetStatus, spend: Spend, told: Told, now: datetime) -> Alert:
    """Return the alert of a crossing with its cause."""
    budget = status.budget
    text = (
        f"data older than {told.bound:g} hours" if told.threshold is None else told.threshold.text
    )
    explains = told.kind in (AlertKind.ACTUAL, AlertKind.FORECASTED)
    return Alert(
        key=told.key,
        budget=budget.name,
        kind=told.kind,
        period_start=status.period.start,
        period_end=status.period.end,
        threshold=text,
        threshold_value=told.bound,
        actual=status.actual,
        forecast_mean=status.forecast_mean,
        forecast_p90=status.forecast_p90,
        limit=status.limit,
        currency=budget.currency,
        created_at=now,
        severity=_severity(status, told),
        summary=_summary(status, told, text),
        cause=_causes(status, spend) if explains else (),
        links=budget.links,
        owners=budget.owners,
    )


def _severity(status: BudgetStatus, told: Told) -> Severity:
    if told.kind is AlertKind.RECOVERED:
        return Severity.INFO
    if told.threshold is None:
        return Severity.WARNING
    if told.threshold.severity is not None:
        return told.threshold.severity
    if not status.limit > 0.0 or status.budget.type.is_share:
        return Severity.WARNING
    step = sum(told.bound >= share * status.limit for share in _STEPS)
    # What is only expected is one step less urgent than what happened.
    return _SEVERITIES[max(step - (told.kind is AlertKind.FORECASTED), 0)]


def _summary(status: BudgetStatus, told: Told, text: str) -> str:
    name, period = status.budget.name, f"the period from {status.period.start.date()}"
    if told.kind is AlertKind.RECOVERED:
        return f"{name} is back inside '{text}' in {period}."
    if told.kind is AlertKind.DATA_LATE:
        since = "there are none" if math.isinf(told.value) else f"{told.value:.0f} hours old"
        return f"{name}: spend data are late ({since}); nothing can be said about {period}."
    limit = "" if math.isnan(status.limit) else f" of a limit of {_money(status, status.limit)}"
    crossed = f"threshold '{text}' ({_money(status, told.bound)})"
    if told.kind is AlertKind.ACTUAL:
        verb = "is at" if status.budget.type.is_share else "has spent"
        return f"{name} {verb} {_money(status, status.actual)}{limit} in {period}; {crossed}."
    return (
        f"{name} is expected to reach {_money(status, status.forecast_mean)} (P90 "
        f"{_money(status, status.forecast_p90)}){limit} in {period}; {crossed}."
    )


def _money(status: BudgetStatus, amount: float) -> str:
    # A price per unit lies far below a cent.
    text = f"{amount:.4g}" if 0.0 < abs(amount) < 0.01 else f"{amount:,.2f}"
    return f"{text} {status.budget.currency}"


def _whole_days(period: Period, budget: Budget) -> Period:
    """Return a period over the same days in UTC: without hours, days are those of the bill."""
    first, after = (
        datetime(day.year, day.month, day.day, tzinfo=UTC)
        for day in local_days(period, budget.zone)
    )
    return Period(first, after)


def _causes(status: BudgetStatus, spend: Spend) -> tuple[Cause, ...]:
    """Explain the period so far against as much of the period before."""
    budget = status.budget
    if budget.type not in (BudgetType.COST, BudgetType.USAGE) or spend.through is None:
        return ()
    current, before = status.period, budget.calendar.previous(status.period)
    if not spend.has_hours:
        current, before = _whole_days(current, budget), before and _whole_days(before, budget)
    now = Period(current.start, min(current.end, spend.through))
    since = now.start
    if before is not None:
        before = Period(before.start, min(before.start + (now.end - now.start), before.end))
        since = before.start
    rows = spend.rows(budget.filter.mask(spend.table), Period(since, now.end))
    return CauseIndex(rows, budget.metric).rank(now, before)
