"""What another table, a bill or the user says of a resource."""

import json
import math
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

import costmodel
from costmodel.io.fact_files import read_facts
from costmodel.io.rule_files import load_rules
from costmodel.optimize.billed_columns import billed_columns
from costmodel.optimize.billed_rows import bill_usage_table
from costmodel.optimize.given_columns import add_facts
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.metric_summary import SeriesBlock, summarize
from costmodel.optimize.related_columns import related_columns
from tests.unit.optimize.rules.test_billed_share import billed
from tests.unit.optimize.rules.test_recommend import NOW, OLD, account

GIB = 2.0**30
PLACE = {"account_id": "1", "region_id": "us-east-1"}


def sums(days: int, **daily: float) -> pa.Table:
    """Return metrics whose daily sums are constant, ``resource|metric`` → sum of a day."""
    names = [name.split("|") for name in daily]
    keys = [{"resource_id": r, "metric": m, "statistic": "Sum"} for r, m in names]
    values = np.repeat(np.array(list(daily.values()))[:, None], days, axis=1)
    start = NOW - timedelta(days=days)
    return summarize(SeriesBlock(keys, values, start, 86_400, np.full(len(keys), float(days))))


def with_metrics(inventory: Inventory, metrics: pa.Table) -> Inventory:
    return Inventory({**inventory.tables, "metrics": metrics}, NOW)


def table_of(*indexes: dict) -> Inventory:
    return account({"dynamodb_tables": [{"resource_id": "t", "indexes": json.dumps(indexes)}]})


def test_only_unread_indexes_are_counted() -> None:
    inventory = with_metrics(
        table_of(
            {"name": "dead", "write_capacity": 10, "size_bytes": 2 * GIB},
            {"name": "used", "write_capacity": 50, "size_bytes": 9 * GIB},
        ),
        sums(32, **{"t/index/dead|ConsumedReadCapacityUnits": 0.0,
                    "t/index/used|ConsumedReadCapacityUnits": 5.0}),
    )  # fmt: skip

    found = related_columns(inventory)["dynamodb_tables"]

    assert [found[n][0] for n in ("index_reads", "index_write_capacity", "index_gb")] == [0, 10, 2]


@pytest.mark.parametrize(
    "metrics",
    [sums(20, **{"t/index/dead|ConsumedReadCapacityUnits": 0.0}),
     sums(32, **{"t/index/other|ConsumedReadCapacityUnits": 0.0})],
    ids=["seen too shortly", "never seen"],
)  # fmt: skip
def test_an_index_not_observed_for_a_month_is_unknown(metrics: pa.Table) -> None:
    found = related_columns(with_metrics(table_of({"name": "dead"}), metrics))["dynamodb_tables"]

    assert math.isnan(found["index_reads"][0])


def test_a_function_is_charged_with_its_log_group() -> None:
    group = {"resource_id": "g", "name": "/aws/lambda/f", **PLACE}
    function = {"resource_id": "f", "name": "f", **PLACE}
    far = {"resource_id": "x", "name": "f", "account_id": "1", "region_id": "eu-west-1"}
    inventory = with_metrics(
        account({"log_groups": [group], "lambda_functions": [function, far]}),
        sums(32, **{"g|IncomingBytes": GIB}),
    )

    found = related_columns(inventory)["lambda_functions"]["log_gb"]

    assert found[0] == pytest.approx(30.4)  # a GB a day
    assert math.isnan(found[1])


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [("rate(5 minutes)", 8760), ("rate(1 hour)", 730), ("rate(0 hour)", 0), ("cron(0 * * * ? *)",
     math.nan), (None, math.nan)],
)  # fmt: skip
def test_a_rate_tells_the_runs_of_a_canary(schedule, runs) -> None:
    inventory = account({"synthetics_canaries": [{"resource_id": "c", "schedule": schedule}]})

    found = related_columns(inventory)["synthetics_canaries"]["monthly_runs"][0]

    assert found == pytest.approx(runs, nan_ok=True)


@pytest.mark.parametrize(
    ("current", "reasons", "used"),
    [("Enterprise", ["LicenseOverprovisioned"], False), ("Enterprise", ["Optimized"], True),
     ("Enterprise", ["InvalidCloudWatchApplicationInsightsSetup"], None),
     ("Standard", ["Optimized"], None)],
)  # fmt: skip
def test_licence_findings_say_whether_enterprise_is_used(current, reasons, used) -> None:
    finding = {
        "resource_id": "i-1", "check": "license", "current": current, "finding_reasons": reasons,
    }  # fmt: skip
    inventory = account({"ec2_instances": [{"resource_id": "i-1"}], "evidence": [finding]})

    assert related_columns(inventory)["ec2_instances"]["sql_enterprise_features"][0] is used


