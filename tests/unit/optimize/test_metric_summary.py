from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from costmodel.errors import BadInputError
from costmodel.optimize.metric_summary import (
    SeriesBlock,
    blocks_of_points,
    hourly_table,
    midnight,
    place_on_grid,
    summarize,
)

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def block(values: list[list[float]], period: int = 3600, days: float = 1.0) -> SeriesBlock:
    keys = [{"resource_id": f"r{n}", "metric": "m"} for n in range(len(values))]
    return SeriesBlock(keys, np.array(values), MONDAY, period, np.full(len(values), days))


def test_points_fall_into_their_cells_and_the_larger_of_two_stays() -> None:
    times = [MONDAY + timedelta(minutes=m) for m in (-5, 0, 4, 7, 60)]

    row = place_on_grid(times, [9.0, 1.0, 3.0, 5.0, 9.0], MONDAY, 300, 3)

    np.testing.assert_array_equal(row, [3.0, 5.0, np.nan])


def test_midnight_is_utc() -> None:
    assert midnight(datetime.fromisoformat("2026-03-02T00:30:00+01:00")).isoformat() == (
        "2026-03-01T00:00:00+00:00"
    )


def test_a_series_without_points_has_no_row() -> None:
    table = summarize(block([[np.nan, np.nan], [1.0, np.nan]]))

    assert table["resource_id"].to_pylist() == ["r1"]
    assert table["end_at"].to_pylist() == [MONDAY]
    assert summarize(block([[np.nan]])).num_rows == 0
    assert hourly_table(block([[np.nan]])).num_rows == 0


def test_daily_points_have_days_but_no_hours() -> None:
    row = summarize(block([[5.0, 7.0]], 86_400, 2.0)).to_pylist()[0]

    assert (row["max_daily_total"], row["coverage"], row["fold_max"]) == (7.0, 1.0, None)
    assert row["fold_weeks"] == 0
    assert hourly_table(block([[5.0]], 86_400)).num_rows == 0


def test_a_period_that_does_not_divide_a_day_is_refused() -> None:
    with pytest.raises(BadInputError, match="7000 s"):
        summarize(block([[1.0]], 7000))


def test_five_minute_points_become_hours() -> None:
    table = hourly_table(block([[*[1.0] * 11, 13.0, *[np.nan] * 12, 4.0]], 300))

    row = table.to_pylist()[0]
    np.testing.assert_array_equal(row["hourly_mean"], [2.0, np.nan, 4.0])
    np.testing.assert_array_equal(row["hourly_max"], [13.0, np.nan, 4.0])


@pytest.mark.parametrize("seed", range(5))
def test_loose_points_in_any_order_give_the_figures_of_each_series(seed) -> None:
    random = np.random.default_rng(seed)
    keys, series, seconds, values = [], [], [], []
    for number in range(8):
        period = int(random.choice([60, 300, 3600]))
        begin = int(MONDAY.timestamp()) + int(random.integers(0, 5)) * 86_400
        count = int(random.integers(2, 60))
        kept = (
            np.sort(random.choice(count * 2, count, replace=False)) if seed else np.arange(count)
        )
        keys.append({"resource_id": f"r{number}", "metric": "m"})
        series += [number] * count
        seconds += (begin + kept * period).tolist()
        values += random.uniform(0, 100, count).tolist()
    order = random.permutation(len(series))
    points = [np.array(part)[order] for part in (series, seconds, values)]

    rows = {
        row["resource_id"]: row
        for found in blocks_of_points(keys, *points)
        for row in summarize(found).to_pylist()
    }

    for number in range(8):
        own = points[2][points[0] == number]
        row = rows[f"r{number}"]
        assert row["max"] == own.max()
        assert row["datapoints"] <= len(own)
        if seed == 0:  # without gaps the period is known and no two points share a cell
            assert row["datapoints"] == len(own)
            assert row["mean"] == pytest.approx(own.mean(), rel=1e-12)
            assert row["p95"] == pytest.approx(np.quantile(own, 0.95), rel=1e-12)
            assert row["coverage"] == pytest.approx(1.0)
