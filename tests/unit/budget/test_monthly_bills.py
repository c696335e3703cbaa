"""Budgets on bills that know months only: months, quarters and years are right, days are refused."""

import math

import pandas as pd
import pytest

from costmodel.budget.spend import Spend
from tests.unit.budget.daily_spend import at, budget, run

MONTHS = {
    "2025-11": 50.0, "2025-12": 60.0, "2026-01": 100.0, "2026-02": 110.0, "2026-03": 120.0,
    "2026-04": 130.0, "2026-05": 90.0,
}  # fmt: skip


def monthly(through: str) -> Spend:
    table = pd.DataFrame(
        {
            "ChargePeriodStart": pd.to_datetime([f"{month}-01" for month in MONTHS], utc=True),
            "EffectiveCost": list(MONTHS.values()),
        }
    )
    return Spend.from_table(table, through=at(through), is_monthly=True)


@pytest.mark.parametrize(
    ("fields", "actual"),
    [
        ({}, 90.0),
        ({"period": "quarterly"}, 220.0),  # 130 + 90
        ({"period": "quarterly", "fiscal_year_start": 2}, 90.0),  # May … July
        ({"period": "annually"}, 550.0),  # 100 + 110 + 120 + 130 + 90
        ({"period": "annually", "fiscal_year_start": 12}, 610.0),
        ({"period": "custom", "start": "2026-02-01", "end": "2026-06-30"}, 450.0),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_periods_made_of_months_are_their_sums(fields, actual, zone) -> None:
    status = run(monthly("2026-05-20"), budget(**fields, time_zone=zone), "2026-05-20").statuses[0]

    assert (status.state, status.actual, status.missing_days) == ("OK", actual, 0)
    assert math.isnan(status.forecast_mean)
    assert "no forecast is made" in status.notes[-1]


@pytest.mark.parametrize(
    "fields",
    [
        {"period": "daily"},
        {"period": "weekly"},
        {"period": "custom", "start": "2026-02-15", "end": "2026-06-30"},
        {"period": "custom", "start": "2026-02-01", "end": "2026-06-14"},
    ],
)
def test_parts_of_months_need_days_and_are_no_zeros(fields) -> None:
    one = budget(**fields, thresholds=["1%", {"value": 1, "operator": "less"}])

    result = run(monthly("2026-05-20"), one, "2026-05-20")

    assert result.statuses[0].state == "NEEDS_DAYS"
    assert math.isnan(result.statuses[0].actual)
    assert result.alerts == ()


def test_a_complete_month_needs_no_forecast_and_is_held_against_the_whole_one_before() -> None:
    one = budget(thresholds=[{"value": "5%", "on": "change"}, {"value": 100, "of": "forecast"}])

    status = run(monthly("2026-05-01"), one, "2026-05-02").statuses[0]

    assert status.period.label == "2026-04-01"
    assert (status.actual, status.forecast_mean, status.previous_to_date) == (130.0, 130.0, 120.0)
    assert status.state == "ALARM"  # 130 > 1.05 * 120


def test_a_quarter_is_held_against_as_many_months_of_the_one_before() -> None:
    quarter = budget(period="quarterly")

    whole_months = run(monthly("2026-06-01"), quarter, "2026-06-01").statuses[0]
    inside_a_month = run(monthly("2026-05-20"), quarter, "2026-05-20").statuses[0]

    assert whole_months.previous_to_date == 210.0  # January and February
    assert math.isnan(inside_a_month.previous_to_date)


def test_limits_follow_the_months_before() -> None:
    historical = budget(limit={"historical": 3})
    planned = budget(limit={"planned": {"2026-01": 10, "2026-04": 20, "2026-05": 30}})
    rolling = budget(limit=115, rollover="balance", start="2026-03-01")

    limits = [
        run(monthly("2026-05-20"), one, "2026-05-20").statuses[0].limit
        for one in (historical, planned, rolling)
    ]

    # The mean of three months; what is planned; 115 less the debts of March (5) and April (15).
    assert limits == [120.0, 30.0, 95.0]


def test_a_month_without_rows_is_missing() -> None:
    found = monthly("2026-05-20")
    gap = Spend(found.table[found.table["EffectiveCost"] != 120.0], found.through, is_monthly=True)

    assert run(gap, budget(period="annually"), "2026-05-20").statuses[0].missing_days == 31
