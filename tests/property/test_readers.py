"""Whatever a file holds, a reader gives an architecture or one clear line."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel import ArchitectureSpec, read_spec
from costmodel.errors import BadInputError

PLAN = {
    "planned_values": {
        "root_module": {
            "resources": [
                {
                    "address": "aws_x.y[0]",
                    "mode": "managed",
                    "type": "aws_x",
                    "name": "y",
                    "index": 0,
                    "values": {"a": 1, "region": "us-east-1", "arn": "arn:aws:x:us-east-1:1:y"},
                }
            ],
            "child_modules": [{"address": "module.m", "resources": [], "child_modules": []}],
        }
    },
    "variables": {"r": {"value": "eu-west-1"}},
    "resource_changes": [
        {
            "address": "aws_x.y[0]",
            "type": "aws_x",
            "name": "y",
            "change": {"before": {}, "after": {"a": 1}, "after_unknown": {"b": [True]}},
        }
    ],
    "prior_state": {"values": {"root_module": {"resources": [{"address": "data.aws_region.r"}]}}},
    "configuration": {
        "provider_config": {"aws": {"expressions": {"region": {"references": ["var.r"]}}}},
        "root_module": {
            "resources": [
                {
                    "address": "aws_x.y",
                    "provider_config_key": "aws",
                    "expressions": {
                        "b": {"references": ["module.m.o", "var.r"]},
                        "c": [{"d": {}}],
                    },
                }
            ],
            "module_calls": {
                "m": {
                    "expressions": {"i": {"references": ["aws_x.y[0].id"]}},
                    "module": {"outputs": {"o": {"expression": {"references": ["var.i"]}}}},
                }
            },
        },
    },
}
TEMPLATE = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Transform": ["AWS::Serverless-2016-10-31"],
    "Parameters": {"P": {"Type": "Number", "Default": "5"}, "L": {"Type": "List<String>"}},
    "Mappings": {"M": {"a": {"b": 1}}},
    "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, 5]}, "N": {"Fn::Not": [{"Condition": "C"}]}},
    "Globals": {"Function": {"Timeout": 5}},
    "Resources": {
        "I": {
            "Type": "AWS::EC2::Instance",
            "Condition": "C",
            "Properties": {
                "InstanceType": {"Fn::FindInMap": ["M", "a", "b"]},
                "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": "8"}}],
                "Tags": [{"Key": "k", "Value": {"Fn::Sub": "${P}-${I.Arn}"}}],
                "SubnetId": {"Fn::Select": [0, {"Fn::Split": [",", {"Fn::Join": [",", ["a"]]}]}]},
                "Zone": {"Fn::If": ["N", {"Ref": "I"}, {"Ref": "AWS::NoValue"}]},
            },
        },
        "F": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"Events": {"E": {"Type": "Api"}}},
        },
        "Fn::ForEach::L": ["X", ["a"], {"Q${X}": {"Type": "AWS::SQS::Queue"}}],
        "S": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "x.yaml"}},
    },
}
STATE = {
    "version": 4,
    "terraform_version": "1.9.0",
    "lineage": "x",
    "resources": [
        {
            "module": 'module.m["a.b"]',
            "mode": "managed",
            "type": "aws_x",
            "name": "y",
            "instances": [{"index_key": "k", "attributes": {"availability_zone": "us-east-1a"}}],
        }
    ],
}
SPEC = {
    "region": "us-east-1",
    "resources": {
        "instance.a": {"count": 2, "b": [{"c": "${x.y.size}"}], "usage": {"u": 1}, "region": "r"},
        "x.y": {"size": 5},
    },
    "usage": {
        "resource_usage": {"x.y": {"n": {"m": 1}}, "data_transfer.d": {"region": "r"}},
        "resource_type_default_usage": {"aws_x": {"n": 1}},
    },
}
JUNK = st.sampled_from(
    [None, True, 0, -1, 1e308, float("nan"), "", "x", "aws_x.y", "module.a", "${a.b.c}", "a[0", [],
     {}, [None], [[]], {"": {}}, {"Ref": "I"}, {"Ref": None}, {"Fn::Sub": []}, {"Fn::If": ["C"]},
     {"references": [None, 5, "a.b", "module.x.y", "var.", "["]}, "Fn::ForEach::x",
     {"Fn::Select": [{}, []]}, {"Fn::FindInMap": [[], {}, 1]}]
)  # fmt: skip


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    return [path, *(inner for key, item in items for inner in paths(item, (*path, key)))]


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A document with one to three of its values replaced, renamed or removed."""
    document = copy.deepcopy(draw(st.sampled_from([PLAN, TEMPLATE, STATE, SPEC])))
    for _ in range(draw(st.integers(1, 3))):
        places = paths(document)[1:]
        if not places:
            break
        *above, last = draw(st.sampled_from(places))
        parent = document
        for key in above:
            parent = parent[key]
        action = draw(st.sampled_from(["replace", "replace", "rename", "remove"]))
        if action == "replace":
            parent[last] = draw(JUNK)
        elif action == "rename" and isinstance(parent, dict):
            name = draw(st.sampled_from(["", "Type", "Ref", "Fn::Sub", "references", "address"]))
            parent[name] = parent.pop(last)
        else:
            del parent[last]
    return document


def read_or_refuse(path: Path) -> ArchitectureSpec | str:
    try:
        return read_spec(path)
    except BadInputError as error:
        return str(error)


@given(document=damaged())
def test_a_damaged_document_is_read_or_refused_in_one_line(
    document: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "damaged.json"
    path.write_text(json.dumps(document), encoding="utf-8")

    outcome = read_or_refuse(path)

    if isinstance(outcome, str):
        assert "\n" not in outcome
        assert str(path) in outcome
    else:
        assert all(isinstance(resource.inputs, dict) for resource in outcome.resources)
        assert all(issue.message for issue in outcome.issues)
