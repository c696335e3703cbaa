from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.rightsizing.capacity import build_capacities
from costmodel.optimize.rightsizing.observed import (
    cache_load,
    database_load,
    fargate_need,
    instance_load,
    lambda_used_mb,
    search_load,
)

HARDWARE = Path(__file__).parents[4] / "pricing_data" / "hardware" / "instance_types.parquet"
GIB = 1024**3


@pytest.fixture(scope="module")
def hardware():
    return pq.read_table(HARDWARE)


def inventory(kind: str, row: dict, *metrics: tuple, **extra) -> Inventory:
    rows = [
        {"resource_id": "r", "metric": name, "period_seconds": 300.0, **figures}
        for name, figures in metrics
    ]
    return Inventory(
        {
            kind: build_table(kind, [{"resource_id": "r", **row}]),
            "metrics": build_table("metrics", rows),
            **extra,
        }
    )


def test_the_load_of_an_instance_is_in_shares_and_rates(hardware) -> None:
    hourly = build_table(
        "metric_series",
        [{"resource_id": "r", "metric": "CPUUtilization", "hourly_mean": [50.0, None]}],
    )
    found = inventory(
        "ec2_instances", {"instance_type": "m5.large", "network_interfaces": 2.0},
        ("CPUUtilization", {"p99_5": 80.0, "mean": 20.0}),
        ("mem_used_percent", {"max": 60.0}),
        ("NetworkIn", {"max": 3e9}), ("NetworkOut", {"max": 7.5e8}),
        ("EBSReadOps", {"max": 30_000.0}), ("EBSWriteOps", {"max": 0.0}),
        metric_series=hourly,
    )  # fmt: skip
    types = build_capacities(hardware)

    load = instance_load(found, types, np.zeros(1, dtype=np.int64))

    assert types.names[load.current[0]] == "m5.large"
    assert (load.cpu[0], load.cpu_mean[0], load.memory[0]) == (0.8, 0.2, 0.6)
    # 3.75 GB in 300 s = 0.1 Gbit/s; 30,000 operations in 300 s = 100 IOPS.
    assert load.network_gbps[0] == pytest.approx(0.1)
    assert load.ebs_iops[0] == 100
    assert np.isnan(load.ebs_mbps[0])  # not seen: unknown, not zero
    assert load.store_used[0]  # nobody looked: it counts as used
    assert load.interfaces[0] == 2
    np.testing.assert_array_equal(load.hourly_cpu, [[0.5, np.nan]])


def test_windows_memory_and_an_idle_store_are_understood(hardware) -> None:
    found = inventory(
        "ec2_instances", {"instance_type": "m5d.large"},
        ("Memory % Committed Bytes In Use", {"max": 70.0}),
        ("DiskReadOps", {"total": 0.0}), ("DiskWriteOps", {"total": 0.0}),
    )  # fmt: skip

    load = instance_load(found, build_capacities(hardware), np.zeros(1, dtype=np.int64))

    assert load.memory[0] == 0.7
    assert not load.store_used[0]


def test_a_database_uses_what_is_not_free_and_what_it_swapped(hardware) -> None:
    types = build_capacities(hardware, ["db.m5.large"])
    found = inventory(
        "rds_instances", {"instance_class": "db.m5.large"},
        ("FreeableMemory", {"min": 6.0 * GIB}), ("SwapUsage", {"max": 1.0 * GIB}),
        ("ReadIOPS", {"max": 100.0}), ("WriteIOPS", {"max": 50.0}),
    )  # fmt: skip

    load = database_load(found, types, np.zeros(1, dtype=np.int64))

    assert load.memory[0] == pytest.approx((8 - 6 + 1) / 8)
    assert load.ebs_iops[0] == 150
    assert np.isnan(load.cpu[0])


def test_the_engine_of_a_cache_works_in_one_thread(hardware) -> None:
    types = build_capacities(hardware, ["cache.m5.xlarge"])
    found = inventory(
        "elasticache_clusters", {"node_type": "cache.m5.xlarge"},
        ("CPUUtilization", {"p99_5": 15.0}), ("EngineCPUUtilization", {"p99_5": 80.0}),
        ("DatabaseMemoryUsagePercentage", {"max": 40.0}),
    )  # fmt: skip

    load = cache_load(found, types, np.zeros(1, dtype=np.int64))

    assert load.cpu[0] == pytest.approx(0.8 / 4)  # one of four vCPUs at 80 %
    assert load.memory[0] == 0.4


def test_a_search_domain_is_judged_by_its_jvm(hardware) -> None:
    types = build_capacities(hardware, ["m5.large.search"])
    found = inventory(
        "opensearch_domains", {"instance_type": "m5.large.search"},
        ("CPUUtilization", {"p99_5": 30.0}), ("JVMMemoryPressure", {"max": 75.0}),
    )  # fmt: skip

    load = search_load(found, types, np.zeros(1, dtype=np.int64))

    assert (load.cpu[0], load.memory[0]) == (0.3, 0.75)
    assert np.isnan(load.network_gbps[0])


def test_a_task_needs_its_share_and_headroom() -> None:
    found = inventory(
        "ecs_services", {"task_cpu_units": 1024.0, "task_memory_mb": 2048.0},
        ("CPUUtilization", {"p99_5": 40.0}), ("MemoryUtilization", {"max": 40.0}),
    )  # fmt: skip

    cpu, memory = fargate_need(found, 0.2)

    # The recorded Hub answer halves 1024/2048 to 512/1024.
    assert (cpu[0], memory[0]) == (pytest.approx(512), pytest.approx(1024))


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ([("used_memory_max", {"max": 300.0}), ("memory_utilization", {"max": 10.0})], 300.0),
        ([("memory_utilization", {"max": 50.0})], 512.0),
        ([], np.nan),
    ],
)
def test_memory_of_a_function_is_what_insights_saw(metrics, expected) -> None:
    found = inventory("lambda_functions", {"memory_mb": 1024.0}, *metrics)

    np.testing.assert_array_equal(lambda_used_mb(found), [expected])
