import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from costmodel.budget.alert import AlertKind, Severity
from costmodel.budget.evaluate import Evaluation, evaluate
from costmodel.budget.model import Budget, parse_budget
from costmodel.budget.spend import Spend, read_columns
from costmodel.budget.state import state_from_json, state_to_json
from costmodel.errors import BadInputError


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def spend(start: str, amounts, service: str = "Amazon EC2") -> Spend:
    """One row a day of one service."""
    days = pd.date_range(start, periods=len(amounts), tz="UTC")
    table = pd.DataFrame(
        {
            "ChargePeriodStart": days,
            "ServiceName": service,
            "SubAccountId": "001",
            "RegionId": "us-east-1",
            "x_UsageType": "BoxUsage:m5.large",
            "EffectiveCost": np.asarray(amounts, dtype=float),
            "ConsumedQuantity": np.asarray(amounts, dtype=float) / 0.1,
        }
    )
    return Spend.from_table(table)


def budget(**fields) -> Budget:
    return parse_budget({"name": "team", "limit": 1000, **fields}, "test")


def run(data: Spend, one: Budget, now: str, state=None) -> Evaluation:
    return evaluate(data, [one], now=at(now), state=state or {})


STEADY = [10.0] * 59  # January and February 2026


def test_actual_fires_once_per_period_with_a_stable_key() -> None:
    data = spend("2026-01-01", STEADY + [100.0] * 9)  # March 1 … 9: 900
    one = budget(thresholds=["80%"])

    first = run(data, one, "2026-03-10")
    second = run(data, one, "2026-03-10", first.state)

    (alert,) = first.alerts
    assert alert.key == "team/2026-03-01/actual-80pct"
    assert alert.kind is AlertKind.ACTUAL
    assert (alert.actual, alert.limit, alert.threshold_value) == (900.0, 1000.0, 800.0)
    assert alert.summary.startswith("team has spent 900.00 USD of a limit of 1,000.00 USD")
    assert second.alerts == ()
    assert second.state == first.state
    assert first.statuses[0].state == "ALARM"


def test_next_period_fires_anew() -> None:
    data = spend("2026-01-01", [100.0] * 90)  # to March 31
    one = budget(thresholds=["80%"])

    february = run(data, one, "2026-02-20")
    march = run(data, one, "2026-03-20", february.state)

    assert [a.key for a in february.alerts] == ["team/2026-02-01/actual-80pct"]
    assert [a.key for a in march.alerts] == ["team/2026-03-01/actual-80pct"]
    assert set(march.state) == {"team/2026-03-01/actual-80pct"}


def test_a_period_that_has_just_ended_is_still_watched_for_late_rows() -> None:
    one = budget(thresholds=["100%"])
    before = run(spend("2026-01-01", [33.0] * 30), one, "2026-01-31T12:00")

    after = run(spend("2026-01-01", [33.0] * 31), one, "2026-02-01T12:00", before.state)

    assert before.alerts == ()
    assert [a.key for a in after.alerts] == ["team/2026-01-01/actual-100pct"]


def test_a_corrected_actual_recovers_once_and_is_not_told_again() -> None:
    one = budget(thresholds=["80%"])
    high, low = STEADY + [100.0] * 9, STEADY + [50.0] * 9

    first = run(spend("2026-01-01", high), one, "2026-03-10")
    second = run(spend("2026-01-01", low), one, "2026-03-10", first.state)
    third = run(spend("2026-01-01", high), one, "2026-03-10", second.state)

    assert [a.key for a in second.alerts] == ["team/2026-03-01/actual-80pct/recovered"]
    assert second.alerts[0].kind is AlertKind.RECOVERED
    assert third.alerts == ()


