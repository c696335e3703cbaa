import numpy as np
import pytest

from costmodel.engine.anomaly import Sensitivity, expect, find_anomalies
from tests.cost_series import read_daily_cost, recall_at, score_days, trailing_z

NAN = float("nan")


def steady(days: int = 80, level: float = 100.0) -> np.ndarray:
    return level + np.random.default_rng(0).normal(0.0, 1.0, (1, days))


def test_one_day_spike_is_one_anomaly_with_its_excess_as_impact() -> None:
    y = steady()
    y[0, 60] += 50.0

    found = find_anomalies(y)

    assert (found.series.tolist(), found.start.tolist(), found.end.tolist()) == ([0], [60], [61])
    assert found.impact[0] == pytest.approx(50.0, abs=3.0)
    assert found.expected[0] == pytest.approx(100.0, abs=3.0)
    assert found.score[0] == pytest.approx(10.0, abs=0.6)  # 50 over the floor of 5 %
    assert not found.is_new_level[0]


def test_consecutive_days_are_merged() -> None:
    y = steady()
    y[0, 60:62] += 50.0

    found = find_anomalies(y)

    assert (found.start.tolist(), found.end.tolist()) == ([60], [62])
    assert found.impact[0] == pytest.approx(100.0, abs=5.0)


def test_a_lasting_rise_is_reported_once_as_a_new_level_after_three_days() -> None:
    y = steady()
    y[0, 40:] += 50.0

    found = find_anomalies(y)

    assert (found.start.tolist(), found.end.tolist()) == ([40], [43])
    assert found.is_new_level.all()
    assert found.impact[0] == pytest.approx(150.0, abs=6.0)


@pytest.mark.parametrize(
    "sensitivity",
    [Sensitivity(score=1e9), Sensitivity(amount=60.0), Sensitivity(percent=60.0)],
)
def test_score_amount_and_percent_must_all_be_exceeded(sensitivity: Sensitivity) -> None:
    y = steady()
    y[0, 60] += 50.0

    assert len(find_anomalies(y, sensitivity).series) == 0
    assert len(find_anomalies(y, Sensitivity(5.0, 40.0, 40.0)).series) == 1


def test_drops_are_no_rises() -> None:
    y = steady()
    y[0, 60] -= 50.0

    assert 60 not in find_anomalies(y).start


def test_cost_out_of_nothing_is_an_anomaly_above_the_amount() -> None:
    y = np.zeros((2, 40))
    y[0, 30] = 20.0
    y[1, 30] = 0.5

    found = find_anomalies(y)

    assert found.series.tolist() == [0]
    assert np.isinf(found.score[0])
    assert found.impact.tolist() == [20.0]


def test_a_weekend_pattern_is_expected() -> None:
    week = np.array([40.0, 40.0, 100.0, 100.0, 100.0, 100.0, 100.0])
    y = np.tile(week, 20)[None] + np.random.default_rng(1).normal(0, 1, (1, 140))

    late = find_anomalies(y).start

    assert (late < 42).all()  # none once five weeks are known


def test_missing_days_are_neither_a_drop_nor_a_rise() -> None:
    y = steady()
    y[0, 50:55] = NAN

    assert len(find_anomalies(y).series) == 0
    assert len(find_anomalies(np.full((1, 60), NAN)).series) == 0


def test_an_anomaly_on_the_last_day_is_reported() -> None:
    y = steady()
    y[0, -1] += 50.0

    assert find_anomalies(y).end.tolist() == [80]


def test_order_is_by_start_and_series_are_independent() -> None:
    y = np.repeat(steady(), 3, axis=0)
    y[2, 40] += 50.0
    y[0, 60] += 50.0

    found = find_anomalies(y)

    assert found.series.tolist() == [2, 0]
    assert find_anomalies(y[:1]).impact == pytest.approx(found.impact[1:])


def test_expectation_knows_only_the_past() -> None:
    y = steady()
    changed = y.copy()
    changed[0, 50:] = 999.0

    assert np.array_equal(
        expect(y).expected[:, :51], expect(changed).expected[:, :51], equal_nan=True
    )
    assert np.isnan(expect(y).expected[0, :7]).all()
    assert np.isnan(expect(y).scale[0, :21]).all()


def test_too_short_a_history_has_no_anomalies() -> None:
    assert len(find_anomalies(np.ones((3, 5))).series) == 0


@pytest.mark.parametrize("alarms_per_month", [0.2, 0.54, 0.69, 1.48])
def test_injected_spikes_are_found_more_often_than_by_the_references_best_row(
    sample, alarms_per_month: float
) -> None:
    series = read_daily_cost(
        [sample(f"daily-cost/daily_cost_by_{kind}.csv") for kind in ("category", "project")]
    )

    recall = recall_at(series, alarms_per_month, score_days)

    assert len(series) == 7
    assert (recall > recall_at(series, alarms_per_month, trailing_z)).all()


@pytest.mark.parametrize(
    ("alarms_per_month", "published"),
    [
        (0.2, (0.41, 0.58, 0.83)),
        (0.54, (0.47, 0.68, 0.89)),
        (0.69, (0.48, 0.66, 0.88)),
        (1.48, (0.63, 0.80, 0.95)),
    ],
)
def test_recall_is_at_least_the_published_one_on_series_that_spend_every_day(
    sample, alarms_per_month: float, published: tuple[float, ...]
) -> None:
    series = read_daily_cost(
        [sample(f"daily-cost/daily_cost_by_{kind}.csv") for kind in ("category", "project")]
    )
    # One series is idle on most days; without it the published detector has the published recall.
    busy = series[(series > 0.0).mean(axis=1) > 0.5]

    recall = recall_at(busy, alarms_per_month, score_days)

    assert (recall >= published).all()
