"""What has no price keeps NaN and an issue that names it: never a default, never a crash."""

import math
from dataclasses import replace
from datetime import date

import pytest

from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import IncompleteEstimateError, IssueReason
from costmodel.estimate.estimate import estimate_spec, require_complete
from costmodel.usage.spec import ArchitectureSpec, Resource
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


def test_a_tier_without_a_public_price_is_an_issue_and_unpriced() -> None:
    rates = [("Storage", "", "GB-Mo", [(0, 0.02), (100, float("nan"))]), *RATES[:2]]
    loader = FakeLoader(rate_table("Widgets", "us-east-1", rates))

    estimate = estimate_spec(spec(widget(gb=150, hours=0)), PriceCatalog(loader))

    assert IssueReason.NOT_PRICED in reasons_of(estimate)
    assert math.isnan(lines_of(estimate)[("aws_widget.a", "Storage")][1])
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

    assert reasons_of(estimate) == {IssueReason.UNRESOLVED}


def test_a_default_taken_for_a_value_known_after_apply_is_said() -> None:
    resource = replace(widget(hours=1), unknown=frozenset({"size"}))

    estimate = estimate_spec(spec(resource), catalog())

    assert [issue.message for issue in estimate.issues] == [
        "size is known only after apply: priced as small"
    ]


def test_a_formula_that_goes_on_without_a_late_value_says_so() -> None:
    sheet = SHEET.replace('quantity = "kg"', 'quantity = "coalesce(kg, 2)"')
    late = Resource("aws_part.p", "aws_part", unknown=frozenset({"kg"}))
    absent = Resource("aws_part.q", "aws_part")

    estimate = estimate_spec(spec(late, absent), catalog(sheet=sheet))

    assert [(i.address, i.reason, i.message) for i in estimate.issues] == [
        (
            "aws_part.p",
            IssueReason.UNRESOLVED,
            "Weight: kg is known only after apply: priced as if it were not given",
        )
    ]
    assert estimate.usage.quantity.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("unknown", ["load", "load.kg"])
def test_a_late_value_inside_a_block_is_found_by_its_path(unknown) -> None:
    sheet = SHEET.replace(
        'kg = { unit = "kg", from_reference = "widget.kilos" }',
        'kg = { unit = "kg", path = "load.kg" }',
    )
    late = Resource("aws_part.p", "aws_part", unknown=frozenset({unknown}))

    estimate = estimate_spec(spec(late), catalog(sheet=sheet))

    assert [i.message for i in estimate.issues] == ["Weight: kg is known only after apply"]


