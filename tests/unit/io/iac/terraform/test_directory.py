"""A Terraform directory, evaluated."""

from pathlib import Path

import pytest

from costmodel import read_spec
from costmodel.errors import MissingDependencyError, SpecError
from tests.source_files import write

pytest.importorskip("tfparse", reason="needs the terraform extra")

ROOT = """\
variable "size" { default = "m5.large" }
variable "given_nowhere" {}
provider "aws" { region = "us-east-1" }
provider "aws" {
  alias  = "eu"
  region = "eu-west-1"
}
data "aws_region" "current" {}
data "aws_ami" "win" { owners = ["amazon"] }
locals { template = aws_launch_template.lt.id }

resource "aws_instance" "web" {
  count         = 2
  ami           = data.aws_ami.win.id
  instance_type = var.size
  root_block_device {
    volume_size = 50
  }
  ebs_block_device {
    volume_size = 10
  }
  ebs_block_device {
    volume_size = 20
  }
  tags = { Name = "web-${data.aws_region.current.name}" }
}
resource "aws_instance" "far" {
  for_each      = toset(["a", "b"])
  provider      = aws.eu
  instance_type = var.given_nowhere
  subnet_id     = aws_subnet.s[each.key].id
}
resource "aws_subnet" "s" {
  for_each = toset(["a", "b"])
}
resource "aws_launch_template" "lt" {
  instance_type = "t3.micro"
  dynamic "block_device_mappings" {
    for_each = [10, 20]
    content {
      ebs { volume_size = block_device_mappings.value }
    }
  }
}
resource "aws_autoscaling_group" "asg" {
  desired_capacity = 3
  launch_template { id = local.template } # the "id" of a block
}
resource "aws_vpc_endpoint" "e" {
  subnet_ids = [aws_subnet.s["a"].id, aws_subnet.s["b"].id]
}
resource "aws_db_instance" "replica" {
  replicate_source_db = aws_db_instance.größe.identifier
  instance_class      = aws_db_instance.größe.instance_class
}
resource "aws_db_instance" "größe" {
  identifier     = "main"
  instance_class = "db.t3.micro"
}
resource "aws_sqs_queue" "elsewhere" {
  region = "ap-south-1"
}
resource "aws_lb" "lb" {
  dynamic "subnet_mapping" {
    for_each = aws_eip.e
    content { allocation_id = subnet_mapping.value.id }
  }
}
resource "aws_eip" "e" { count = 1 }
module "app" {
  source    = "./app"
  count     = 2
  type      = "c5.large"
  lt_id     = aws_launch_template.lt.id
  providers = { aws = aws.eu }
}
resource "aws_eip" "of_module" { instance = module.app[0].id }
"""
APP = """\
variable "type" {}
variable "lt_id" {}
data "aws_region" "here" {}
resource "aws_instance" "in" { instance_type = var.type }
resource "aws_autoscaling_group" "asg" {
  max_size = 2
  launch_template { id = var.lt_id }
}
resource "aws_sqs_queue" "q" { name = data.aws_region.here.name }
output "id" { value = aws_instance.in.id }
"""


@pytest.fixture
def resources(tmp_path: Path):
    spec = read_spec(write(tmp_path, {"main.tf": ROOT, "app/main.tf": APP}))
    assert spec.issues == []
    return {resource.address: resource for resource in spec.resources}


def test_addresses_are_terraform_s(resources) -> None:
    assert set(resources) == {
        "aws_instance.web[0]",
        "aws_instance.web[1]",
        'aws_instance.far["a"]',
        'aws_instance.far["b"]',
        'aws_subnet.s["a"]',
        'aws_subnet.s["b"]',
        "aws_launch_template.lt",
        "aws_autoscaling_group.asg",
        "aws_vpc_endpoint.e",
        "aws_db_instance.replica",
        "aws_db_instance.größe",
        "aws_sqs_queue.elsewhere",
        "aws_lb.lb",
        "aws_eip.e[0]",
        "aws_eip.of_module",
        "module.app[0].aws_instance.in",
        "module.app[1].aws_instance.in",
        "module.app[0].aws_autoscaling_group.asg",
        "module.app[1].aws_autoscaling_group.asg",
        "module.app[0].aws_sqs_queue.q",
        "module.app[1].aws_sqs_queue.q",
    }


def test_variables_blocks_and_the_region_are_evaluated(resources) -> None:
    web = resources["aws_instance.web[1]"]

    assert web.inputs == {
        "instance_type": "m5.large",
        "root_block_device": [{"volume_size": 50}],
        "ebs_block_device": [{"volume_size": 10}, {"volume_size": 20}],
        "tags": {"Name": "web-us-east-1"},
    }
    assert web.unknown == {"ami"}
    assert web.source == "main.tf:12"
    assert web.type == "aws_instance"
    template = resources["aws_launch_template.lt"]
    assert [b["ebs"] for b in template.inputs["block_device_mappings"]] == [
        [{"volume_size": 10}],
        [{"volume_size": 20}],
    ]


def test_what_only_aws_knows_is_unknown_and_not_a_value(resources) -> None:
    far = resources['aws_instance.far["a"]']

    assert far.inputs == {}
    assert far.unknown == {"instance_type", "subnet_id"}
    endpoint = resources["aws_vpc_endpoint.e"]
    assert endpoint.inputs == {"subnet_ids": [None, None]}


def test_regions_follow_the_provider(resources) -> None:
    assert resources["aws_instance.web[0]"].region == "us-east-1"
    assert resources['aws_instance.far["b"]'].region == "eu-west-1"
    assert resources["module.app[0].aws_instance.in"].region == "eu-west-1"
    assert resources["module.app[1].aws_sqs_queue.q"].inputs == {"name": "eu-west-1"}
    assert resources["aws_sqs_queue.elsewhere"].region == "ap-south-1"


