"""Where a budget stands in a period: spent, expected at its end, allowed."""

import math
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from costmodel.budget.expect import expect_end
from costmodel.budget.limits import FixedLimit, ForecastLimit, HistoricalLimit, PlannedLimit
from costmodel.budget.model import Budget
from costmodel.budget.period import Period, add_months
from costmodel.budget.spend import DailyMeasure, local_days

_LONGEST_CHAIN: Final = 60  # periods a rollover looks back


@dataclass(frozen=True)
class BudgetStatus:
    """A budget in one period. Amounts in the budget's currency; NaN = unknown.

    Attributes:
        budget: the budget.
        period: the period.
        through: the data are complete up to here.
        state: OK, ALARM, DATA_LATE, NO_DATA, NO_MATCH (no row of the bill meets the filter),
            NEEDS_DAYS (the bill knows months, the period is none) or NOT_MEASURED (a column the
            budget reads is not there).
        limit: what is allowed, with what rolled over.
        actual: spent so far.
        forecast_mean: expected at the end of the period.
        forecast_p90: exceeded with a probability of 10 %.
        previous: total of the period before.
        previous_to_date: spend of the period before after as many days.
        largest_past: the largest total of a past period.
        missing_days: days of the period inside the data without any row.
        notes: what the reader should know.
    """

    budget: Budget
    period: Period
    through: datetime | None
    state: str = "OK"
    limit: float = math.nan
    actual: float = math.nan
    forecast_mean: float = math.nan
    forecast_p90: float = math.nan
    previous: float = math.nan
    previous_to_date: float = math.nan
    largest_past: float = math.nan
    missing_days: int = 0
    notes: tuple[str, ...] = field(default=())

    @property
    def used(self) -> float:
        """Share of the limit that is spent; NaN without a limit."""
        return self.actual / self.limit if self.limit > 0.0 else math.nan

    @property
    def is_complete(self) -> bool:
        """Whether the data reach to the end of the period."""
        return self.through is not None and self.through >= self.period.end

    def to_json(self) -> dict[str, Any]:
        """Return the status as a JSON object."""
        return {
            "budget": self.budget.name,
            "type": self.budget.type.value,
            "period_start": self.period.start.isoformat(),
            "period_end": self.period.end.isoformat(),
            "data_through": None if self.through is None else self.through.isoformat(),
            "state": self.state,
            "currency": self.budget.currency,
            "limit": self.limit,
            "actual": self.actual,
            "used_percent": 100.0 * self.used,
            "forecast": {"mean": self.forecast_mean, "p90": self.forecast_p90},
            "previous": self.previous,
            "missing_days": self.missing_days,
            "owners": list(self.budget.owners),
            "notes": list(self.notes),
        }


def assess(
    daily: DailyMeasure | None, budget: Budget, period: Period, through: datetime | None
) -> BudgetStatus:
    """Return where a budget stands in a period, from its daily measure."""
    if daily is None:
        return BudgetStatus(budget, period, through, state="NO_DATA", notes=("there are no data",))
    start, end = local_days(period, budget.zone)
    if daily.is_monthly and not start.day == end.day == 1:
        note = "the charges are by month: a budget of days, weeks or parts of months needs days"
        return BudgetStatus(budget, period, through, state="NEEDS_DAYS", notes=(note,))
    mean, p90 = expect_end(daily, start, end)
    past = _past_totals(daily, budget, period)
    missing = daily.missing_days(start, end)
    return BudgetStatus(
        budget,
        period,
        through,
        state="OK" if daily.is_matched else "NO_MATCH",
        limit=limit_of(daily, budget, period),
        actual=daily.value(start, end),
        forecast_mean=mean,
        forecast_p90=p90,
        previous=past[-1] if past else math.nan,
        previous_to_date=_to_date(daily, budget, period),
        largest_past=max(past, default=math.nan),
        missing_days=missing,
        notes=_notes(daily, missing, start, end),
    )


def _notes(daily: DailyMeasure, missing: int, start: date, end: date) -> tuple[str, ...]:
    notes = []
    if start < daily.first < end:
        notes.append(f"the bill begins on {daily.first}: what was spent before is not in it")
    if daily.is_monthly and daily.end < end:
        notes.append(
            "the charges are by month: this counts what the bill has, and no forecast is made"
        )
    if daily.unknown_rows:
        notes.append(f"{daily.unknown_rows} row(s) have no amount: what they cost is not in it")
    if missing:
        notes.append(f"{missing} day(s) of the period have no data")
    if not daily.is_matched:
        notes.append("the filter matches no row of the bill: check its values")
    return (*notes, *daily.unmatched)


def limit_of(daily: DailyMeasure, budget: Budget, period: Period) -> float:
    """Return what a budget allows in a period, with what rolled over from the ones before."""
    limit = _own_limit(daily, budget, period)
    if budget.rollover == "none":
        return limit
    carried = 0.0
    for past in _rolling_periods(daily, budget, period):
        left = (
            _own_limit(daily, budget, past) + carried - daily.value(*local_days(past, budget.zone))
        )
        carried = 0.0 if math.isnan(left) else left
        if budget.rollover == "unspent":
            carried = max(carried, 0.0)
    return max(limit + carried, 0.0) if not math.isnan(limit) else limit


def _own_limit(daily: DailyMeasure, budget: Budget, period: Period) -> float:
    start, end = local_days(period, budget.zone)
    match budget.limit:
        case FixedLimit(amount):
            return amount
        case PlannedLimit() as plan:
            return plan.at(start)
        case HistoricalLimit() as history:
            return history.average(_past_totals(daily, budget, period))
        case ForecastLimit():
            return expect_end(daily.before(start), start, end)[0]


def _rolling_periods(daily: DailyMeasure, budget: Budget, period: Period) -> list[Period]:
    """Return the periods since the budget began whose data are complete, oldest first."""
    since = budget.start or daily.first
    covered = _covered_before(daily, budget, period)
    return [p for p in covered if local_days(p, budget.zone)[0] >= since]


def _past_totals(daily: DailyMeasure, budget: Budget, period: Period) -> list[float]:
    """Return the totals of the complete periods before, oldest first."""
    covered = _covered_before(daily, budget, period)
    return [daily.value(*local_days(past, budget.zone)) for past in covered]


def _covered_before(daily: DailyMeasure, budget: Budget, period: Period) -> list[Period]:
    found: list[Period] = []
    before = budget.calendar.previous(period)
    while before is not None and len(found) < _LONGEST_CHAIN:
        start, end = local_days(before, budget.zone)
        if start < daily.first:
            break
        if daily.covers(start, end):
            found.insert(0, before)
        before = budget.calendar.previous(before)
    return found


def _to_date(daily: DailyMeasure, budget: Budget, period: Period) -> float:
    """Return the spend of the period before, as far into it as the data are in this one."""
    before = budget.calendar.previous(period)
    if before is None:
        return math.nan
    start, end = local_days(period, budget.zone)
    past_start, past_end = local_days(before, budget.zone)
    reached = min(daily.end, end)
    if reached <= start or past_start < daily.first:
        return math.nan
    if reached == end:
        return daily.value(past_start, past_end)
    if not daily.is_monthly:
        return daily.value(past_start, min(past_start + (reached - start), past_end))
    if reached.day != 1:
        return math.nan
    months = 12 * (reached.year - start.year) + reached.month - start.month
    return daily.value(past_start, add_months(past_start, months))
