"""Which resource an attribute leads to."""

import pytest

from costmodel.usage.references import (
    blocks_at,
    index_references,
    picked_at,
    reference_count,
    referred,
    value_at,
)
from costmodel.usage.spec import Resource

TEMPLATE = Resource("aws_launch_template.t", "aws_launch_template", inputs={"name": "web"})
OTHER = Resource("aws_iam_role.web", "aws_iam_role", inputs={"name": "web"})
NAMELESS = Resource("aws_lambda_function.n", "aws_lambda_function", inputs={"function_name": ""})
FUNCTION = Resource("aws_lambda_function.f", "aws_lambda_function", inputs={"function_name": "fn"})


@pytest.mark.parametrize(
    ("inputs", "references", "attribute", "leads_to"),
    [
        ({}, {"launch_template.id": ["aws_launch_template.t"]}, "launch_template", TEMPLATE),
        ({}, {"launch_template": ["aws_launch_template.gone"]}, "launch_template", None),
        ({"launch_template": {"id": "aws_launch_template.t"}}, {}, "launch_template", TEMPLATE),
        ({"launch_template": [{"name": "web"}]}, {}, "launch_template", TEMPLATE),
        ({"launch_template": {"name": "else"}}, {}, "launch_template", None),
        ({"launch_template": []}, {}, "launch_template", None),
        ({"function_name": "fn"}, {}, "function_name", FUNCTION),
        ({"function_name": "web"}, {}, "function_name", None),
        ({}, {}, "function_name", None),
        ({"function_name": ""}, {}, "function_name", None),
    ],
)
def test_an_attribute_leads_by_reference_address_or_name(
    inputs, references, attribute, leads_to
) -> None:
    resource = Resource("aws_x.x", "aws_x", inputs=inputs, references=references)
    index = index_references([TEMPLATE, OTHER, FUNCTION, NAMELESS, resource])

    assert referred(resource, attribute, index) is leads_to


def test_references_count_where_values_are_not_known() -> None:
    resource = Resource("aws_x.x", "aws_x", references={"subnet_ids": ["a", "b"], "subnet": ["c"]})

    assert reference_count(resource, "subnet_ids") == 2
    assert reference_count(resource, "vpc_id") == 0


SETTINGS = {
    "setting": [{"ns": "a", "name": "x", "value": 1}, {"ns": "b", "name": "x", "value": 2}]
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("setting[ns=b;name=x].value", 2),
        ("setting[ns=c].value", None),
        ("other[ns=b].value", None),
        ("setting.value", 1),
        ("setting.value.deeper", None),
    ],
)
def test_a_path_leads_into_nested_blocks(path, value) -> None:
    assert value_at(SETTINGS, path.split(".")) == value


def test_blocks_of_lists_of_blocks_are_flattened() -> None:
    values = {"mapping": [{"ebs": {"size": 1}}, {"ebs": [{"size": 2}, {"size": 3}]}, {"none": 1}]}

    assert blocks_at(values, ["mapping", "ebs"]) == [{"size": 1}, {"size": 2}, {"size": 3}]


def test_a_chain_of_references_is_followed_to_the_value() -> None:
    from costmodel.estimate.estimate import estimate_spec
    from tests.builders import catalog, spec, widget

    middle = Resource("aws_middle.m", "aws_middle", references={"kilos": ["aws_widget.a"]})
    part = Resource("aws_part.p", "aws_part", references={"widget": ["aws_middle.m"]})
    sheet = catalog().sheets._texts["widgets.toml"].replace("widget.kilos", "widget.kilos.grams")

    estimate = estimate_spec(spec(part, middle, widget(hours=0, grams=2)), catalog(sheet=sheet))

    weight = [
        c for n, c in zip(estimate.usage.name, estimate.list_cost, strict=True) if n == "Weight"
    ]
    assert weight == [pytest.approx(10.0)]


@pytest.mark.parametrize(
    ("protocols", "found"),
    [(["SFTP", "FTP"], "FTP"), ("FTP", "FTP"), (["SFTP"], None), (None, None)],
)
def test_a_step_picks_a_text_of_a_list(protocols, found) -> None:
    assert value_at({"protocols": protocols}, ["protocols[FTP]"]) == found


def test_all_blocks_of_one_kind_are_picked() -> None:
    rules = [{"type": "GROUP", "id": 1}, {"type": "REGULAR"}, {"type": "GROUP", "id": 2}]

    assert picked_at({"acl": [{"rules": rules}]}, ["acl", "rules[type=GROUP]"]) == [
        rules[0],
        rules[2],
    ]
    assert picked_at({"rules": rules}, ["rules[type=RATE_BASED]"]) is None
    assert picked_at({}, ["acl", "rules[type=GROUP]"]) is None
