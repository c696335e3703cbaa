import json
from datetime import date

import pytest

from costmodel.budget.aws_import import budgets_from_aws
from costmodel.budget.filters import All, Condition, Not
from costmodel.budget.limits import FixedLimit, ForecastLimit, HistoricalLimit, PlannedLimit
from costmodel.budget.model import BudgetType
from costmodel.errors import BadInputError
from costmodel.io.budget_files import read_budgets

BUDGET = {"BudgetName": "b", "BudgetLimit": {"Amount": "5", "Unit": "USD"}, "TimeUnit": "MONTHLY"}


def one(**fields):
    return budgets_from_aws({"Budget": {**BUDGET, **fields}}, "f.json")[0]


def test_recorded_response_is_read(sample) -> None:
    path = sample("recorded-api/test_budget_query_budgets.DescribeBudgets_1.json")

    (budget,) = read_budgets(path)

    assert budget.name == "budget-ec2-monthly"
    assert budget.limit == FixedLimit(1200.0)
    assert (budget.metric, budget.currency) == ("BilledCost", "USD")
    assert (budget.start, budget.end) == (date(2017, 6, 30), None)
    assert "'BoxUsage*'" in str(budget.filter)


def test_cost_types_become_metric_and_exclusions() -> None:
    budget = one(CostTypes={"UseAmortized": True, "IncludeTax": False, "IncludeCredit": True})

    assert budget.metric == "EffectiveCost"
    assert "Tax" in str(budget.filter)
    assert "Credit" not in str(budget.filter)
    assert isinstance(budget.filter.parts[0].parts[0].parts[0], Not)


def test_filters_of_both_styles_select_the_same_rows() -> None:
    import pandas as pd

    table = pd.DataFrame(
        {"ServiceName": ["Amazon S3", "Amazon S3", "AWS Lambda"],
         "Tags": [{"user:team": "a"}, {"user:team": "b"}, {"user:team": "a"}],
         "x_CostCategories": [{"Env": "prod"}] * 3}
    )  # fmt: skip
    old = one(CostFilters={"Service": ["Amazon S3"], "TagKeyValue": ["user:team$a"]})
    new = one(
        FilterExpression={"And": [
            {"Dimensions": {"Key": "SERVICE", "Values": [" S3"], "MatchOptions": ["ENDS_WITH"]}},
            {"Tags": {"Key": "team", "Values": ["a"]}},
            {"Not": {"CostCategories": {"Key": "Env", "MatchOptions": ["ABSENT"]}}},
        ]},
        Metrics=["NetAmortizedCost"],
    )  # fmt: skip

    assert old.filter.mask(table).tolist() == [True, False, False]
    assert new.filter.mask(table).tolist() == [True, False, False]
    assert new.metric == "x_NetEffectiveCost"


def test_cost_explorers_two_halves_of_ec2_make_one_whole() -> None:
    import pandas as pd

    ec2 = "Amazon Elastic Compute Cloud"
    table = pd.DataFrame(
        {"ServiceName": [ec2, ec2, ec2, "Amazon Simple Storage Service"],
         "x_UsageType": ["BoxUsage:m5.large", "EBS:VolumeUsage.gp3", "HeavyUsage:m5.large", "x"]}
    )  # fmt: skip

    def rows(*services: str) -> list[bool]:
        return one(CostFilters={"Service": list(services)}).filter.mask(table).tolist()

    explorer = pd.DataFrame(
        {"ServiceName": [f"{ec2} - Compute", "EC2 - Other"], "x_UsageType": ""}
    )
    compute = one(CostFilters={"Service": [f"{ec2} - Compute"]})
    assert compute.filter.mask(explorer).tolist() == [True, False]

    assert rows(f"{ec2} - Compute") == [True, False, True, False]
    assert rows("Amazon S3 Glacier", "S3") == [False, False, False, True]
    assert rows("EC2 - Other") == [False, True, False, False]
    assert rows(f"{ec2} - Compute", "EC2 - Other", "S3") == [True] * 4


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({"PlannedBudgetLimits": {"1767225600": {"Amount": "7", "Unit": "USD"}}},
         PlannedLimit(((date(2026, 1, 1), 7.0),))),
        ({"AutoAdjustData": {"AutoAdjustType": "FORECAST"}}, ForecastLimit()),
        ({"AutoAdjustData": {"AutoAdjustType": "HISTORICAL",
                             "HistoricalOptions": {"BudgetAdjustmentPeriod": 3}}},
         HistoricalLimit(3)),
    ],
)  # fmt: skip
def test_limits_planned_and_auto_adjusting(fields, limit) -> None:
    assert one(**fields).limit == limit


