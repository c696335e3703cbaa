from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from costmodel.optimize.rightsizing.backtest import backtest_sizes
from costmodel.optimize.rightsizing.capacity import build_capacities
from costmodel.optimize.rightsizing.search import Load, Preferences

HARDWARE = Path(__file__).parents[4] / "pricing_data" / "hardware" / "instance_types.parquet"


@pytest.fixture(scope="module")
def types():
    return build_capacities(pq.read_table(HARDWARE), ["m5.large", "m5.xlarge", "m5.2xlarge"])


def run(types, *halves: float):
    half = [np.full(50, share) for share in halves]
    hours = np.concatenate(half)[None, :]
    load = Load(
        current=types.index(["m5.xlarge"]), cpu=np.array([0.9]), cpu_mean=np.array([0.1]),
        memory=np.array([0.3]), network_gbps=np.zeros(1), ebs_iops=np.zeros(1),
        ebs_mbps=np.zeros(1), interfaces=np.zeros(1), store_used=np.zeros(1, dtype=bool),
        market=np.zeros(1, dtype=np.int64), hourly_cpu=np.empty((1, 0)),
    )  # fmt: skip
    return backtest_sizes(load, types, np.array([[0.1, 0.2, 0.4]]), Preferences(), hours)


def test_a_past_that_repeats_has_no_overload(types) -> None:
    found = run(types, 0.3, 0.3)

    assert types.names[found.chosen[0]] == "m5.large"
    assert found.overload[0] == 0.0


def test_growth_after_the_choice_shows_as_overload(types) -> None:
    # 60 % of 4 vCPU need 2.4 vCPU, m5.large has 2.
    found = run(types, 0.3, 0.6)

    assert found.overload[0] == 1.0


def test_a_half_that_nobody_saw_is_unknown(types) -> None:
    assert np.isnan(run(types, 0.3, np.nan).overload[0])
    assert np.isnan(run(types, np.nan, 0.3).overload[0])
