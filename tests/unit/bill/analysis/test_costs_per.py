"""Untagged shares and unit costs."""

import math

import pytest

from costmodel.bill.analysis.change import explain_change
from costmodel.bill.analysis.tagging import untagged_costs
from costmodel.bill.analysis.unit_cost import Units, paid_unit_prices, unit_costs
from costmodel.errors import BadInputError
from costmodel.io.bills.reader import open_bill
from tests.unit.bill.focus_bill import focus_bill, row


def test_untagged_share_counts_usage_only() -> None:
    bill = focus_bill(
        [row(cost=3.0, Tags={"user:team": "a"}), row(cost=1.0, Tags={"user:other": "x"}),
         row(cost=0.5, Tags={"user:team": ""}), row(cost=99.0, ChargeCategory="Tax")]
    )  # fmt: skip

    (found,) = untagged_costs(bill, ["team"]).rows

    assert found == ("team", 3.0, 1.5, pytest.approx(1 / 3))


def test_a_tag_nobody_uses_is_wholly_untagged() -> None:
    (found,) = untagged_costs(focus_bill([row(cost=2.0)]), ["team"]).rows

    assert found == ("team", 0.0, 2.0, 1.0)


def test_cost_per_order_in_each_month() -> None:
    bill = focus_bill([row("2026-01", 100.0), row("2026-02", 90.0), row("2026-02", 30.0)])
    units = [Units("2026-01", "orders", 50.0), Units("2026-02", "orders", 80.0),
             Units("2026-02", "refunds", 0.0)]  # fmt: skip

    rows = unit_costs(bill, units).rows

    assert rows[0] == ("2026-01", "orders", 100.0, 50.0, 2.0)
    assert rows[1] == ("2026-02", "orders", 120.0, 80.0, 1.5)
    assert math.isnan(rows[2][4])


def test_units_of_a_month_the_bill_has_not_are_named() -> None:
    with pytest.raises(BadInputError, match=r"2026-03.*2026-01"):
        unit_costs(focus_bill([row()]), [Units("2026-03", "orders", 1.0)])


def test_an_hour_costs_what_was_paid_for_it() -> None:
    bill = focus_bill(
        [row(cost=8.0, PricingQuantity=100.0), row(cost=2.0, PricingQuantity=60.0),
         row(cost=1.0, PricingQuantity=10.0, PricingUnit="GB"),
         row(cost=50.0, ChargeCategory="Purchase")]
    )  # fmt: skip

    costs = paid_unit_prices(bill, ["x_ServiceCode"])

    assert costs.rows == [
        ("AmazonEC2", "Hrs", 10.0, 160.0, pytest.approx(0.0625)),
        ("AmazonEC2", "GB", 1.0, 10.0, pytest.approx(0.1)),
    ]
    assert "0.0625" in costs.to_text()
    assert costs.to_json()["rows"][1]["PricingUnit"] == "GB"
    assert "plotly" in costs.to_html()
    assert len(costs.table) == 2


def test_a_bill_without_effective_cost_is_analysed_by_the_cost_it_has(tmp_path):
    path = tmp_path / "console.csv"
    path.write_text(
        "Service,S3($),Total costs($)\nService total,3,3\n2026-01-01,1,1\n2026-02-01,2,2\n"
    )
    bill = open_bill([path], {})

    change = explain_change(bill, "2026-01", "2026-02")

    assert (change.metric, change.to_json()["total"]["change"]) == ("BilledCost", 1.0)
    with pytest.raises(BadInputError, match="this bill has no ListCost"):
        explain_change(bill, "2026-01", "2026-02", cost="ListCost")


def test_costs_of_two_currencies_are_not_added_up():
    bill = focus_bill([row(), row(BillingCurrency="EUR")])

    with pytest.raises(BadInputError, match="several currencies"):
        untagged_costs(bill, ["team"])
