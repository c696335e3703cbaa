from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from costmodel.budget.period import Calendar, Period, TimeUnit

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("unit", "moment", "start", "end"),
    [
        ("DAILY", "2024-02-29T23:59:59", "2024-02-29", "2024-03-01"),
        ("WEEKLY", "2026-11-25T12:00", "2026-11-23", "2026-11-30"),  # Wednesday -> Monday
        ("MONTHLY", "2024-02-29T00:00", "2024-02-01", "2024-03-01"),
        ("MONTHLY", "2023-12-31T23:59", "2023-12-01", "2024-01-01"),
        ("QUARTERLY", "2024-12-01T00:00", "2024-10-01", "2025-01-01"),
        ("ANNUALLY", "2024-02-29T00:00", "2024-01-01", "2025-01-01"),
    ],
)
def test_period_holds_the_moment(unit: str, moment: str, start: str, end: str) -> None:
    period = Calendar(TimeUnit(unit)).period_at(at(moment))

    assert period == Period(at(start), at(end))


def test_month_with_the_spring_change_of_clocks_is_an_hour_short() -> None:
    march = Calendar(TimeUnit.MONTHLY, BERLIN).period_at(at("2026-03-15"))
    october = Calendar(TimeUnit.MONTHLY, BERLIN).period_at(at("2026-10-15"))

    assert march == Period(at("2026-02-28T23:00"), at("2026-03-31T22:00"))
    assert march.end - march.start == timedelta(hours=743)
    assert october.end - october.start == timedelta(hours=745)


def test_local_day_decides_the_period() -> None:
    # 23:30 UTC on 31 December is already the new year in Berlin.
    assert Calendar(TimeUnit.ANNUALLY, BERLIN).period_at(at("2025-12-31T23:30")).end == at(
        "2026-12-31T23:00"
    )


@pytest.mark.parametrize(
    ("moment", "start"), [("2026-03-31", "2025-04-01"), ("2026-04-01", "2026-04-01")]
)
def test_fiscal_year_begins_in_its_first_month(moment: str, start: str) -> None:
    assert Calendar(TimeUnit.ANNUALLY, first_month=4).period_at(at(moment)).start == at(start)


def test_fiscal_quarters_follow_the_first_month() -> None:
    quarter = Calendar(TimeUnit.QUARTERLY, first_month=2).period_at(at("2026-01-31"))

    assert quarter == Period(at("2025-11-01"), at("2026-02-01"))


def test_custom_period_includes_its_last_day_and_has_no_other() -> None:
    calendar = Calendar(TimeUnit.CUSTOM, first=date(2026, 1, 10), last=date(2026, 2, 9))

    period = calendar.period_at(at("2030-01-01"))

    assert period == Period(at("2026-01-10"), at("2026-02-10"))
    assert calendar.previous(period) is None
    assert calendar.periods_between(at("2020-01-01"), at("2026-01-15")) == [period]


def test_periods_between_are_seamless() -> None:
    found = Calendar(TimeUnit.DAILY, BERLIN).periods_between(
        at("2026-03-27T12:00"), at("2026-03-30")
    )

    assert [p.label for p in found] == [
        "2026-03-26T23:00Z", "2026-03-27T23:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z",
    ]  # fmt: skip
    assert all(a.end == b.start for a, b in pairwise(found))


def test_contains_is_half_open() -> None:
    period = Calendar(TimeUnit.MONTHLY).period_at(at("2026-02-10"))

    assert period.start in period
    assert period.end not in period
