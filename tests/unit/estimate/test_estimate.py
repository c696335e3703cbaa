"""An estimate on a catalog made by hand: every number is worked out beside it."""

import math
from dataclasses import replace
from datetime import date

import pytest

from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import BadInputError, IncompleteEstimateError, IssueReason
from costmodel.estimate.estimate import estimate_spec, require_complete
from costmodel.estimate.explain import explain_resource
from costmodel.report.table import to_text
from costmodel.usage.spec import ArchitectureSpec, Resource
from tests.builders import RATES, SHEET, FakeLoader, catalog, rate_table, spec, widget


def lines(estimate):
    return {
        (estimate.spec.resources[n].address, " / ".join([*p, name])): (q, c)
        for n, p, name, q, c in zip(
            estimate.usage.resource,
            estimate.usage.path,
            estimate.usage.name,
            estimate.usage.quantity.tolist(),
            estimate.list_cost.tolist(),
            strict=True,
        )
    }


def reasons(estimate):
    return {issue.reason for issue in estimate.issues}


def test_a_line_is_quantity_times_price() -> None:
    estimate = estimate_spec(spec(widget(size="large", hours=100)), catalog())

    assert lines(estimate)[("aws_widget.a", "Hours (large)")] == (100.0, pytest.approx(25.0))
    assert estimate.list_total == pytest.approx(25.0)


def test_two_resources_fill_one_tier_ladder_unless_priced_alone() -> None:
    two = spec(widget("a", gb=80, hours=0), widget("b", gb=120, hours=0))

    pooled = estimate_spec(two, catalog())
    alone = estimate_spec(two, catalog(), pool_tiers="resource")

    # pooled: 100 × 0.02 + 100 × 0.01 = 3.00, shared 80 : 120
    assert lines(pooled)[("aws_widget.a", "Storage")][1] == pytest.approx(1.20)
    assert lines(pooled)[("aws_widget.b", "Storage")][1] == pytest.approx(1.80)
    # alone: 80 × 0.02 and 100 × 0.02 + 20 × 0.01
    assert lines(alone)[("aws_widget.a", "Storage")][1] == pytest.approx(1.60)
    assert lines(alone)[("aws_widget.b", "Storage")][1] == pytest.approx(2.20)


def test_usage_nobody_gave_has_a_unit_price_and_no_cost() -> None:
    estimate = estimate_spec(spec(widget(hours=1)), catalog())

    line = next(x for x in estimate.to_json()["resources"][0]["lines"] if x["name"] == "Requests")
    assert line["quantity"] is None
    assert line["list_cost"] is None
    assert line["list_unit_price"] == 0.001
    assert line["usage_based"] is True
    assert estimate.issues == []
    assert estimate.coverage.unpriced_lines == 0


def test_usage_given_by_a_usage_file_loses_against_an_attribute() -> None:
    resource = replace(widget(hours=10), usage={"hours": 99, "requests": 2000})

    estimate = estimate_spec(spec(resource), catalog())

    assert lines(estimate)[("aws_widget.a", "Hours (small)")][0] == 10.0
    assert lines(estimate)[("aws_widget.a", "Requests")] == (2000.0, pytest.approx(2.0))


def test_count_multiplies_every_line() -> None:
    estimate = estimate_spec(spec(replace(widget(hours=10), count=3)), catalog())

    assert lines(estimate)[("aws_widget.a", "Hours (small)")] == (30.0, pytest.approx(3.0))


def test_nested_blocks_and_references_are_priced_as_their_kind() -> None:
    template = Resource("aws_tpl.t", "aws_tpl", inputs={"weight": 6})
    owner = replace(
        widget(hours=0, part=[{"weight": 1}, {}]), references={"template_id": ["aws_tpl.t"]}
    )

    estimate = estimate_spec(spec(owner, template), catalog())

    weights = [
        (q, c)
        for n, q, c in zip(
            estimate.usage.name, estimate.usage.quantity, estimate.list_cost, strict=True
        )
        if n == "Weight"
    ]
    # two of each block: 2 × 1 kg and 2 × 3 kg (default); tiers count per resource: 14 kg in all,
    # 4 × 5.00 + 10 × 1.00 = 30.00 shared 2 : 6 : 6
    assert [q for q, _ in weights] == [2.0, 6.0, 6.0]
    assert sum(c for _, c in weights) == pytest.approx(30.0)
    assert IssueReason.UNKNOWN_RESOURCE_TYPE in reasons(estimate)  # aws_tpl has no sheet


def test_an_input_is_taken_from_the_resource_it_refers_to_and_referrers_are_counted() -> None:
    part = Resource("aws_part.p", "aws_part", references={"widget": ["aws_widget.a"]})

    estimate = estimate_spec(spec(part, widget(hours=0, kilos=2)), catalog())

    assert lines(estimate)[("aws_part.p", "Weight")] == (2.0, pytest.approx(10.0))


