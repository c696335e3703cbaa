from pathlib import Path

import pytest

from costmodel import read_spec
from costmodel.errors import IssueReason, UsageFileError
from costmodel.io.iac.usage_file import (
    apply_usage,
    check_usage,
    parse_usage,
    read_usage_file,
)
from costmodel.usage.spec import ArchitectureSpec, Resource

QUEUE = Resource("aws_sqs_queue.q", "aws_sqs_queue")


def usage_of(by_address=None, by_type=None):
    return parse_usage(
        {
            "version": 0.1,
            "resource_usage": by_address,
            "resource_type_default_usage": by_type,
        },
        "usage.yml",
    )


def usage_by_address(spec: ArchitectureSpec):
    return {resource.address: resource.usage for resource in spec.resources}


def test_an_address_wins_over_a_wildcard_and_a_wildcard_over_a_type() -> None:
    spec = ArchitectureSpec(
        [Resource(f"aws_instance.w[{i}]", "aws_instance") for i in (0, 1)]
        + [Resource("aws_instance.x", "aws_instance")]
    )
    usage = usage_of(
        {"aws_instance.w[*]": {"b": 2, "c": 2}, "aws_instance.w[0]": {"c": 3}},
        {"aws_instance": {"a": 1, "b": 1, "c": 1}},
    )

    applied = apply_usage(spec, usage)

    assert usage_by_address(applied) == {
        "aws_instance.w[0]": {"a": 1, "b": 2, "c": 3},
        "aws_instance.w[1]": {"a": 1, "b": 2, "c": 2},
        "aws_instance.x": {"a": 1, "b": 1, "c": 1},
    }
    assert applied.issues == []


def test_wildcards_match_module_instances_and_keys() -> None:
    address = 'module.a[1].module.b["x.y"].aws_instance.w["k"]'
    spec = ArchitectureSpec([Resource(address, "aws_instance")])

    usage = usage_of({'module.a[*].module.b["x.y"].instance.w[*]': {"n": 1}})

    assert usage_by_address(apply_usage(spec, usage)) == {address: {"n": 1}}


def test_nested_maps_are_merged_and_empty_keys_left_out() -> None:
    usage = usage_of(
        {"aws_sqs_queue.q": {"standard": {"storage_gb": 5}, "later": None}},
        {"aws_sqs_queue": {"standard": {"storage_gb": 1, "requests": 2}}},
    )

    applied = apply_usage(ArchitectureSpec([QUEUE]), usage)

    assert applied.resources[0].usage == {"standard": {"storage_gb": 5, "requests": 2}}


def test_usage_in_the_spec_itself_wins() -> None:
    own = Resource("aws_sqs_queue.q", "aws_sqs_queue", usage={"n": 9})

    applied = apply_usage(ArchitectureSpec([own]), usage_of({"aws_sqs_queue.q": {"n": 1, "m": 2}}))

    assert applied.resources[0].usage == {"n": 9, "m": 2}


def test_an_unmatched_address_is_an_issue_with_the_nearest() -> None:
    counted = Resource("aws_instance.web[0]", "aws_instance")
    usage = usage_of(
        {"aws_sqs_queue.p": {"n": 1}, "aws_instance.web": {}, "google_x.y": {}, 'bad"': {}}
    )

    issues = apply_usage(ArchitectureSpec([QUEUE, counted]), usage).issues

    assert [issue.reason for issue in issues] == [IssueReason.DATA_QUALITY] * 3
    assert "did you mean 'aws_sqs_queue.q'" in issues[0].message
    assert "write 'aws_instance.web[*]'" in issues[1].message
    assert "'bad\"' matches no resource" in issues[2].message


