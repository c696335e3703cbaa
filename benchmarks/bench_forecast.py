"""Forecast: accuracy on real and synthetic cost, speed beside statsforecast; anomalies: recall.

statsforecast needs an older pandas, so it runs in a process of its own: the interpreter named by
COSTMODEL_PEER_PYTHON, or a temporary environment it is installed into.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.timing import best_seconds, report, report_limit
from costmodel.engine.anomaly import find_anomalies
from costmodel.engine.backtest import backtest
from costmodel.engine.forecast import forecast
from tests.cost_series import make_families, read_daily_cost, recall_at, score_days, trailing_z

SERIES, DAYS, HORIZON = 10_000, 365, 30
PEER_SERIES = 2_000  # the peer's time grows with the number of series; a fifth is enough
SAMPLES = Path(
    os.environ.get("COSTMODEL_SAMPLES", Path(__file__).parents[2] / "shared" / "samples")
)
PEER_CODE = """
import sys, time
import numpy as np, pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import Theta

series, days, horizon = map(int, sys.argv[1:])
values = np.random.default_rng(0).lognormal(3, 0.3, (series, days))
frame = pd.DataFrame({
    "unique_id": np.repeat(np.arange(series), days),
    "ds": np.tile(pd.date_range("2025-01-01", periods=days), series),
    "y": values.ravel(),
})
model = StatsForecast(models=[Theta(season_length=7)], freq="D", n_jobs=2)
model.forecast(df=frame[frame.unique_id < 4], h=horizon, level=[80])  # compile
start = time.perf_counter()
model.forecast(df=frame, h=horizon, level=[50, 80, 95])
print(time.perf_counter() - start)
"""


def main() -> None:
    bench_accuracy()
    bench_families()
    bench_speed()
    bench_anomalies()


def bench_accuracy() -> None:
    folder = SAMPLES / "daily-cost"
    if not folder.exists():
        print(f"accuracy on real cost: skipped, {folder} is absent (set COSTMODEL_SAMPLES)")
        return
    y = read_daily_cost(sorted(folder.glob("*.csv")))
    result = backtest(y, HORIZON)
    for level, coverage in zip(result.levels, result.coverage.mean(axis=1), strict=True):
        print(f"real cost, {100 * level:.0f} % interval: holds {100 * coverage:.1f} % of the days")
    print(
        f"real cost, 7 series, 12 origins: MASE ours {result.mase.mean():.3f} (required ≤ 1.03), "
        f"seasonal naive {result.seasonal_naive_mase.mean():.3f}, worst ratio of a series "
        f"{np.max(result.mase / result.seasonal_naive_mase):.2f} (required ≤ 1.03)"
    )


def bench_families() -> None:
    for name, y in make_families(seed=2026, count=40).items():
        result = backtest(y, HORIZON, origins=6, step=50)
        if np.isnan(result.mase).all():
            continue
        ours, naive = np.nanmean(result.mase), np.nanmean(result.seasonal_naive_mase)
        print(
            f"family {name}: MASE ours {ours:.3f}, seasonal naive {naive:.3f}, ratio "
            f"{ours / naive:.2f} (required ≤ 1.03), 80 % interval holds "
            f"{100 * np.nanmean(result.coverage[1]):.0f} %"
        )


def bench_speed() -> None:
    y = np.random.default_rng(0).lognormal(3, 0.3, (SERIES, DAYS))
    ours = best_seconds(lambda: forecast(y, HORIZON))
    report_limit(f"{SERIES:,} series x {DAYS} days, h = {HORIZON}, three intervals", ours, 4.0)
    report_limit("anomalies of the same", best_seconds(lambda: find_anomalies(y), 2), 8.0)
    peer = _peer_seconds()
    if peer is not None:
        report("the same forecast", ours, "statsforecast Theta", peer, "≤ 0.067")


def _peer_seconds() -> float | None:
    """Return the peer's time for all series, from a part of them; None if it cannot be run."""
    named = os.environ.get("COSTMODEL_PEER_PYTHON")
    with tempfile.TemporaryDirectory() as folder:
        try:
            python = Path(named) if named else _install_peer(Path(folder))
            arguments = [str(python), "-c", PEER_CODE, str(PEER_SERIES), str(DAYS), str(HORIZON)]
            done = subprocess.run(
                arguments, capture_output=True, text=True, check=True, timeout=900
            )
        except (OSError, subprocess.SubprocessError) as error:
            print(f"statsforecast: skipped, it cannot be run ({str(error).splitlines()[0][:200]})")
            return None
    return float(done.stdout.split()[-1]) * SERIES / PEER_SERIES


def _install_peer(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    python = folder / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "statsforecast"]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return python


def bench_anomalies() -> None:
    folder = SAMPLES / "daily-cost"
    if not folder.exists():
        print(f"injected spikes: skipped, {folder} is absent (set COSTMODEL_SAMPLES)")
        return
    y = read_daily_cost(sorted(folder.glob("*.csv")))
    print("(published on 7 series: .41/.58/.83 at 0.20 and .47/.68/.89 at 0.54 alarms)")
    for alarms in (0.2, 0.54, 0.69, 1.48):
        ours, peer = recall_at(y, alarms, score_days), recall_at(y, alarms, trailing_z)
        print(
            f"injected spikes x 1.25 / 1.5 / 2 at {alarms} alarms per series-month: recall ours "
            f"{_shares(ours)}, trailing z {_shares(peer)} (required ≥ the peer's)"
        )
        busy = recall_at(y[_is_busy(y)], alarms, score_days)
        print(f"  the same without the series that is idle most days: recall ours {_shares(busy)}")


def _is_busy(y: np.ndarray) -> np.ndarray:
    return np.nanmean(y > 0.0, axis=1) > 0.5


def _shares(values: np.ndarray) -> str:
    return " / ".join(f"{value:.2f}" for value in values)
