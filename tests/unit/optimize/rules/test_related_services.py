"""Columns of service tables that follow from other tables or from nested lists."""

import json
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import costmodel
from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.metric_summary import SeriesBlock, summarize
from costmodel.optimize.related_columns import related_columns

NOW = datetime(2026, 9, 1, tzinfo=UTC)
GIB = 2.0**30


def account(**tables) -> Inventory:
    return Inventory({kind: build_table(kind, rows) for kind, rows in tables.items()}, NOW)


def observed(table: str, days: int, **sums: float):
    """Return daily metrics of resource r-1: the sum of every day."""
    keys = [
        {"resource_id": "r-1", "table": table, "metric": name, "statistic": "Sum"} for name in sums
    ]
    values = np.array([[value] * days for value in sums.values()])
    start = NOW - timedelta(days=days)
    return summarize(SeriesBlock(keys, values, start, 86_400, np.full(len(keys), float(days))))


def days_ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def test_images_count_as_unpulled_after_90_days_without_push_and_pull() -> None:
    images = [
        {"bytes": 1, "pushed_at": days_ago(200), "last_pulled_at": None},
        {"bytes": 2, "pushed_at": days_ago(200), "last_pulled_at": days_ago(91)},
        {"bytes": 4, "pushed_at": days_ago(200), "last_pulled_at": days_ago(10)},
        {"bytes": 8, "pushed_at": days_ago(89)},
        {"bytes": 16},
    ]
    rows = [{"resource_id": "a", "images": json.dumps(images)}, {"resource_id": "b"}]

    found = related_columns(account(ecr_repositories=rows))["ecr_repositories"]

    assert found["unpulled_bytes"][0] == 3.0
    assert math.isnan(found["unpulled_bytes"][1])


def test_variants_of_an_endpoint_are_counted_and_unknown_ones_stay_unknown() -> None:
    rows = [
        {"resource_id": "two", "variants": '[{"VariantName": "a"}, {"VariantName": "b"}]'},
        {"resource_id": "unknown"},
    ]

    found = related_columns(account(sagemaker_endpoints=rows))["sagemaker_endpoints"]

    assert found["variant_count"][0] == 2.0
    assert math.isnan(found["variant_count"][1])


@pytest.mark.parametrize(
    ("policies", "expected"),
    [([{"state": "ENABLED"}], True), ([{"state": "DISABLED"}], False), (None, None)],
)
def test_a_second_backup_service_is_known_only_if_it_was_read(policies, expected) -> None:
    tables = {"backup_protected": [{"resource_id": "vol-1"}]}
    if policies is not None:
        tables["dlm_policies"] = policies

    found = related_columns(account(**tables))["backup_protected"]

    assert found["dlm_enabled"].tolist() == [expected]


def test_regions_with_under_a_hundredth_of_the_resources_are_stray() -> None:
    volumes = [{"region_id": "us-east-1"}] * 200 + [{"region_id": "eu-west-1"}]
    keys = [{"region_id": "global"}]

    found = related_columns(
        account(accounts=[{"resource_id": "1"}], ebs_volumes=volumes, route53_zones=keys)
    )["accounts"]

    assert found["stray_regions"].tolist() == [1.0]


def test_the_peak_of_a_serverless_cluster_is_that_of_its_busiest_instance() -> None:
    rows = [
        {"resource_id": f"r-{n}", "name": f"r-{n}", "cluster_id": cluster}
        for n, cluster in ((1, "seen"), (2, "half"), (3, "half"))
    ]
    keys = [
        {"resource_id": f"r-{n}", "table": "rds_instances", "metric": "ServerlessDatabaseCapacity"}
        for n in (1, 2)
    ]
    values = np.array([[2.0, 9.5], [4.0, 4.0]])
    block = SeriesBlock(keys, values, NOW - timedelta(hours=2), 3600, np.full(2, 1.0))
    tables = account(rds_instances=rows, rds_clusters=[{"name": "seen"}, {"name": "half"}]).tables

    found = related_columns(Inventory({**tables, "metrics": summarize(block)}, NOW))

    peaks = found["rds_clusters"]["peak_acu"]
    assert peaks[0] == 9.5
    assert math.isnan(peaks[1])


def test_logs_that_must_be_older_than_the_retention_are_saved() -> None:
    group = {
        "resource_id": "r-1", "name": "r-1", "region_id": "us-east-1", "stored_bytes": 1000 * GIB,
        "created_at": NOW - timedelta(days=500), "log_class": "STANDARD",
    }  # fmt: skip
    metrics = observed("log_groups", 32, IncomingBytes=1.0 * GIB)
    tables = {"log_groups": build_table("log_groups", [group]), "metrics": metrics}

    result = costmodel.recommend(Inventory(tables, NOW))

    saving = {r.rule.id: r.list_saving for r in result.accepted}
    assert saving["cw-retention"] == pytest.approx((1000 - 90) * 0.03)
