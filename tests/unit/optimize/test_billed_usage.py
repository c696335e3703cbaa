"""What a bill says was used, and the checks that look at nothing else."""

import math
from pathlib import Path

import pytest

import costmodel
from costmodel.optimize.billed_usage import billed_inventory

HEADER = (
    "BilledCost,EffectiveCost,ListCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,"
    "ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ConsumedQuantity,ConsumedUnit,RegionId,"
    "ResourceId,ServiceName,SubAccountId,x_ServiceCode,x_UsageType,x_Operation"
)
MONTHS = {"08": "09", "09": "10", "10": "11"}


def line(month: str, day: str, cost: float, usage: str, **more: str) -> str:
    names = {"service": "AmazonEC2", "resource": "", "operation": "", **more}
    start, end = f"2026-{month}-01T00:00:00Z", f"2026-{MONTHS[month]}-01T00:00:00Z"
    at = f"2026-{month}-{day}T00:00:00Z"
    return (
        f"{cost},{cost},{cost},USD,{start},{end},{at},{at},Usage,{10 * cost},GB,us-east-1,"
        f"{names['resource']},{names['service']},1,{names['service']},{usage},{names['operation']}"
    )


def bill(folder: Path, *lines: str):
    file = folder / "bill.csv"
    file.write_text("\n".join((HEADER, *lines)) + "\n", encoding="utf-8")
    return costmodel.read_bill(file)


def rows(inventory, kind: str = "billed_usage"):
    return {row["usage_type"]: row for row in inventory.table(kind).to_pylist()}


def test_the_last_full_month_is_set_beside_the_one_before(tmp_path: Path) -> None:
    made = billed_inventory(
        bill(
            tmp_path,
            line("08", "31", 10, "A"),
            line("09", "15", 20, "A"),
            line("09", "30", 5, "A"),
            line("09", "30", 7, "B"),
            line("10", "03", 900, "A"),
        )
    )

    found = rows(made)

    assert found["A"]["cost"] == 25
    assert found["A"]["quantity"] == 250
    assert found["A"]["previous_cost"] == 10
    assert found["B"]["previous_cost"] == 0


def test_without_a_month_before_a_change_is_unknown(tmp_path: Path) -> None:
    found = rows(billed_inventory(bill(tmp_path, line("09", "30", 5, "A"))))

    assert math.isnan(found["A"]["previous_cost"])


def test_a_month_that_is_not_over_is_used_where_there_is_no_other(tmp_path: Path) -> None:
    found = rows(billed_inventory(bill(tmp_path, line("10", "03", 5, "A"))))

    assert found["A"]["cost"] == 5


def test_resources_have_rows_of_their_own(tmp_path: Path) -> None:
    made = billed_inventory(
        bill(tmp_path, line("09", "30", 5, "A", resource="i-1"), line("09", "30", 3, "A"))
    )

    assert rows(made)["A"]["cost"] == 8
    assert rows(made, "billed_resources")["A"]["resource_id"] == "i-1"
    assert rows(made, "billed_resources")["A"]["cost"] == 5


def test_a_bill_alone_gives_findings_without_dollars(tmp_path: Path) -> None:
    usage = "DataTransfer-Regional-Bytes"
    made = bill(
        tmp_path,
        line("09", "30", 30, usage, operation="InterZone-Out", resource="i-1"),
        line("09", "30", 3, usage, operation="PublicIP-Out"),
        line("09", "30", 3000, "Advanced Monthly Fee", service="AWSShield"),
    )

    result = costmodel.recommend(bill=made)

    found = {(a.rule.id, a.resource_id) for a in result.advisories}
    assert found == {
        ("dt-crossaz", f"us-east-1/AmazonEC2/{usage}/InterZone-Out"),
        ("ec2-az-traffic", "i-1"),
        ("dt-publicip", f"us-east-1/AmazonEC2/{usage}/PublicIP-Out"),
        ("shield", "us-east-1/AWSShield/Advanced Monthly Fee/"),
    }
    assert not result.accepted
    assert result.list_saving == 0


def test_a_bill_may_be_named_by_its_files(tmp_path: Path) -> None:
    bill(tmp_path, line("09", "30", 30, "A", service="AWSXRay"))

    result = costmodel.recommend(bill=tmp_path / "bill.csv")

    assert [a.rule.id for a in result.advisories] == ["x-ray"]


@pytest.mark.parametrize("kind", ["billed_usage", "billed_resources"])
def test_costs_of_a_real_bill_add_up(sample, kind: str) -> None:
    october = sample("cur-2018/Oct2018-WorkshopCUR-00001.snappy.parquet")
    read = costmodel.read_bill(october)
    where = "" if kind == "billed_usage" else " WHERE ResourceId IS NOT NULL"
    total = read.sql(f"SELECT SUM(EffectiveCost) AS c FROM bill{where}")["c"][0].as_py()

    table = billed_inventory(read).table(kind)

    assert sum(table["cost"].to_pylist()) == pytest.approx(float(total))
