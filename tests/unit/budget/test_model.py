import math
from datetime import date

import pytest

from costmodel.budget.limits import (
    FixedLimit,
    ForecastLimit,
    HistoricalLimit,
    PlannedLimit,
    parse_limit,
)
from costmodel.budget.model import Threshold, parse_budget, parse_budgets
from costmodel.budget.period import TimeUnit
from costmodel.errors import BadInputError


def test_a_small_budget_gets_the_defaults_of_aws() -> None:
    budget = parse_budget({"name": "all", "limit": 100, "thresholds": ["80%", 95]}, "f")

    assert budget.period is TimeUnit.MONTHLY
    assert (budget.metric, budget.currency, budget.time_zone) == ("EffectiveCost", "USD", "UTC")
    assert budget.limit == FixedLimit(100.0)
    assert [t.key for t in budget.thresholds] == ["actual-80pct", "actual-95"]
    assert budget.thresholds[0].text == "actual > 80 % of limit"


def test_usage_and_share_budgets_have_units_of_their_own() -> None:
    usage = parse_budget({"name": "u", "type": "usage", "limit": 5}, "f")
    share = parse_budget({"name": "s", "type": "savings-plans-utilization"}, "f")

    assert (usage.metric, usage.currency) == ("ConsumedQuantity", "units")
    assert (share.limit, share.currency, share.type.is_share) == (FixedLimit(100.0), "%", True)


@pytest.mark.parametrize(
    ("threshold", "key", "text"),
    [
        ({"value": "100%", "of": "forecast"}, "forecast-100pct", "forecast > 100 % of limit"),
        ({"value": 5, "operator": "less", "id": "low"}, "low", "actual < 5"),
        ({"value": "-7.5 %", "on": "change"}, "actual-change--7.5pct",
         "actual > -7.5 % against the previous period"),
        ({"value": 5, "operator": "less"}, "actual-less-5", "actual < 5"),
    ],
)  # fmt: skip
def test_thresholds_have_stable_keys_and_a_text(threshold, key, text) -> None:
    parsed = Threshold.model_validate(threshold)

    assert (parsed.key, parsed.text) == (key, text)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("12.5", FixedLimit(12.5)),
        ({"historical": 6}, HistoricalLimit(6)),
        ("forecast", ForecastLimit()),
        ({"planned": {"2026-02": 2, "2026-01": 1}},
         PlannedLimit(((date(2026, 1, 1), 1.0), (date(2026, 2, 1), 2.0)))),
        ({"planned": {"2026-Q3": 9}}, PlannedLimit(((date(2026, 7, 1), 9.0),))),
        ({"planned": {2026: 9}}, PlannedLimit(((date(2026, 1, 1), 9.0),))),
        ({"planned": {"1767225600": 9}}, PlannedLimit(((date(2026, 1, 1), 9.0),))),
        ({"planned": {date(2026, 5, 1): 9}}, PlannedLimit(((date(2026, 5, 1), 9.0),))),
    ],
)  # fmt: skip
def test_limits_have_four_forms(limit, expected) -> None:
    assert parse_limit(limit) == expected
    assert parse_limit(expected) is expected


def test_planned_limit_persists_after_the_last_and_is_unknown_before_the_first() -> None:
    plan = PlannedLimit(((date(2026, 1, 1), 1.0), (date(2026, 3, 1), 3.0)))

    assert [plan.at(date(2026, m, 1)) for m in (1, 2, 3, 12)] == [1.0, 1.0, 3.0, 3.0]
    assert math.isnan(plan.at(date(2025, 12, 1)))


def test_historical_limit_leaves_out_leading_empty_periods() -> None:
    assert HistoricalLimit(4).average([99.0, 0.0, 0.0, 10.0, 20.0]) == 15.0
    assert HistoricalLimit(3).average([10.0, 0.0, 20.0]) == 10.0
    assert math.isnan(HistoricalLimit(3).average([0.0]))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "name"),
        ({"name": "a/b"}, "without '/'"),
        ({"name": "a", "limit": -1}, "limit: '-1' is not an amount"),
        ({"name": "a", "limit": "many"}, "not an amount"),
        ({"name": "a", "limit": [1]}, "expected an amount"),
        ({"name": "a", "limit": {"planned": {"soon": 1}}}, "2026-01"),
        ({"name": "a", "period": "fortnightly"}, "period"),
        ({"name": "a", "period": "custom"}, "needs start and end"),
        ({"name": "a", "start": "2026-02-01", "end": "2026-01-01"}, "before start"),
        ({"name": "a", "time_zone": "Mars/Base"}, "unknown time zone"),
        ({"name": "a", "metric": "Cost"}, "choose one of BilledCost"),
        ({"name": "a", "thresholds": ["80%", "80%"]}, "two thresholds"),
        ({"name": "a", "thresholds": ["lots"]}, "thresholds.0"),
        ({"name": "a", "thresholds": [math.inf]}, "finite"),
        ({"name": "a", "thresholds": ["-50%"]}, "a threshold below zero is crossed by everything"),
        ({"name": "a", "thresholds": [{"value": -1, "of": "forecast"}]}, "give 0 or more"),
        ({"name": "a", "colour": "red"}, "colour"),
        ({"name": "a", "filter": ["x"]}, "filter"),
        ({"name": "a", "period": "custom", "start": "2026-01-01", "end": "2026-01-02",
          "rollover": "unspent"}, "no next one"),
        ("a", "expected a mapping"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_in_one_line_with_its_place(entry, message: str) -> None:
    with pytest.raises(BadInputError, match=r"b\.yaml") as error:
        parse_budgets([entry], "b.yaml")

    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_names_are_unique_and_a_file_holds_a_list() -> None:
    with pytest.raises(BadInputError, match="two budgets are called 'a'"):
        parse_budgets({"budgets": [{"name": "a"}, {"name": "a"}]}, "b.yaml")
    with pytest.raises(BadInputError, match="expected a list"):
        parse_budgets({"budgets": None}, "b.yaml")


def test_a_fall_against_the_previous_period_is_a_threshold_below_zero() -> None:
    fall = Threshold.model_validate({"value": "-50%", "on": "change", "operator": "less"})

    assert (fall.value, fall.is_percent) == (-50.0, True)
    assert fall.text == "actual < -50 % against the previous period"


def test_a_metric_that_was_not_chosen_is_the_default() -> None:
    default = parse_budget({"name": "a", "limit": 1, "metric": ""}, "t")
    chosen = parse_budget({"name": "a", "limit": 1, "metric": "EffectiveCost"}, "t")

    assert (default.metric, default.has_own_metric) == ("EffectiveCost", False)
    assert (chosen.metric, chosen.has_own_metric) == ("EffectiveCost", True)
    assert parse_budget({"name": "a", "type": "usage", "limit": 1}, "t").metric == (
        "ConsumedQuantity"
    )
