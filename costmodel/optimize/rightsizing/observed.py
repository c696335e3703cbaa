"""From an inventory's metrics to the load right-sizing searches with, one function per service.

A metric that was not seen stays NaN: the search then keeps that dimension at its size.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from costmodel.optimize.inventory import Inventory
from costmodel.optimize.rightsizing.capacity import Capacities
from costmodel.optimize.rightsizing.search import Load
from costmodel.units import BYTES_PER_GIB

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BITS: Final = 8.0
_GIGA: Final = 1e9
_MEGA: Final = 1e6


def instance_load(inventory: Inventory, capacities: Capacities, market: Ints) -> Load:
    """Return the load of every row of ``ec2_instances``.

    Args:
        inventory: with metrics of the instances, memory from the agent where it runs.
        capacities: EC2 types.
        market: (n,) row of the price matrix of each instance.
    """
    kind = "ec2_instances"
    table = inventory.table(kind)
    linux = inventory.metric(kind, "mem_used_percent", "max")
    windows = inventory.metric(kind, "Memory % Committed Bytes In Use", "max")
    operations = _both(inventory, kind, "EBSReadOps", "EBSWriteOps")
    traffic = _both(inventory, kind, "EBSReadBytes", "EBSWriteBytes")
    network = _both(inventory, kind, "NetworkIn", "NetworkOut")
    disk = np.fmax(
        inventory.metric(kind, "DiskReadOps", "total"),
        inventory.metric(kind, "DiskWriteOps", "total"),
    )
    return Load(
        current=capacities.index(table["instance_type"].to_pylist()),
        cpu=inventory.metric(kind, "CPUUtilization", "p99_5") / 100.0,
        cpu_mean=inventory.metric(kind, "CPUUtilization", "mean") / 100.0,
        memory=np.where(np.isnan(linux), windows, linux) / 100.0,
        network_gbps=network * _BITS / _GIGA,
        ebs_iops=operations,
        ebs_mbps=traffic * _BITS / _MEGA,
        interfaces=inventory.numbers(kind, "network_interfaces"),
        store_used=~(disk == 0),
        market=market,
        hourly_cpu=inventory.series(kind, "CPUUtilization", "hourly_mean") / 100.0,
    )


def database_load(inventory: Inventory, capacities: Capacities, market: Ints) -> Load:
    """Return the load of every row of ``rds_instances``; swap counts as memory used."""
    kind = "rds_instances"
    current = capacities.index(inventory.table(kind)["instance_class"].to_pylist())
    memory = capacities.memory_gib[np.maximum(current, 0)] * BYTES_PER_GIB
    free = inventory.metric(kind, "FreeableMemory", "min")
    swap = np.nan_to_num(inventory.metric(kind, "SwapUsage", "max"))
    network = _sum(inventory, kind, "NetworkReceiveThroughput", "NetworkTransmitThroughput")
    traffic = _sum(inventory, kind, "ReadThroughput", "WriteThroughput")
    return Load(
        current=current,
        cpu=inventory.metric(kind, "CPUUtilization", "p99_5") / 100.0,
        cpu_mean=inventory.metric(kind, "CPUUtilization", "mean") / 100.0,
        memory=(memory - free + swap) / memory,
        network_gbps=network * _BITS / _GIGA,
        ebs_iops=_sum(inventory, kind, "ReadIOPS", "WriteIOPS"),
        ebs_mbps=traffic * _BITS / _MEGA,
        interfaces=np.zeros(len(current)),
        store_used=np.zeros(len(current), dtype=np.bool_),
        market=market,
        hourly_cpu=inventory.series(kind, "CPUUtilization", "hourly_mean") / 100.0,
    )


def cache_load(inventory: Inventory, capacities: Capacities, market: Ints) -> Load:
    """Return the load of every row of ``elasticache_clusters``.

    Memory is the share of what the engine may use, so the reserve moves with the node size. The
    engine works in one thread: its CPU counts as that share of one vCPU.
    """
    kind = "elasticache_clusters"
    current = capacities.index(inventory.table(kind)["node_type"].to_pylist())
    host = inventory.metric(kind, "CPUUtilization", "p99_5") / 100.0
    engine = inventory.metric(kind, "EngineCPUUtilization", "p99_5") / 100.0
    network = _both(inventory, kind, "NetworkBytesIn", "NetworkBytesOut")
    return _without_disks(
        inventory,
        kind,
        current,
        np.fmax(host, engine / capacities.vcpus[np.maximum(current, 0)]),
        inventory.metric(kind, "DatabaseMemoryUsagePercentage", "max") / 100.0,
        network * _BITS / _GIGA,
        market,
    )


def search_load(inventory: Inventory, capacities: Capacities, market: Ints) -> Load:
    """Return the load of every row of ``opensearch_domains``; memory is the JVM's pressure."""
    kind = "opensearch_domains"
    current = capacities.index(inventory.table(kind)["instance_type"].to_pylist())
    return _without_disks(
        inventory,
        kind,
        current,
        inventory.metric(kind, "CPUUtilization", "p99_5") / 100.0,
        inventory.metric(kind, "JVMMemoryPressure", "max") / 100.0,
        np.full(len(current), np.nan),
        market,
    )


