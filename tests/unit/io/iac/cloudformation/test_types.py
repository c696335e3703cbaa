"""CloudFormation types: which Terraform type each becomes, and which keeps its own name."""

from pathlib import Path

import pytest

from costmodel import estimate, load_catalog, read_spec
from costmodel.errors import SpecError
from costmodel.io.iac.cloudformation import properties
from costmodel.io.iac.cloudformation.properties import type_mapping


def write(root: Path, *resources: str) -> Path:
    path = root / "template.yaml"
    path.write_text("Resources:\n" + "".join(f"  {r}\n" for r in resources), encoding="utf-8")
    return path


def test_every_name_of_the_tables_is_priced_or_free() -> None:
    document = properties._document()
    names = set(document["renamed"].values())
    names |= {body["terraform"] for body in document["types"].values()}
    names |= {
        name for body in document["types"].values() for name in body.get("variants", {}).values()
    }
    sheets = load_catalog().sheets

    assert {name for name in names if not sheets.knows(name)} == set()


def test_every_type_a_sheet_claims_leads_back_to_it() -> None:
    kinds = [k for service in load_catalog().sheets.services for k in service.resources.values()]
    claimed = {kind.cloudformation: kind.type for kind in kinds if kind.cloudformation}

    for name, terraform in claimed.items():
        mapping = type_mapping(name)
        assert terraform in {mapping.terraform, *mapping.variants.values()}


@pytest.mark.parametrize(
    ("name", "terraform"),
    [
        ("AWS::EC2::NetworkAclEntry", "aws_network_acl_rule"),
        ("AWS::WAFv2::WebACLAssociation", "aws_wafv2_web_acl_association"),
        ("AWS::ApiGatewayV2::Route", "aws_apigatewayv2_route"),
        ("AWS::IAM::Role", "aws_iam_role"),
        ("AWS::Lambda::Version", "aws_lambda_alias"),
    ],
)
def test_a_type_reads_by_table_by_service_word_or_by_rule(name, terraform) -> None:
    assert type_mapping(name).terraform == terraform


def test_a_version_or_alias_with_provisioned_concurrency_is_that_config(tmp_path: Path) -> None:
    body = (
        "Type: {}, Properties: {{FunctionName: !Ref Fn, "
        "ProvisionedConcurrencyConfig: {{ProvisionedConcurrentExecutions: 5}}}}"
    )
    path = write(
        tmp_path,
        "Fn: {Type: AWS::Lambda::Function, Properties: {MemorySize: 1024}}",
        f"V: {{{body.format('AWS::Lambda::Version')}}}",
        f"A: {{{body.format('AWS::Lambda::Alias')}}}",
        "Plain: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Fn, Name: live}}",
    )

    read = {resource.address: resource for resource in read_spec(path).resources}

    assert set(read) == {
        "aws_lambda_function.Fn",
        "aws_lambda_provisioned_concurrency_config.V",
        "aws_lambda_provisioned_concurrency_config.A",
        "aws_lambda_alias.Plain",
    }
    version = read["aws_lambda_provisioned_concurrency_config.V"]
    assert version.inputs["provisioned_concurrent_executions"] == 5
    assert version.references["function_name"] == ["aws_lambda_function.Fn"]


def test_a_type_nobody_knows_keeps_its_own_name_and_is_told_the_nearest(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "Odd: {Type: AWS::Brand::NewThing, Properties: {SomeSize: 5}}",
        "Typo: {Type: AWS::SQS::Quee}",
    )

    priced = estimate(path, region="us-east-1")

    assert [(r.address, r.type) for r in priced.spec.resources] == [
        ("AWS::Brand::NewThing.Odd", "AWS::Brand::NewThing"),
        ("AWS::SQS::Quee.Typo", "AWS::SQS::Quee"),
    ]
    assert [issue.message for issue in priced.issues] == [
        "resource type 'AWS::Brand::NewThing' has no service sheet",
        "resource type 'AWS::SQS::Quee' has no service sheet; did you mean AWS::SQS::Queue?",
    ]
    assert priced.coverage.unsupported == 2


def test_a_condition_the_template_does_not_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(
        "Conditions: {IsProd: !Equals [a, a]}\n"
        "Resources:\n  Q: {Type: AWS::SQS::Queue, Condition: IsPrd}\n",
        encoding="utf-8",
    )

    with pytest.raises(SpecError, match=r"template\.yaml:3: .*no condition 'IsPrd'; did you mean"):
        read_spec(path)


def test_devices_that_are_not_known_are_left_as_they_are(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "Web: {Type: AWS::EC2::Instance, Properties: {InstanceType: m5.large, "
        "BlockDeviceMappings: [!Ref Unknown]}}",
    )

    (web,) = read_spec(path).resources

    assert web.inputs == {"instance_type": "m5.large", "ebs_block_device": [None]}
    assert "ebs_block_device" in web.unknown
