"""100,000 instances: metric summaries and right-sizing, beside plain pandas and plain loops."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmarks.timing import best_seconds, report, report_limit
from costmodel.optimize.metric_summary import SeriesBlock, summarize
from costmodel.optimize.rightsizing.capacity import build_capacities
from costmodel.optimize.rightsizing.search import Load, Preferences, find_sizes

HARDWARE = Path(__file__).parents[1] / "pricing_data" / "hardware" / "instance_types.parquet"
INSTANCES = 100_000
HOURS = 720
SHARES = [0.5, 0.9, 0.95, 0.99, 0.995]


def bench_summaries(count: int) -> None:
    random = np.random.default_rng(0)
    values = random.random((count, HOURS)) * 100
    values[random.random(values.shape) < 0.02] = np.nan
    keys = [{"resource_id": f"i-{n}", "metric": "CPUUtilization"} for n in range(count)]
    start = datetime(2026, 3, 2, tzinfo=UTC)
    block = SeriesBlock(keys, values, start, 3600, np.full(count, 30.0))
    ours = best_seconds(lambda: summarize(block), 2)
    part = count // 50
    frame = pd.DataFrame(values[:part].T)
    peer = 50 * best_seconds(lambda: (frame.quantile(SHARES), frame.max(), frame.mean()), 2)
    report(
        f"summaries of {count:,} series of {HOURS} hours",
        ours,
        "pandas quantile, max and mean (a fiftieth, scaled)",
        peer,
        "≤ 1",
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
    ours = best_seconds(lambda: find_sizes(load, types, np.tile(price, (17, 1)), Preferences()), 2)
    report_limit(f"right-sizing of {count:,} instances", ours, 10.0)


def main() -> None:
    bench_summaries(INSTANCES)
    bench_rightsizing(INSTANCES)


if __name__ == "__main__":
    main()
