"""Terraform modules: local, fetched, remote, and what passes into them."""

from pathlib import Path

import pytest

from costmodel import read_spec
from tests.source_files import write

pytest.importorskip("tfparse", reason="needs the terraform extra")


def test_a_remote_module_is_an_issue_naming_it(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": 'module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n'})

    (issue,) = read_spec(tmp_path).issues

    assert issue.address == "module.vpc"
    assert "'terraform-aws-modules/vpc/aws'" in issue.message
    assert issue.message.startswith("main.tf:1:")


def test_a_module_that_init_has_fetched_is_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": 'provider "aws" { region = "us-east-1" }\n'
            'module "q" {\n  source = "example/q/aws"\n  version = "1.0.0"\n'
            "  queue = aws_sns_topic.t.id\n}\n"
            'resource "aws_sns_topic" "t" {}\n',
            ".terraform/modules/q/main.tf": 'variable "queue" {}\n'
            'resource "aws_sqs_queue" "q" { name = var.queue }\n',
            ".terraform/modules/modules.json": '{"Modules":[{"Key":"","Source":"","Dir":"."},'
            '{"Key":"q","Source":"registry.example/example/q/aws","Version":"1.0.0",'
            '"Dir":".terraform/modules/q"}]}',
        },
    )

    spec = read_spec(tmp_path)

    queue = {resource.address: resource for resource in spec.resources}["module.q.aws_sqs_queue.q"]
    assert queue.region == "us-east-1"
    assert queue.references == {"name": ["aws_sns_topic.t"]}
    assert spec.issues == []


def test_null_is_not_given_and_no_value_is_unknown_also_through_modules(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": """\
variable "null" { default = null }
variable "none" {}
variable "set" { default = "x" }
resource "aws_x" "root" {
  a = var.null
  b = var.none
  c = var.set == "x" ? null : 1
  d = null
  e = var.none == "a" ? 1 : 2
}
module "m" {
  source = "./m"
  null   = var.null
  none   = var.none
  plain  = null
}
""",
            "m/main.tf": """\
variable "null" { default = 5 }
variable "none" {}
variable "plain" { default = 4 }
variable "left" { default = null }
resource "aws_x" "inner" {
  a = var.null
  b = var.none
  c = var.plain
  d = var.left
}
""",
        },
    )

    resources = read_spec(tmp_path).resources

    assert {r.address: (r.inputs, r.unknown) for r in resources} == {
        "aws_x.root": ({}, {"b", "e"}),
        "module.m.aws_x.inner": ({}, {"b"}),
    }


def test_what_a_module_is_given_decides_whether_its_variable_has_a_value(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": """\
resource "aws_y" "r" {}
module "m" {
  source = "./m"
  late   = aws_y.r.arn_of_something
  known  = "k"
}
""",
            "m/main.tf": """\
variable "late" {}
variable "known" {}
variable "open" { default = "o" }
resource "aws_x" "i" {
  a = var.late == "q" ? 1 : 2
  b = var.known == "k" ? null : 1
  c = var.open == "o" ? null : 1
}
resource "aws_x" "perhaps" {
  count = var.late == "q" ? 1 : 0
}
resource "aws_x" "not" {
  count = var.known == "q" ? 1 : 0
}
""",
        },
    )

    spec = read_spec(tmp_path)
    resources = {resource.address: resource for resource in spec.resources}

    assert [issue.address for issue in spec.issues] == ["module.m.aws_x.perhaps"]
    inner = resources["module.m.aws_x.i"]
    assert (inner.inputs, inner.unknown) == ({}, {"a"})


def test_providers_pass_through_modules_of_modules(tmp_path: Path) -> None:
    call = 'module "n" {\n  source = "./n"\n'
    write(
        tmp_path,
        {
            "main.tf": 'provider "aws" { region = "us-east-1" }\n'
            'provider "aws" {\n  alias = "b"\n  region = "eu-west-1"\n}\n'
            'module "m" {\n  source = "./m"\n  providers = {\n    aws = aws.b\n'
            "    aws.other = aws\n  }\n}\n",
            "m/main.tf": call + '}\nresource "aws_x" "o" {\n  provider = aws.other\n}\n',
            "m/n/main.tf": 'resource "aws_x" "i" {}\n',
        },
    )

    regions = {resource.address: resource.region for resource in read_spec(tmp_path).resources}

    assert regions == {
        "module.m.aws_x.o": "us-east-1",
        "module.m.module.n.aws_x.i": "eu-west-1",
    }
