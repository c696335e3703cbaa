"""Lines bought otherwise than on demand, on rates made by hand."""

import math
from dataclasses import replace
from datetime import date

import pytest

from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import IssueReason
from costmodel.estimate.estimate import estimate_spec
from costmodel.estimate.explain import explain_resource
from costmodel.report.table import to_text
from tests.builders import (
    RATES,
    SHEET,
    FakeLoader,
    catalog,
    rate_table,
    reasons_of,
    spec,
    widget,
)

RESERVED = [
    {
        "x_UsageType": "Widget:Small", "x_Operation": "", "LeaseContractLength": "1yr",
        "PurchaseOption": option, "OfferingClass": "standard", "x_EffectiveUnitPrice": price,
    }
    for option, price in (("No Upfront", 0.07), ("Partial Upfront", 0.06), ("All Upfront", 0.05))
]  # fmt: skip


@pytest.mark.parametrize(
    ("option", "effective", "upfront"),
    [
        ("No Upfront", 51.10, 0.0),
        # half of 0.06 × 8,760 hours
        ("Partial Upfront", 43.80, 262.80),
        # all of 0.05 × 8,760 hours
        ("All Upfront", 36.50, 438.00),
    ],
)
def test_a_reservation_keeps_list_cost_and_amortises_its_upfront_fee(
    option, effective, upfront
) -> None:
    resource = widget(term="1yr", option=option)

    estimate = estimate_spec(spec(resource), catalog(reserved_rows=RESERVED))

    assert estimate.list_cost[0] == pytest.approx(73.0)
    assert estimate.effective_cost[0] == pytest.approx(effective)
    assert estimate.purchased.upfront_cost[0] == pytest.approx(upfront)
    assert estimate.purchased.pricing_category[0] == "Committed"


def test_a_published_upfront_fee_is_taken_as_it_is() -> None:
    row = {**RESERVED[1], "OfferingClass": "", "x_UpfrontFee": 250.0}
    resource = replace(widget(term="1yr", option="Partial Upfront"), count=2)

    estimate = estimate_spec(spec(resource), catalog(reserved_rows=[row]))

    assert estimate.purchased.upfront_cost[0] == pytest.approx(500.0)
    assert estimate.issues == []


def test_two_different_rates_for_one_purchase_are_not_chosen_from() -> None:
    rows = [RESERVED[0], {**RESERVED[0], "x_EffectiveUnitPrice": 0.01}]

    estimate = estimate_spec(spec(widget(term="1yr")), catalog(reserved_rows=rows))

    assert reasons_of(estimate) == {IssueReason.NO_COMMITTED_RATE}


def test_a_reservation_without_a_rate_is_nan_and_says_which() -> None:
    estimate = estimate_spec(spec(widget(term="3yr")), catalog(reserved_rows=RESERVED))

    issue = next(i for i in estimate.issues if i.reason is IssueReason.NO_COMMITTED_RATE)
    assert "Reserved 3yr No Upfront standard" in issue.message
    assert math.isnan(estimate.effective_cost[0])
    assert estimate.list_cost[0] == pytest.approx(73.0)


def test_a_purchase_rate_published_after_the_date_asked_for_is_reported() -> None:
    rows = [{**row, "x_Published": "2026-05-12"} for row in RESERVED]
    prices = catalog(reserved_rows=rows)

    early = estimate_spec(spec(widget(term="1yr")), prices, as_of=date(2026, 3, 1))
    late = estimate_spec(spec(widget(term="1yr")), prices, as_of=date(2026, 5, 12))

    assert [i.message for i in early.issues] == [
        "Hours (small): the purchase rate was published on 2026-05-12, after 2026-03-01; "
        "the catalog holds no earlier one"
    ]
    assert late.issues == []


LINUX, WINDOWS = "RunInstances", "RunInstances:0002"


def licensed(*rates: tuple[str, float]) -> PriceCatalog:
    """Return a catalog of Windows boxes, reserved at Linux's rate of 0.07."""
    sheet = SHEET.replace(
        'usage_type = "Widget:{lookup(size, size)}"',
        f'usage_type = "BoxUsage:m5.large"\noperation = "{WINDOWS}"',
    )
    table = [("BoxUsage:m5.large", name, "Hrs", [(0, price)]) for name, price in rates]
    row = {**RESERVED[0], "x_UsageType": "BoxUsage:m5.large", "x_Operation": LINUX}
    sold = rate_table("Widgets", "us-east-1", [*table, *RATES[3:4]])
    return PriceCatalog(FakeLoader(sold, sheet=sheet, reserved_rows=[row]))


