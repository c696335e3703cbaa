"""A bill as recommend reads it."""

import pytest

import costmodel
from costmodel.errors import BadInputError
from costmodel.optimize.billed_rows import billed_rows
from costmodel.optimize.recommend import Settings

HEAD = (
    "BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,"
    "PricingCategory,SubAccountId,RegionId,ResourceId,ServiceName,x_ServiceCode,x_UsageType,"
    "x_Operation,PricingQuantity,PricingUnit,ConsumedQuantity,ListCost,ContractedCost,"
    "EffectiveCost,BilledCost,BillingCurrency\n"
)


def volume(name: str, first: int, last: int) -> str:
    """Return a row per day of May of a gp2 volume of 31 GB, first to last day, both billed."""
    return "".join(
        f"2026-05-01T00:00:00Z,2026-06-01T00:00:00Z,2026-05-{day:02}T00:00:00Z,"
        f"{'2026-06-01' if day == 31 else f'2026-05-{day + 1:02}'}T00:00:00Z,Usage,Standard,1,"
        f"us-east-1,{name},Amazon Elastic Compute Cloud,AmazonEC2,EBS:VolumeUsage.gp2,"
        "CreateVolume-Gp2,1,GB-Mo,1,0.1,0.1,0.1,0.1,USD\n"
        for day in range(first, last + 1)
    )


def test_a_volume_gone_for_three_days_is_not_changed(tmp_path) -> None:
    path = tmp_path / "bill.csv"
    # The last charge starts as 31 May does: 27 May ends 72 hours before, 28 May 48.
    path.write_text(
        HEAD + volume("vol-stays", 1, 31) + volume("vol-gone", 1, 27) + volume("vol-late", 1, 28)
    )
    bill = costmodel.read_bill(path)

    rows = billed_rows(bill)
    result = costmodel.recommend(bill=bill, settings=Settings(checks=frozenset({"bill-gp2"})))

    quiet = dict(zip(rows["ResourceId"].to_pylist(), rows["quiet"].to_pylist(), strict=True))
    assert quiet == {"vol-stays": 0.0, "vol-gone": 72.0, "vol-late": 48.0}
    assert {r.resource_id for r in result.accepted} == {"vol-stays", "vol-late"}


@pytest.mark.parametrize(
    ("days", "says"), [("", "the bill is in EUR"), (volume("vol-2", 1, 2), "several currencies")]
)
def test_a_bill_in_another_currency_is_refused(tmp_path, days, says) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(HEAD + volume("vol-1", 1, 3).replace("USD", "EUR") + days)

    with pytest.raises(BadInputError, match=says):
        costmodel.recommend(bill=costmodel.read_bill(path))


def test_a_bill_too_late_to_look_ahead_from_is_refused(tmp_path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(HEAD + volume("vol-1", 1, 31).replace("2026-0", "9999-0"))

    with pytest.raises(BadInputError, match="BillingPeriodStart of the bill is in the year 9999"):
        costmodel.recommend(bill=costmodel.read_bill(path))


def test_a_development_endpoint_still_billed_at_the_end_is_to_be_deleted(tmp_path) -> None:
    endpoint = volume("arn:aws:glue:us-east-1:1:devEndpoint/etl", 1, 31).replace(
        "Amazon Elastic Compute Cloud,AmazonEC2,EBS:VolumeUsage.gp2,CreateVolume-Gp2,1,GB-Mo,1",
        "AWS Glue,AWSGlue,DEVED-DPU-Hour,StartDevEndpoint,120,DPU-Hour,120",
    )
    path = tmp_path / "bill.csv"
    path.write_text(HEAD + endpoint.replace(",0.1,0.1,0.1,0.1,", ",52.8,52.8,52.8,52.8,"))
    settings = Settings(checks=frozenset({"bill-glue-endpoint"}))

    result = costmodel.recommend(bill=costmodel.read_bill(path), settings=settings)

    # Five DPUs all day at 0.44 USD an hour, in a month of 730 hours.
    (found,) = result.accepted
    assert found.effective_saving == pytest.approx(5 * 0.44 * 730, abs=0.01)
    # A bill does not tell whether anybody uses it.
    assert found.confidence == "medium"
    assert "interactive sessions" in found.cli