@pytest.mark.parametrize(
    ("referenced_by", "kilos"), [("aws_link", 2), ("aws_link.mass", 7), ("aws_other", 0)]
)
def test_referrers_are_counted_or_asked_for_an_attribute(referenced_by, kilos) -> None:
    part = Resource("aws_part.p", "aws_part")
    links = [
        Resource("aws_link.a", "aws_link", references={"to": ["aws_part.p"]}),
        Resource("aws_link.b", "aws_link", usage={"mass": 7}, references={"to": ["aws_part.p"]}),
    ]
    sheet = SHEET.replace('from_reference = "widget.kilos"', f'referenced_by = "{referenced_by}"')

    estimate = estimate_spec(spec(part, *links), catalog(sheet=sheet))

    assert lines(estimate)[("aws_part.p", "Weight")][0] == kilos


def test_an_alias_is_priced_as_its_kind() -> None:
    estimate = estimate_spec(
        spec(Resource("aws_gadget.g", "aws_gadget", inputs={"hours": 10})), catalog()
    )

    assert estimate.list_total == pytest.approx(1.0)


def test_a_tier_without_a_public_price_is_an_issue_and_unpriced() -> None:
    rates = [("Storage", "", "GB-Mo", [(0, 0.02), (100, float("nan"))]), *RATES[:2]]
    loader = FakeLoader(rate_table("Widgets", "us-east-1", rates))

    estimate = estimate_spec(spec(widget(gb=150, hours=0)), PriceCatalog(loader))

    assert IssueReason.NOT_PRICED in reasons(estimate)
    assert math.isnan(lines(estimate)[("aws_widget.a", "Storage")][1])
    assert estimate.coverage.unpriced_lines == 1


def test_a_price_that_does_not_exist_is_nan_with_an_issue_naming_the_key() -> None:
    elsewhere = ArchitectureSpec([replace(widget(gb=1), region="eu-west-1")])

    estimate = estimate_spec(elsewhere, catalog())  # it has us-east-1 rows only

    issue = next(i for i in estimate.issues if i.reason is IssueReason.NO_SKU)
    assert "Widgets eu-west-1" in issue.message
    assert math.isnan(estimate.list_cost[0])
    assert estimate.list_total == 0.0
    assert estimate.coverage.unpriced_lines == 2
    with pytest.raises(IncompleteEstimateError, match="2 lines"):
        require_complete(estimate)


def test_a_complete_estimate_passes_require_complete() -> None:
    estimate = estimate_spec(spec(widget()), catalog())

    assert require_complete(estimate) is estimate


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"size": "huge"}, "one of small, large"),
        ({"gb": -1}, "a number from 0"),
        ({"gb": "many"}, "a number from 0"),
        ({"gb": 1e30}, "a number below 1e18"),
        ({"gb": float("nan")}, "a number from 0"),
    ],
)
def test_a_bad_value_is_an_issue_and_never_a_guess(inputs, says) -> None:
    estimate = estimate_spec(spec(widget(**inputs)), catalog())

    issue = next(i for i in estimate.issues if i.reason is IssueReason.UNKNOWN_VALUE)
    assert says in issue.message
    assert issue.address == "aws_widget.a"


def test_a_missing_input_names_itself() -> None:
    estimate = estimate_spec(spec(Resource("aws_part.p", "aws_part")), catalog())

    issue = next(i for i in estimate.issues if i.reason is IssueReason.MISSING_INPUT)
    assert issue.message == "Weight: kg is not given or not known"


def test_a_value_known_only_after_apply_says_so() -> None:
    part = Resource("aws_part.p", "aws_part", unknown=frozenset({"kg"}))

    estimate = estimate_spec(spec(part), catalog())

    assert reasons(estimate) == {IssueReason.UNRESOLVED}


def test_a_default_taken_for_a_value_known_after_apply_is_said() -> None:
    resource = replace(widget(hours=1), unknown=frozenset({"size"}))

    estimate = estimate_spec(spec(resource), catalog())

    assert [issue.message for issue in estimate.issues] == [
        "size is known only after apply: priced as small"
    ]


def test_types_are_priced_free_local_or_unsupported() -> None:
    resources = [
        widget(),
        Resource("aws_iam_role.r", "aws_iam_role"),
        Resource("aws_link.l", "aws_link"),
        Resource("random_id.x", "random_id"),
        Resource("aws_widgit.w", "aws_widgit"),
    ]

    estimate = estimate_spec(spec(*resources), catalog())

    coverage = estimate.coverage.to_json()
    assert coverage == {
        "resources": 5, "priced": 1, "free": 3, "unsupported": 1, "unpriced_lines": 0,
    }  # fmt: skip
    unknown = next(i for i in estimate.issues if i.reason is IssueReason.UNKNOWN_RESOURCE_TYPE)
    assert "did you mean aws_widget?" in unknown.message
    with pytest.raises(IncompleteEstimateError, match="1 resources"):
        require_complete(estimate)