@pytest.mark.parametrize("hours", [730.0, 0.0])
def test_a_committed_licence_is_linux_s_rate_plus_the_licence_on_demand(hours) -> None:
    prices = licensed((LINUX, 0.10), (WINDOWS, 0.25))

    estimate = estimate_spec(spec(widget(hours=hours, term="1yr")), prices)

    # 0.07 reserved + (0.25 - 0.10) licence
    assert estimate.effective_cost[0] == pytest.approx(hours * 0.22)
    assert reasons_of(estimate) == {IssueReason.APPROXIMATION}


@pytest.mark.parametrize("sold", [(LINUX, 0.10), (WINDOWS, 0.25)])
def test_a_licence_without_a_price_on_demand_has_no_committed_rate(sold) -> None:
    estimate = estimate_spec(spec(widget(term="1yr")), licensed(sold))

    assert IssueReason.NO_COMMITTED_RATE in reasons_of(estimate)
    assert math.isnan(estimate.effective_cost[0])


def test_spot_licences_are_not_made_up() -> None:
    estimate = estimate_spec(spec(widget(spot=True)), licensed((LINUX, 0.10), (WINDOWS, 0.25)))

    assert reasons_of(estimate) == {IssueReason.NO_COMMITTED_RATE}
    assert estimate.issues[0].message.startswith("Hours (small): no Spot rate for BoxUsage:m5")


def test_spot_is_priced_at_the_spot_price() -> None:
    spot = [{"x_InstanceType": "Small", "x_Operation": "", "ListUnitPrice": 0.03}]

    estimate = estimate_spec(spec(widget(spot=True)), catalog(spot_rows=spot))

    assert estimate.effective_cost[0] == pytest.approx(21.90)
    assert estimate.purchased.pricing_category[0] == "Dynamic"


def test_a_savings_plan_is_priced_at_the_plan_rate() -> None:
    rates = [
        {
            "x_UsageType": "Widget:Small", "x_Operation": "", "LeaseContractLength": "3yr",
            "PurchaseOption": "No Upfront", "ListUnitPrice": 0.04,
        }
    ]  # fmt: skip

    bought = estimate_spec(spec(widget(plan="3yr")), catalog(spot_rows=rates))
    absent = estimate_spec(spec(widget(plan="1yr")), catalog(spot_rows=rates))

    assert bought.effective_cost[0] == pytest.approx(29.2)
    assert "SavingsPlan Compute 1yr No Upfront" in absent.issues[0].message


def test_the_working_of_a_pooled_reserved_line_reads_as_a_tree() -> None:
    two = spec(widget("a", gb=80, term="1yr"), replace(widget("b", gb=120), count=2))
    estimate = estimate_spec(two, catalog(reserved_rows=RESERVED))

    first = explain_resource(estimate, "aws_widget.a").report_tables()
    second = explain_resource(estimate, "aws_widget.b").report_tables()

    assert "51.10 USD" in to_text(first[0])
    assert "the account uses 320 GB-Mo of this SKU" in to_text(first[1])
    assert "× resources" in to_text(second[0])


def test_a_private_discount_lowers_the_effective_cost_only() -> None:
    estimate = estimate_spec(spec(widget()), catalog(), discount_percent=10.0)

    assert estimate.list_total == pytest.approx(73.0)
    assert estimate.effective_total == pytest.approx(65.7)


def test_rates_of_a_purchase_are_read_once_for_all_that_are_bought_so() -> None:
    class Counting(FakeLoader):
        reads = 0

        def reserved(self, service_code, regions):
            type(self).reads += 1
            return super().reserved(service_code, regions)

    prices = PriceCatalog(Counting(rate_table("Widgets", "us-east-1", RATES), RESERVED))
    bought = [replace(widget(name, term="1yr"), count=2.0) for name in ("a", "b", "c")]

    first = estimate_spec(spec(*bought), prices)
    again = estimate_spec(spec(*bought), prices)
    longer = estimate_spec(spec(widget("d", term="3yr")), prices)

    # 730 h × 2 × 0.07 USD each.
    assert first.effective_cost[:3].tolist() == pytest.approx([102.2] * 3)
    assert again.effective_total == first.effective_total
    assert math.isnan(longer.effective_cost[0])  # another term is no known rate
    assert Counting.reads == 1
