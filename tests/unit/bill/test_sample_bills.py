"""The acceptance figures of the real sample bills, worked out by others."""

import csv
import json
from decimal import Decimal

import pytest

import costmodel

OCTOBER = "cur-2018/Oct2018-WorkshopCUR-00001.snappy.parquet"
NOVEMBER = "cur-2018/Nov2018-WorkshopCUR-00001.snappy.parquet"


@pytest.mark.parametrize(
    ("month", "unblended", "amortized", "public"),
    [
        (OCTOBER, "4064.483132", "4195.957109", "4237.681735"),
        (NOVEMBER, "3505.326968", "3632.559846", "3671.199306"),
    ],
)
def test_a_real_month_sums_to_the_published_figures(sample, month, unblended, amortized, public):
    bill = costmodel.read_bill(sample(month))

    total = bill.summarize(metric=("x_UnblendedCost", "EffectiveCost", "BilledCost")).total
    usage = bill.summarize(metric="ListCost", filter="ChargeCategory = 'Usage'").total

    micro = Decimal("0.000001")
    assert total["x_UnblendedCost"].quantize(micro) == Decimal(unblended)
    assert total["BilledCost"] == total["x_UnblendedCost"]
    assert abs(total["EffectiveCost"] - Decimal(amortized)) <= micro
    assert usage["ListCost"].quantize(micro) == Decimal(public)


def test_amortised_plus_true_up_is_unblended_in_a_real_month(sample):
    bill = costmodel.read_bill(sample(OCTOBER))

    total = bill.summarize(
        metric=("x_UnblendedCost", "x_AmortizedCost", "x_CommitmentTrueUp", "x_CommitmentUpfront")
    ).total

    assert total["x_CommitmentTrueUp"].quantize(Decimal("0.000001")) == Decimal("-131.473973")
    residual = total["x_UnblendedCost"] - (
        total["x_AmortizedCost"] + total["x_CommitmentTrueUp"] + total["x_CommitmentUpfront"]
    )
    assert abs(residual) < Decimal("0.000006")


def test_two_months_with_different_columns_read_as_one_bill(sample):
    both = costmodel.read_bill(sample(OCTOBER), sample(NOVEMBER))

    by_month = both.summarize(metric="x_UnblendedCost", granularity="monthly").rows

    assert [row[0].month for row in by_month] == [10, 11]
    assert [round(float(row[1]), 6) for row in by_month] == [4064.483132, 3505.326968]


def test_spreading_unused_commitment_moves_it_off_the_first_and_keeps_the_sum(sample):
    bill = costmodel.read_bill(sample(OCTOBER))

    billed = bill.summarize(granularity="daily")
    spread = bill.summarize(granularity="daily", unused="spread")

    assert spread.total == billed.total
    first_billed, first_spread = float(billed.rows[0][1]), float(spread.rows[0][1])
    # Two leases idle all month: 44.65698630 + 0.38179539, on the 1st or 1/31 of it a day. A third
    # begins on the 9th.
    assert first_billed - first_spread == pytest.approx(45.03878169 * 30 / 31, rel=1e-9)


def test_focus_sample_billed_and_list_cost(sample):
    path = sample("focus-1.0/focus_sample.csv")
    bill = costmodel.read_bill(path)

    summary = bill.summarize(
        by="ServiceName", metric=("BilledCost", "ListCost"), filter="ProviderName = 'AWS'"
    )

    # The csv module and Decimal are the peer.
    with path.open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if row["ProviderName"] == "AWS"]
    assert summary.total["BilledCost"] == sum(Decimal(row["BilledCost"]) for row in rows)
    assert summary.total["ListCost"] == sum(Decimal(row["ListCost"]) for row in rows)
    assert len(rows) == 942
    assert bill.summarize(by="ChargeClass", filter="ChargeClass = 'NULL'").rows == []
    json.dumps(summary.to_json())