def test_no_region_is_one_issue_and_an_unknown_one_names_the_nearest() -> None:
    nowhere = estimate_spec(ArchitectureSpec([widget("a"), widget("b")]), catalog())
    misspelt = estimate_spec(ArchitectureSpec([widget()], region="us-esat-1"), catalog())

    assert [i.message for i in nowhere.issues if "no region" in i.message] == [
        "no region given for 2 resources: set it in the spec or with --region"
    ]
    assert any("did you mean us-east-1?" in issue.message for issue in misspelt.issues)


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

    assert reasons(estimate) == {IssueReason.NO_COMMITTED_RATE}


def test_a_reservation_without_a_rate_is_nan_and_says_which() -> None:
    estimate = estimate_spec(spec(widget(term="3yr")), catalog(reserved_rows=RESERVED))

    issue = next(i for i in estimate.issues if i.reason is IssueReason.NO_COMMITTED_RATE)
    assert "Reserved 3yr No Upfront standard" in issue.message
    assert math.isnan(estimate.effective_cost[0])
    assert estimate.list_cost[0] == pytest.approx(73.0)


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


ALLOWANCE = {
    "service_code": "Widgets", "usage_types": ["Req*"], "quantity": 1000, "kind": "always",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "free_tier", "cost"),
    [
        ("always", "none", 3.0),
        ("always", "always", 2.0),
        ("first-year", "always", 3.0),
        ("first-year", "first-year", 2.0),
    ],
)
def test_a_free_allowance_is_subtracted_once_per_account(kind, free_tier, cost) -> None:
    two = spec(widget("a", hours=0, requests=1000), widget("b", hours=0, requests=2000))
    prices = catalog(allowances=[{**ALLOWANCE, "kind": kind}])

    estimate = estimate_spec(two, prices, free_tier=free_tier)

    assert estimate.list_total == pytest.approx(cost)


def test_more_allowance_than_usage_costs_nothing() -> None:
    estimate = estimate_spec(
        spec(widget(hours=0, requests=10)), catalog(allowances=[ALLOWANCE]), free_tier="always"
    )

    assert estimate.list_total == 0.0


def test_a_private_discount_lowers_the_effective_cost_only() -> None:
    estimate = estimate_spec(spec(widget()), catalog(), discount_percent=10.0)

    assert estimate.list_total == pytest.approx(73.0)
    assert estimate.effective_total == pytest.approx(65.7)


def test_a_price_published_after_the_date_asked_for_is_reported() -> None:
    early = estimate_spec(spec(widget(hours=1)), catalog(), as_of=date(2025, 6, 1))
    late = estimate_spec(spec(widget(hours=1)), catalog(), as_of=date(2026, 6, 1))

    assert IssueReason.NO_RATE_AT_DATE in reasons(early)
    assert late.issues == []


def test_the_json_is_that_of_the_design() -> None:
    payload = estimate_spec(spec(widget(hours=10, requests=1)), catalog()).to_json()

    assert set(payload) == {
        "currency", "hours", "catalog", "total", "coverage", "resources", "issues",
    }  # fmt: skip
    assert payload["hours"] == 730
    line = payload["resources"][0]["lines"][0]
    assert line["name"] == "Hours (small)"
    assert line["list_unit_price"] == pytest.approx(0.10)
    assert line["sku_price_id"] == "Widget:Small.0"
    assert payload["total"]["list_cost"] == pytest.approx(1.001)


def test_the_table_has_focus_columns() -> None:
    table = estimate_spec(spec(widget(hours=10)), catalog()).table

    assert table.loc[0, "ListCost"] == pytest.approx(1.0)
    assert table.loc[0, "PricingCategory"] == "Standard"
    assert {"ResourceId", "x_UsageType", "PricingQuantity", "SkuPriceId"} <= set(table.columns)


def test_explain_replays_the_number_down_to_its_tiers() -> None:
    estimate = estimate_spec(spec(widget("a", gb=80), widget("b", gb=120)), catalog())

    storage = next(
        x for x in explain_resource(estimate, "widget.b") if x.line["name"] == "Storage"
    )

    assert storage.formula == "gb"
    assert storage.readings == {"gb": 120.0}
    assert storage.pool_quantity == 200.0
    assert [(s.quantity, s.unit_price, s.cost) for s in storage.slices] == [
        (100.0, 0.02, pytest.approx(2.0)),
        (100.0, 0.01, pytest.approx(1.0)),
    ]
    assert storage.published == "2026-01-01"
    assert storage.to_json()["tiers"][1]["end_range"] is None


def test_explain_of_an_unknown_address_names_the_nearest() -> None:
    estimate = estimate_spec(spec(widget("web")), catalog())

    with pytest.raises(BadInputError, match=r"did you mean aws_widget\.web"):
        explain_resource(estimate, "aws_widget.wbe")


def test_an_empty_spec_costs_nothing() -> None:
    estimate = estimate_spec(spec(), catalog())

    assert estimate.list_total == 0.0
    assert estimate.to_json()["resources"] == []
    assert "0 of 0 resources priced" in repr(estimate)


def test_a_name_with_an_unknown_part_ends_before_it() -> None:
    estimate = estimate_spec(spec(widget(size="huge")), catalog())

    assert "Hours" in estimate.usage.name.tolist()
    assert any(i.message.startswith("size = 'huge': give one of") for i in estimate.issues)
