"""Budgets held against bills in files: by month, by hour in other time zones, without a column."""

import json
from datetime import UTC, datetime, timedelta

import pytest

import costmodel
from costmodel.budget.model import parse_budget

HEADER = (
    "BilledCost,EffectiveCost,ListCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,"
    "BillingPeriodStart,BillingCurrency,ServiceName,SubAccountId"
)


def budget(**fields):
    return parse_budget({"name": "b", "limit": 1000, **fields}, "t")


def check(bill, now: str, *budgets):
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    return costmodel.check_budgets(list(budgets), bill, now=moment)


@pytest.fixture
def monthly_bill(tmp_path):
    """What Cost Explorer answers for months; the last one is under way."""
    months = [("2026-09-01", "2026-10-01", 120), ("2026-10-01", "2026-11-01", 130),
              ("2026-11-01", "2026-11-25", 90)]  # fmt: skip
    results = [
        {
            "TimePeriod": {"Start": start, "End": end},
            "Total": {},
            "Groups": [
                {
                    "Keys": ["Amazon EC2"],
                    "Metrics": {"UnblendedCost": {"Amount": str(cost), "Unit": "USD"}},
                }
            ],
        }
        for start, end, cost in months
    ]
    groups = [{"Type": "DIMENSION", "Key": "SERVICE"}]
    file = tmp_path / "months.json"
    file.write_text(json.dumps({"GroupDefinitions": groups, "ResultsByTime": results}))
    return file


def test_a_bill_by_month_answers_for_months_and_quarters_and_refuses_days(monthly_bill) -> None:
    report = check(
        monthly_bill, "2026-11-25",
        budget(name="m"), budget(name="q", period="quarterly"), budget(name="d", period="daily"),
    )  # fmt: skip

    found = {s.budget.name: (s.state, s.actual) for s in report.statuses}
    assert found["m"] == ("OK", 90.0)
    assert found["q"] == ("OK", 220.0)
    assert found["d"][0] == "NEEDS_DAYS"
    assert not report.is_ok
    assert report.statuses[0].budget.metric == "BilledCost"  # nobody chose another
    assert report.burn_downs["m"].ahead is None


def test_a_chosen_metric_that_the_bill_lacks_is_not_replaced(monthly_bill) -> None:
    report = check(monthly_bill, "2026-11-25", budget(metric="x_BlendedCost"), budget(name="m"))

    assert [status.state for status in report.statuses] == ["NOT_MEASURED", "OK"]
    assert "x_BlendedCost" in report.issues[0].message
    assert list(report.burn_downs) == ["m"]


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        ({"ServiceNane": "Amazon EC2"}, "NOT_MEASURED"),
        ({"tag:team": "a"}, "NOT_MEASURED"),  # Cost Explorer's answer by service has no tags
        ({"Tags": "a"}, "NOT_MEASURED"),
        ({"ServiceName": "Amazon ECS"}, "NO_MATCH"),
        ({"servicename": "Amazon EC2"}, "OK"),
    ],
)
def test_a_filter_that_cannot_be_met_has_a_state_of_its_own(monthly_bill, conditions, state):
    report = check(monthly_bill, "2026-11-25", budget(filter=conditions))

    assert report.statuses[0].state == state
    assert (report.issues != ()) or state == "OK"


@pytest.fixture
def hourly_bill(tmp_path):
    """1 an hour from 25 February to 19 March 2026, and tax of 1,000 for all of March."""
    rows = [HEADER]

    def add(start: datetime, end: datetime, cost: float, category: str) -> None:
        rows.append(
            f"{cost},{cost},{cost},{category},{start:%Y-%m-%dT%H:%M:%SZ},{end:%Y-%m-%dT%H:%M:%SZ},"
            f"{start:%Y-%m-01T00:00:00Z},USD,Amazon EC2,111111111111"
        )

    hour = datetime(2026, 2, 25, tzinfo=UTC)
    while hour < datetime(2026, 3, 20, tzinfo=UTC):
        add(hour, hour + timedelta(hours=1), 1.0, "Usage")
        hour += timedelta(hours=1)
    add(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), 1000.0, "Tax")
    file = tmp_path / "hours.csv"
    file.write_text("\n".join(rows) + "\n")
    return file


@pytest.mark.parametrize(
    ("zone", "march", "the_8th"),
    [
        ("UTC", 456.0, 24.0),  # 19 days
        ("America/New_York", 451.0, 23.0),  # begins at 05:00; clocks go forward on the 8th
        ("Asia/Tokyo", 465.0, 24.0),  # begins nine hours earlier
    ],
)
def test_hours_count_in_their_local_month_and_fees_of_a_month_in_that_month(
    hourly_bill, zone, march, the_8th
) -> None:
    month = budget(time_zone=zone)
    day = budget(name="d", time_zone=zone, period="custom", start="2026-03-08", end="2026-03-08")

    report = check(hourly_bill, "2026-03-20", month, day)

    assert report.statuses[0].actual == march + 1000.0
    assert check(hourly_bill, "2026-03-10", day).statuses[0].actual == the_8th
