"""Budget periods: half-open spans of calendar time, in UTC.

Boundaries are midnights of the budget's time zone (UTC as in AWS Budgets, unless it says
otherwise), so that a month with a change of clocks is an hour shorter or longer.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

_MONTHS = {"MONTHLY": 1, "QUARTERLY": 3, "ANNUALLY": 12}


class TimeUnit(StrEnum):
    """How often a budget starts anew; the words of the AWS Budgets API."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    ANNUALLY = "ANNUALLY"
    CUSTOM = "CUSTOM"


class Period(NamedTuple):
    """A span of time, UTC, start inclusive, end exclusive."""

    start: datetime
    end: datetime

    def __contains__(self, moment: object) -> bool:
        return isinstance(moment, datetime) and self.start <= moment < self.end

    @property
    def label(self) -> str:
        """The period's start as it appears in alert keys."""
        return (
            self.start.strftime("%Y-%m-%dT%H:%MZ") if self.start.hour else str(self.start.date())
        )


class Calendar(NamedTuple):
    """What decides where periods begin."""

    unit: TimeUnit
    zone: tzinfo = UTC
    first_month: int = 1  # of the fiscal year
    first: date | None = None  # CUSTOM: first day
    last: date | None = None  # CUSTOM: last day, inclusive

    def period_at(self, moment: datetime) -> Period:
        """Return the period a moment falls into (CUSTOM: its only period, whenever asked)."""
        local = moment.astimezone(self.zone).date()
        match self.unit:
            case TimeUnit.CUSTOM:
                return self._custom()
            case TimeUnit.DAILY:
                return self._between(local, local + timedelta(days=1))
            case TimeUnit.WEEKLY:
                monday = local - timedelta(days=local.weekday())
                return self._between(monday, monday + timedelta(days=7))
            case _:
                months = _MONTHS[self.unit]
                first = add_months(
                    local.replace(day=1), -((local.month - self.first_month) % months)
                )
                return self._between(first, add_months(first, months))

    def previous(self, period: Period) -> Period | None:
        """Return the period before, None for a custom one."""
        if self.unit is TimeUnit.CUSTOM:
            return None
        return self.period_at(period.start - timedelta(microseconds=1))

    def periods_between(self, since: datetime, until: datetime) -> list[Period]:
        """Return the periods that overlap (since, until], oldest first."""
        found = [self.period_at(until)]
        while (before := self.previous(found[0])) is not None and before.end > since:
            found.insert(0, before)
        return found

    def _custom(self) -> Period:
        if self.first is None or self.last is None:
            raise ValueError("a custom period has a first and a last day")
        return self._between(self.first, self.last + timedelta(days=1))

    def _between(self, first: date, after: date) -> Period:
        return Period(self._midnight(first), self._midnight(after))

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)


def add_months(first: date, months: int) -> date:
    """Return a first of the month some months later."""
    index = first.year * 12 + first.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
