"""Metrics without an inventory: judged where type and region are told, else one clear line."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import costmodel
from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.metric_owners import with_owners

START = datetime(2026, 8, 1, tzinfo=UTC)
QUIET = {"CPUUtilization": 2.0, "NetworkIn": 1000.0, "NetworkOut": 1000.0}
LOADED = {**QUIET, "CPUUtilization": 15.0, "NetworkIn": 1e7, "NetworkOut": 1e7,
          "mem_used_percent": 20.0, "EBSReadOps": 9.0, "EBSWriteOps": 9.0,
          "EBSReadBytes": 1e5, "EBSWriteBytes": 1e5}  # fmt: skip


def points(metrics: dict[str, float], days: int = 15, period: int = 3600, **about) -> list[dict]:
    times = [START + timedelta(seconds=n * period) for n in range(days * 86_400 // period)]
    return [
        {"timestamp": time, "value": value, "metric": metric, **about}
        for metric, value in metrics.items()
        for time in times
    ]


def export(tmp_path, *rows: list[dict]):
    path = tmp_path / "metrics.parquet"
    listed = [row for part in rows for row in part]
    names = {name for row in listed for name in row}
    pq.write_table(pa.Table.from_pylist([{n: r.get(n) for n in names} for r in listed]), path)
    return path


WEB = {"resource_id": "i-1", "InstanceType": "m5.large", "region": "us-east-1",
       "operation": "RunInstances"}  # fmt: skip


def test_an_idle_instance_is_found_at_list_price(tmp_path) -> None:
    result = costmodel.recommend(metrics=export(tmp_path, points(QUIET, **WEB)))

    (found,) = result.accepted
    assert (found.rule.id, found.resource_id) == ("ec2-idle", "i-1")
    assert found.list_saving == pytest.approx(0.096 * 730)


def test_an_oversized_instance_is_made_smaller(tmp_path) -> None:
    big = {**WEB, "InstanceType": "m5.2xlarge"}

    result = costmodel.recommend(metrics=export(tmp_path, points(LOADED, **big)))

    assert next(r.rule.id for r in result.accepted).startswith("ec2-rightsize")


def test_windows_is_priced_as_windows_and_unknown_systems_are_said(tmp_path) -> None:
    windows = {**WEB, "operation": "RunInstances:0002"}
    unknown = {k: v for k, v in WEB.items() if k != "operation"}

    licensed = costmodel.recommend(metrics=export(tmp_path, points(QUIET, **windows)))
    assumed = costmodel.recommend(metrics=export(tmp_path, points(QUIET, **unknown)))

    assert licensed.list_saving == pytest.approx(0.188 * 730)  # .096 + 2 x .046
    assert assumed.list_saving == pytest.approx(0.096 * 730)
    assert any("Linux prices are shown" in issue.message for issue in assumed.issues)
    assert not any("Linux prices are shown" in issue.message for issue in licensed.issues)


@pytest.mark.parametrize("missing", ["InstanceType", "region"])
def test_what_is_missing_is_one_line(tmp_path, missing: str) -> None:
    about = {k: v for k, v in WEB.items() if k != missing} | {"table": "ec2_instances"}

    result = costmodel.recommend(metrics=export(tmp_path, points(QUIET, **about)))

    assert not result.accepted
    lines = [i for i in result.issues if i.address == "metrics ec2_instances"]
    assert len(lines) == 1
    assert lines[0].message.startswith("1 resources (i-1): instance type and region are not known")


def test_metrics_of_what_has_no_type_ask_for_an_inventory(tmp_path) -> None:
    about = {"resource_id": "vol-1", "table": "ebs_volumes"}

    result = costmodel.recommend(metrics=export(tmp_path, points({"VolumeReadOps": 0.0}, **about)))

    (line,) = [i for i in result.issues if i.address == "metrics ebs_volumes"]
    assert "give an inventory" in line.message


def test_a_week_of_points_is_too_short_to_judge(tmp_path) -> None:
    result = costmodel.recommend(metrics=export(tmp_path, points(QUIET, days=7, **WEB)))

    assert not result.accepted
    reasons = {check: why for _, check, why in result.explain("i-1")}
    assert reasons["ec2-idle"].startswith(("insufficient data", "does not hold: launch_time"))


def test_points_that_end_early_are_no_running_instance(tmp_path) -> None:
    gone = points(QUIET, **{**WEB, "resource_id": "i-gone"})
    here = points(LOADED, days=20, **WEB)

    result = costmodel.recommend(metrics=export(tmp_path, gone, here))

    assert "i-gone" not in {r.resource_id for r in result.accepted}


def test_a_database_is_known_by_its_class(tmp_path) -> None:
    about = {"resource_id": "shop", "instance_type": "db.m5.large", "region_id": "us-east-1",
             "engine": "mysql"}  # fmt: skip

    result = costmodel.recommend(
        metrics=export(
            tmp_path, points({"DatabaseConnections": 0.0, "CPUUtilization": 3.0}, days=40, **about)
        )
    )

    (found,) = [r for r in result.accepted if r.resource_id == "shop"]
    assert found.rule.id == "rds-idle"
    assert found.list_saving == pytest.approx(0.171 * 730)


def billed(*usage: str) -> Inventory:
    rows = [
        {"resource_id": "arn:aws:ec2:us-east-1:1:instance/i-1", "service_code": "AmazonEC2",
         "usage_type": one, "operation": "RunInstances", "region_id": "us-east-1"}
        for one in usage
    ]  # fmt: skip
    metric = {
        "resource_id": "i-1", "table": "ec2_instances", "metric": "CPUUtilization",
        "start_at": START, "end_at": START + timedelta(days=14), "period_seconds": 300.0,
    }  # fmt: skip
    return Inventory(
        {"billed_resources": build_table("billed_resources", rows),
         "metrics": build_table("metrics", [metric])}
    )  # fmt: skip


def test_a_bill_tells_the_type_of_what_only_metrics_know() -> None:
    (row,) = with_owners(billed("BoxUsage:m5.2xlarge")).table("ec2_instances").to_pylist()

    assert (row["resource_id"], row["instance_type"]) == ("i-1", "m5.2xlarge")
    assert (row["operation"], row["state"]) == ("RunInstances", "running")


def test_an_instance_billed_as_two_types_has_none() -> None:
    account = with_owners(billed("BoxUsage:m5.2xlarge", "BoxUsage:m5.large"))

    assert not account.has("ec2_instances")
    assert "not known" in account.issues[0].message


def test_a_collected_table_is_left_as_it_is() -> None:
    account = billed("BoxUsage:m5.2xlarge")
    known = build_table("ec2_instances", [{"resource_id": "i-2"}])
    account = Inventory({**account.tables, "ec2_instances": known}, START)

    assert with_owners(account).table("ec2_instances").num_rows == 1