def test_references_pass_indexes_locals_dynamic_blocks_and_modules(resources) -> None:
    def refers(address: str, attribute: str):
        return resources[address].references[attribute]

    template = ["aws_launch_template.lt"]
    assert refers('aws_instance.far["b"]', "subnet_id") == ['aws_subnet.s["b"]']
    assert refers("aws_autoscaling_group.asg", "launch_template.id") == template
    assert refers("aws_autoscaling_group.asg", "launch_template") == template
    assert refers("module.app[1].aws_autoscaling_group.asg", "launch_template.id") == template
    assert refers("aws_db_instance.replica", "replicate_source_db") == ["aws_db_instance.größe"]
    assert refers("aws_lb.lb", "subnet_mapping.allocation_id") == ["aws_eip.e[0]"]
    assert refers("aws_eip.of_module", "instance") == ["module.app[0].aws_instance.in"]
    assert refers("aws_vpc_endpoint.e", "subnet_ids") == ['aws_subnet.s["a"]', 'aws_subnet.s["b"]']


def test_variable_files_are_found_and_later_ones_win(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": 'variable "a" {}\nvariable "b" {}\nvariable "c" {}\n'
            'resource "aws_x" "y" {\n a = var.a\n b = var.b\n c = var.c\n}\n',
            "terraform.tfvars": 'a = "tfvars"\nb = "tfvars"\nc = "tfvars"\n',
            "z.auto.tfvars": 'b = "auto"\nc = "auto"\n',
            "more/own.tfvars": 'c = "own"\n',
        },
    )

    spec = read_spec(tmp_path, variable_files=[tmp_path / "more" / "own.tfvars"])

    assert spec.resources[0].inputs == {"a": "tfvars", "b": "auto", "c": "own"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.txt": ""}, "holds no Terraform files"),
        ({"main.tf": ""}, "holds no Terraform files"),
        ({"main.tf": 'resource "aws_x" "y" {\n'}, "not valid: main.tf"),
        ({"main.tf": 'resource "aws_x" "y" { a = \n}\n'}, "not valid: main.tf"),
        ({"main.tf": 'module "m" {\n  source = "./"\n}\n'}, "module 'm' calls itself"),
        (
            {
                "main.tf": 'module "a" {\n  source = "./a"\n}\n',
                "a/main.tf": 'module "b" {\n  source = "../b"\n}\n',
                "b/main.tf": 'module "c" {\n  source = "../a"\n}\n',
            },
            "b/main.tf:1: module 'c' calls itself through '../a'",
        ),
    ],
)
def test_wrong_source_is_one_clear_line(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        read_spec(write(tmp_path, files))

    assert "\n" not in str(caught.value)


def test_one_file_of_a_module_and_a_missing_variable_file_are_refused(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": "locals {}\n"})

    with pytest.raises(SpecError, match="give its directory"):
        read_spec(tmp_path / "main.tf")
    with pytest.raises(SpecError, match="nowhere: does not exist"):
        read_spec(tmp_path / "nowhere")
    with pytest.raises(SpecError, match=r"absent\.tfvars: does not exist"):
        read_spec(tmp_path, variable_files=["absent.tfvars"])


def test_without_tfparse_the_extra_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tfparse", None)

    with pytest.raises(MissingDependencyError, match=r"costmodel\[terraform\]"):
        read_spec(write(tmp_path, {"main.tf": "locals {}\n"}))


def test_a_value_computed_from_an_invented_one_is_unknown(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": """\
data "aws_region" "r" {}
resource "aws_vpc" "v" {}
resource "aws_x" "y" {
  a = data.aws_region.r.name == "us-east-1"
  b = lookup({ us-east-1 = "p" }, data.aws_region.r.name, "other")
  c = substr(aws_vpc.v.id, 0, 3)
  d = data.aws_region.r.name
  e = "plain"
}
resource "aws_x" "z" {
  count = length(aws_vpc.v.id) > 0 ? 2 : 1
}
"""
        },
    )

    spec = read_spec(tmp_path, region="us-east-1")

    resources = {resource.address: resource for resource in spec.resources}
    assert resources["aws_x.y"].inputs == {"d": "us-east-1", "e": "plain"}
    assert resources["aws_x.y"].unknown == {"a", "b", "c"}
    (issue,) = spec.issues
    assert issue.address == "aws_x.z"
    assert "taken as 2" in issue.message


def test_absurdly_nested_brackets_are_refused_before_they_are_parsed(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": "locals {\n  a = " + "[" * 100_000 + "\n}\n"})

    with pytest.raises(SpecError, match=r"main.tf: an expression nests"):
        read_spec(tmp_path)


def test_an_unknown_region_is_an_issue_only_without_the_option(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": 'provider "aws" {\n alias = "eu"\n region = "eu-west-1"\n}\n'
            'resource "aws_x" "a" {\n provider = aws.eu\n}\n'
            'resource "aws_x" "b" {}\n'
        },
    )

    assert [issue.address for issue in read_spec(tmp_path).issues] == ["aws_x.b"]
    assert read_spec(tmp_path, region="us-east-1").issues == []


def test_source_in_json_is_evaluated_too(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "cdk.tf.json": '{"provider": {"aws": {"region": "eu-west-1"}}, "resource": '
            '{"aws_x": {"a": {"size": "m5.large", "vpc": "${aws_x.b.id}"}, "b": {}}}}'
        },
    )

    resources = {resource.address: resource for resource in read_spec(tmp_path).resources}

    assert resources["aws_x.a"].inputs == {"size": "m5.large"}
    assert resources["aws_x.a"].region == "eu-west-1"
    assert resources["aws_x.b"].inputs == {}