def test_a_default_taken_for_a_late_value_of_a_part_is_said() -> None:
    owner = replace(widget(hours=0, part=[{}]), unknown=frozenset({"part.weight"}))

    estimate = estimate_spec(spec(owner), catalog())

    assert [i.message for i in estimate.issues] == [
        "weight is known only after apply: priced as 3"
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
    with pytest.raises(IncompleteEstimateError, match="1 resource is not known"):
        require_complete(estimate)


def test_no_region_is_one_issue() -> None:
    two = estimate_spec(ArchitectureSpec([widget("a"), widget("b")]), catalog())
    one = estimate_spec(ArchitectureSpec([widget("a")]), catalog())

    says = [[i.message for i in e.issues if "no region" in i.message] for e in (two, one)]
    assert says == [
        ["no region given for 2 resources: set it in the spec or with --region"],
        ["no region given for 1 resource: set it in the spec or with --region"],
    ]


@pytest.mark.parametrize(
    ("region", "says"),
    [
        ("us-esat-1", "region 'us-esat-1' is not known; did you mean us-east-1?"),
        ("US-EAST-1", "region 'US-EAST-1' is not known; did you mean us-east-1?"),
        ("atlantis", "region 'atlantis' is not known"),
        (
            "cn-north-1",
            "region 'cn-north-1' is not known; "
            "the catalog has no prices of AWS China, which sells in CNY",
        ),
    ],
)
def test_an_unknown_region_is_named_with_the_nearest(region, says) -> None:
    estimate = estimate_spec(ArchitectureSpec([widget()], region=region), catalog())

    assert estimate.issues[0].message == says
    assert estimate.issues[0].reason is IssueReason.UNKNOWN_REGION


@pytest.mark.parametrize("region", ["us-west-2-lax-1", "global"])
def test_a_local_zone_and_the_region_of_global_services_are_known(region) -> None:
    estimate = estimate_spec(ArchitectureSpec([widget()], region=region), catalog())

    assert IssueReason.UNKNOWN_REGION not in reasons_of(estimate)


def test_a_price_published_after_the_date_asked_for_is_reported() -> None:
    early = estimate_spec(spec(widget(hours=1)), catalog(), as_of=date(2025, 6, 1))
    late = estimate_spec(spec(widget(hours=1)), catalog(), as_of=date(2026, 6, 1))

    assert [(i.reason, i.message) for i in early.issues if i.message.startswith("Hours")] == [
        (
            IssueReason.NO_RATE_AT_DATE,
            "Hours (small): the price was published on 2026-01-01, after 2025-06-01; "
            "the catalog holds no earlier one",
        )
    ]
    assert late.issues == []


def test_a_name_whose_part_is_not_given_ends_before_it() -> None:
    sheet = SHEET.replace('name = "Hours ({size})"', 'name = "Hours ({term}, small)"')

    estimate = estimate_spec(spec(widget()), catalog(sheet=sheet))

    assert estimate.usage.name.tolist()[0] == "Hours"


def test_a_name_with_an_unknown_part_ends_before_it() -> None:
    estimate = estimate_spec(spec(widget(size="huge")), catalog())

    assert "Hours" in estimate.usage.name.tolist()
    assert any(i.message.startswith("size = 'huge': give one of") for i in estimate.issues)


@pytest.mark.parametrize("requests", [-5, "many", True, [1, 2], float("inf")])
def test_a_refused_quantity_is_not_usage_nobody_gave(requests) -> None:
    estimate = estimate_spec(spec(widget(hours=0, requests=requests)), catalog())

    assert math.isnan(lines_of(estimate)[("aws_widget.a", "Requests")][1])
    line = next(x for x in estimate.to_json()["resources"][0]["lines"] if x["name"] == "Requests")
    assert line["list_unit_price"] == 0.001
    assert estimate.coverage.unpriced_lines == 1
    with pytest.raises(IncompleteEstimateError, match=r"1 line has no price, .*requests = "):
        require_complete(estimate)


def test_a_refused_value_that_decides_whether_a_line_exists_keeps_an_estimate_incomplete() -> None:
    estimate = estimate_spec(spec(widget(gb=-1)), catalog())

    assert estimate.coverage.unpriced_lines == 0
    with pytest.raises(IncompleteEstimateError, match=r"1 value is not valid; aws_widget\.a: gb"):
        require_complete(estimate)


@pytest.mark.parametrize("value", [5, "heavy"])
def test_a_plain_value_where_a_block_belongs_is_not_an_absent_block(value) -> None:
    sheet = SHEET.replace('block = "part"\n', 'block = "part"\nalways = true\n')
    prices = catalog(sheet=sheet)

    absent = estimate_spec(spec(widget(hours=0)), prices)
    plain = estimate_spec(spec(widget(hours=0, part=value)), prices)

    # absent: 2 × 3 kg, the default: 4 × 5.00 + 2 × 1.00
    assert absent.list_total == pytest.approx(22.0)
    assert plain.list_total == 0.0
    assert plain.coverage.unpriced_lines == 1
    assert [i.message for i in plain.issues] == [
        f"part = {value!r}: give a block, part: {{name: value}}"
    ]


def test_inputs_inside_a_plain_value_are_refused_with_it() -> None:
    sheet = SHEET.replace(
        'requests = { unit = "Requests", usage = true }',
        'requests = { unit = "Requests", default = 9, path = "traffic.requests" }',
    )

    estimate = estimate_spec(spec(widget(hours=0, traffic=5)), catalog(sheet=sheet))

    assert math.isnan(lines_of(estimate)[("aws_widget.a", "Requests")][0])
    assert [i.message for i in estimate.issues] == [
        "traffic = 5: give a block, traffic: {name: value}"
    ]


def test_a_flag_is_true_or_false_and_nothing_else() -> None:
    texts = {text: estimate_spec(spec(widget(spot=text)), catalog()) for text in ("false", "yes")}

    assert texts["false"].issues == []
    assert texts["false"].list_total == pytest.approx(73.0)
    assert [i.message for i in texts["yes"].issues] == ["spot = 'yes': give true or false"]
    assert math.isnan(texts["yes"].list_cost[0])


def test_a_refused_value_names_the_nearest_text() -> None:
    estimate = estimate_spec(spec(widget(size="Larg")), catalog())

    assert [i.message for i in estimate.issues] == [
        "size = 'Larg': give one of small, large; did you mean large?"
    ]


def test_a_refused_value_in_a_block_loses_that_block_only_and_names_it() -> None:
    blocks = widget(hours=0, part=[{"weight": -1}, {"weight": 2}])

    estimate = estimate_spec(spec(blocks), catalog())

    # the default of 3 kg would be a guess; the other block is 2 × 2 kg at 5.00
    weights = estimate.usage.quantity[estimate.usage.name == "Weight"].tolist()
    assert math.isnan(weights[0])
    assert weights[1] == 4.0
    assert estimate.list_total == pytest.approx(20.0)
    assert estimate.coverage.unpriced_lines == 1


def test_a_refused_value_that_a_part_reads_from_its_parent_names_the_part() -> None:
    sheet = SHEET.replace('inputs = { kg = "weight" }', 'inputs = { kg = "0 - weight" }', 1)

    estimate = estimate_spec(spec(widget(hours=0, part={"weight": 2})), catalog(sheet=sheet))

    assert [i.message for i in estimate.issues] == ["part / kg = -2.0: give a number from 0 (kg)"]


def test_a_refused_number_of_parts_is_not_replaced_by_another() -> None:
    sheet = SHEET.replace('count = "2"', 'count = "coalesce(gb, 2)"')

    estimate = estimate_spec(
        spec(widget(hours=0, gb=-1, part={"weight": 2})), catalog(sheet=sheet)
    )

    assert math.isnan(estimate.usage.quantity[estimate.usage.name == "Weight"][0])
    assert "Weight: how many there are is not known" in [i.message for i in estimate.issues]
