"""A bill: what commitments cover saves nothing when it ends, discounts save less."""

import pyarrow as pa
import pytest

import costmodel
from costmodel.io.rule_files import load_rules
from costmodel.optimize.billed_rows import bill_usage_table, read_shares
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.recommend import recommend_changes
from costmodel.optimize.table_scope import build_scopes
from tests.unit.optimize.rules.test_recommend import account, instance, series

ARN = "arn:aws:ec2:us-east-1:1:instance/i-1"


def billed(*rows):
    base = {
        "SubAccountId": "1", "RegionId": "us-east-1", "ResourceId": "i-1",
        "x_ServiceCode": "AmazonEC2", "x_UsageType": "BoxUsage:m5.large",
        "x_Operation": "RunInstances", "PricingCategory": "Standard", "PricingQuantity": 730.0,
        "ListCost": 70.08, "EffectiveCost": 70.08, "hours": 730.0, "quiet": 0.0,
    }  # fmt: skip
    return pa.Table.from_pylist([{**base, **row} for row in rows])


def stop(*rows):
    inventory = account(
        {"ec2_instances": [instance("i-1")]},
        series("i-1", CPUUtilization=2.0, NetworkIn=1e5, NetworkOut=1e4),
    )
    book = load_rules()
    return recommend_changes(
        build_scopes(inventory, book), costmodel.load_catalog(), book,
        inventory=inventory, billed=read_shares(billed(*rows)),
    )  # fmt: skip


def test_a_reservation_that_covers_the_instance_leaves_nothing_to_save() -> None:
    result = stop({"PricingCategory": "Committed", "EffectiveCost": 40.0})

    assert not [r for r in result.accepted if r.rule.id == "ec2-idle"]
    assert ("i-1", "ec2-idle", "already paid for by a commitment") in result.explain("i-1")


def test_half_covered_saves_half() -> None:
    result = stop(
        {"PricingQuantity": 365.0, "ListCost": 35.04, "EffectiveCost": 35.04},
        {"PricingCategory": "Committed", "PricingQuantity": 365.0, "EffectiveCost": 20.0},
    )

    (found,) = [r for r in result.accepted if r.rule.id == "ec2-idle"]
    assert found.list_saving == pytest.approx(70.08)
    assert found.effective_saving == pytest.approx(35.04)
    assert result.has_bill


def test_a_private_discount_lowers_the_saving() -> None:
    result = stop({"EffectiveCost": 63.072})  # 10 % off

    (found,) = [r for r in result.accepted if r.rule.id == "ec2-idle"]
    assert found.effective_saving == pytest.approx(63.072)


def test_arns_of_the_bill_meet_short_ids_of_the_inventory() -> None:
    shares = read_shares(billed({"ResourceId": ARN, "PricingCategory": "Committed"})).shares

    assert shares["i-1", "BoxUsage:m5.large"].paid == 0.0


def test_bill_lines_are_scaled_to_a_month_and_advised() -> None:
    rows = billed(
        {"x_UsageType": "EBS:VolumeUsage.gp2", "x_Operation": "CreateVolume-Gp2",
         "ResourceId": "vol-1", "PricingQuantity": 50.0, "hours": 365.0}
    )  # fmt: skip
    table = bill_usage_table(rows)
    book, nothing = load_rules(), Inventory({})

    result = recommend_changes(
        build_scopes(nothing, book, bill=table), costmodel.load_catalog(), book, inventory=nothing
    )

    # 50 GB-months in half a month are 100 GB: 100 x (.10 - .08)
    assert result.list_saving == pytest.approx(2.00)
    assert result.accepted[0].rule.id == "bill-gp2"


def test_a_line_is_quiet_since_the_last_use_of_any_of_its_rows() -> None:
    gone = billed({"quiet": 96.0}, {"quiet": 240.0, "PricingCategory": "Committed"})

    assert bill_usage_table(gone)["quiet_hours"].to_pylist() == [96.0]