def test_a_proxy_is_billed_by_the_databases_behind_it() -> None:
    database = {"engine": "mysql", "state": "available", **PLACE}
    tables = {
        "rds_instances": [
            {"resource_id": "a", "name": "small", "instance_class": "db.t3.micro", **database},
            {"resource_id": "b", "name": "large", "instance_class": "db.m5.2xlarge", **database},
        ],
        "rds_proxies": [{
            "resource_id": "p", "name": "p", "state": "available", "created_at": OLD,
            "targets": ["small", "large"], **PLACE,
        }],
    }  # fmt: skip
    metrics = sums(14, **{"p|ClientConnections": 0.0})

    result = costmodel.recommend(with_metrics(account(tables), metrics))

    (found,) = [r for r in result.accepted if r.rule.id == "rds-proxy-idle"]
    # db.t3.micro has 2 vCPUs, db.m5.2xlarge 8: 10 x .015 x 730
    assert found.list_saving == pytest.approx(109.50)


def bill_of(*rows: dict, hours: float = 730.0) -> tuple[pa.Table, float]:
    listed = billed(*({"x_Operation": "", "hours": hours, **row} for row in rows))
    return bill_usage_table(listed), hours


def test_a_bill_tells_the_stored_bytes_of_snapshots() -> None:
    snapshot = {
        "ResourceId": "arn:aws:ec2:us-east-1:1:snapshot/snap-1", "PricingQuantity": 25.0,
        "x_UsageType": "EBS:SnapshotUsage",
    }  # fmt: skip
    inventory = account({"ebs_snapshots": [{"resource_id": n} for n in ("snap-1", "snap-2")]})

    found = billed_columns(inventory, *bill_of(snapshot, hours=365.0))

    stored = found["ebs_snapshots"]["stored_bytes"]
    assert stored[0] == 50 * GIB  # 25 GB-months in half a month
    assert math.isnan(stored[1])


S3 = {"x_ServiceCode": "AmazonS3", "x_UsageType": "TimedStorage-ByteHrs"}


@pytest.mark.parametrize(
    ("hours", "resource", "expected"),
    [(730.0, "quiet", 0.0), (730.0, "busy", 7.0), (167.0, "quiet", math.nan),
     (730.0, None, math.nan)],
    ids=["no requests", "requests", "less than a week", "no resource ids"],
)  # fmt: skip
def test_requests_are_counted_by_bucket(hours, resource, expected) -> None:
    asked = {**S3, "x_UsageType": "Requests-Tier2", "ResourceId": "busy",
             "PricingQuantity": 7.0 * hours / 730.0}  # fmt: skip
    lines, length = bill_of({**S3, "ResourceId": resource}, asked, hours=hours)

    found = billed_columns(account({}), lines, length)["bill_usage"]["bucket_requests"]

    assert found[0] == pytest.approx(expected, nan_ok=True)


def nat(**columns) -> Inventory:
    row = {
        "resource_id": "nat-1", "arn": "arn:nat-1", "state": "available", "created_at": OLD,
        "vpc_id": "vpc-1", "connectivity": "public", **PLACE, **columns,
    }  # fmt: skip
    return account({"nat_gateways": [row], "vpc_endpoints": []})


@pytest.mark.parametrize("key", ["nat-1", "arn:nat-1"])
def test_facts_of_the_user_give_dollars(tmp_path, key: str) -> None:
    path = tmp_path / "facts.csv"
    path.write_text(f"resource_id, s3_gb\n{key},1000\n")

    without = costmodel.recommend(nat())
    result = costmodel.recommend(nat(), facts=path)

    assert not without.accepted
    assert "net-gw-endpoint" in {a.rule.id for a in without.advisories}
    (found,) = result.accepted
    assert (found.rule.id, found.list_saving) == ("net-gw-endpoint-nat", pytest.approx(45.00))
    assert "net-gw-endpoint" not in {a.rule.id for a in result.advisories}


def test_facts_take_the_place_of_what_was_found() -> None:
    found = {"rds_proxies": {"vcpus": np.array([4.0, 8.0])}}
    inventory = account({"rds_proxies": [{"resource_id": "a"}, {"resource_id": "b"}]})

    issues = add_facts(found, inventory, load_rules(), {"b": {"vcpus": 2.0}, "z": {"vcpus": 1.0}})

    assert found["rds_proxies"]["vcpus"].tolist() == [4.0, 2.0]
    assert [issue.address for issue in issues] == ["facts z"]


