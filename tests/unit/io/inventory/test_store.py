import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costmodel.errors import BadInputError, Issue, IssueReason
from costmodel.io.inventory.store import read_inventory, write_inventory
from costmodel.optimize.inventory import Inventory, build_table

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VOLUMES = build_table(
    "ebs_volumes",
    [{"resource_id": "vol-1", "size_gb": 8.0, "tags": {"a": "1"}, "attached_instances": []}],
)
ISSUE = Issue(IssueReason.NOT_READ, "rds:describe_db_instances us-east-1", "AccessDenied: no")


@pytest.fixture
def folder(tmp_path):
    write_inventory(Inventory({"ebs_volumes": VOLUMES}, NOON, (ISSUE,)), tmp_path / "inv", {})
    return tmp_path / "inv"


def test_tables_issues_and_time_survive(folder) -> None:
    inventory = read_inventory(folder)

    assert inventory.table("ebs_volumes").equals(VOLUMES)
    assert inventory.collected_at == NOON
    assert inventory.issues == (ISSUE,)
    assert inventory.sources == (str(folder),)


def test_an_older_file_without_a_column_reads_as_unknown(folder) -> None:
    path = folder / "ebs_volumes.parquet"
    pq.write_table(VOLUMES.drop_columns(["iops"]).append_column("odd", pa.array([1])), path)

    table = read_inventory(folder).table("ebs_volumes")

    assert table["iops"].to_pylist() == [None]
    assert table.schema == VOLUMES.schema


def test_writing_again_replaces_the_old_inventory(folder) -> None:
    write_inventory(Inventory({}, NOON), folder, {})

    assert [entry.name for entry in folder.iterdir()] == ["manifest.json"]
    assert [entry.name for entry in folder.parent.iterdir()] == ["inv"]


def test_a_failed_write_leaves_nothing_behind(tmp_path) -> None:
    with pytest.raises(TypeError):
        write_inventory(Inventory({}, NOON), tmp_path / "inv", {"bad": object()})

    assert list(tmp_path.iterdir()) == []


def damage(folder, what: str) -> None:
    manifest = folder / "manifest.json"
    match what:
        case "absent":
            manifest.unlink()
        case "no json":
            manifest.write_text("{")
        case "other format":
            manifest.write_text('{"format": "x"}')
        case "no time":
            document = json.loads(manifest.read_text())
            document["collected_at"] = "noon"
            manifest.write_text(json.dumps(document))
        case "no table":
            (folder / "ebs_volumes.parquet").unlink()
        case "torn table":
            path = folder / "ebs_volumes.parquet"
            path.write_bytes(path.read_bytes()[:50])


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("absent", "is not an inventory"),
        ("no json", "is not JSON"),
        ("other format", "is not of format"),
        ("no time", "missing or wrong"),
        ("no table", "cannot be read"),
        ("torn table", "cannot be read"),
    ],
)
def test_a_damaged_inventory_is_one_clear_line(folder, what, message) -> None:
    damage(folder, what)

    with pytest.raises(BadInputError, match=message) as caught:
        read_inventory(folder)

    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("what", ["file", "no parent"])
def test_a_target_that_cannot_hold_it_is_refused(tmp_path, what) -> None:
    target = tmp_path / "none" / "inv" if what == "no parent" else tmp_path / "f"
    if what == "file":
        target.write_text("x")

    with pytest.raises(BadInputError, match="--out"):
        write_inventory(Inventory({}, NOON), target, {})
