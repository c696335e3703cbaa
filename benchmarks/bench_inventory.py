"""100,000 instances: metric summaries and right-sizing, beside plain pandas and plain loops."""

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from costmodel.optimize.metric_summary import SeriesBlock, summarize
from costmodel.optimize.rightsizing.capacity import build_capacities
from costmodel.optimize.rightsizing.search import Load, Preferences, find_sizes

HARDWARE = Path(__file__).parents[1] / "pricing_data" / "hardware" / "instance_types.parquet"
INSTANCES = 100_000
HOURS = 720
SHARES = [0.5, 0.9, 0.95, 0.99, 0.995]


def seconds(work, repeats: int = 2) -> float:
    """Return the shortest of a few runs."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def bench_summaries(count: int) -> None:
    random = np.random.default_rng(0)
    values = random.random((count, HOURS)) * 100
    values[random.random(values.shape) < 0.02] = np.nan
    keys = [{"resource_id": f"i-{n}", "metric": "CPUUtilization"} for n in range(count)]
    start = datetime(2026, 3, 2, tzinfo=UTC)
    block = SeriesBlock(keys, values, start, 3600, np.full(count, 30.0))
    ours = seconds(lambda: summarize(block))
    part = count // 50
    frame = pd.DataFrame(values[:part].T)
    peer = seconds(lambda: (frame.quantile(SHARES), frame.max(), frame.mean())) * 50
    print(
        f"summaries of {count:,} series: ours {ours:.2f} s, pandas quantile/max/mean "
        f"{peer:.2f} s (of 1/50, scaled), ratio {peer / ours:.1f} (required ≥ 1.0)"
    )


def bench_rightsizing(count: int) -> None:
    random = np.random.default_rng(1)
    types = build_capacities(pq.read_table(HARDWARE))
    offered = [n for n in types.names if n.split(".")[0] in ("m5", "c5", "r5", "m6i", "m7i")]
    price = types.vcpus * 0.02 + types.memory_gib * 0.004
    load = Load(
        current=types.index(random.choice(offered, count).tolist()),
        cpu=random.uniform(0, 1, count), cpu_mean=np.full(count, 0.1),
        memory=random.uniform(0, 1, count), network_gbps=np.full(count, 0.1),
        ebs_iops=np.full(count, 100.0), ebs_mbps=np.full(count, 10.0), interfaces=np.ones(count),
        store_used=np.zeros(count, dtype=bool), market=random.integers(0, 17, count),
        hourly_cpu=np.empty((count, 0)),
    )  # fmt: skip
    ours = seconds(lambda: find_sizes(load, types, np.tile(price, (17, 1)), Preferences()))
    print(f"right-sizing of {count:,} instances: {ours:.2f} s (required ≤ 10 s)")


def main() -> None:
    bench_summaries(INSTANCES)
    bench_rightsizing(INSTANCES)


if __name__ == "__main__":
    main()