def test_flags_and_empty_cells_are_read(tmp_path) -> None:
    path = tmp_path / "facts.csv"
    path.write_bytes(
        b"\xef\xbb\xbfresource_id,sql_enterprise_features,vcpus\ni-1,FALSE,\ni-2,,3\n"
    )

    assert read_facts(path) == {"i-1": {"sql_enterprise_features": False}, "i-2": {"vcpus": 3.0}}


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "no column resource_id"), (b"a,b\n1,2\n", "no column resource_id"),
     (b"resource_id,vcpus\n,1\n", "line 2 names no resource"), (b"\xff", "not UTF-8"),
     (b"resource_id,vcpus\ni-1,2\ni-2,inf\n", "line 3: vcpus is 'inf': give a number"),
     (b"resource_id,vcpus\ni-1,NaN\n", "line 2: vcpus is 'NaN': give a number"),
     (b"resource_id,colour\ni-1,red\n", "no check reads 'colour'")],
)  # fmt: skip
def test_facts_that_cannot_be_read_are_refused(tmp_path, content: bytes, says: str) -> None:
    path = tmp_path / "facts.csv"
    path.write_bytes(content)

    with pytest.raises(costmodel.BadInputError, match=says):
        costmodel.recommend(nat(), facts=path)


def test_a_missing_file_of_facts_is_one_line(tmp_path) -> None:
    with pytest.raises(costmodel.BadInputError, match="cannot be read"):
        read_facts(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("errors", "share"),
    [([0] * 6 + [20] + [0] * 1, 0.2), ([50] + [0] * 7, 0.0), ([math.nan] * 8, math.nan)],
    ids=["the worst day of the week", "a day before the week", "no errors known"],
)
def test_the_worst_day_of_the_last_week_counts(errors, share) -> None:
    keys = [
        {"resource_id": "f", "metric": m, "statistic": "Sum"} for m in ("Errors", "Invocations")
    ]
    values = np.array([errors, [100.0] * 8], dtype=float)
    start = NOW - timedelta(days=8)
    metrics = summarize(SeriesBlock(keys, values, start, 86_400, np.full(2, 8.0)))
    inventory = with_metrics(account({"lambda_functions": [{"resource_id": "f"}]}), metrics)

    found = related_columns(inventory)["lambda_functions"]["worst_error_share"][0]

    assert found == pytest.approx(share, nan_ok=True)


def snapshots(*full_gb: float, **columns):
    return account(
        {
            "ebs_snapshots": [
                {"resource_id": f"snap-{n}", "full_size_bytes": size * GIB, "created_at": OLD,
                 "storage_tier": "standard", "description": "", "tags": {}, **PLACE, **columns}
                for n, size in enumerate(full_gb)
            ],
            "amis": [],
        }
    )  # fmt: skip


POOL = {"ResourceId": None, "x_UsageType": "EBS:SnapshotUsage", "PricingQuantity": 30.0}


def test_snapshots_no_line_names_share_the_billed_pool() -> None:
    found = billed_columns(snapshots(100.0, 200.0), *bill_of(POOL))["ebs_snapshots"]

    assert found["ceiling_bytes"].tolist() == pytest.approx([10 * GIB, 20 * GIB])


def test_a_pool_larger_than_the_snapshots_is_no_reason_for_more() -> None:
    found = billed_columns(snapshots(10.0), *bill_of(POOL))["ebs_snapshots"]

    assert found["ceiling_bytes"].tolist() == [10 * GIB]


def test_a_snapshot_without_blocks_of_its_own_saves_nothing() -> None:
    named = {**POOL, "ResourceId": "arn:aws:ec2:us-east-1:1:snapshot/snap-0"}

    found = billed_columns(snapshots(100.0, 100.0), *bill_of(named))["ebs_snapshots"]

    # Every snapshot that holds blocks is on the bill by name.
    assert found["stored_bytes"][0] == 30 * GIB
    assert found["ceiling_bytes"][1] == 0.0


def test_a_region_the_bill_does_not_have_leaves_the_size_open() -> None:
    found = billed_columns(snapshots(100.0, region_id="eu-west-1"), *bill_of(POOL))

    assert math.isnan(found["ebs_snapshots"]["ceiling_bytes"][0])


def test_a_stored_size_that_is_given_is_sure(tmp_path) -> None:
    path = tmp_path / "facts.csv"
    path.write_text(f"resource_id,stored_bytes\nsnap-0,{20 * GIB}\n")

    (by_size,) = costmodel.recommend(snapshots(100.0)).accepted
    (given,) = costmodel.recommend(snapshots(100.0), facts=path).accepted

    levels = ("low", "medium", "high")
    assert by_size.list_saving == pytest.approx(5.00)
    assert given.list_saving == pytest.approx(1.00)  # 20 GB x .05
    assert "stored_bytes" in by_size.missing_evidence
    assert levels.index(given.confidence) == levels.index(by_size.confidence) + 1
