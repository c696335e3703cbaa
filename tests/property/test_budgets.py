"""Budget evaluation: idempotent, monotone in spend; filters and periods partition."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.budget.alert import AlertKind
from costmodel.budget.evaluate import evaluate
from costmodel.budget.filters import parse_filter
from costmodel.budget.model import parse_budget
from costmodel.budget.period import Calendar, TimeUnit
from costmodel.budget.spend import Spend

START = datetime(2024, 1, 1, tzinfo=UTC)
amounts = st.lists(st.floats(0.0, 1e4), min_size=1, max_size=70)
periods = st.sampled_from(["daily", "weekly", "monthly", "quarterly", "annually"])
BUDGET = {
    "name": "b",
    "limit": 1000,
    "plausible_factor": None,
    "thresholds": ["50%", "100%", 30, {"value": "90%", "of": "forecast"}],
}


def spend_of(daily: list[float]) -> Spend:
    days = pd.date_range(START, periods=len(daily), tz="UTC")
    return Spend.from_table(pd.DataFrame({"ChargePeriodStart": days, "EffectiveCost": daily}))


@settings(max_examples=60)
@given(amounts, periods, st.integers(0, 5))
def test_evaluating_twice_tells_nothing_new(daily, period, late_days) -> None:
    budget = parse_budget({**BUDGET, "period": period}, "t")
    spend = spend_of(daily)
    now = START + timedelta(days=len(daily) + late_days, hours=3)

    first = evaluate(spend, [budget], now=now, state={})
    second = evaluate(spend, [budget], now=now, state=first.state)

    assert second.alerts == ()
    assert second.state == first.state
    assert repr(second.statuses) == repr(first.statuses)  # NaN is not equal to itself


@settings(max_examples=60)
@given(amounts, periods, st.floats(1.0, 5.0))
def test_spend_that_grows_alike_never_silences_an_alert(daily, period, factor) -> None:
    budget = parse_budget({**BUDGET, "period": period}, "t")
    now = START + timedelta(days=len(daily), hours=3)

    less = evaluate(spend_of(daily), [budget], now=now, state={})
    more = evaluate(spend_of([factor * x for x in daily]), [budget], now=now, state={})

    assert {alert.key for alert in less.alerts} <= {alert.key for alert in more.alerts}


@settings(max_examples=60)
@given(amounts, st.lists(st.floats(0.0, 1e4), min_size=70, max_size=70), periods)
def test_more_spend_on_any_day_never_silences_an_actual_alert(daily, extra, period) -> None:
    budget = parse_budget({**BUDGET, "period": period}, "t")
    now = START + timedelta(days=len(daily), hours=3)
    higher = [a + b for a, b in zip(daily, extra, strict=False)]

    less = evaluate(spend_of(daily), [budget], now=now, state={})
    more = evaluate(spend_of(higher), [budget], now=now, state={})

    def actual(result):
        return {alert.key for alert in result.alerts if alert.kind is AlertKind.ACTUAL}

    assert actual(less) <= actual(more)


@settings(max_examples=40)
@given(amounts)
def test_a_crossing_has_one_key_however_often_the_day_is_evaluated(daily) -> None:
    budget = parse_budget({**BUDGET, "thresholds": ["50%", 30]}, "t")
    state, keys = {}, []
    for length in range(1, len(daily) + 1):
        for hour in (1, 13):
            now = START + timedelta(days=length, hours=hour)
            result = evaluate(spend_of(daily[:length]), [budget], now=now, state=state)
            state = result.state
            keys += [alert.key for alert in result.alerts]

    assert len(keys) == len(set(keys))


@settings(max_examples=100)
@given(
    st.sampled_from([unit for unit in TimeUnit if unit is not TimeUnit.CUSTOM]),
    st.datetimes(datetime(2019, 1, 1), datetime(2032, 12, 31)),  # noqa: DTZ001 - made UTC below
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    st.integers(1, 12),
)
def test_periods_tile_time_without_gap_or_overlap(unit, moment, zone, first_month) -> None:
    calendar = Calendar(unit, ZoneInfo(zone), first_month)
    period = calendar.period_at(moment.replace(tzinfo=UTC))
    before, after = calendar.previous(period), calendar.period_at(period.end)

    assert moment.replace(tzinfo=UTC) in period
    assert before.end == period.start
    assert after.start == period.end
    assert calendar.period_at(period.end - timedelta(seconds=1)) == period
    local = period.start.astimezone(ZoneInfo(zone))
    assert (local.hour, local.minute) == (0, 0)


cells = st.sampled_from(["a", "b", "ab", "", None])
trees = st.recursive(
    st.dictionaries(
        st.sampled_from(["x", "y"]), st.sampled_from(["a", "b", "a*", None, ["a", None]])
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"any": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"all": st.lists(inner, max_size=3)}),
    ),
    max_leaves=6,
)


def holds(tree, row) -> bool:
    """The meaning of a filter, one row at a time."""

    def entry(key, value) -> bool:
        if key == "not":
            return not holds(value, row)
        if key in ("any", "all"):
            return (any if key == "any" else all)(holds(part, row) for part in value)
        cell = row[key] or None
        wanted = value if isinstance(value, list) else [value]
        return any(
            cell is None if w is None
            else cell is not None and (cell.startswith("a") if w == "a*" else cell == w)
            for w in wanted
        )  # fmt: skip

    return all(entry(key, value) for key, value in tree.items())


@settings(max_examples=150)
@given(trees, st.lists(st.tuples(cells, cells), min_size=1, max_size=12))
def test_filter_means_the_same_as_row_by_row(tree, rows) -> None:
    table = pd.DataFrame(rows, columns=["x", "y"], dtype=object)

    mask = parse_filter(tree).mask(table)

    assert mask.tolist() == [holds(tree, {"x": x, "y": y}) for x, y in rows]
    assert parse_filter({"not": tree}).mask(table).tolist() == (~mask).tolist()


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.integers(0, 39))
def test_a_filter_and_its_opposite_add_up_to_the_whole(daily, cut) -> None:
    spend = spend_of(daily)
    table = spend.table.assign(ServiceName=["x" if i < cut else "y" for i in range(len(daily))])
    split = Spend.from_table(table)
    budgets = [
        parse_budget({"name": name, "period": "annually", "filter": tree}, "t")
        for name, tree in [
            ("all", {}),
            ("x", {"ServiceName": "x"}),
            ("rest", {"not": {"ServiceName": "x"}}),
        ]
    ]

    whole, part, rest = evaluate(
        split, budgets, now=START + timedelta(days=len(daily)), state={}
    ).statuses

    assert part.actual + rest.actual == pytest.approx(whole.actual)
