"""An estimate on a catalog made by hand: every number is worked out beside it."""

from dataclasses import replace

import pytest

from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import IssueReason
from costmodel.estimate.estimate import estimate_spec
from costmodel.usage.spec import Resource
from tests.builders import (
    RATES,
    SHEET,
    FakeLoader,
    catalog,
    lines_of,
    rate_table,
    reasons_of,
    spec,
    widget,
)


def test_a_line_is_quantity_times_price() -> None:
    estimate = estimate_spec(spec(widget(size="large", hours=100)), catalog())

    assert lines_of(estimate)[("aws_widget.a", "Hours (large)")] == (100.0, pytest.approx(25.0))
    assert estimate.list_total == pytest.approx(25.0)


def test_two_resources_fill_one_tier_ladder_unless_priced_alone() -> None:
    two = spec(widget("a", gb=80, hours=0), widget("b", gb=120, hours=0))

    pooled = estimate_spec(two, catalog())
    alone = estimate_spec(two, catalog(), pool_tiers="resource")

    # pooled: 100 × 0.02 + 100 × 0.01 = 3.00, shared 80 : 120
    assert lines_of(pooled)[("aws_widget.a", "Storage")][1] == pytest.approx(1.20)
    assert lines_of(pooled)[("aws_widget.b", "Storage")][1] == pytest.approx(1.80)
    # alone: 80 × 0.02 and 100 × 0.02 + 20 × 0.01
    assert lines_of(alone)[("aws_widget.a", "Storage")][1] == pytest.approx(1.60)
    assert lines_of(alone)[("aws_widget.b", "Storage")][1] == pytest.approx(2.20)


def test_usage_nobody_gave_has_a_unit_price_and_no_cost() -> None:
    estimate = estimate_spec(spec(widget(hours=1)), catalog())

    line = next(x for x in estimate.to_json()["resources"][0]["lines"] if x["name"] == "Requests")
    assert line["quantity"] is None
    assert line["list_cost"] is None
    assert line["list_unit_price"] == 0.001
    assert line["usage_based"] is True
    assert estimate.issues == []
    assert estimate.coverage.unpriced_lines == 0


def test_the_unit_price_of_unknown_usage_passes_over_a_free_first_tier() -> None:
    rates = [("Requests", "", "Requests", [(0, 0.0), (100, 0.001)]), *RATES[:2]]
    prices = PriceCatalog(FakeLoader(rate_table("Widgets", "us-east-1", rates)))

    unknown = estimate_spec(spec(widget()), prices).table.set_index("x_MeterName")
    inside = estimate_spec(spec(widget(requests=50)), prices).table.set_index("x_MeterName")

    assert unknown.loc["Requests", "ListUnitPrice"] == 0.001
    assert inside.loc["Requests", "ListUnitPrice"] == 0.0


def test_usage_given_by_a_usage_file_loses_against_an_attribute() -> None:
    resource = replace(widget(hours=10), usage={"hours": 99, "requests": 2000})

    estimate = estimate_spec(spec(resource), catalog())

    assert lines_of(estimate)[("aws_widget.a", "Hours (small)")][0] == 10.0
    assert lines_of(estimate)[("aws_widget.a", "Requests")] == (2000.0, pytest.approx(2.0))


@pytest.mark.parametrize("inputs", [{"size_gb": 5}, {"gb": 5}])
def test_an_input_is_read_under_its_path_or_its_own_name(inputs) -> None:
    sheet = SHEET.replace('gb = { unit = "GB",', 'gb = { unit = "GB", path = "size_gb",')

    estimate = estimate_spec(spec(widget(hours=0, **inputs)), catalog(sheet=sheet))

    assert lines_of(estimate)[("aws_widget.a", "Storage")][0] == 5.0


def test_a_usage_type_may_carry_the_region_s_prefix() -> None:
    sheet = SHEET.replace('usage_type = "Storage"', 'usage_type = "{region_prefix}/Storage"')
    placed = replace(widget(hours=0, gb=1), region="eu-west-1")

    estimate = estimate_spec(spec(placed), catalog(sheet=sheet))

    assert "EU/Storage" in estimate.usage.usage_type.tolist()


def test_count_multiplies_every_line() -> None:
    estimate = estimate_spec(spec(replace(widget(hours=10), count=3)), catalog())

    assert lines_of(estimate)[("aws_widget.a", "Hours (small)")] == (30.0, pytest.approx(3.0))


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
    assert IssueReason.UNKNOWN_RESOURCE_TYPE in reasons_of(estimate)  # aws_tpl has no sheet


def test_an_input_is_taken_from_the_resource_it_refers_to_and_referrers_are_counted() -> None:
    part = Resource("aws_part.p", "aws_part", references={"widget": ["aws_widget.a"]})

    estimate = estimate_spec(spec(part, widget(hours=0, kilos=2)), catalog())

    assert lines_of(estimate)[("aws_part.p", "Weight")] == (2.0, pytest.approx(10.0))


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

    assert lines_of(estimate)[("aws_part.p", "Weight")][0] == kilos


def test_an_alias_may_have_defaults_of_its_own() -> None:
    sheet = SHEET.replace(
        'aws_gadget = "aws_widget"',
        'aws_gadget = { kind = "aws_widget", defaults = { size = "large" } }',
    )
    gadget = Resource("aws_gadget.g", "aws_gadget", inputs={"hours": 10})
    small = replace(gadget, address="aws_gadget.s", inputs={"hours": 10, "size": "small"})

    estimate = estimate_spec(spec(gadget, small, widget(hours=10)), catalog(sheet=sheet))

    assert [cost for (_, name), (_, cost) in lines_of(estimate).items() if "Hours" in name] == [
        pytest.approx(2.5),
        pytest.approx(1.0),
        pytest.approx(1.0),
    ]


def test_an_alias_is_priced_as_its_kind() -> None:
    estimate = estimate_spec(
        spec(Resource("aws_gadget.g", "aws_gadget", inputs={"hours": 10})), catalog()
    )

    assert estimate.list_total == pytest.approx(1.0)


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


def test_a_line_is_usage_based_whether_its_usage_is_given_or_not() -> None:
    payload = estimate_spec(
        spec(widget("a", gb=1, requests=5), widget("b", gb=1)), catalog()
    ).to_json()

    flags = [
        {line["name"]: line["usage_based"] for line in resource["lines"]}
        for resource in payload["resources"]
    ]
    assert flags == [{"Hours (small)": True, "Storage": False, "Requests": True}] * 2


def test_the_table_has_focus_columns() -> None:
    table = estimate_spec(spec(widget(hours=10)), catalog()).table

    assert table.loc[0, "ListCost"] == pytest.approx(1.0)
    assert table.loc[0, "PricingCategory"] == "Standard"
    assert {"ResourceId", "x_UsageType", "PricingQuantity", "SkuPriceId"} <= set(table.columns)


def test_an_empty_spec_costs_nothing() -> None:
    estimate = estimate_spec(spec(), catalog())

    assert estimate.list_total == 0.0
    assert estimate.to_json()["resources"] == []
    assert "0 of 0 resources priced" in repr(estimate)
