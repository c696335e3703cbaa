"""A scenario on a whole bill: regions, families, volumes, discounts, prices, plans."""

from datetime import UTC, datetime

import pytest

from costmodel.bill.reprice.lines import read_lines
from costmodel.bill.reprice.scenario import BillScenario, PlanTerms, parse_bill_scenario
from costmodel.bill.reprice.what_if import what_if
from costmodel.errors import BadInputError, IssueReason
from tests.unit.bill.focus_bill import focus_bill, row
from tests.unit.bill.reprice.small_catalog import SUCCESSORS, small_catalog


def usage(usage_type: str, quantity: float, **values: object) -> dict:
    return row(PricingQuantity=quantity, x_UsageType=usage_type, SkuMeter=usage_type, **values)


def bill():
    return focus_bill(
        [usage("BoxUsage:m5.large", 100, ResourceId="i-1"),
         usage("EBS:VolumeUsage.gp2", 50, ResourceId="vol-1", PricingUnit="GB-Mo",
               x_Operation="CreateVolume-Gp2")]
    )  # fmt: skip


def effect(scenario: BillScenario, **options: object):
    return what_if(bill(), small_catalog(), scenario, successors=SUCCESSORS, **options)


def test_nothing_changes_without_a_change() -> None:
    total = effect(BillScenario()).total

    assert total.before == total.after == pytest.approx(100 * 0.10 + 50 * 0.10)


def test_another_region_has_its_prices() -> None:
    found = effect(BillScenario(regions={"us-east-1": "eu-west-1"}))

    assert found.total.after == pytest.approx(1.25 * found.total.before)


def test_graviton_and_gp3_change_their_resources_only() -> None:
    found = effect(BillScenario(processor="graviton", volumes={"gp2": "gp3"}))

    changes = {row.name: row.change for row in found.resources}
    assert changes == pytest.approx({"i-1": 100 * -0.02, "vol-1": 50 * -0.02})
    assert [issue.reason for issue in found.issues] == [IssueReason.APPROXIMATION]


def test_what_has_no_price_there_moves_without_its_new_family() -> None:
    found = effect(BillScenario(regions={"*": "eu-west-1"}, processor="graviton"))

    # Ireland has no m8g: m5 at Ireland's price, and an issue with the cost that was meant.
    assert found.total.after == pytest.approx(1.25 * found.total.before)
    assert found.issues[0].reason == IssueReason.NO_SKU
    assert "10.00" in found.issues[0].message
    assert "m8g.large" in found.issues[0].message


def test_a_family_without_any_price_stays() -> None:
    found = effect(BillScenario(processor="intel"))

    assert found.total.change == 0.0
    assert "m7i.large" in found.issues[0].message


def test_named_families_go_before_the_processor() -> None:
    found = effect(BillScenario(families={"m5": "m8g"}, processor="intel"))

    assert found.total.change == pytest.approx(-2.0)


def test_a_discount_is_by_service() -> None:
    assert effect(BillScenario(discount_percent={"AmazonEC2": 10.0})).total.after == pytest.approx(
        0.9 * 15.0
    )
    assert effect(
        BillScenario(discount_percent={"*": 10.0, "AmazonEC2": 0.0})
    ).total.after == pytest.approx(15.0)


def test_another_price_list_prices_after() -> None:
    found = effect(BillScenario(), new_catalog=small_catalog(1.1))

    assert found.total.after == pytest.approx(1.1 * found.total.before)


def test_usage_without_a_price_is_left_out_and_counted() -> None:
    mystery = focus_bill([usage("Mystery", 1, ListCost=7.0), usage("BoxUsage:m5.large", 1)])

    found = what_if(mystery, small_catalog(), BillScenario())

    assert found.unpriced_cost == 7.0
    assert found.total.before == pytest.approx(0.10)


def hours(quantities: list[float]) -> object:
    return focus_bill(
        [
            usage("BoxUsage:m5.large", quantity, EffectiveCost=0.09 * quantity,
                  ChargePeriodStart=datetime(2026, 1, 1, hour, tzinfo=UTC))
            for hour, quantity in enumerate(quantities)
        ]
    )  # fmt: skip


def test_plans_cover_hour_by_hour() -> None:
    scenario = BillScenario(commitments=(PlanTerms("Compute", 0.12),))

    plans = what_if(hours([1.0, 2.0, 3.0]), small_catalog(), scenario).plans

    # 0.12 USD an hour covers 2 instances at 0.06: used 0.06 + 0.12 + 0.12, one is left over.
    assert plans is not None
    assert plans.on_demand_cost == pytest.approx(6 * 0.10)
    assert plans.commitment == pytest.approx(3 * 0.12)
    assert plans.used_commitment == pytest.approx(0.30)
    assert plans.cost == pytest.approx(0.36 + 0.10)
    assert plans.billed_cost == pytest.approx(0.54)
    assert plans.utilization == pytest.approx(0.30 / 0.36)


def test_no_commitments_leave_everything_on_demand() -> None:
    plans = what_if(hours([1.0, 2.0]), small_catalog(), BillScenario(commitments=())).plans

    assert plans is not None
    assert plans.cost == plans.on_demand_cost == pytest.approx(0.3)


def test_a_scenario_file_says_it_all() -> None:
    scenario = parse_bill_scenario(
        {
            "region": "eu-west-1", "processor": "amd", "families": {"m5": "m7a"},
            "volumes": {"gp2": "gp3"}, "discount_percent": 9,
            "commitments": [{"hourly_commitment_usd": 2.5, "term": "3yr"}],
        },
        "s.yaml",
    )  # fmt: skip

    assert scenario == BillScenario(
        {"*": "eu-west-1"}, "amd", {"m5": "m7a"}, {"gp2": "gp3"}, {"*": 9.0},
        (PlanTerms("Compute", 2.5, "3yr", "No Upfront"),),
    )  # fmt: skip
    assert parse_bill_scenario({"commitments": "none"}, "s.yaml").commitments == ()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "a scenario is a mapping"),
        ({}, "a scenario is a mapping"),
        ({"regoin": "x"}, "unknown key 'regoin'"),
        ({"processor": "risc"}, "processor 'risc'"),
        ({"region": ["a"]}, "region: give a map"),
        ({"discount_percent": 120}, "give 0 to 100"),
        ({"discount_percent": {"AmazonS3": "ten"}}, "discount_percent of AmazonS3"),
        ({"commitments": "all"}, "'none' or a list"),
        ({"commitments": ["plan"]}, "commitment 1: expected a mapping"),
        ({"commitments": [{"hourly_commitment_usd": -1}]}, "USD above 0"),
        ({"commitments": [{"hourly_commitment_usd": 1, "term": "2yr"}]}, "'2yr'"),
        ({"commitments": [{"hourly_commitment_usd": 1, "type": "Magic"}]}, "'Magic'"),
    ],
)
def test_a_wrong_scenario_is_named(document: object, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        parse_bill_scenario(document, "s.yaml")


def test_results_show_themselves() -> None:
    found = what_if(
        hours([1.0]), small_catalog(), BillScenario(commitments=(PlanTerms("Compute", 0.05),))
    )

    assert found.to_json()["commitments"]["commitment"] == pytest.approx(0.05)
    assert "Savings Plans" in found.to_text()
    assert list(found.table["x_ServiceCode"]) == ["AmazonEC2"]
    assert found.resource_table.empty
    assert "plotly" in found.to_html()


def test_a_bill_in_another_currency_is_not_compared_with_prices_in_usd():
    with pytest.raises(BadInputError, match="the bill is in JPY"):
        read_lines(focus_bill([row(BillingCurrency="JPY")]), small_catalog())
