import math
from datetime import date, timedelta

import pytest

from costmodel.budget.alert import AlertKind
from costmodel.budget.evaluate import evaluate
from costmodel.budget.spend import Spend
from costmodel.budget.state import state_from_json, state_to_json
from costmodel.errors import BadInputError
from tests.unit.budget.daily_spend import STEADY, at, budget, run, spend


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


def test_less_than_on_a_growing_sum_is_judged_when_the_period_is_complete() -> None:
    one = budget(thresholds=[{"value": 1000, "operator": "less"}])
    data = spend("2026-02-01", [10.0] * 28)

    assert run(spend("2026-02-01", [10.0] * 5), one, "2026-02-06").alerts == ()
    assert [a.key for a in run(data, one, "2026-03-01T06:00").alerts] == [
        "team/2026-02-01/actual-less-1000"
    ]


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


def test_state_survives_json_and_broken_state_is_refused() -> None:
    state = run(
        spend("2026-01-01", [*STEADY, 1000000000.0]), budget(thresholds=["1%"]), "2026-03-02"
    ).state

    assert state_from_json(state_to_json(state), "s.json") == state
    for broken in ([1], {"a": 1}, {"a": {"fired": 1}}):
        with pytest.raises(BadInputError, match="not a budget state"):
            state_from_json(broken, "s.json")


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