def fargate_need(inventory: Inventory, headroom: float) -> tuple[Floats, Floats]:
    """Return what the tasks of every row of ``ecs_services`` need, headroom included.

    Args:
        inventory: with the services' CPU and memory utilisation, shares of the task's size.
        headroom: share of the new size that stays free.

    Returns:
        (n,) CPU [1/1024 vCPU] and (n,) memory [MiB]; NaN where it was not seen.
    """
    kind = "ecs_services"
    cpu = inventory.metric(kind, "CPUUtilization", "p99_5") / 100.0
    memory = inventory.metric(kind, "MemoryUtilization", "max") / 100.0
    return (
        cpu * inventory.numbers(kind, "task_cpu_units") / (1.0 - headroom),
        memory * inventory.numbers(kind, "task_memory_mb") / (1.0 - headroom),
    )


def lambda_used_mb(inventory: Inventory) -> Floats:
    """Return the most memory every row of ``lambda_functions`` used [MB].

    Lambda Insights measures it; NaN where it does not run.
    """
    kind = "lambda_functions"
    used = inventory.metric(kind, "used_memory_max", "max")
    share = inventory.metric(kind, "memory_utilization", "max") / 100.0
    return np.where(np.isnan(used), share * inventory.numbers(kind, "memory_mb"), used)


def _without_disks(
    inventory: Inventory,
    kind: str,
    current: Ints,
    cpu: Floats,
    memory: Floats,
    network_gbps: Floats,
    market: Ints,
) -> Load:
    nothing = np.zeros(len(current))
    return Load(
        current=current,
        cpu=cpu,
        cpu_mean=inventory.metric(kind, "CPUUtilization", "mean") / 100.0,
        memory=memory,
        network_gbps=network_gbps,
        ebs_iops=nothing,
        ebs_mbps=nothing,
        interfaces=nothing,
        store_used=np.zeros(len(current), dtype=np.bool_),
        market=market,
        hourly_cpu=inventory.series(kind, "CPUUtilization", "hourly_mean") / 100.0,
    )


def _both(inventory: Inventory, kind: str, first: str, second: str) -> Floats:
    """Return the peak of two metrics counted per period, together and per second.

    The peaks may fall into different periods; their sum is the safe side.
    """
    period = inventory.metric(kind, first, "period_seconds")
    return _sum(inventory, kind, first, second) / period


def _sum(inventory: Inventory, kind: str, first: str, second: str) -> Floats:
    return inventory.metric(kind, first, "max") + inventory.metric(kind, second, "max")
