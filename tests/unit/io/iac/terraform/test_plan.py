import json
import re
from pathlib import Path
from typing import Any

import pytest

from costmodel import read_plan, read_spec
from costmodel.errors import IssueReason, SpecError


def write(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def planned(address: str, index: Any = None, **values: Any) -> dict[str, Any]:
    kind, name = re.sub(r"\[[^\]]*\]", "", address).split(".")[-2:]
    resource = {"address": address, "mode": "managed", "type": kind, "name": name}
    return {**resource, "values": values, **({} if index is None else {"index": index})}


def change(address: str, before: Any, after: Any, unknown: Any = None, **more: Any):
    kind, name = re.sub(r"\[[^\]]*\]", "", address).split(".")[-2:]
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        **more,
        "change": {"before": before, "after": after, "after_unknown": unknown or {}},
    }


def configured(address: str, provider: str = "aws", **references: Any) -> dict[str, Any]:
    expressions = {
        key: value if isinstance(value, list | dict) and "x" not in value else {}
        for key, value in references.items()
    }
    return {"address": address, "provider_config_key": provider, "expressions": expressions}


def refers(*names: str) -> dict[str, list[str]]:
    return {"references": list(names)}


PLAN = {
    "format_version": "1.2",
    "variables": {"region": {"value": "eu-central-1"}},
    "planned_values": {
        "root_module": {
            "resources": [
                planned("aws_instance.web[0]", 0, instance_type="m5.large", ami=None),
                planned("aws_instance.web[1]", 1, instance_type="m5.large"),
                planned("aws_ebs_volume.v[0]", 0, size=8),
                planned("aws_ebs_volume.v[1]", 1, size=8),
                planned("aws_volume_attachment.a[1]", 1),
                planned("aws_launch_template.lt", instance_type="t3.micro"),
                planned("aws_db_instance.far", region="ap-south-1"),
                {"address": "data.aws_region.r", "mode": "data", "type": "aws_region"},
            ],
            "child_modules": [
                {
                    "address": f"module.app[{i}]",
                    "resources": [
                        planned(f"module.app[{i}].aws_autoscaling_group.g", max_size=2),
                        planned(f"module.app[{i}].aws_eip.e"),
                    ],
                    "child_modules": [
                        {
                            "address": f'module.app[{i}].module.in["x.y"]',
                            "resources": [
                                planned(f'module.app[{i}].module.in["x.y"].aws_sqs_queue.q')
                            ],
                        }
                    ],
                }
                for i in (0, 1)
            ],
        }
    },
    "resource_changes": [
        change(
            "aws_instance.web[0]",
            None,
            {},
            {"ami": True, "private_ip": True, "root_block_device": [{"volume_id": True}]},
        ),
        change("aws_instance.gone", {"instance_type": "m4.large"}, None),
        change(
            "aws_instance.web[1]", {"instance_type": "m4.large"}, {"instance_type": "m5.large"}
        ),
        change("aws_instance.web[1]", {"instance_type": "x"}, None, deposed="abc"),
    ],
    "configuration": {
        "provider_config": {
            "aws": {"expressions": {"region": {"references": ["var.region"]}}},
            "aws.west": {"expressions": {"region": {"constant_value": "us-west-2"}}},
        },
        "root_module": {
            "resources": [
                configured("aws_instance.web", ami=refers("data.aws_ami.a.id", "data.aws_ami.a")),
                configured("aws_ebs_volume.v", "aws.west"),
                configured(
                    "aws_volume_attachment.a",
                    volume_id=refers("aws_ebs_volume.v", "count.index"),
                    instance_id=refers("aws_instance.web[0].id", "aws_instance.web[0]"),
                    both=refers("aws_instance.web"),
                ),
            ],
            "module_calls": {
                "app": {
                    "expressions": {"template": refers("aws_launch_template.lt.id")},
                    "module": {
                        "outputs": {"group": {"expression": refers("aws_autoscaling_group.g.id")}},
                        "resources": [
                            configured(
                                "aws_autoscaling_group.g",
                                "app:aws",
                                launch_template=[{"id": refers("var.template")}],
                            ),
                            configured("aws_eip.e", "app:aws.other", q=refers("module.in.queue")),
                        ],
                        "module_calls": {
                            "in": {
                                "expressions": {},
                                "module": {
                                    "outputs": {
                                        "queue": {"expression": refers("aws_sqs_queue.q.arn")}
                                    },
                                    "resources": [configured("aws_sqs_queue.q", "aws.west")],
                                },
                            }
                        },
                    },
                }
            },
        },
    },
}


