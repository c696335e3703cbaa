"""Budget evaluation: idempotent, monotone in spend; filters and periods partition."""

from datetime import UTC, date, datetime, timedelta
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
from costmodel.budget.spend import Spend, local_days, measure


def utc(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


START = utc(2024, 1, 1)
amounts = st.lists(st.floats(0.0, 1e4), min_size=1, max_size=70)
# Days without an amount, at the end of a period or all over it, leave NaN in a status.
gaps = st.lists(st.one_of(st.just(float("nan")), st.floats(0.0, 1e4)), min_size=1, max_size=70)
periods = st.sampled_from(["daily", "weekly", "monthly", "quarterly", "annually"])
# Where clocks are put forward at midnight, that day begins at one o'clock.
NO_MIDNIGHT = ("Asia/Beirut", "Africa/Cairo", "America/Havana", "America/Asuncion")
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe",
    "Asia/Kolkata", "Pacific/Chatham", *NO_MIDNIGHT,
)  # fmt: skip
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
@given(gaps, periods, st.integers(0, 5))
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
    st.sampled_from(ZONES),
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
    just_before = (period.start - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
    assert local.date() - just_before.date() == timedelta(days=1)
    if zone not in NO_MIDNIGHT:
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


def hours_of(first: datetime, amounts: list[float]) -> Spend:
    times = pd.date_range(first, periods=len(amounts), freq="h")
    return Spend.from_table(pd.DataFrame({"ChargePeriodStart": times, "EffectiveCost": amounts}))


# A week around a change of clocks in each direction, a leap day, and ends of months of 28 … 31 days.
CHANGES = (
    utc(2026, 3, 7), utc(2026, 3, 27), utc(2026, 10, 2), utc(2026, 10, 23),
    utc(2026, 10, 30), utc(2024, 2, 27), utc(2026, 2, 26), utc(2026, 4, 28),
    utc(2026, 12, 29),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(CHANGES),
    st.sampled_from(ZONES),
    periods,
    st.integers(1, 12),
    st.lists(st.integers(0, 1000), min_size=150, max_size=150),
)
def test_every_hour_counts_in_the_local_period_it_lies_in(first, zone, period, month, amounts):
    one = parse_budget(
        {**BUDGET, "thresholds": [], "period": period, "time_zone": zone,
         "fiscal_year_start": month}, "t",
    )  # fmt: skip
    data = hours_of(first, [float(x) for x in amounts])
    daily = measure(data, one)
    moment = first
    total = 0.0
    while moment < data.through:
        found = one.calendar.period_at(moment)
        start, end = local_days(found, one.zone)
        inside = [
            amount
            for hour, amount in zip(data.table["ChargePeriodStart"], amounts, strict=True)
            if start <= hour.astimezone(one.zone).date() < end
        ]
        assert daily.value(start, end) == sum(inside)
        total += sum(inside)
        moment = found.end
    assert total == sum(amounts)


def brute_limit(plan: dict[str, float], day: date) -> float:
    return plan[max((key for key in plan if key <= f"{day:%Y-%m}"), default="")]


@settings(max_examples=60)
@given(
    st.dates(date(2023, 12, 1), date(2028, 12, 31)),
    st.lists(st.integers(0, 10_000), min_size=62, max_size=62),
    st.sampled_from(ZONES),
)
def test_planned_months_have_their_own_limit_up_to_their_last_day(day, amounts, zone) -> None:
    months = [f"{year}-{month:02}" for year in range(2023, 2029) for month in range(1, 13)]
    plan = dict(zip(months[10:], amounts, strict=True))
    one = parse_budget(
        {**BUDGET, "thresholds": [], "time_zone": zone, "limit": {"planned": plan}}, "t"
    )
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=one.zone).astimezone(UTC)

    status = evaluate(hours_of(noon - timedelta(hours=30), [1.0] * 31), [one], now=noon, state={})

    newest = status.statuses[-1]
    assert newest.limit == brute_limit(plan, local_days(newest.period, one.zone)[0])
    assert local_days(newest.period, one.zone)[0] == day.replace(day=1)


def replayed(one, data: Spend, days: list[datetime]) -> list[str]:
    """Evaluate day by day and return the keys of what was told."""
    state, told = {}, []
    for now in days:
        times = data.table["ChargePeriodStart"]
        recent = (times < now) & (times >= now - timedelta(days=35))
        so_far = Spend.from_table(data.table[recent])
        found = evaluate(so_far, [one], now=now, state=state)
        state = found.state
        told += [alert.key for alert in found.alerts]
    return told


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Sydney", "Asia/Beirut"])
def test_a_year_replayed_day_by_day_tells_each_local_month_once(zone) -> None:
    one = parse_budget({**BUDGET, "thresholds": [20], "time_zone": zone, "limit": 24}, "t")
    hours = (utc(2025, 1, 3) - utc(2023, 12, 1)) // timedelta(hours=1)
    data = hours_of(utc(2023, 12, 1), [1.0] * hours)  # 24 a day: crossed on each first
    days = [datetime(2024, 1, 1, 14, tzinfo=UTC) + timedelta(days=n) for n in range(366)]

    told = replayed(one, data, [*days, days[-1] + timedelta(days=1)])

    months = {one.calendar.period_at(day).label for day in days}
    assert len(told) == len(set(told))
    assert {f"b/{label}/actual-20" for label in months} <= set(told)
    assert len(months) in (12, 13)  # in the east the next year has begun


def test_an_annual_budget_has_its_leap_day_and_is_as_long_as_its_year() -> None:
    one = parse_budget({**BUDGET, "period": "annually", "thresholds": []}, "t")
    days = (date(2025, 1, 1) - date(2023, 1, 1)).days
    data = spend_from(utc(2023, 1, 1), [1.0] * days)

    leap = evaluate(data, [one], now=datetime(2024, 2, 29, 23, tzinfo=UTC), state={})
    whole = evaluate(data, [one], now=datetime(2024, 12, 31, 23, tzinfo=UTC), state={})

    assert leap.statuses[0].actual == whole.statuses[0].actual == 366.0
    assert whole.statuses[0].previous == 365.0


def spend_from(first: datetime, daily: list[float]) -> Spend:
    days = pd.date_range(first, periods=len(daily))
    return Spend.from_table(pd.DataFrame({"ChargePeriodStart": days, "EffectiveCost": daily}))


@settings(max_examples=60)
@given(st.dates(date(2023, 1, 1), date(2027, 12, 31)), st.integers(0, 500), st.integers(0, 500))
def test_a_custom_period_counts_its_first_and_last_day_and_no_other(first, length, before) -> None:
    last = first + timedelta(days=length)
    one = parse_budget(
        {**BUDGET, "period": "custom", "thresholds": [], "start": str(first), "end": str(last)},
        "t",
    )
    begin = first - timedelta(days=before)
    data = spend_from(utc(begin.year, begin.month, begin.day), [1.0] * (before + length + 40))

    found = evaluate(data, [one], now=datetime(2030, 1, 1, tzinfo=UTC), state={})

    assert [status.actual for status in found.statuses] == [length + 1.0]


@pytest.mark.parametrize("zone", ZONES)
def test_days_of_a_daily_bill_are_days_in_every_zone(zone) -> None:
    one = parse_budget({**BUDGET, "thresholds": [], "time_zone": zone}, "t")
    data = spend_from(utc(2026, 2, 1), [1.0] * 28 + [100.0] * 31)

    february = measure(data, one).value(date(2026, 2, 1), date(2026, 3, 1))

    assert february == 28.0