def test_data_transfer_becomes_a_resource_with_its_region_and_defaults() -> None:
    usage = usage_of(
        {"aws_data_transfer.x": {"region": "eu-west-1", "a": 1}}, {"aws_data_transfer": {"b": 2}}
    )

    (made,) = apply_usage(ArchitectureSpec([]), usage).resources

    assert (made.type, made.region, made.usage) == (
        "aws_data_transfer",
        "eu-west-1",
        {"a": 1, "b": 2},
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("- a\n", "a usage file is a mapping"),
        (
            "version: 0.1\nresource_usge: {}\n",
            r"u.yml:2: unknown key 'resource_usge'; did you mean",
        ),
        ("version: 7\n", r"u.yml:1: version '7' is unknown"),
        ("resource_usage: [a]\n", r"u.yml:1: 'resource_usage' must be a mapping"),
        ("resource_usage:\n  a.b: 5\n", r"u.yml:2: usage of 'a.b' must be a mapping"),
        ("resource_usage:\n  a.b: {}\n  a.b: {}\n", r"u.yml:3: .*given twice"),
        (
            "resource_usage:\n  aws_a.b: {}\n  a.b: {}\n",
            r"u.yml:3: 'a.b' and 'aws_a.b' are the same resource; keep one",
        ),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "u.yml"
    path.write_text(text)

    with pytest.raises(UsageFileError, match=message):
        read_usage_file(path)


def test_a_region_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageFileError, match="must be a region code"):
        apply_usage(ArchitectureSpec([]), usage_of({"aws_data_transfer.x": {"region": 5}}))


def test_types_and_keys_that_nothing_reads_are_issues() -> None:
    usage = usage_of(
        {
            "aws_sqs_queue.q": {"monthly_reqests": 1, "n": 1},
            "aws_data_transfer.x": {"region": "r"},
        },
        {"aws_sqs_queu": {"n": 1}, "aws_sqs_queue": {"n": 1}, "google_sql": {}, "aws_zzz": {}},
    )
    known = {"aws_sqs_queue": ["monthly_requests", "n"], "aws_data_transfer": ["gb"]}

    issues = check_usage(usage, known)

    assert [(issue.reason, issue.address) for issue in issues] == [
        (IssueReason.UNKNOWN_RESOURCE_TYPE, "aws_sqs_queu"),
        (IssueReason.DATA_QUALITY, "aws_sqs_queue.q"),
    ]
    assert "did you mean 'aws_sqs_queue'" in issues[0].message
    assert "did you mean 'monthly_requests'" in issues[1].message


def test_the_reader_applies_a_usage_file_and_checks_it(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("resources: {sqs_queue.q: {}}")
    (tmp_path / "u.yml").write_text("resource_usage: {sqs_queue.q: {monthly_requests: 5, m: 1}}")

    spec = read_spec(
        tmp_path / "s.yaml",
        usage=tmp_path / "u.yml",
        known_inputs={"aws_sqs_queue": ["monthly_requests"]},
    )

    assert spec.resources[0].usage == {"monthly_requests": 5, "m": 1}
    assert [issue.address for issue in spec.issues] == ["aws_sqs_queue.q"]


def test_data_transfer_takes_a_region_and_no_other_unknown_key() -> None:
    usage = usage_of({"aws_data_transfer.x": {"region": "eu-west-1", "monthly_gb": 1}})

    issues = check_usage(usage, {"aws_data_transfer": ["monthly_intra_region_gb"]})

    assert ["no usage 'monthly_gb'" in issue.message for issue in issues] == [True]


def test_a_key_that_nothing_reads_is_named_with_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "u.yml"
    path.write_text(
        "resource_usage:\n  aws_s3_bucket.b:\n    standard:\n      storage_bg: 5\n    tags: 1\n"
    )

    issues = check_usage(
        read_usage_file(path), {"aws_s3_bucket": ["standard", "standard.storage_gb"]}
    )

    assert [issue.message.removeprefix(str(tmp_path)) for issue in issues] == [
        "/u.yml:4: standard of aws_s3_bucket has no usage 'storage_bg'; it is not read; "
        "did you mean 'storage_gb'?",
        "/u.yml:5: aws_s3_bucket has no usage 'tags'; it is not read",
    ]


def test_usage_reaches_a_resource_as_plain_values(tmp_path: Path) -> None:
    path = tmp_path / "u.yml"
    path.write_text("resource_usage:\n  aws_s3_bucket.b: {standard: {storage_gb: 5}}\n")
    spec = ArchitectureSpec([Resource("aws_s3_bucket.b", "aws_s3_bucket")])

    usage = apply_usage(spec, read_usage_file(path)).resources[0].usage

    assert usage == {"standard": {"storage_gb": 5}}
    assert [type(usage), type(usage["standard"])] == [dict, dict]
