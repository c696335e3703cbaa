import base64

import pytest

from costmodel.io.iac.cloudformation.intrinsics import Scope, Unknown
from costmodel.io.iac.cloudformation.properties import snake_case


@pytest.fixture
def scope() -> Scope:
    return Scope(
        parameters={"P": "v", "N": 5, "L": ["a", "b"], "U": Unknown()},
        mappings={"M": {"k": {"x": 1}, "1": {"y": "one"}}},
        conditions={"T": True, "F": "false", "Odd": "text", "Me": {"Condition": "Me"}},
        resources=frozenset({"R", "S"}),
        region="eu-west-1",
    )


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"Ref": "P"}, "v"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::AccountId"}, Unknown()),
        ({"Ref": ["x"]}, Unknown()),
        ({"Ref": "R"}, Unknown(("R",))),
        ({"Fn::GetAtt": ["R", "Arn"]}, Unknown(("R",))),
        ({"Fn::GetAtt": "S.Outputs.X"}, Unknown(("S",))),
        ({"Fn::Sub": "${P}-${N}-${!Keep}"}, "v-5-${Keep}"),
        ({"Fn::Sub": "${R}-${S.Arn}"}, Unknown(("R", "S"))),
        ({"Fn::Sub": ["${a}", {"a": {"Ref": "N"}}]}, "5"),
        ({"Fn::Sub": 5}, Unknown()),
        ({"Fn::Join": [",", ["a", {"Ref": "N"}, True]]}, "a,5,true"),
        ({"Fn::Join": [",", {"Ref": "L"}]}, "a,b"),
        ({"Fn::Join": [",", ["a", {"Ref": "R"}]]}, Unknown(("R",))),
        ({"Fn::Join": ","}, Unknown()),
        ({"Fn::Join": [",", {"Ref": "U"}]}, Unknown()),
        ({"Fn::Select": ["1", {"Ref": "L"}]}, "b"),
        ({"Fn::Select": [5, {"Ref": "L"}]}, Unknown()),
        ({"Fn::Select": [2, {"Ref": "L"}]}, Unknown()),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, Unknown()),
        ({"Fn::Select": 1}, Unknown()),
        ({"Fn::Split": [",", "a,b"]}, ["a", "b"]),
        ({"Fn::Split": [",", {"Ref": "R"}]}, Unknown(("R",))),
        ({"Fn::Split": 1}, Unknown()),
        ({"Fn::FindInMap": ["M", "k", "x"]}, 1),
        ({"Fn::FindInMap": ["M", 1, "y"]}, "one"),
        ({"Fn::FindInMap": ["M", "k", "z"]}, Unknown()),
        ({"Fn::FindInMap": ["M", "k", "z", {"DefaultValue": 7}]}, 7),
        ({"Fn::FindInMap": ["M", {"Ref": "R"}, "x"]}, Unknown(("R",))),
        ({"Fn::FindInMap": "M"}, Unknown()),
        ({"Fn::If": ["T", 1, 2]}, 1),
        ({"Fn::If": ["F", 1, 2]}, 2),
        ({"Fn::If": ["Odd", 1, 2]}, Unknown()),
        ({"Fn::If": ["Odd", 3, 3]}, 3),
        ({"Fn::If": ["Me", 1, {"Ref": "R"}]}, Unknown(("R",))),
        ({"Fn::If": ["Nowhere", 1, 2]}, Unknown()),
        ({"Fn::If": 1}, Unknown()),
        ({"Fn::Equals": [{"Ref": "N"}, "5"]}, True),
        ({"Fn::Equals": [["a"], {"Ref": "L"}]}, False),
        ({"Fn::Equals": [{"Ref": "U"}, "5"]}, Unknown()),
        ({"Fn::Equals": 1}, Unknown()),
        ({"Fn::And": [{"Condition": "T"}, {"Condition": "T"}]}, True),
        ({"Fn::And": [{"Condition": "Odd"}, {"Condition": "F"}]}, False),
        ({"Fn::And": [{"Condition": "Odd"}, {"Condition": "T"}]}, Unknown()),
        ({"Fn::Or": [{"Condition": "Odd"}, {"Condition": "T"}]}, True),
        ({"Fn::Or": [{"Condition": "F"}, {"Condition": "F"}]}, False),
        ({"Fn::Or": [{"Condition": "F"}, {"Condition": "Odd"}]}, Unknown()),
        ({"Fn::Not": [{"Condition": "F"}]}, True),
        ({"Fn::Not": [{"Condition": "Odd"}]}, Unknown()),
        ({"Fn::Not": []}, Unknown()),
        ({"Fn::Base64": "x"}, base64.b64encode(b"x").decode()),
        ({"Fn::Base64": {"Ref": "R"}}, Unknown()),
        ({"Fn::Length": {"Ref": "L"}}, 2),
        ({"Fn::Length": {"Ref": "R"}}, Unknown(("R",))),
        ({"Fn::ImportValue": "x"}, Unknown()),
        ([1, {"Ref": "AWS::NoValue"}], [1]),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 2}, {"b": 2}),
    ],
)
def test_a_function_gives_what_the_template_alone_knows(scope: Scope, expression, value) -> None:
    result = scope.evaluate(expression)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("InstanceType", "instance_type"),
        ("DBInstanceClass", "db_instance_class"),
        ("EBSOptions", "ebs_options"),
        ("KmsKeyId", "kms_key_id"),
        ("MultiAZ", "multi_az"),
        ("BucketKMSKey", "bucket_kms_key"),
    ],
)
def test_camel_case_becomes_snake_case(name: str, attribute: str) -> None:
    assert snake_case(name) == attribute
