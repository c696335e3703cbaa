import math
from pathlib import Path

import pytest

from costmodel import read_spec
from costmodel.errors import IssueReason, SpecError

SPEC = """\
region: eu-central-1
resources:
  instance.web:
    instance_type: m5.large
    count: 2
    region: us-east-1
    root_block_device: {volume_size: 50, volume_type: gp3}
    usage: {monthly_hrs: 260}
  aws_ebs_snapshot.daily:
    volume_id: ${ebs_volume.data.id}
    size: ${ebs_volume.data.size}
  aws_ebs_volume.data:
    size: 1e3
"""


def spec_of(tmp_path: Path, text: str, name: str = "spec.yaml", **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_spec(path, **options)


def test_a_spec_gives_addresses_attributes_usage_and_lines(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, SPEC)

    web = spec.resources[0]
    assert spec.region == "eu-central-1"
    assert (web.address, web.type, web.count, web.region) == (
        "aws_instance.web",
        "aws_instance",
        2.0,
        "us-east-1",
    )
    assert web.inputs == {
        "instance_type": "m5.large",
        "root_block_device": {"volume_size": 50, "volume_type": "gp3"},
    }
    assert web.usage == {"monthly_hrs": 260}
    assert web.source.endswith("spec.yaml:3")


def test_a_reference_is_followed_and_its_stated_value_filled_in(tmp_path: Path) -> None:
    snapshot = spec_of(tmp_path, SPEC).resources[1]

    assert snapshot.references == {
        "volume_id": ["aws_ebs_volume.data"],
        "size": ["aws_ebs_volume.data"],
    }
    assert snapshot.inputs["size"] == 1000.0
    assert snapshot.region is None


def test_a_bare_address_is_a_reference_at_every_depth(tmp_path: Path) -> None:
    spec = spec_of(
        tmp_path,
        "resources:\n"
        "  autoscaling_group.a:\n    launch_template: [{id: launch_template.t}]\n"
        "  launch_template.t: {instance_type: t3.micro}\n",
    )

    assert spec.resources[0].references == {
        "launch_template.id": ["aws_launch_template.t"],
        "launch_template": ["aws_launch_template.t"],
    }


def test_the_region_option_only_fills_a_gap(tmp_path: Path) -> None:
    fixed = spec_of(tmp_path, SPEC, region="us-west-2")
    free = spec_of(tmp_path, "resources: {sqs_queue.q: {}}", region="us-west-2")

    assert fixed.region == "eu-central-1"
    assert free.region == "us-west-2"


def test_json_is_read_like_yaml(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, '{"resources": {"sqs_queue.q": {"x": 1e3}}}', "spec.json")

    assert spec.resources[0].address == "aws_sqs_queue.q"
    assert spec.resources[0].inputs == {"x": 1000.0}


def test_odd_numbers_stay_as_they_are_for_the_estimator(tmp_path: Path) -> None:
    inputs = (
        spec_of(
            tmp_path,
            "resources: {sqs_queue.q: {a: -5, b: .nan, c: 1e300, d: '7', e: 12:30, f: 010}}",
        )
        .resources[0]
        .inputs
    )

    assert math.isnan(inputs.pop("b"))
    assert inputs == {"a": -5, "c": 1e300, "d": "7", "e": "12:30", "f": "010"}


def test_the_usage_block_has_the_form_of_a_usage_file(tmp_path: Path) -> None:
    spec = spec_of(
        tmp_path,
        "resources: {sqs_queue.q: {}}\n"
        "usage:\n  resource_usage:\n    aws_sqs_queue.q: {monthly_requests: 5}\n"
        "    aws_data_transfer.out: {region: us-east-1, monthly_intra_region_gb: 3}\n",
    )

    assert spec.resources[0].usage == {"monthly_requests": 5}
    assert spec.resources[1].address == "aws_data_transfer.out"
    assert spec.resources[1].region == "us-east-1"
    assert spec.resources[1].usage == {"monthly_intra_region_gb": 3}


def test_what_aws_sets_may_be_referred_to(tmp_path: Path) -> None:
    spec = spec_of(
        tmp_path,
        "resources:\n  route53_record.a: {records: ['${lb.w.dns_name}']}\n  lb.w: {name: x}\n",
    )

    assert spec.resources[0].references == {"records": ["aws_lb.w"]}


def test_the_usage_block_is_checked_like_a_usage_file(tmp_path: Path) -> None:
    spec = spec_of(
        tmp_path,
        "resources: {sqs_queue.q: {}}\n"
        "usage:\n  resource_type_default_usage:\n    sqs_queue: {monthly_request: 5}\n",
        known_inputs={"aws_sqs_queue": ["monthly_requests"]},
    )

    assert [issue.message.partition(": ")[2] for issue in spec.issues] == [
        "aws_sqs_queue has no usage 'monthly_request'; it is not read; "
        "did you mean 'monthly_requests'?"
    ]


def test_anchors_under_x_keys_may_be_merged(tmp_path: Path) -> None:
    spec = spec_of(
        tmp_path, "x-base: &b {a: 1, c: 2}\nresources:\n  sqs_queue.q: {<<: *b, c: 3}\n"
    )

    assert spec.resources[0].inputs == {"a": 1, "c": 3}


def test_unicode_names_and_modules_are_addresses(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, 'resources:\n  module.größe["a"].instance.wäb[0]: {}\n')

    assert spec.resources[0].address == 'module.größe["a"].aws_instance.wäb[0]'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# nothing\n", "is empty"),
        ("just text", "is a mapping with 'resources'"),
        ("regoin: x\nresources: {}", r"spec.yaml:1: unknown key 'regoin'; did you mean 'region'"),
        ("region: us-east-1\n", "no resources"),
        ("resources: []\n", r"spec.yaml:1: 'resources' must be a mapping"),
        ("resources:\n  web: {}\n", r"spec.yaml:2: 'web' is not a resource address"),
        ("resources:\n  instance.a: 5\n", r"spec.yaml:2: 'instance.a' must be a mapping"),
        ("resources:\n  instance.a: {count: -1}\n", r"spec.yaml:2: 'count' of 'instance.a'"),
        ("resources:\n  instance.a: {count: two}\n", r"number >= 0, not 'two'"),
        ("resources:\n  instance.a: {count: .nan}\n", r"number >= 0, not nan"),
        ("resources:\n  instance.a: {region: 5}\n", r"'region' must be text, not 5"),
        ("resources:\n  instance.a: {usage: 5}\n", r"'usage' of 'instance.a' must be a mapping"),
        ("resources:\n  instance.a: {}\n  aws_instance.a: {}\n", "are the same resource"),
        ("resources:\n  i.a:\n    x: 1\n    x: 2\n", r"spec.yaml:4: .*'x' is given twice"),
        ("a: 1\n---\nb: 2\n", r"found another document"),
        ("resources: {a: [}", r"spec.yaml:1: is not valid YAML"),
        ("resources: &a {b: *a}", "nested deeper than"),
        ("a: " + "[" * 5000, "nested|not valid YAML"),
        ("resources: !!python/object:os.system {}", "not valid YAML"),
        ("resources: {? [a] : b}", "must be plain text"),
        (
            "resources:\n  instance.a:\n    ami: ${instance.bb.ami}\n  instance.b: {ami: x}\n",
            r"spec.yaml:3: 'ami' of 'instance.a' refers to 'instance.bb', which is not in the spec; "
            r"did you mean 'instance.b'",
        ),
        ("resources:\n  instance.a: {x: '${sqs_queue.q}'}\n", "refers to 'sqs_queue.q', which"),
        (
            "resources:\n  instance.a: {disk: [{size: '${ebs_volume.v.volume_siz}'}]}\n"
            "  ebs_volume.v: {volume_size: 5}\n",
            r"'disk' of 'instance.a' refers to 'volume_siz' of 'ebs_volume.v'; did you mean 'volume_size'",
        ),
    ],
)
def test_a_wrong_spec_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        spec_of(tmp_path, text)

    assert "\n" not in str(caught.value)


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]

    with pytest.raises(SpecError, match="through its aliases"):
        spec_of(tmp_path, "\n".join(lines))