def test_forecasted_fires_again_after_it_fell_back() -> None:
    one = budget(thresholds=[{"value": "100%", "of": "forecast"}])
    calm = [10.0] * 60  # to March 1
    states = {}
    kinds = []
    for day, amounts in [
        ("2026-03-08", calm + [50.0] * 7), ("2026-03-22", calm + [50.0] * 7 + [5.0] * 14),
        ("2026-03-26", calm + [50.0] * 7 + [5.0] * 14 + [200.0] * 4),
    ]:  # fmt: skip
        result = run(spend("2026-01-01", amounts), one, day, states)
        states = result.state
        kinds += [(a.kind.value, a.key) for a in result.alerts]

    assert kinds == [
        ("FORECASTED", "team/2026-03-01/forecast-100pct"),
        ("RECOVERED", "team/2026-03-01/forecast-100pct/recovered"),
        ("FORECASTED", "team/2026-03-01/forecast-100pct#2"),
    ]


def test_forecast_is_the_spend_so_far_plus_the_days_to_come() -> None:
    status = run(spend("2026-01-01", [10.0] * 68), budget(), "2026-03-10").statuses[0]

    assert status.actual == pytest.approx(90.0)  # March 1 … 9
    assert status.forecast_mean == pytest.approx(310.0)
    assert status.forecast_p90 == pytest.approx(310.0)
    assert status.used == pytest.approx(0.09)


def test_month_start_fee_does_not_raise_the_forecast_of_the_rest() -> None:
    day = pd.date_range("2026-01-01", periods=152).day
    amounts = np.where(day == 1, 510.0, 10.0)  # to June 1

    status = run(spend("2026-01-01", amounts), budget(), "2026-06-02").statuses[0]

    assert status.forecast_mean == pytest.approx(500.0 + 30 * 10.0)


def test_too_little_history_has_no_forecast_and_does_not_fire() -> None:
    one = budget(thresholds=[{"value": 1, "of": "forecast"}])

    result = run(spend("2026-03-01", [10.0] * 13), one, "2026-03-14")

    assert math.isnan(result.statuses[0].forecast_mean)
    assert result.alerts == ()


def test_p90_threshold_fires_before_the_mean_does() -> None:
    noisy = np.random.default_rng(0).lognormal(3, 0.6, 160)
    data = spend("2026-01-01", noisy)  # to June 9
    status = run(data, budget(), "2026-06-10").statuses[0]
    between = (status.forecast_mean + status.forecast_p90) / 2

    result = run(
        data,
        budget(thresholds=[{"value": between, "of": f} for f in ("forecast", "forecast_p90")]),
        "2026-06-10",
    )

    assert [a.key.split("/")[2].split("-")[0] for a in result.alerts] == ["forecast_p90"]
    assert "P90" in result.alerts[0].summary


def test_rate_of_change_compares_with_as_many_days_of_the_period_before() -> None:
    data = spend("2026-02-01", [10.0] * 28 + [13.0] * 5)
    rise = {"value": "25%", "on": "change"}

    told = run(data, budget(thresholds=[rise]), "2026-03-06")
    held = run(data, budget(thresholds=[{**rise, "value": "31%"}]), "2026-03-06")
    absolute = run(data, budget(thresholds=[{"value": 14, "on": "change"}]), "2026-03-06")

    # 5 · 13 = 65 against 5 · 10 = 50: + 30 %, + 15.
    assert told.alerts[0].threshold_value == pytest.approx(62.5)
    assert held.alerts == ()
    assert len(absolute.alerts) == 1


def test_rate_of_change_against_nothing_says_nothing() -> None:
    data = spend("2026-03-01", [10.0] * 5)

    result = run(data, budget(thresholds=[{"value": "1%", "on": "change"}]), "2026-03-06")

    assert result.alerts == ()


def test_absurd_value_is_held_back_until_it_is_confirmed() -> None:
    data = spend("2026-01-01", [*STEADY, 1000000000.0])
    one = budget(thresholds=["100%"])

    first = run(data, one, "2026-03-02T00:00")
    same = run(data, one, "2026-03-02T01:00", first.state)
    confirmed = run(data, one, "2026-03-02T07:00", same.state)

    assert first.alerts == same.alerts == ()
    assert "confirmation" in first.statuses[0].notes[-1]
    assert [a.kind for a in confirmed.alerts] == [AlertKind.ACTUAL]


