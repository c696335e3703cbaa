import math

import pandas as pd
import pytest

from costmodel.budget.evaluate import evaluate
from costmodel.budget.spend import Spend, read_columns
from costmodel.budget.state import Crossing
from costmodel.errors import BadInputError
from tests.unit.budget.daily_spend import at, budget, run, spend


def test_a_day_without_any_row_is_missing_and_a_day_without_matching_rows_is_free() -> None:
    table = spend("2026-03-01", [10.0] * 10).table
    other = spend("2026-03-01", [5.0] * 10, "Amazon S3").table
    gap = Spend.from_table(table.drop(index=[3, 4]))
    quiet = Spend.from_table(pd.concat([table.drop(index=[3, 4]), other]))
    one = budget(filter={"ServiceName": "Amazon EC2"})

    assert run(gap, one, "2026-03-11").statuses[0].missing_days == 2
    assert run(quiet, one, "2026-03-11").statuses[0].missing_days == 0
    assert run(quiet, one, "2026-03-11").statuses[0].actual == 80.0


def test_share_budget_alarms_below_its_threshold() -> None:
    rows = [
        ("Used", "Savings Plan", 60.0), ("Unused", "Savings Plan", 20.0),
        ("Used", "Reserved Instance", 99.0), (None, None, 500.0),
    ]  # fmt: skip
    table = pd.DataFrame(
        rows, columns=["CommitmentDiscountStatus", "CommitmentDiscountType", "EffectiveCost"]
    )
    table["ChargePeriodStart"] = pd.Timestamp("2026-03-01", tz="UTC")
    one = budget(
        type="SAVINGS_PLANS_UTILIZATION", limit=100,
        thresholds=[{"value": "80%", "operator": "less"}, {"value": "70%", "operator": "less"}],
    )  # fmt: skip

    result = run(Spend.from_table(table), one, "2026-03-02")

    assert result.statuses[0].actual == pytest.approx(75.0)  # 60 of 80
    assert [a.threshold_value for a in result.alerts] == [80.0]
    assert "is at 75.00 %" in result.alerts[0].summary


def test_coverage_counts_on_demand_time_of_the_services_under_commitment() -> None:
    rows = [
        ("Amazon EC2", "Used", "Savings Plan", "Committed", "Hrs", 30.0),
        ("Amazon EC2", None, None, "Standard", "Hrs", 10.0),
        ("Amazon EC2", None, None, "Standard", "GB-Mo", 99.0),
        ("Amazon RDS", None, None, "Standard", "Hrs", 99.0),
    ]
    table = pd.DataFrame(
        rows, columns=["ServiceName", "CommitmentDiscountStatus", "CommitmentDiscountType",
                       "PricingCategory", "PricingUnit", "ListCost"],
    )  # fmt: skip
    table["ChargePeriodStart"] = pd.Timestamp("2026-03-01", tz="UTC")

    result = run(Spend.from_table(table), budget(type="SAVINGS_PLANS_COVERAGE"), "2026-03-02")

    assert result.statuses[0].actual == pytest.approx(75.0)


def test_per_unit_budget_divides_cost_by_quantity() -> None:
    one = budget(per_unit={"column": "ConsumedQuantity"}, limit=0.05, thresholds=["100%"])

    result = run(spend("2026-03-01", [10.0] * 5), one, "2026-03-06")

    assert result.statuses[0].actual == pytest.approx(0.1)
    assert math.isnan(result.statuses[0].forecast_mean)
    assert len(result.alerts) == 1
    tiny = budget(per_unit={"column": "ConsumedQuantity"}, limit=0.0005, thresholds=["100%"])
    summary = run(spend("2026-03-01", [10.0]), tiny, "2026-03-02").alerts[0].summary
    assert "of a limit of 0.0005 USD" in summary


def test_local_month_counts_local_days() -> None:
    hours = pd.date_range("2026-03-28", "2026-04-02", freq="h", tz="UTC", inclusive="left")
    data = Spend.from_table(pd.DataFrame({"ChargePeriodStart": hours, "EffectiveCost": 1.0}))

    april = run(data, budget(time_zone="Europe/Berlin"), "2026-04-02").statuses[0]
    day = run(
        data, budget(time_zone="Europe/Berlin", period="daily"), "2026-03-29T12:00"
    ).statuses[0]

    assert april.actual == 26.0  # from 22:00 UTC on 31 March
    assert day.actual == 23.0  # the clocks go forward
    assert data.through == at("2026-04-02")


