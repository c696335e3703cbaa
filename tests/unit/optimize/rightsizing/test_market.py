import numpy as np
import pytest

import costmodel
from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.rightsizing.capacity import build_capacities
from costmodel.optimize.rightsizing.market import (
    Market,
    cache_markets,
    database_markets,
    instance_markets,
    price_matrix,
    search_markets,
)
from costmodel.optimize.rightsizing.observed import instance_load
from costmodel.optimize.rightsizing.search import Preferences, find_sizes


@pytest.fixture(scope="module")
def catalog():
    return costmodel.load_catalog()


def inventory(kind: str, *rows: dict) -> Inventory:
    named = [{"resource_id": str(n), "region_id": "us-east-1", **r} for n, r in enumerate(rows)]
    return Inventory({kind: build_table(kind, named)})


def test_prices_are_the_published_ones_and_absent_ones_nan(catalog) -> None:
    markets = [
        Market("AmazonEC2", "us-east-2", "BoxUsage", "RunInstances"),
        Market("AmazonEC2", "us-east-1", "BoxUsage", "RunInstances:0002"),
        Market("AmazonRDS", "us-east-1", "InstanceUsage", "unknown"),
    ]

    prices = price_matrix(catalog, markets, ["m5a.xlarge", "r5a.large", "m5.large", "zz.large"])

    np.testing.assert_array_equal(prices[0, :2], [0.172, 0.113])
    assert prices[1, 2] == 0.188  # Windows
    assert np.isnan(prices[:, 3]).all()
    assert np.isnan(prices[2]).all()


def test_markets_of_instances_follow_platform_and_tenancy(catalog) -> None:
    found, row = instance_markets(
        inventory(
            "ec2_instances", {"operation": "RunInstances"}, {"operation": "RunInstances:0002"},
            {"tenancy": "dedicated"}, {"tenancy": "default"},
        )
    )  # fmt: skip

    assert row.tolist() == [0, 1, 2, 0]
    assert found[1].operation == "RunInstances:0002"
    assert np.isnan(price_matrix(catalog, found, ["m5.large"])[2, 0])  # dedicated: not known


def test_databases_pay_for_their_standby_and_io_mode(catalog) -> None:
    found, row = database_markets(
        inventory(
            "rds_instances",
            {"engine": "postgres", "multi_az": True},
            {"engine": "aurora-mysql", "multi_az": True, "storage_type": "aurora"},
            {"engine": "aurora-mysql", "storage_type": "aurora-iopt1"},
            {"engine": "docdb"},
            {"engine": "oracle-ee"},
        )
    )

    prices = price_matrix(catalog, found, ["db.r5.large"])[row, 0]

    # An Aurora instance is billed once, whatever its cluster's zones.
    np.testing.assert_array_equal(prices, [0.5, 0.29, 0.377, 0.277, np.nan])


def test_caches_and_search_domains_have_their_own_prices(catalog) -> None:
    caches, row = cache_markets(
        inventory("elasticache_clusters", {"engine": "redis"}, {"engine": "valkey"}, {})
    )
    domains, _ = search_markets(inventory("opensearch_domains", {}))

    prices = price_matrix(catalog, caches, ["cache.m5.large"])[row, 0]
    search = price_matrix(catalog, domains, ["m5.large.search"])

    np.testing.assert_allclose(prices, [0.156, 0.1248, np.nan])
    assert search[0, 0] == 0.142


def test_the_recorded_recommendation_is_found_among_all_types(catalog) -> None:
    # Recorded Cost Optimization Hub answer: m5a.xlarge → r5a.large in us-east-2 saves 43.07.
    row = {
        "resource_id": "i-1", "region_id": "us-east-2", "instance_type": "m5a.xlarge",
        "operation": "RunInstances", "network_interfaces": 1.0,
    }  # fmt: skip
    metrics = [
        ("CPUUtilization", {"p99_5": 30.0, "mean": 5.0}), ("mem_used_percent", {"max": 75.0}),
        ("NetworkIn", {"max": 1e6}), ("NetworkOut", {"max": 1e6}),
        ("EBSReadOps", {"max": 300.0}), ("EBSWriteOps", {"max": 300.0}),
        ("EBSReadBytes", {"max": 1e6}), ("EBSWriteBytes", {"max": 1e6}),
    ]  # fmt: skip
    seen = [{"resource_id": "i-1", "metric": n, "period_seconds": 300.0, **f} for n, f in metrics]
    account = Inventory(
        {
            "ec2_instances": build_table("ec2_instances", [row]),
            "metrics": build_table("metrics", seen),
        }
    )
    types = build_capacities(catalog.hardware())
    markets, market = instance_markets(account)
    prices = price_matrix(catalog, markets, types.names)

    found = find_sizes(instance_load(account, types, market), types, prices, Preferences())

    assert types.names[found.best[0, 0]] == "r5a.large"
    saving = (found.current_price[0] - found.hourly_price[0, 0]) * 730
    assert saving == pytest.approx(43.07)
