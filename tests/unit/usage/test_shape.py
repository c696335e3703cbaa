"""Equal resources are expanded once, and never where the usage depends on another resource."""

from datetime import date

import pytest

from costmodel.usage.expand import Expander
from costmodel.usage.spec import Resource
from tests.builders import catalog

DAY = date(2026, 1, 1)


@pytest.fixture
def expander():
    prices = catalog()
    return Expander(prices.sheets, prices.lookup_tables)


def quantities(expander, *resources):
    usage, _ = expander.expand(resources, ["us-east-1"] * len(resources), DAY)
    rows = zip(usage.resource, usage.name, usage.quantity, strict=True)
    return [(int(number), name, float(quantity)) for number, name, quantity in rows]


def widget(own, **inputs):
    return Resource(f"aws_widget.{own}", "aws_widget", inputs={"requests": 1, **inputs})


def part(name, kilograms, **more):
    return Resource(f"aws_part.{name}", "aws_part", inputs={"kg": kilograms}, **more)


def kept(expander):
    return len(expander._shapes)


def test_names_and_tags_make_no_other_shape(expander) -> None:
    found = quantities(
        expander,
        widget("a", size="small", hours=2, tags={"team": "a"}),
        widget("b", size="small", hours=2, name="b"),
    )

    assert found[:2] == [(0, "Hours (small)", 2.0), (1, "Hours (small)", 2.0)]
    assert kept(expander) == 1


@pytest.mark.parametrize("other", [{"hours": 3}, {"hours": "2"}, {"gb": 1}, {"size": "large"}])
def test_another_value_is_another_shape(expander, other) -> None:
    quantities(expander, widget("a", hours=2, size="small"))
    quantities(expander, widget("a", **{"hours": 2, "size": "small"} | other))

    assert kept(expander) == 2


def test_another_count_region_or_day_is_another_shape(expander) -> None:
    one = widget("a", hours=2)
    for resource, region, day in (
        (one, "us-east-1", DAY),
        (Resource(one.address, one.type, inputs=one.inputs, count=2.0), "us-east-1", DAY),
        (one, "eu-west-1", DAY),
        (one, "us-east-1", date(2026, 2, 1)),
    ):
        expander.expand([resource], [region], day)

    assert kept(expander) == 4


def test_an_issue_of_a_known_shape_names_the_resource_at_hand(expander) -> None:
    bad = [widget("a", hours=-1, size="small"), widget("b", hours=-1, size="small")]

    _, issues = expander.expand(bad, ["us-east-1"] * 2, DAY)

    assert {issue.address for issue in issues} == {"aws_widget.a", "aws_widget.b"}
    assert len({issue.message for issue in issues if issue.address.endswith("a")}) * 2 == len(
        issues
    )
    assert kept(expander) == 1


def test_a_resource_that_others_refer_to_is_counted_anew(expander) -> None:
    target = part("a", 3.0)
    link = Resource("aws_link.l", "aws_link", references={"part": ["aws_part.a"]})

    quantities(expander, target)
    quantities(expander, target, link)

    assert kept(expander) == 1  # alone; with a link to it, it has no shape


def test_what_stands_behind_a_reference_is_read_each_time(expander) -> None:
    def pair(kilograms):
        owner = Resource(
            "aws_widget.w", "aws_widget", inputs={"hours": 1, "requests": 1},
            references={"template_id": ["aws_part.t"]},
        )  # fmt: skip
        template = Resource("aws_part.t", "aws_part", inputs={"weight": kilograms, "kg": 0})
        return quantities(expander, owner, template)

    assert (0, "Weight", 5.0) in pair(5)
    assert (0, "Weight", 7.0) in pair(7)


def test_values_that_are_not_plain_have_no_shape(expander) -> None:
    class Two(float):
        pass

    found = quantities(expander, widget("a", hours=Two(2.0), size="small"))

    assert found[0] == (0, "Hours (small)", 2.0)
    assert kept(expander) == 0


def test_no_more_than_a_bound_of_shapes_is_kept(expander) -> None:
    for hours in range(10_000):
        quantities(expander, widget("a", hours=hours))

    assert kept(expander) <= 2 * 4096
