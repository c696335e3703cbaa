"""Recommendations for 100,000 resources with 30 days of hourly metrics: time and memory."""

import resource
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

import costmodel
from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.metric_summary import SeriesBlock, hourly_table, summarize

_COUNT = 100_000
_HOURS = 30 * 24
_NOW = datetime(2026, 9, 1, tzinfo=UTC)
_TYPES = ("m5.large", "m5.xlarge", "c5.2xlarge", "r5.large", "t3.large", "m6i.4xlarge")
_METRICS = ("CPUUtilization", "NetworkIn", "NetworkOut")
_BLOCK = 10_000
_MOST_SECONDS = 60.0
_MOST_GB = 4.0


def build_account() -> Inventory:
    """Return half instances, half volumes; the instances with hourly metrics."""
    half = _COUNT // 2
    old = _NOW - timedelta(days=200)
    base = {"region_id": "us-east-1", "account_id": "1", "created_at": old}
    instances = [
        {**base, "resource_id": f"i-{n}", "instance_type": _TYPES[n % len(_TYPES)],
         "state": "running", "launch_time": old, "operation": "RunInstances",
         "architecture": "x86_64", "tenancy": "default", "network_interfaces": 1.0}
        for n in range(half)
    ]  # fmt: skip
    volumes = [
        {**base, "resource_id": f"vol-{n}", "volume_type": "gp2", "size_gb": float(20 + n % 900),
         "state": "available" if n % 20 == 0 else "in-use", "attached_instances": [f"i-{n}"]}
        for n in range(half)
    ]  # fmt: skip
    rng = np.random.default_rng(1)
    metrics, series = [], []
    for begin in range(0, half, _BLOCK):
        for metric in _METRICS:
            keys = [
                {"resource_id": f"i-{n}", "table": "ec2_instances", "metric": metric}
                for n in range(begin, begin + _BLOCK)
            ]
            scale = rng.choice([3.0, 20.0, 90.0], (_BLOCK, 1))
            values = rng.random((_BLOCK, _HOURS)) * (scale if metric == _METRICS[0] else 1e6)
            block = SeriesBlock(
                keys, values, _NOW - timedelta(hours=_HOURS), 3600, np.full(_BLOCK, 30.0)
            )
            metrics.append(summarize(block))
            if metric == _METRICS[0]:
                series.append(hourly_table(block))
    tables = {
        "ec2_instances": build_table("ec2_instances", instances),
        "ebs_volumes": build_table("ebs_volumes", volumes),
        "metrics": pa.concat_tables(metrics),
        "metric_series": pa.concat_tables(series),
    }
    return Inventory(tables, _NOW)


def main() -> None:
    """Print seconds and the peak of memory, with the bounds they must keep."""
    account = build_account()
    catalog = costmodel.load_catalog()
    begin = time.perf_counter()
    result = costmodel.recommend(account, catalog)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"recommend 100,000 resources: ours {seconds:.1f} s (required <= {_MOST_SECONDS:.0f}), "
        f"peak {peak:.2f} GB (required <= {_MOST_GB:.0f}), {len(result.accepted)} changes"
    )


if __name__ == "__main__":
    main()
