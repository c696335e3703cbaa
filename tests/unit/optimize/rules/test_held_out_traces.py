"""Traces nobody tuned the rules on: peaks decide, gaps and short spans leave the matter open."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import costmodel
from costmodel.optimize.recommendation import Recommendations

START = datetime(2026, 6, 1, tzinfo=UTC)
PERIODS = {"5 minutes": 300, "hours": 3600, "days": 86_400}
NETWORK = {"NetworkIn": 1e5, "NetworkOut": 1e5}  # bytes a day


def points(name: str, metric: str, values, period: int, **about) -> pa.Table:
    """Return the points of one series, those that are NaN left out."""
    values = np.asarray(values, dtype=float)
    kept = np.flatnonzero(~np.isnan(values))
    times = [START + timedelta(seconds=int(n) * period) for n in kept]
    columns = {
        "timestamp": pa.array(times, pa.timestamp("us", "UTC")), "value": values[kept],
        "resource_id": [name] * len(kept), "metric": [metric] * len(kept),
    }  # fmt: skip
    for key, value in {"instance_type": "m5.2xlarge", "region_id": "us-east-1",
                       "operation": "RunInstances", **about}.items():  # fmt: skip
        columns[key] = pa.array([value] * len(kept), pa.string())
    return pa.table(columns)


def advice(tmp_path, traces, period: int = 3600, memory=None, network=None, **about):
    """Return the recommendations on traces of CPU, name → values."""
    tables = []
    for name, cpu in traces.items():
        tables.append(points(name, "CPUUtilization", cpu, period, **about))
        count = len(cpu)
        for metric, daily in {**NETWORK, **(network or {})}.items():
            amount = np.full(count, daily * period / 86_400)
            tables.append(points(name, metric, amount, period))
        disks = ("EBSReadOps", "EBSWriteOps", "EBSReadBytes", "EBSWriteBytes")
        tables += [points(name, metric, np.full(count, 10.0), period) for metric in disks]
        if memory is not None:
            tables.append(points(name, "mem_used_percent", np.full(count, memory), period))
    path = tmp_path / "metrics.parquet"
    pq.write_table(pa.concat_tables(tables, promote_options="default"), path)
    return costmodel.recommend(metrics=path)


def idle(result: Recommendations) -> set[str]:
    return {r.resource_id for r in result.accepted if r.rule.id == "ec2-idle"}


def spiky(seed: int, count: int) -> np.ndarray:
    """Return a trace of low mean with a few high peaks, somewhere."""
    random = np.random.default_rng(seed)
    trace = random.uniform(0.2, 2.0, count)
    where = random.choice(count, max(1, int(count * random.uniform(0.0005, 0.02))), replace=False)
    trace[where] = random.uniform(30.0, 100.0, len(where))
    return trace


@pytest.mark.parametrize("memory", [None, 3.0], ids=["no memory", "memory"])
@pytest.mark.parametrize("period", PERIODS.values(), ids=PERIODS)
def test_low_means_with_high_peaks_are_never_idle(tmp_path, period: int, memory) -> None:
    count = 21 * 86_400 // period
    traces = {f"i-{seed}": spiky(seed, count) for seed in range(8)}
    # With daily points a single spike weighs much; the others have the mean of an idle instance.
    assert period == 86_400 or all(trace.mean() < 5.0 for trace in traces.values())

    assert idle(advice(tmp_path, traces, period, memory)) == set()


@pytest.mark.parametrize("period", PERIODS.values(), ids=PERIODS)
@pytest.mark.parametrize("level", [0.0, 4.9], ids=["constant zero", "below 5 %"])
def test_what_never_rises_is_idle_at_every_period(tmp_path, period: int, level: float) -> None:
    count = 21 * 86_400 // period

    assert idle(advice(tmp_path, {"i-1": np.full(count, level)}, period)) == {"i-1"}


def test_averages_of_hours_hide_peaks_and_are_not_believed(tmp_path) -> None:
    quiet = {"i-1": np.full(21 * 24, 2.0)}

    result = advice(tmp_path, quiet, statistic="Average")

    assert not result.accepted
    assert any("hide the peaks of 1 resources (i-1)" in issue.message for issue in result.issues)
    # Five minutes are what CloudWatch measures: their average is judged.
    assert idle(advice(tmp_path, {"i-1": np.full(21 * 288, 2.0)}, 300, statistic="Average"))


@pytest.mark.parametrize(
    ("share", "judged"), [(0.05, True), (0.4, False)], ids=["few gaps", "wide gaps"]
)
def test_wide_gaps_leave_the_matter_open(tmp_path, share: float, judged: bool) -> None:
    random = np.random.default_rng(7)
    trace = np.full(21 * 288, 1.0)
    trace[random.choice(len(trace), int(len(trace) * share), replace=False)] = np.nan

    assert bool(idle(advice(tmp_path, {"i-1": trace}, 300))) is judged


@pytest.mark.parametrize(("days", "judged"), [(7, False), (13, False), (14, True)])
def test_few_days_are_not_enough(tmp_path, days: int, judged: bool) -> None:
    assert bool(idle(advice(tmp_path, {"i-1": np.full(days * 24, 1.0)}))) is judged


def test_a_peak_beside_nan_and_minus_one_is_seen(tmp_path) -> None:
    path = tmp_path / "i-1_CPUUtilization.csv"
    cells = ["nan", "-1", "", "1.0"] * 200
    cells[401] = "88.0"
    lines = [
        f"{(START + timedelta(hours=n)).isoformat()},{cell},m5.large,us-east-1,RunInstances"
        for n, cell in enumerate(cells)
    ]
    path.write_text("timestamp,value,instance_type,region_id,operation\n" + "\n".join(lines))

    result = costmodel.recommend(metrics=path)

    assert not idle(result)
    assert any("599 rows without a time or a number" in issue.message for issue in result.issues)
    reasons = {check: why for _, check, why in result.explain("i-1")}
    assert reasons["ec2-idle"] == "does not hold: CPUUtilization__max < max_cpu"


def test_only_minus_ones_are_no_data_and_nothing_idle(tmp_path) -> None:
    path = tmp_path / "i-1_CPUUtilization.csv"
    path.write_text("timestamp,value\n2026-06-01T00:00:00Z,-1\n2026-06-01T01:00:00Z,-1\n")

    with pytest.raises(costmodel.BadInputError, match="holds no data point"):
        costmodel.recommend(metrics=path)


def test_counters_that_grow_and_reset_are_traffic(tmp_path) -> None:
    # An exporter that forgot to take differences: bytes since boot, with three boots.
    count = 21 * 24
    grown = np.arange(count) % 150 * 1e6
    tables = [points("i-1", "CPUUtilization", np.full(count, 1.0), 3600)]
    tables += [points("i-1", name, grown, 3600) for name in NETWORK]
    path = tmp_path / "metrics.parquet"
    pq.write_table(pa.concat_tables(tables, promote_options="default"), path)

    assert not idle(costmodel.recommend(metrics=path))


def test_the_two_columns_of_a_statistics_export_give_its_peaks(tmp_path) -> None:
    path = tmp_path / "i-1_CPUUtilization.csv"
    lines = [
        f"{(START + timedelta(hours=n)).isoformat()},1.0,{90.0 if n == 300 else 2.0}"
        for n in range(21 * 24)
    ]
    path.write_text("timestamp,Average,Maximum\n" + "\n".join(lines))

    result = costmodel.recommend(metrics=path)

    assert not result.accepted
    assert any("instance type and region are not known" in i.message for i in result.issues)


def chosen_memory(result: Recommendations) -> float:
    hardware = {
        r["instance_type"]: r["memory_mib"]
        for r in costmodel.load_catalog().hardware().to_pylist()
    }
    (found,) = [r for r in result.accepted if r.resource_id == "i-1"]
    return float(hardware[found.recommended.split(" = ")[1]]) / 1024


@pytest.mark.parametrize("seed", range(4))
def test_without_memory_no_trace_is_given_less_of_it(tmp_path, seed: int) -> None:
    trace = np.random.default_rng(seed).uniform(6.0, 16.0, 21 * 24)

    unknown = advice(tmp_path, {"i-1": trace})
    full = advice(tmp_path, {"i-1": trace}, memory=90.0)
    small = advice(tmp_path, {"i-1": trace}, memory=10.0)

    # m5.2xlarge has 32 GiB; 90 % of it and 20 % headroom need more than that.
    assert chosen_memory(unknown) >= 32.0
    assert not full.accepted or chosen_memory(full) >= 32.0
    assert chosen_memory(small) < 32.0


@pytest.mark.parametrize("share", [0.004, 0.02], ids=["rare", "frequent"])
def test_peaks_above_the_rare_ones_keep_the_size(tmp_path, share: float) -> None:
    # P99.5 lets half a percent of the points pass; two percent at 95 % do not fit a smaller type.
    count = 28 * 24
    trace = np.full(count, 10.0)
    trace[:: int(1 / share)] = 95.0

    result = advice(tmp_path, {"i-1": trace}, memory=20.0)

    sized = [r for r in result.accepted if r.rule.stage == "rightsize"]
    assert bool(sized) is (share < 0.005)
