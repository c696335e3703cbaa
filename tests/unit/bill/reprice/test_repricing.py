"""A bill beside the catalog: what matches, what it costs there, why the rest does not match."""

import pytest

from costmodel import load_catalog, read_bill
from costmodel.bill.generate.catalog_prices import catalog_price_table
from costmodel.bill.generate.plan import BillSettings
from costmodel.bill.reprice.repricing import reconcile
from costmodel.errors import IssueReason
from costmodel.io.generated_bill import generate_bill
from tests.unit.bill.focus_bill import focus_bill, row
from tests.unit.bill.reprice.small_catalog import small_catalog


def usage(usage_type: str, quantity: float, cost: float, **values: object) -> dict:
    return row(
        cost=cost, PricingQuantity=quantity, x_UsageType=usage_type, SkuMeter=usage_type, **values
    )


def test_usage_is_priced_and_compared_by_service() -> None:
    bill = focus_bill(
        [usage("BoxUsage:m5.large", 10, 1.0), usage("BoxUsage:m5.large", 5, 0.45),
         usage("EU-BoxUsage:m5.large", 8, 1.0, RegionId="eu-west-1")]
    )  # fmt: skip

    (service,) = reconcile(bill, small_catalog()).services

    # 15 h x 0.10 + 8 h x 0.125; the bill has 2.45.
    assert service.service == "AmazonEC2"
    assert service.rows == service.matched_rows == 3
    assert service.catalog_cost == pytest.approx(2.5)
    assert service.difference == pytest.approx(0.05)
    assert service.matched_share == 1.0


def test_tiers_fill_with_the_organisation_s_use_in_each_month() -> None:
    def bytes_(month: str, account: str, quantity: float) -> dict:
        return row(month, 0.0, PricingQuantity=quantity, x_UsageType="Bytes", SkuMeter="Bytes",
                   PricingUnit="GB", SubAccountId=account)  # fmt: skip

    bill = focus_bill(
        [bytes_("2026-01", "000000000001", 80), bytes_("2026-01", "000000000002", 40),
         bytes_("2026-02", "000000000001", 60)]
    )  # fmt: skip

    total = reconcile(bill, small_catalog()).total

    # January: 100 x 0.10 + 20 x 0.05; February begins anew: 60 x 0.10.
    assert total.catalog_cost == pytest.approx(11.0 + 6.0)


def test_what_has_no_price_is_named_with_its_reason() -> None:
    bill = focus_bill(
        [usage("BoxUsage:m5.large", 10, 1.0), usage("Mystery", 1, 3.0),
         usage("EBS:VolumeUsage.gp2", 1, 2.0, PricingUnit="Hrs")]
    )  # fmt: skip

    repricing = reconcile(bill, small_catalog())

    reasons = {(row.reason, row.example): row.list_cost for row in repricing.unmatched}
    assert reasons == {
        (IssueReason.NO_SKU, "Mystery"): 3.0,
        (IssueReason.UNIT_MISMATCH, "EBS:VolumeUsage.gp2"): 2.0,
    }
    assert repricing.total.matched_share == pytest.approx(1 / 6)
    assert repricing.issues[0].reason == IssueReason.NO_SKU
    assert "Mystery" in repricing.to_text()


def test_spot_is_priced_as_on_demand_and_not_compared() -> None:
    bill = focus_bill(
        [usage("SpotUsage:m5.large", 10, 0.3, PricingCategory="Dynamic", ListCost=None)]
    )

    (service,) = reconcile(bill, small_catalog()).services

    assert service.matched_rows == 1
    assert (service.list_cost, service.catalog_cost) == (0.0, 0.0)
    assert service.matched_share == 1.0


def test_fees_taxes_corrections_and_unused_commitment_are_no_usage() -> None:
    bill = focus_bill(
        [
            usage("BoxUsage:m5.large", 1, 0.1),
            row(cost=9.0, ChargeCategory="Purchase"), row(cost=9.0, ChargeCategory="Tax"),
            row(cost=-9.0, ChargeClass="Correction"),
            row(cost=0.0, PricingQuantity=None, CommitmentDiscountStatus="Unused"),
        ]
    )  # fmt: skip

    assert reconcile(bill, small_catalog()).total.rows == 1


def test_a_rate_code_prices_what_the_key_does_not() -> None:
    bill = focus_bill([usage("Renamed", 10, 1.0, SkuPriceId="BoxUsage:m5.large.0")])

    (service,) = reconcile(bill, small_catalog()).services

    assert service.catalog_cost == pytest.approx(1.0)


def test_a_generated_bill_is_worth_what_the_catalog_says(tmp_path) -> None:
    catalog = load_catalog()
    prices = catalog_price_table(catalog, ["us-east-1", "eu-west-1"])
    made = generate_bill(
        BillSettings(rows=30_000, months=2, seed=2), prices, tmp_path / "b", "cur"
    )

    repricing = reconcile(read_bill(*made.files), catalog)

    assert repricing.total.matched_share == 1.0
    assert repricing.total.catalog_cost == pytest.approx(repricing.total.list_cost, rel=1e-9)
    for service in repricing.services:
        assert service.catalog_cost == pytest.approx(service.list_cost, rel=1e-9, abs=1e-6)


@pytest.mark.samples
def test_a_real_bill_has_a_price_for_nearly_all_of_its_usage(sample) -> None:
    repricing = reconcile(read_bill(sample("cur-2018")), load_catalog())

    assert repricing.total.matched_share > 0.99
    # These services have not changed their prices since 2018.
    by_name = {row.service: row for row in repricing.services}
    for name in ("AmazonRDS", "AWSGlue", "AmazonCloudWatch"):
        assert by_name[name].catalog_cost == pytest.approx(
            by_name[name].matched_list_cost, rel=1e-6
        )


def test_results_show_themselves() -> None:
    repricing = reconcile(focus_bill([usage("Mystery", 1, 3.0)]), small_catalog())

    assert repricing.to_json()["unmatched"][0]["reason"] == "NO_SKU"
    assert list(repricing.table["x_MatchedShare"]) == [0.0]
    assert "plotly" in repricing.to_html()
