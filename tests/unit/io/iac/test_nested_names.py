"""Names inside nested blocks."""

from pathlib import Path

import pytest

from costmodel.errors import SpecError
from costmodel.io.iac.nested_names import unread_names
from costmodel.io.iac.reader import read_spec

KNOWN = {"aws_bucket": ["standard", "standard.gb", "standard.tier.requests", "pass"]}


@pytest.mark.parametrize(
    ("path", "value", "unread"),
    [
        ("standard", {"gb": 1, "tier": {"requests": 2}}, []),
        ("standard", {"gbs": 1}, [("standard", "gbs")]),
        ("standard", [{"gb": 1}, {"size": 1}], [("standard", "size")]),
        ("standard", {"tier": {"request": 2}}, [("standard.tier", "request")]),
        ("standard", "plain", []),
        ("pass", {"whatever": 1}, []),
    ],
)
def test_a_name_nothing_reads_is_found_at_any_depth(path, value, unread) -> None:
    found = unread_names(value, path, KNOWN["aws_bucket"])

    assert [(name.path, name.name) for name in found] == unread


def test_a_misspelling_in_a_block_of_a_spec_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("resources:\n  bucket.a:\n    standard:\n      tier:\n        request: 2\n")

    with pytest.raises(SpecError, match=r"s.yaml:5: 'standard.tier'.*mean 'requests'"):
        read_spec(path, known_inputs=KNOWN)


def test_another_name_in_a_block_is_terraforms_own(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("resources:\n  bucket.a: {standard: {device_name: x, gb: 1}}\n")

    assert read_spec(path, known_inputs=KNOWN).issues == []


def test_usage_in_a_block_that_nothing_reads_is_an_issue(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("resources:\n  bucket.a: {}\n")
    usage = tmp_path / "u.yaml"
    usage.write_text(
        "version: 0.1\nresource_usage:\n  aws_bucket.a: {standard: {gb: 1, size: 2}}\n"
    )

    spec = read_spec(tmp_path / "s.yaml", usage=usage, known_inputs=KNOWN)

    (issue,) = spec.issues
    assert "standard of aws_bucket has no usage 'size'; it is not read" in issue.message
