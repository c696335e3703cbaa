"""What account-wide tables say: watched, tagged, committed to what still runs."""

from datetime import UTC, datetime

import numpy as np

from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.related_columns import related_columns

NOW = datetime(2026, 9, 1, tzinfo=UTC)


def related(**tables):
    made = {kind: build_table(kind, rows) for kind, rows in tables.items()}
    return related_columns(Inventory(made, NOW))


def test_an_account_knows_its_untagged_share_and_its_stray_regions() -> None:
    volumes = [
        {"account_id": "1", "region_id": "us-east-1", "tags": {} if n < 100 else {"a": "b"}}
        for n in range(400)
    ]
    stray = [{"account_id": "1", "region_id": "eu-west-1"}, {"account_id": "2", "region_id": "x"}]

    found = related(
        accounts=[{"account_id": "1"}], ebs_volumes=volumes, addresses=stray, budgets=[]
    )["accounts"]

    assert found["untagged_share"][0] == 100 / 400
    assert found["resources"][0] == 400
    assert found["stray_regions"][0] == 1
    assert found["budget_count"][0] == 0
    assert np.isnan(found["monitor_count"][0])


def test_a_reservation_knows_how_many_of_its_family_run() -> None:
    reserved = [
        {"service": "ec2", "instance_type": "m5.large", "region_id": "us-east-1"},
        {"service": "ec2", "instance_type": "c5.large", "region_id": "us-east-1"},
        {"service": "rds", "instance_type": "db.m5.large", "region_id": "us-east-1"},
        {"service": "redshift", "instance_type": "ra3.large", "region_id": "us-east-1"},
    ]
    running = [
        {"instance_type": "m5.xlarge", "region_id": "us-east-1", "state": "running"},
        {"instance_type": "c5.large", "region_id": "us-east-1", "state": "stopped"},
    ]

    users = related(reservations=reserved, ec2_instances=running)["reservations"]["users"]

    np.testing.assert_array_equal(users, [1, 0, np.nan, np.nan])