@pytest.fixture
def after(tmp_path: Path):
    return {r.address: r for r in read_plan(write(tmp_path, PLAN))[1].resources}


def test_planned_resources_of_all_modules_are_read_and_data_sources_are_not(after) -> None:
    assert len(after) == 7 + 2 * 3
    assert after["aws_instance.web[0]"].inputs == {"instance_type": "m5.large"}
    assert 'module.app[1].module.in["x.y"].aws_sqs_queue.q' in after


def test_regions_come_from_variables_constants_modules_and_the_resource(after) -> None:
    assert after["aws_instance.web[0]"].region == "eu-central-1"
    assert after["aws_ebs_volume.v[0]"].region == "us-west-2"
    assert after["aws_db_instance.far"].region == "ap-south-1"
    assert after["module.app[0].aws_autoscaling_group.g"].region == "eu-central-1"
    assert after['module.app[0].module.in["x.y"].aws_sqs_queue.q'].region == "us-west-2"


def test_only_what_the_user_set_is_unknown(after) -> None:
    assert after["aws_instance.web[0]"].unknown == {"ami"}


def test_references_select_by_index_and_pass_modules(after) -> None:
    attachment = after["aws_volume_attachment.a[1]"].references
    assert attachment["volume_id"] == ["aws_ebs_volume.v[1]"]
    assert attachment["instance_id"] == ["aws_instance.web[0]"]
    assert attachment["both"] == ["aws_instance.web[0]", "aws_instance.web[1]"]
    group = after["module.app[1].aws_autoscaling_group.g"].references
    assert group["launch_template.id"] == ["aws_launch_template.lt"]
    assert after["module.app[1].aws_eip.e"].references["q"] == [
        'module.app[1].module.in["x.y"].aws_sqs_queue.q'
    ]


def test_a_lost_region_is_an_issue(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path, PLAN))

    lost = {issue.address for issue in spec.issues}
    assert "module.app[0].aws_eip.e" in lost
    assert "aws_instance.web[0]" not in lost
    assert {issue.reason for issue in spec.issues} == {IssueReason.MISSING_INPUT}


def test_the_side_before_holds_what_exists_now(tmp_path: Path) -> None:
    before, _ = read_plan(write(tmp_path, PLAN))

    assert [(r.address, r.inputs) for r in before.resources] == [
        ("aws_instance.gone", {"instance_type": "m4.large"}),
        ("aws_instance.web[1]", {"instance_type": "m4.large"}),
    ]


def test_changes_alone_are_enough(tmp_path: Path) -> None:
    changes = [
        change("module.a.aws_x.new", None, {"n": 1}, module_address="module.a"),
        change("aws_x.kept", {"n": 2}, {"n": 2}),
        change("aws_x.gone", {"n": 3}, None),
    ]

    before, after = read_plan(write(tmp_path, {"resource_changes": changes}))

    assert [r.address for r in after.resources] == ["module.a.aws_x.new", "aws_x.kept"]
    assert [r.address for r in before.resources] == ["aws_x.kept", "aws_x.gone"]


def test_only_what_a_plan_marks_is_unknown(tmp_path: Path) -> None:
    marks = {"id": True, "size": False, "disk": [{"kind": True, "size": False}], "tags": {}}
    changes = [
        change("aws_x.new", None, {"size": 1}, marks),
        change("aws_x.whole", None, {}, True),
    ]

    _, after = read_plan(write(tmp_path, {"resource_changes": changes}))

    assert [r.unknown for r in after.resources] == [{"id", "disk.kind"}, frozenset()]


def test_a_shown_state_is_read_with_regions_from_arns(tmp_path: Path) -> None:
    resources = [
        planned("aws_sqs_queue.q", arn="arn:aws:sqs:eu-west-3:123456789012:q"),
        planned("aws_ebs_volume.v", availability_zone="us-east-2b"),
    ]

    spec = read_spec(
        write(
            tmp_path,
            {"terraform_version": "1.9.0", "values": {"root_module": {"resources": resources}}},
        )
    )

    assert [r.region for r in spec.resources] == ["eu-west-3", "us-east-2"]