def test_absurd_value_that_goes_away_is_never_told() -> None:
    one = budget(thresholds=["100%"])
    first = run(spend("2026-01-01", [*STEADY, 1000000000.0]), one, "2026-03-02")

    second = run(spend("2026-01-01", [*STEADY, 10.0]), one, "2026-03-02T09:00", first.state)

    assert second.alerts == ()
    assert second.state == {}


def test_late_data_is_a_state_of_its_own_and_recovers() -> None:
    one = budget()
    data = spend("2026-01-01", [10.0] * 60)  # to March 1

    late = run(data, one, "2026-03-05")
    again = run(data, one, "2026-03-06", late.state)
    fresh = run(spend("2026-01-01", [10.0] * 65), one, "2026-03-07", again.state)

    assert [(a.kind, a.key) for a in late.alerts] == [
        (AlertKind.DATA_LATE, "team/2026-03-01/data-late")
    ]
    assert late.statuses[0].state == "DATA_LATE"
    assert again.alerts == ()
    assert [a.kind for a in fresh.alerts] == [AlertKind.RECOVERED]
    assert fresh.statuses[0].state == "OK"


def test_no_data_at_all_is_not_zero_spend() -> None:
    empty = Spend.from_table(spend("2026-01-01", [1.0]).table.iloc[:0])

    result = run(empty, budget(thresholds=["1%"]), "2026-03-05")

    assert result.statuses[0].state == "NO_DATA"
    assert math.isnan(result.statuses[0].actual)
    assert [a.kind for a in result.alerts] == [AlertKind.DATA_LATE]


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


def test_less_than_on_a_growing_sum_is_judged_when_the_period_is_complete() -> None:
    one = budget(thresholds=[{"value": 1000, "operator": "less"}])
    data = spend("2026-02-01", [10.0] * 28)

    assert run(spend("2026-02-01", [10.0] * 5), one, "2026-02-06").alerts == ()
    assert [a.key for a in run(data, one, "2026-03-01T06:00").alerts] == [
        "team/2026-02-01/actual-less-1000"
    ]


@pytest.mark.parametrize(
    ("rollover", "amounts", "limit"),
    [
        ("none", [10.0] * 31 + [20.0] * 28, 500.0),
        ("unspent", [10.0] * 31 + [20.0] * 28, 500.0 + (500 - 310) + (500 - 560)),
        ("unspent", [20.0] * 31 + [10.0] * 28, 500.0 + (500 - 280)),  # January's debt is forgiven
        ("balance", [20.0] * 31 + [10.0] * 28, 500.0 + (500 - 620) + (500 - 280)),
    ],
)
def test_rollover_moves_what_is_left_on(rollover: str, amounts, limit: float) -> None:
    one = budget(limit=500, rollover=rollover)

    status = run(spend("2026-01-01", [*amounts, 1.0]), one, "2026-03-02").statuses[0]

    assert status.limit == pytest.approx(limit)


def test_historical_limit_is_the_mean_of_the_last_periods() -> None:
    data = spend("2026-01-01", [10.0] * 31 + [20.0] * 28 + [1.0])

    status = run(data, budget(limit={"historical": 2}), "2026-03-02").statuses[0]

    assert status.limit == pytest.approx((310.0 + 560.0) / 2)
    assert status.previous == 560.0


def test_forecast_limit_is_what_the_first_day_expected() -> None:
    data = spend("2026-01-01", STEADY + [500.0] * 9)

    status = run(data, budget(limit="forecast"), "2026-03-10").statuses[0]

    assert status.limit == pytest.approx(310.0)


def test_start_and_end_bound_the_periods_watched() -> None:
    data = spend("2026-01-01", [100.0] * 90)
    later = budget(thresholds=["1%"], start=date(2026, 4, 1))
    over = budget(thresholds=["1%"], end=date(2026, 2, 28))

    assert run(data, later, "2026-03-20").alerts == ()
    assert run(data, over, "2026-03-20").statuses == ()


def test_custom_period_counts_from_its_first_to_its_last_day() -> None:
    one = budget(period="custom", start="2026-01-10", end="2026-01-19", thresholds=["5%"])

    result = run(spend("2026-01-01", [10.0] * 31), one, "2026-02-01")

    assert result.statuses[0].actual == 100.0
    assert result.alerts[0].key == "team/2026-01-10/actual-5pct"


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


