"""Parts priced as another kind: what a resource outside the source says is not known."""

import math

from costmodel.errors import IssueReason
from costmodel.estimate.estimate import estimate_spec
from costmodel.usage.spec import Resource
from tests.builders import SHEET, catalog, spec, widget


def weights(estimate) -> list[float]:
    return estimate.usage.quantity[estimate.usage.name == "Weight"].tolist()


def test_a_reference_that_leads_nowhere_is_an_unpriced_line_and_an_issue() -> None:
    estimate = estimate_spec(spec(widget(hours=0, template_id="tpl-1")), catalog())

    assert [math.isnan(weight) for weight in weights(estimate)] == [True]
    assert estimate.coverage.unpriced_lines == 1
    assert [(i.reason, i.message) for i in estimate.issues] == [
        (
            IssueReason.UNRESOLVED,
            "template_id 'tpl-1' is not in the source: what it sets has no price",
        )
    ]


def test_a_reference_in_a_block_is_called_by_its_id_or_name() -> None:
    named = estimate_spec(spec(widget(hours=0, template_id=[{"v": "1", "name": "t"}])), catalog())
    nameless = estimate_spec(spec(widget(hours=0, template_id={"version": "1"})), catalog())

    assert named.issues[0].message.startswith("template_id 't' is not in the source")
    assert nameless.issues[0].message.startswith("template_id is not in the source")


def test_a_reference_known_only_after_apply_that_leads_nowhere_is_said() -> None:
    resource = Resource(
        "aws_widget.a", "aws_widget", inputs={"hours": 0}, unknown=frozenset({"template_id"})
    )

    estimate = estimate_spec(spec(resource), catalog())

    assert estimate.issues[0].message.startswith("template_id is not in the source")


def test_what_the_group_itself_says_is_priced_though_its_template_is_outside() -> None:
    sheet = SHEET.replace(
        'fields = { weight = { unit = "kg" } }\ninputs = { kg = "weight" }',
        'fields = { weight = { unit = "kg" } }\ninputs = { kg = "gb" }',
    )

    estimate = estimate_spec(
        spec(widget(hours=0, gb=3, template_id="tpl-1")), catalog(sheet=sheet)
    )

    assert weights(estimate) == [3.0]


def test_what_a_template_outside_hands_over_is_not_taken_from_the_default() -> None:
    sheet = SHEET.replace(
        'kg = { unit = "kg", from_reference = "widget.kilos" }',
        'kg = { unit = "kg", default = 7, path = "load.kg" }',
    ).replace(
        'fields = { weight = { unit = "kg" } }\ninputs = { kg = "weight" }', 'pass = ["load"]'
    )
    template = Resource("aws_tpl.t", "aws_tpl", inputs={"load": {"kg": 2}})

    inside = estimate_spec(
        spec(widget(hours=0, template_id="aws_tpl.t"), template), catalog(sheet=sheet)
    )
    outside = estimate_spec(spec(widget(hours=0, template_id="tpl-1")), catalog(sheet=sheet))

    assert weights(inside) == [2.0]
    assert [math.isnan(weight) for weight in weights(outside)] == [True]


def test_a_part_whose_condition_rests_on_a_refused_value_is_not_counted() -> None:
    sheet = SHEET.replace('count = "2"', 'count = "2"\nwhen = "coalesce(gb, 1) > 0"')

    estimate = estimate_spec(
        spec(widget(hours=0, gb=-1, part={"weight": 2})), catalog(sheet=sheet)
    )

    assert [math.isnan(weight) for weight in weights(estimate)] == [True]
    assert "Weight: how many there are is not known" in [i.message for i in estimate.issues]
