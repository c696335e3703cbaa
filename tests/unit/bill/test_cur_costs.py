"""Cost rules that only reports with private discounts and plans show."""

import pytest

from tests.unit.bill.bill_rows import cur_bill, totals

SP = "arn:aws:savingsplans::000000000001:savingsplan/s-1"
RI = "arn:aws:ec2:us-west-2:000000000001:reserved-instances/r-1"


def line(kind, cost, **other):
    return {"line_item_line_item_type": kind, "line_item_unblended_cost": cost,
            "line_item_net_unblended_cost": cost * 0.9, **other}  # fmt: skip


def test_idle_plan_commitment_is_net_of_the_discount_on_its_fee(tmp_path):
    fee = line(
        "SavingsPlanRecurringFee", 1.0, savings_plan_savings_plan_a_r_n=SP,
        savings_plan_total_commitment_to_date=1.0, savings_plan_used_commitment=0.4,
        savings_plan_recurring_commitment_for_billing_period=1.0,
        savings_plan_net_recurring_commitment_for_billing_period=0.9,
        savings_plan_amortized_upfront_commitment_for_billing_period=0.0,
        savings_plan_net_amortized_upfront_commitment_for_billing_period=0.0,
    )  # fmt: skip
    bill = cur_bill(tmp_path, fee)

    # 0.6 of 1.0 idle; the fee is 10 % off.
    assert totals(bill, "x_AmortizedCost", "EffectiveCost", "BilledCost") == pytest.approx(
        [0.6, 0.54, 0.9]
    )


def test_net_twins_of_reserved_and_covered_usage_come_first(tmp_path):
    bill = cur_bill(
        tmp_path,
        line("DiscountedUsage", 0.0, reservation_reservation_a_r_n=RI,
             reservation_effective_cost=0.06, reservation_net_effective_cost=0.05),
        line("SavingsPlanCoveredUsage", 0.1, savings_plan_savings_plan_a_r_n=SP,
             savings_plan_savings_plan_effective_cost=0.07,
             savings_plan_net_savings_plan_effective_cost=0.06),
        line("SavingsPlanNegation", -0.1, savings_plan_savings_plan_a_r_n=SP),
    )  # fmt: skip

    values = totals(bill, "x_AmortizedCost", "EffectiveCost", "BilledCost", "x_UnblendedCost")

    assert values == pytest.approx([0.13, 0.11, 0.0, 0.0])


def test_an_upfront_fee_has_no_amortised_cost_and_a_support_fee_has(tmp_path):
    bill = cur_bill(
        tmp_path,
        line("Fee", 100.0, reservation_reservation_a_r_n=RI),
        line("Fee", 29.0, reservation_reservation_a_r_n=""),
        line("SavingsPlanUpfrontFee", 50.0, savings_plan_savings_plan_a_r_n=SP),
    )

    values = totals(bill, "x_UnblendedCost", "x_AmortizedCost", "x_CommitmentUpfront")

    assert values == [179.0, 29.0, 150.0]


def test_the_refund_of_a_plans_upfront_fee_has_no_amortised_cost(tmp_path):
    refund = line(
        "Refund", -50.0, savings_plan_savings_plan_a_r_n=SP,
        savings_plan_offering_type="ComputeSavingsPlans",
        line_item_line_item_description="Refund for one-time fee for Savings Plan ID: s-1",
    )  # fmt: skip
    other = line("Refund", -3.0, line_item_line_item_description="Refund of something")
    bill = cur_bill(tmp_path, refund, other)

    values = totals(bill, "x_UnblendedCost", "x_AmortizedCost", "x_CommitmentUpfront")

    assert values == [-53.0, -3.0, -50.0]
    rows = bill.summarize(by="ChargeCategory,ChargeClass", metric="x_UnblendedCost").rows
    assert [row[:2] for row in rows] == [("Usage", "Correction"), ("Purchase", "Correction")]


@pytest.mark.parametrize(
    ("kind", "category", "frequency", "pricing"),
    [
        ("Usage", "Usage", "Usage-Based", "Standard"),
        ("DiscountedUsage", "Usage", "Usage-Based", "Committed"),
        ("RIFee", "Purchase", "Recurring", "Standard"),
        ("Fee", "Purchase", "One-Time", "Standard"),
        ("Tax", "Tax", "One-Time", None),
        ("Credit", "Credit", "One-Time", "Other"),
        ("EdpDiscount", "Credit", "Usage-Based", "Other"),
        ("FlatRateSubscription", "Usage", "Usage-Based", "Standard"),
        ("SomethingNew", "Adjustment", "Usage-Based", "Standard"),
    ],
)
def test_a_line_item_type_has_its_focus_categories(tmp_path, kind, category, frequency, pricing):
    bill = cur_bill(tmp_path, line(kind, 1.0))

    rows = bill.summarize(by="ChargeCategory,ChargeFrequency,PricingCategory").rows

    assert rows[0][:3] == (category, frequency, pricing)


def test_a_fee_of_a_whole_month_ends_where_the_next_month_begins(tmp_path):
    bill = cur_bill(tmp_path, line("RIFee", 1.0, line_item_usage_end_date="2026-01-31 23:59:59"))

    (row,) = bill.sql("SELECT CAST(ChargePeriodEnd AS VARCHAR) AS ends FROM bill").to_pylist()

    assert row["ends"] == "2026-02-01 00:00:00"


def test_cloudfront_keeps_its_edge_prefix_and_has_no_region_from_it(tmp_path):
    edge = {"line_item_product_code": "AmazonCloudFront", "product_region_code": "",
            "line_item_usage_type": "EU-DataTransfer-Out-Bytes"}  # fmt: skip
    bill = cur_bill(tmp_path, edge)

    assert bill.summarize(by="x_UsageType,RegionId").rows[0][:2] == (
        "EU-DataTransfer-Out-Bytes",
        None,
    )
