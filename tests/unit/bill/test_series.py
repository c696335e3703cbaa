import pytest

from tests.unit.bill.bill_rows import cur_bill

ARN = "arn:aws:ec2:us-west-2:000000000001:reserved-instances/r-1"


def reserved_use(**other):
    return {
        "line_item_line_item_type": "DiscountedUsage", "line_item_unblended_cost": 0.0,
        "line_item_unblended_rate": "0", "reservation_reservation_a_r_n": ARN,
        "reservation_effective_cost": 0.06, **other,
    }  # fmt: skip


def reserved_fee(**other):
    return {
        "line_item_line_item_type": "RIFee", "line_item_usage_account_id": "000000000009",
        "line_item_usage_type": "USW2-HeavyUsage:m5.large", "line_item_unblended_cost": 44.64,
        "line_item_usage_start_date": "2026-01-01 00:00:00",
        "line_item_usage_end_date": "2026-01-31 23:59:59",
        "reservation_reservation_a_r_n": ARN, "reservation_unused_recurring_fee": 44.58,
        "reservation_unused_amortized_upfront_fee_for_billing_period": 0.0,
        "reservation_unused_quantity": 743.0, **other,
    }  # fmt: skip


def test_hourly_usage_keeps_on_demand_and_covered_usage_and_leaves_spot_out(tmp_path):
    spot = {"line_item_usage_type": "USW2-SpotUsage:m5.large", "line_item_unblended_cost": 0.03}
    bill = cur_bill(tmp_path, {}, {}, spot, reserved_use(), reserved_fee())

    rows = bill.hourly_usage().to_pylist()

    assert [(row["PricingCategory"], row["PricingQuantity"]) for row in rows] == [
        ("Committed", 1.0),
        ("Standard", 2.0),
    ]
    assert [row["ContractedCost"] for row in rows] == pytest.approx([0.1, 0.2])
    assert {row["x_UsageType"] for row in rows} == {"BoxUsage:m5.large"}
    assert {row["RegionId"] for row in rows} == {"us-west-2"}


def test_a_commitment_is_one_row_owned_by_the_account_that_pays_its_fee(tmp_path):
    bill = cur_bill(tmp_path, reserved_use(), reserved_fee())

    (line,) = bill.commitment_lines().to_pylist()

    assert line["SubAccountId"] == "000000000009"
    assert line["x_UsageType"] == "HeavyUsage:m5.large"
    assert line["BilledCost"] == pytest.approx(44.64)
    assert line["EffectiveCost"] == pytest.approx(0.06 + 44.58)
    assert line["x_UnusedCost"] == pytest.approx(44.58)


def test_daily_spreads_an_unused_reservation_over_its_month(tmp_path):
    bill = cur_bill(tmp_path, reserved_use(), reserved_fee())

    days = bill.daily().set_index("ChargePeriodStart")["EffectiveCost"]

    assert len(days) == 31
    assert days.sum() == pytest.approx(44.64)
    assert days.iloc[1] == pytest.approx(44.58 / 31)
    assert days.iloc[4] == pytest.approx(44.58 / 31 + 0.06)