def test_a_misspelt_input_is_an_error_and_a_foreign_one_an_issue(tmp_path: Path) -> None:
    known = {"aws_instance": ["instance_type"]}

    with pytest.raises(SpecError, match=r"spec.yaml:2: .*'instace_type'; did you mean"):
        spec_of(tmp_path, "resources:\n  instance.a: {instace_type: x}\n", known_inputs=known)
    spec = spec_of(
        tmp_path,
        "resources:\n  instance.a: {instance_type: x, colour: red, tags: {a: b}}\n"
        "  other.b: {y: 1}\n",
        known_inputs=known,
    )

    assert [(i.reason, i.address) for i in spec.issues] == [
        (IssueReason.DATA_QUALITY, "aws_instance.a")
    ]
    assert "'colour'" in spec.issues[0].message


def test_a_misspelt_usage_key_is_an_error_and_a_foreign_one_an_issue(tmp_path: Path) -> None:
    known = {"aws_instance": ["monthly_hrs"]}
    text = "resources:\n  instance.a:\n    usage:\n      {}: 1\n"

    with pytest.raises(
        SpecError, match=r"spec.yaml:4: .*'monthly_hr'; did you mean 'monthly_hrs'"
    ):
        spec_of(tmp_path, text.format("monthly_hr"), known_inputs=known)
    spec = spec_of(tmp_path, text.format("colour"), known_inputs=known)

    assert [issue.message.partition("spec.yaml:")[2] for issue in spec.issues] == [
        "4: 'colour' does not change the price of aws_instance"
    ]


def test_a_json_key_given_twice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="key 'a' is given twice"):
        spec_of(tmp_path, '{"a": 1, "a": 2}', "spec.json")


def test_an_attribute_of_terraform_that_only_resembles_an_input_is_no_error(
    tmp_path: Path,
) -> None:
    spec = spec_of(
        tmp_path,
        "resources:\n  instance.a: {ephemeral_block_device: [], volume_typ: x}\n",
        known_inputs={"aws_instance": ["ebs_block_device", "volume_size"]},
    )

    assert len(spec.issues) == 2


@pytest.mark.parametrize("written", ["instance_typ", "instanceType", "intance_type"])
def test_usual_slips_are_misspellings(tmp_path: Path, written: str) -> None:
    with pytest.raises(SpecError, match="did you mean 'instance_type'"):
        spec_of(
            tmp_path,
            f"resources:\n  instance.a: {{{written}: x}}\n",
            known_inputs={"aws_instance": ["instance_type", "ebs_block_device"]},
        )