def test_a_raw_state_file_is_read(tmp_path: Path) -> None:
    resource = {
        "module": "module.m",
        "mode": "managed",
        "type": "aws_instance",
        "name": "w",
        "instances": [
            {"index_key": "a", "attributes": {"arn": "arn:aws:ec2:us-east-1:1:instance/i"}},
            {"index_key": 1, "attributes": {}, "deposed": "old"},
        ],
    }

    spec = read_spec(
        write(
            tmp_path,
            {
                "version": 4,
                "terraform_version": "1.9.0",
                "lineage": "x",
                "resources": [resource, {"mode": "data"}],
            },
        )
    )

    assert [(r.address, r.region) for r in spec.resources] == [
        ('module.m.aws_instance.w["a"]', "us-east-1")
    ]


def test_the_region_of_a_provider_may_come_from_a_data_source(tmp_path: Path) -> None:
    plan = {
        "planned_values": {"root_module": {"resources": [planned("aws_sqs_queue.q")]}},
        "prior_state": {
            "values": {
                "root_module": {
                    "resources": [
                        {
                            "address": "data.aws_region.r",
                            "type": "aws_region",
                            "values": {"name": "sa-east-1"},
                        }
                    ]
                }
            }
        },
        "configuration": {
            "root_module": {
                "resources": [configured("aws_sqs_queue.q"), configured("data.aws_region.r")]
            }
        },
    }

    assert read_spec(write(tmp_path, plan)).resources[0].region == "sa-east-1"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"planned_values": []}, "'planned_values' is not an object"),
        ({"planned_values": {"root_module": {"resources": {}}}}, "'resources' is not a list"),
        ({"planned_values": {"root_module": {"resources": [{}]}}}, "a resource has no 'address'"),
        ({"resource_changes": [5]}, "'resource_changes' is not a list of objects"),
        ({"resource_changes": [{"address": "a.b"}]}, "a resource change has no 'change'"),
        ({"planned_values": {}, "format_version": "2.0"}, "format_version 2.0; only 0.1 to 1.x"),
        ({"other": 1}, "is not a Terraform plan in JSON"),
    ],
)
def test_a_wrong_plan_is_one_clear_line(tmp_path: Path, document: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read_plan(write(tmp_path, document))


def test_a_region_may_be_the_default_of_a_variable_or_an_arn_of_the_state(tmp_path: Path) -> None:
    def plan(provider: Any, prior: Any) -> dict[str, Any]:
        return {
            "planned_values": {"root_module": {"resources": [planned("aws_sqs_queue.q")]}},
            "prior_state": {"values": {"root_module": {"resources": prior}}},
            "configuration": {
                "provider_config": {"aws": provider},
                "root_module": {
                    "variables": {"where": {"default": "eu-west-2"}},
                    "resources": [configured("aws_sqs_queue.q"), configured("aws_sns_topic.t")],
                },
            },
        }

    default = plan({"expressions": {"region": refers("local.x", "var.where")}}, [])
    arn = {"address": "aws_sns_topic.t", "values": {"arn": "arn:aws:sns:eu-north-1:1:t"}}

    assert read_spec(write(tmp_path, default)).resources[0].region == "eu-west-2"
    assert read_spec(write(tmp_path, plan({}, [arn]))).resources[0].region == "eu-north-1"


def test_references_stay_within_their_own_module_instance(tmp_path: Path) -> None:
    def inside(i: int) -> dict[str, Any]:
        return {
            "address": f"module.m[{i}]",
            "resources": [
                planned(f"module.m[{i}].aws_a.x"),
                planned(f"module.m[{i}].aws_b.y[0]", 0),
                planned(f"module.m[{i}].aws_b.y[1]", 1),
            ],
        }

    module = {
        "resources": [
            configured(
                "aws_a.x", all=refers("aws_b.y"), top=refers("var.t"), odd=refers("module")
            ),
            configured("aws_b.y", none=refers("module.nowhere.o"), loop=refers("each.value")),
        ]
    }
    plan = {
        "planned_values": {
            "root_module": {
                "resources": [planned("aws_c.z")],
                "child_modules": [inside(0), inside(1)],
            }
        },
        "configuration": {
            "root_module": {
                "resources": [configured("aws_c.z")],
                "module_calls": {"m": {"expressions": {"t": refers("aws_c.z")}, "module": module}},
            }
        },
    }

    resources = {r.address: r for r in read_spec(write(tmp_path, plan)).resources}

    assert resources["module.m[1].aws_a.x"].references == {
        "all": ["module.m[1].aws_b.y[0]", "module.m[1].aws_b.y[1]"],
        "top": ["aws_c.z"],
    }
    assert resources["module.m[0].aws_b.y[0]"].references == {}