def test_severity_follows_the_share_of_the_limit_unless_it_is_given() -> None:
    data = spend("2026-01-01", STEADY + [200.0] * 9)
    one = budget(thresholds=["50%", "80%", "100%", "150%", {"value": 5, "severity": "critical"}])

    severities = [a.severity for a in run(data, one, "2026-03-10").alerts]

    assert severities == [
        Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.CRITICAL, Severity.CRITICAL,
    ]  # fmt: skip


def test_cause_ranks_what_rose_and_adds_up() -> None:
    ec2 = spend("2026-02-01", [10.0] * 28 + [30.0] * 5).table
    s3 = spend("2026-02-01", [8.0] * 28 + [6.0] * 5, "Amazon S3").table

    alert = run(
        Spend.from_table(pd.concat([ec2, s3])), budget(thresholds=[50]), "2026-03-06"
    ).alerts[0]

    first, last = alert.cause
    assert first.value == "Amazon EC2 · 001 · us-east-1 · BoxUsage:m5.large"
    assert (first.amount, last.amount) == (pytest.approx(100.0), pytest.approx(-10.0))
    assert first.quantity_effect == pytest.approx(100.0)  # the unit price stayed 0.1
    assert first.price_effect == pytest.approx(0.0)


def test_state_survives_json_and_broken_state_is_refused() -> None:
    state = run(
        spend("2026-01-01", [*STEADY, 1000000000.0]), budget(thresholds=["1%"]), "2026-03-02"
    ).state

    assert state_from_json(state_to_json(state), "s.json") == state
    for broken in ([1], {"a": 1}, {"a": {"fired": 1}}):
        with pytest.raises(BadInputError, match="not a budget state"):
            state_from_json(broken, "s.json")


def test_spend_without_time_is_refused() -> None:
    with pytest.raises(BadInputError, match="ChargePeriodStart"):
        Spend.from_table(pd.DataFrame({"EffectiveCost": [1.0]}))
    with pytest.raises(BadInputError, match="rows without"):
        Spend.from_table(pd.DataFrame({"ChargePeriodStart": [None]}))


def test_metric_that_the_spend_lacks_is_named() -> None:
    with pytest.raises(BadInputError, match="no column BilledCost"):
        run(spend("2026-03-01", [1.0]), budget(metric="BilledCost"), "2026-03-02")


def test_status_is_json() -> None:
    status = run(spend("2026-01-01", [10.0] * 68), budget(owners=["ada"]), "2026-03-10").statuses[
        0
    ]

    payload = status.to_json()

    assert payload["used_percent"] == pytest.approx(9.0)
    assert payload["owners"] == ["ada"]
    assert payload["data_through"] == "2026-03-10T00:00:00+00:00"


def test_evaluation_keeps_budgets_apart() -> None:
    data = spend("2026-03-01", [10.0] * 5)
    budgets = [budget(name=n, thresholds=["1%"]) for n in ("a", "b")]

    result = evaluate(data, budgets, now=at("2026-03-06"), state={})

    assert [a.budget for a in result.alerts] == ["a", "b"]
    assert set(result.state) == {"a/2026-03-01/actual-1pct", "b/2026-03-01/actual-1pct"}
    assert result.alerts[0].created_at == at("2026-03-06")
    assert result.alerts[0].period_end - result.alerts[0].period_start == timedelta(days=31)


def test_daily_budget_shows_the_last_day_with_data() -> None:
    data = spend("2026-01-01", [*STEADY, 90.0])  # to March 1

    result = run(data, budget(period="daily", limit=50, thresholds=["100%"]), "2026-03-02T06:00")

    assert result.statuses[0].period.label == "2026-03-01"
    assert result.statuses[0].state == "ALARM"


def test_filter_that_matches_nothing_says_so() -> None:
    one = budget(filter={"ServiceName": "Amazon EC3"})

    status = run(spend("2026-03-01", [1.0]), one, "2026-03-02").statuses[0]

    assert status.state == "NO_MATCH"
    assert status.notes == ("the filter matches no row of the bill: check its values",)


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
