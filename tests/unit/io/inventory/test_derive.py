from costmodel.io.inventory.derive import derive_columns, fill_tags

HERE = {"region_id": "eu-west-1"}


def test_a_cluster_with_a_pause_action_has_a_schedule() -> None:
    rows = {
        "redshift_clusters": [{**HERE, "name": n} for n in ("paused", "resumed", "off")],
        "redshift_scheduled_actions": [
            {**HERE, "cluster_name": "paused", "action": "pause", "state": "ACTIVE"},
            {**HERE, "cluster_name": "resumed", "action": "resume", "state": "ACTIVE"},
            {**HERE, "cluster_name": "off", "action": "pause", "state": "DISABLED"},
        ],
    }

    derive_columns(rows, set(rows))

    assert [c["has_pause_schedule"] for c in rows["redshift_clusters"]] == [True, False, False]


def test_what_was_not_read_leaves_derived_columns_unknown() -> None:
    rows = {
        "redshift_clusters": [{**HERE, "name": "a"}],
        "nat_gateways": [{**HERE, "resource_id": "nat-1", "subnet_id": "s"}],
        "dynamodb_tables": [{**HERE, "name": "t"}],
    }

    derive_columns(rows, set(rows))

    assert "has_pause_schedule" not in rows["redshift_clusters"][0]
    assert "route_tables" not in rows["nat_gateways"][0]
    assert "on_demand_backups" not in rows["dynamodb_tables"][0]


def test_tasks_and_backups_are_counted_where_they_belong() -> None:
    rows = {
        "dms_instances": [{**HERE, "arn": "i1"}, {**HERE, "arn": "i2"}],
        "dms_tasks": [{"instance_arn": "i1"}, {"instance_arn": "i1"}],
        "dynamodb_tables": [{**HERE, "name": "t"}, {"region_id": "us-east-1", "name": "t"}],
        "dynamodb_backups": [{**HERE, "table_name": "t", "size_bytes": 5}] * 2,
    }

    derive_columns(rows, set(rows))

    assert [row["tasks"] for row in rows["dms_instances"]] == [2, 0]
    here, there = rows["dynamodb_tables"]
    assert (here["on_demand_backups"], here["on_demand_backup_bytes"]) == (2, 10)
    assert there["on_demand_backups"] == 0  # the same name in another region


def test_the_tagging_api_fills_only_what_is_empty() -> None:
    rows = {
        "x": [{"arn": "a", "tags": None}, {"arn": "b", "tags": [{"Key": "k", "Value": "own"}]}]
    }

    fill_tags(rows, {"a": {"k": "1"}, "b": {"k": "2"}})

    assert rows["x"][0]["tags"] == {"k": "1"}
    assert rows["x"][1]["tags"] == [{"Key": "k", "Value": "own"}]
