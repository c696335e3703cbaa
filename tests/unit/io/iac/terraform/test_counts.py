"""How many instances ``count`` and ``for_each`` make."""

from pathlib import Path

import pytest

from costmodel import IssueReason, read_spec
from costmodel.errors import SpecError
from tests.source_files import write

pytest.importorskip("tfparse", reason="needs the terraform extra")


def test_an_unknown_count_or_for_each_is_an_issue(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": 'variable "n" {}\n'
            'resource "aws_x" "some" {\n count = var.n\n}\n'
            'resource "aws_x" "maybe" {\n count = var.n == "x" ? 1 : 0\n}\n'
            'resource "aws_x" "each" {\n for_each = toset(var.n)\n}\n'
            'module "m" {\n source = "./m"\n for_each = var.n\n}\n',
            "m/main.tf": 'resource "aws_x" "inside" {}\n',
        },
    )

    spec = read_spec(tmp_path)

    assert {issue.address for issue in spec.issues} == {
        "aws_x.some",
        "aws_x.maybe",
        "aws_x.each",
        "module.m.aws_x.inside",
    }
    assert {issue.reason for issue in spec.issues} == {IssueReason.UNRESOLVED}
    assert all("count" in resource.unknown for resource in spec.resources)


def addresses(spec) -> list[str]:
    return [resource.address for resource in spec.resources]


MODULE = {
    "m/main.tf": 'variable "n" {}\noutput "total" { value = var.n }\noutput "none" { value = 0 }\n'
    'output "names" { value = ["x", "y"] }\n',
    "main.tf": 'provider "aws" { region = "us-east-1" }\n'
    'module "m" {\n  source = "./m"\n  n      = 3\n}\n',
}


def with_module(tmp_path: Path, text: str, **files: str) -> Path:
    return write(tmp_path, {**MODULE, **files, "main.tf": MODULE["main.tf"] + text})


def test_a_count_that_a_module_returns_makes_so_many_instances(tmp_path: Path) -> None:
    spec = read_spec(
        with_module(
            tmp_path,
            'resource "aws_eip" "e" {\n  count = module.m.total\n}\n'
            'resource "aws_eip" "none" {\n  count = module.m.none\n}\n',
        )
    )

    assert addresses(spec) == ["aws_eip.e[0]", "aws_eip.e[1]", "aws_eip.e[2]"]
    assert spec.issues == []


def test_what_follows_the_index_is_unknown_in_instances_made_late(tmp_path: Path) -> None:
    spec = read_spec(
        with_module(
            tmp_path,
            'resource "aws_ebs_volume" "v" {\n  count = module.m.total\n  type  = "gp3"\n'
            "  size  = 10 * (count.index + 1)\n}\n",
        )
    )

    assert [resource.inputs.get("size") for resource in spec.resources] == [10, None, None]
    assert [resource.inputs["type"] for resource in spec.resources] == ["gp3"] * 3
    assert [sorted(resource.unknown) for resource in spec.resources] == [[], ["size"], ["size"]]


def test_a_count_that_rests_on_a_late_one_is_an_issue(tmp_path: Path) -> None:
    spec = read_spec(
        with_module(
            tmp_path,
            'resource "aws_eip" "e" {\n  count = module.m.total\n}\n'
            'resource "aws_nat_gateway" "n" {\n  count = length(aws_eip.e)\n}\n',
        )
    )

    (issue,) = spec.issues
    assert (issue.reason, issue.address) == (IssueReason.UNRESOLVED, "aws_nat_gateway.n")
    assert issue.message == (
        "main.tf:9: the count of aws_nat_gateway.n follows aws_eip.e, whose number is known late; "
        "it is taken as 1: check it"
    )


def test_a_module_called_as_often_as_another_says_is_an_issue(tmp_path: Path) -> None:
    spec = read_spec(
        with_module(
            tmp_path,
            'module "c" {\n  source = "./c"\n  count  = length(module.m.names)\n}\n',
            **{"c/main.tf": 'resource "aws_eip" "e" {}\n'},
        )
    )

    assert addresses(spec) == ["module.c[0].aws_eip.e"]
    assert [issue.message for issue in spec.issues] == [
        "main.tf:6: how often module.c is called follows module.m.names, which is known late; "
        "it is taken as once: give a plan in JSON"
    ]


@pytest.mark.parametrize(
    ("count", "says"),
    [
        ("-1", r"main.tf:2: the count of aws_eip.e is -1; give 0 to 10000"),
        ("100000000", r"the count of aws_eip.e is 100000000; give 0 to 10000"),
    ],
)
def test_an_absurd_count_is_refused_before_it_is_evaluated(
    tmp_path: Path, count: str, says: str
) -> None:
    source = f'provider "aws" {{ region = "us-east-1" }}\nresource "aws_eip" "e" {{\n  count = {count}\n}}\n'

    with pytest.raises(SpecError, match=says):
        read_spec(write(tmp_path, {"main.tf": source}))


def test_an_absurd_count_of_a_module_is_refused(tmp_path: Path) -> None:
    path = with_module(tmp_path, 'resource "aws_eip" "e" {\n  count = module.m.total * 9999\n}\n')

    with pytest.raises(SpecError, match=r"the count of aws_eip\.e is 29997; more than 10000"):
        read_spec(path)


def test_a_resource_declared_twice_is_refused(tmp_path: Path) -> None:
    source = 'resource "aws_eip" "e" {}\n'

    with pytest.raises(
        SpecError, match=r"b.tf:1: aws_eip.e is declared twice \(first in a.tf:1\)"
    ):
        read_spec(write(tmp_path, {"a.tf": source, "b.tf": source}))
