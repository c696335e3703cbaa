"""Reading hourly usage from tables of charges."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from costmodel.errors import CommitmentError, IssueReason
from costmodel.optimize.commitments.usage import ACCOUNT_KEYS, EITHER, read_usage
from tests.unit.optimize.commitments.catalog_of_two_families import charges


def test_rows_become_hours_by_price_key() -> None:
    usage = read_usage(charges({"BoxUsage:m5.large": [1, 2], "BoxUsage:c5.large": [0, 3]}))

    order = np.argsort(usage.rows["x_UsageType"])
    assert usage.quantity[:, order] == pytest.approx(np.array([[0, 1], [3, 2]]))
    assert usage.on_demand_rate[order] == pytest.approx([0.08, 0.10])
    assert list(usage.rows["x_InstanceType"][order]) == ["c5.large", "m5.large"]
    assert not usage.is_daily


def test_arrow_tables_are_read_too() -> None:
    table = pa.Table.from_pandas(charges({"BoxUsage:m5.large": [1, 2]}))

    assert read_usage(table).quantity[:, 0] == pytest.approx([1, 2])


def test_spot_purchases_and_unused_commitment_are_left_out() -> None:
    table = pd.concat(
        [
            charges({"BoxUsage:m5.large": [1.0]}),
            charges({"BoxUsage:m5.large": [10.0]}, PricingCategory="Dynamic"),
            charges({"BoxUsage:m5.large": [20.0]}, ChargeCategory="Purchase"),
            charges(
                {"BoxUsage:m5.large": [40.0]}, PricingCategory="Committed",
                CommitmentDiscountStatus="Unused",
            ),
            charges(
                {"BoxUsage:m5.large": [80.0]}, PricingCategory="Committed",
                CommitmentDiscountStatus="Used",
            ),
        ]
    )  # fmt: skip

    assert read_usage(table).quantity[0, 0] == 1.0
    assert read_usage(table, pricing=EITHER).quantity[0, 0] == 81.0


def test_hours_without_usage_count_as_zero_and_are_reported() -> None:
    table = charges({"BoxUsage:m5.large": [1, 2, 3, 4]}).drop([1, 2])

    usage = read_usage(table)

    assert usage.quantity[:, 0] == pytest.approx([1, 0, 0, 4])
    assert any("2 hours without any usage" in issue.message for issue in usage.issues)


def test_a_daily_table_is_labelled_an_approximation() -> None:
    usage = read_usage(charges({"BoxUsage:m5.large": [24.0, 48.0]}, freq="D"))

    assert usage.is_daily
    assert usage.quantity[:, 0] == pytest.approx([1.0, 2.0])
    assert usage.weight == pytest.approx([24.0, 24.0])
    daily, short = (issue.message for issue in reversed(usage.issues))
    assert "24 equal hours" in daily
    assert "less than a week" in short
    assert {issue.reason for issue in usage.issues} == {IssueReason.APPROXIMATION}


def test_the_end_of_a_charge_tells_days_from_hours() -> None:
    table = charges({"BoxUsage:m5.large": [24.0]}, freq="D")
    table["ChargePeriodEnd"] = table["ChargePeriodStart"] + pd.Timedelta(days=1)

    assert read_usage(table).is_daily


def test_the_rate_follows_from_the_cost_where_no_price_is_given() -> None:
    table = charges({"BoxUsage:m5.large": [2.0]}).drop(columns="ContractedUnitPrice")

    assert read_usage(table.assign(ListCost=0.2)).on_demand_rate == pytest.approx([0.1])


def test_rows_that_are_no_numbers_and_corrections_are_reported() -> None:
    table = charges({"BoxUsage:m5.large": [1.0, np.nan, -3.0, 5.0]})

    usage = read_usage(table)

    assert usage.quantity[:, 0] == pytest.approx([1, 0, 0, 5])
    text = " ".join(issue.message for issue in usage.issues)
    assert "1 rows without a quantity" in text
    assert "1 hours with negative usage" in text


def test_accounts_are_kept_apart_when_asked() -> None:
    table = pd.concat(
        [charges({"BoxUsage:m5.large": [1.0]}, SubAccountId=name) for name in ("001", "002")]
    )

    assert read_usage(table).quantity.shape == (1, 1)
    assert list(read_usage(table, keys=ACCOUNT_KEYS).rows["SubAccountId"]) == ["001", "002"]


def test_bare_box_usage_is_m1_small() -> None:
    assert read_usage(charges({"BoxUsage": [1.0]})).rows["x_InstanceType"][0] == "m1.small"


@pytest.mark.parametrize(
    ("drop", "message"),
    [
        ("x_UsageType", "lacks x_UsageType"),
        ("PricingQuantity", "lacks a quantity"),
        ("ContractedUnitPrice", "lacks an on-demand price"),
    ],
)
def test_missing_columns_are_named(drop, message) -> None:
    with pytest.raises(CommitmentError, match=message):
        read_usage(charges({"BoxUsage:m5.large": [1.0]}).drop(columns=drop))


def test_a_table_without_usage_says_so() -> None:
    with pytest.raises(CommitmentError, match="nothing to commit to"):
        read_usage(charges({"BoxUsage:m5.large": [1.0]}, ChargeCategory="Tax"))


@pytest.mark.parametrize(
    "columns", [{"ChargePeriodEnd": "2026-03-01T00:00:00Z"}, {"PricingQuantity": None}]
)
def test_a_table_of_months_or_without_quantities_has_nothing_to_commit_to(columns) -> None:
    table = charges({"BoxUsage:m5.large": np.ones(3)}).assign(**columns)

    with pytest.raises(CommitmentError, match="nothing to commit to"):
        read_usage(table)