def test_spend_without_time_is_refused() -> None:
    with pytest.raises(BadInputError, match="ChargePeriodStart"):
        Spend.from_table(pd.DataFrame({"EffectiveCost": [1.0]}))
    with pytest.raises(BadInputError, match="rows without"):
        Spend.from_table(pd.DataFrame({"ChargePeriodStart": [None]}))


@pytest.mark.parametrize("day", ["9991-01-01", "9999-12-31"])
def test_spend_too_late_to_look_ahead_from_is_refused(day) -> None:
    table = pd.DataFrame(
        {"ChargePeriodStart": pd.to_datetime(["2026-05-01", day]).astype("datetime64[us]")}
    )

    with pytest.raises(BadInputError, match=f"in the year {day[:4]}, too late to look ahead"):
        Spend.from_table(table)


def test_the_last_year_to_look_ahead_from_is_accepted() -> None:
    days = pd.to_datetime(["9990-12-31"]).astype("datetime64[us]")

    spend = Spend.from_table(pd.DataFrame({"ChargePeriodStart": days}))

    assert str(spend.through) == "9991-01-01 00:00:00+00:00"


def test_a_budget_on_a_column_that_is_not_there_is_not_measured_and_the_others_are() -> None:
    told = {"typo/2026-03-01/actual-80pct": Crossing(1, is_active=True)}
    typo = budget(name="typo", filter={"ServiceNane": "Amazon EC2"})
    lacks = budget(name="lacks", metric="BilledCost")

    found = evaluate(
        spend("2026-03-01", [7.0]), [typo, budget(), lacks], now=at("2026-03-02"), state=told
    )

    assert [status.state for status in found.statuses] == ["NOT_MEASURED", "OK", "NOT_MEASURED"]
    assert found.statuses[1].actual == 7.0
    assert math.isnan(found.statuses[0].actual)
    assert found.statuses[0].notes == (
        "filter on 'ServiceNane': the spend has no such column; did you mean 'ServiceName'?",
    )
    assert found.statuses[2].notes == ("the spend has no column BilledCost",)
    assert found.state == told  # what was told stays told


def test_rows_without_an_amount_are_said() -> None:
    status = run(spend("2026-03-01", [1.0, math.nan, 2.0]), budget(), "2026-03-04").statuses[0]

    assert status.actual == 3.0
    assert status.notes == ("1 row(s) have no amount: what they cost is not in it",)


def test_a_bill_that_begins_inside_the_period_says_so() -> None:
    status = run(spend("2026-03-05", [1.0]), budget(), "2026-03-06").statuses[0]

    assert status.notes == ("the bill begins on 2026-03-05: what was spent before is not in it",)


def test_filter_that_matches_nothing_says_so() -> None:
    one = budget(filter={"ServiceName": "Amazon EC3"})

    status = run(spend("2026-03-01", [1.0]), one, "2026-03-02").statuses[0]

    assert status.state == "NO_MATCH"
    assert status.notes == (
        "the filter matches no row of the bill: check its values",
        "no row has ServiceName 'Amazon EC3'; did you mean 'Amazon EC2'?",
    )


def test_one_wrong_value_of_several_is_said_and_exclusions_are_not() -> None:
    one = budget(filter={"ServiceName": ["Amazon EC2", "RDS*"], "not": {"RegionId": "nowhere"}})

    status = run(spend("2026-03-01", [1.0]), one, "2026-03-02").statuses[0]

    assert (status.state, status.actual) == ("OK", 1.0)
    assert status.notes == ("no row has ServiceName 'RDS*'",)


def test_columns_to_read_are_those_of_filters_metrics_and_shares() -> None:
    dimensions, metrics = read_columns(
        [
            budget(filter={"tag:team": "a"}, metric="BilledCost"),
            budget(per_unit={"column": "PricingQuantity", "filter": {"RegionId": "x"}}),
            budget(type="RI_COVERAGE"),
        ]
    )

    assert dimensions >= {"tag:team", "RegionId", "CommitmentDiscountStatus", "PricingUnit"}
    assert metrics == {"BilledCost", "EffectiveCost", "PricingQuantity", "ListCost"}
