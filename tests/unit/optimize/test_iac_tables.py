"""Resources of an architecture as inventory tables."""

from datetime import UTC, datetime

import pytest

from costmodel.io.rule_files import load_rules
from costmodel.optimize.iac_tables import iac_inventory
from costmodel.usage.spec import ArchitectureSpec, Resource

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def volumes(count: float):
    """Return inventory and places of a spec with so many volumes of 100 GB."""
    volume = Resource(
        "aws_ebs_volume.a", "aws_ebs_volume", "us-east-1", {"type": "gp2", "size": 100},
        source="spec.yaml:3", count=count,
    )  # fmt: skip
    return iac_inventory(ArchitectureSpec([volume]), load_rules().iac, NOW)


def test_each_of_a_count_is_a_row_of_its_own_at_the_same_place() -> None:
    inventory, places = volumes(3.0)

    ids = inventory.tables["ebs_volumes"]["resource_id"].to_pylist()
    assert ids == ["aws_ebs_volume.a[0]", "aws_ebs_volume.a[1]", "aws_ebs_volume.a[2]"]
    assert places["ebs_volumes"] == ["spec.yaml:3"] * 3
    assert not inventory.issues


def test_a_single_resource_keeps_its_address() -> None:
    inventory, _ = volumes(1.0)

    assert inventory.tables["ebs_volumes"]["resource_id"].to_pylist() == ["aws_ebs_volume.a"]


def test_a_count_of_zero_creates_nothing() -> None:
    inventory, places = volumes(0.0)

    assert inventory.tables == {}
    assert places == {}
    assert not inventory.issues


@pytest.mark.parametrize(("count", "rows"), [(2.5, 2), (1001.0, 1000)])
def test_a_part_of_a_count_that_is_not_looked_at_is_said(count, rows) -> None:
    inventory, places = volumes(count)

    assert len(places["ebs_volumes"]) == rows
    assert f"{rows:,} of a count of {count:,g} are looked at" in inventory.issues[0].message