def test_notifications_become_thresholds() -> None:
    tree = {
        "Budget": {**BUDGET, "BudgetType": "SAVINGS_PLANS_UTILIZATION"},
        "NotificationsWithSubscribers": [
            {"Notification": {"NotificationType": "ACTUAL", "ComparisonOperator": "LESS_THAN",
                              "Threshold": 90}},
            {"Notification": {"NotificationType": "FORECASTED", "Threshold": 12.5,
                              "ComparisonOperator": "GREATER_THAN",
                              "ThresholdType": "ABSOLUTE_VALUE"}},
        ],
    }  # fmt: skip

    (budget,) = budgets_from_aws(tree, "f.json")

    assert budget.type is BudgetType.SAVINGS_PLANS_UTILIZATION
    assert [t.key for t in budget.thresholds] == ["actual-less-90pct", "forecast-12.5"]


def test_times_are_epoch_iso_or_recorded() -> None:
    assert one(TimePeriod={"Start": 1767225600}).start == date(2026, 1, 1)
    assert one(TimePeriod={"Start": "2026-02-01T00:00:00Z"}).start == date(2026, 2, 1)
    assert one(TimePeriod={"Start": "2026-02-01", "End": 3706473600}).end is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"CostFilters": {"Tenancy": ["x"]}}, "Tenancy cannot be translated"),
        ({"FilterExpression": {"Xor": []}}, "Xor"),
        ({"FilterExpression": {}, "BudgetLimit": {}}, "no BudgetLimit"),
        (
            {"FilterExpression": {"Dimensions": {"Key": "SERVICE", "MatchOptions": ["LIKE"]}}},
            "LIKE",
        ),
        ({"Metrics": ["Hours"]}, "Hours"),
        ({"TimePeriod": {"Start": "soon"}}, "not a time"),
        ({"Notifications": [{"Threshold": 1}]}, "ComparisonOperator"),
        ({"BudgetName": None}, "without BudgetName"),
    ],
)
def test_what_cannot_be_translated_is_refused(fields, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        one(**fields)


def test_budget_files_are_yaml_with_account_numbers_as_text(tmp_path) -> None:
    path = tmp_path / "budgets.yaml"
    path.write_text(
        "budgets:\n- name: a\n  limit: {historical: 3}\n  filter: {SubAccountId: 012345678901}\n"
    )

    (budget,) = read_budgets(path)

    assert budget.filter == All((Condition("SubAccountId", ("012345678901",)),))
    assert budget.limit == HistoricalLimit(3)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.yaml", b"a: [", "cannot be parsed"),
        ("b.json", b"{", "cannot be parsed"),
        ("b.yaml", b"\xff\xfe", "not UTF-8"),
        ("b.yaml", b"", "expected a list"),
        ("b.yaml", b"!!python/object/apply:os.system [ls]", "cannot be parsed"),
    ],
)
def test_broken_files_are_named(tmp_path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(BadInputError, match=message):
        read_budgets(path)


def test_absent_file_is_named(tmp_path) -> None:
    with pytest.raises(BadInputError, match="No such file"):
        read_budgets(tmp_path / "none.yaml")


def test_template_with_a_single_budget_is_read(tmp_path) -> None:
    path = tmp_path / "b.json"
    path.write_text(json.dumps(BUDGET))

    assert read_budgets(path)[0].name == "b"
