from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from costmodel.errors import BadInputError, Issue, IssueReason
from costmodel.optimize.inventory import Inventory, arrow_schema, build_table, merge_inventories
from costmodel.optimize.inventory_tables import INVENTORY_TABLES

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def instances(*ids: str) -> pa.Table:
    return build_table("ec2_instances", [{"resource_id": name} for name in ids])


def metric(resource_id: str, name: str = "CPUUtilization", **figures: object) -> dict:
    return {"resource_id": resource_id, "metric": name, **figures}


@pytest.mark.parametrize("kind", INVENTORY_TABLES)
def test_every_table_has_unique_documented_columns(kind: str) -> None:
    names = INVENTORY_TABLES[kind].names

    assert len(set(names)) == len(names)
    assert names[0] == "resource_id"
    assert {"account_id", "region_id"} <= set(names)
    assert all(field.meaning for field in INVENTORY_TABLES[kind].fields)


def test_arrow_schema_carries_units() -> None:
    schema = arrow_schema("ebs_volumes")

    assert schema.field("size_gb").type == pa.float64()
    assert schema.field("size_gb").metadata[b"unit"] == b"GiB"


def test_build_table_leaves_absent_columns_null_and_sorts_tags() -> None:
    table = build_table("ebs_volumes", [{"resource_id": "vol-1", "tags": {"b": "2", "a": "1"}}])

    row = table.to_pylist()[0]
    assert row["size_gb"] is None
    assert row["tags"] == [("a", "1"), ("b", "2")]


def test_build_table_refuses_an_unknown_column_and_an_unknown_table() -> None:
    with pytest.raises(BadInputError, match="ebs_volumes has no column colour"):
        build_table("ebs_volumes", [{"colour": "red"}])
    with pytest.raises(BadInputError, match="no inventory table is called 'ebs'"):
        build_table("ebs", [])


def test_a_kind_that_was_not_collected_is_empty_but_not_known() -> None:
    inventory = Inventory({"ec2_instances": instances()})

    assert inventory.has("ec2_instances")
    assert not inventory.has("ebs_volumes")
    assert inventory.table("ebs_volumes").num_rows == 0
    assert inventory.table("ebs_volumes").schema == arrow_schema("ebs_volumes")


def test_metrics_line_up_with_their_table_and_absent_ones_are_nan() -> None:
    metrics = build_table(
        "metrics", [metric("i-3", p95=30.0), metric("i-1", p95=10.0), metric("vol-9", p95=9.0)]
    )
    inventory = Inventory({"ec2_instances": instances("i-1", "i-2", "i-3"), "metrics": metrics})

    values = inventory.metric("ec2_instances", "CPUUtilization", "p95")

    np.testing.assert_array_equal(values, [10.0, np.nan, 30.0])
    assert np.isnan(inventory.metric("ec2_instances", "NetworkIn", "p95")).all()


def test_folds_days_and_series_become_matrices_padded_by_nan() -> None:
    metrics = build_table(
        "metrics",
        [
            metric("i-2", fold_max=list(range(168)), daily_max=[1.0, 2.0]),
            metric("i-1", fold_max=None, daily_max=[5.0]),
        ],
    )
    hourly = build_table("metric_series", [metric("i-1", hourly_mean=[1.0, None, 3.0])])
    inventory = Inventory(
        {"ec2_instances": instances("i-1", "i-2"), "metrics": metrics, "metric_series": hourly}
    )

    fold = inventory.fold("ec2_instances", "CPUUtilization")

    assert fold.shape == (2, 168)
    assert np.isnan(fold[0]).all()
    assert fold[1, 167] == 167.0
    daily = inventory.daily("ec2_instances", "CPUUtilization", "daily_max")
    np.testing.assert_array_equal(daily, [[5.0, np.nan], [1.0, 2.0]])
    series = inventory.series("ec2_instances", "CPUUtilization", "hourly_mean")
    np.testing.assert_array_equal(series[0], [1.0, np.nan, 3.0])


def test_age_counts_from_the_collection() -> None:
    rows = [{"resource_id": "a", "created_at": datetime(2026, 3, 1, tzinfo=UTC)}, {}]
    inventory = Inventory({"ebs_volumes": build_table("ebs_volumes", rows)}, NOON)

    np.testing.assert_array_equal(inventory.age_days("ebs_volumes"), [9.5, np.nan])


def test_numbers_are_nan_where_unknown() -> None:
    rows = [{"resource_id": "a", "size_gb": 8.0}, {"resource_id": "b"}]
    inventory = Inventory({"ebs_volumes": build_table("ebs_volumes", rows)})

    np.testing.assert_array_equal(inventory.numbers("ebs_volumes", "size_gb"), [8.0, np.nan])


def test_merging_adds_rows_and_keeps_the_earliest_time() -> None:
    issue = Issue(IssueReason.DATA_QUALITY, "ec2:describe_volumes us-east-1", "denied")
    first = Inventory({"ec2_instances": instances("i-1")}, NOON, (issue,), ("one",))
    later = Inventory({"ec2_instances": instances("i-2")}, NOON.replace(day=11), (), ("two",))
    undated = Inventory({"metrics": build_table("metrics", [metric("i-1")])})

    merged = merge_inventories([later, first, undated])

    assert merged.table("ec2_instances")["resource_id"].to_pylist() == ["i-2", "i-1"]
    assert merged.table("metrics").num_rows == 1
    assert merged.collected_at == NOON
    assert merged.issues == (issue,)
    assert merged.sources == ("two", "one")
    assert merged.to_json()["tables"] == {"ec2_instances": 2, "metrics": 1}
    assert merged.to_json()["issues"][0]["message"] == "denied"
    assert repr(merged) == "Inventory(2 tables, 3 rows, 1 issues)"
