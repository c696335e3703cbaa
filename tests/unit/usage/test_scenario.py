"""Scenarios on architectures."""

import re

import pytest

from costmodel.errors import SpecError
from costmodel.usage.scenario import apply_scenario, parse_scenario
from tests.builders import spec, widget


def test_a_scenario_moves_and_changes_resources() -> None:
    scenario = parse_scenario(
        {
            "region": "eu-west-1",
            "inputs": {"widget": {"size": "large"}, "aws_widget.b": {"gb": 7}},
        },
        "s.yaml",
    )

    changed = apply_scenario(spec(widget("a", gb=1), widget("b", gb=1)), scenario)

    assert changed.region == "eu-west-1"
    assert [r.region for r in changed.resources] == ["eu-west-1", "eu-west-1"]
    assert changed.resources[0].inputs == {"gb": 1, "size": "large"}
    assert changed.resources[1].inputs == {"gb": 7, "size": "large"}


def test_a_scenario_without_a_region_moves_nothing() -> None:
    unmoved = apply_scenario(spec(widget("a")), parse_scenario({}, "s.yaml"))

    assert unmoved == spec(widget("a"))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "a scenario is a mapping"),
        ({"regoin": 1}, "unknown key 'regoin'"),
        ({"inputs": {"a": 1}}, "inputs maps"),
        ({"discount_percent": 101}, "not between 0 and 100"),
        ({"discount_percent": "ten"}, "a number from 0 to 100"),
        ({"region": 5}, "region is a text"),
        ({"discount_percent": True}, "a number from 0 to 100"),
    ],
)
def test_a_bad_scenario_is_one_clear_line(document, says) -> None:
    with pytest.raises(SpecError, match=says):
        parse_scenario(document, "s.yaml")


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"aws_widgt": {"size": "large"}}, "matches no resource; did you mean aws_widget?"),
        ({"aws_zzz.q": {"size": "large"}}, "matches no resource; give a resource type or address"),
        ({"aws_widget.a": {"sise": "large"}}, "does not change the price .* did you mean size?"),
        ({"aws_widget": {"colour": "red"}}, "'colour' does not change the price of aws_widget"),
    ],
)
def test_what_changes_nothing_is_said(inputs, says) -> None:
    scenario = parse_scenario({"inputs": inputs}, "s.yaml")

    changed = apply_scenario(spec(widget("a")), scenario, {"aws_widget": {"size", "gb"}})

    (issue,) = changed.issues
    assert re.search(says, issue.message)
