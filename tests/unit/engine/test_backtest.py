import numpy as np
import pytest

from costmodel.engine.backtest import backtest
from costmodel.engine.forecast import forecast
from costmodel.errors import BadInputError
from tests.cost_series import make_families, read_daily_cost


def test_real_daily_cost_meets_the_accuracy_and_coverage_promised(sample) -> None:
    y = read_daily_cost(
        [sample(f"daily-cost/daily_cost_by_{kind}.csv") for kind in ("category", "project")]
    )

    result = backtest(y, 30)

    assert y.shape == (7, 671)
    assert result.mase.mean() <= 1.03
    assert 0.76 <= result.coverage[1].mean() <= 0.86
    assert (result.mase <= 1.03 * result.seasonal_naive_mase).all()
    assert np.median(result.total_error) < 0.08


@pytest.mark.parametrize("seed", [11, 12])
def test_no_family_is_worse_than_seasonal_naive_and_coverage_holds(seed: int) -> None:
    coverage = []
    for name, y in make_families(seed).items():
        result = backtest(y, 30, origins=6, step=50)
        if name == "constant":
            assert np.isnan(result.mase).all()  # nothing to scale by
            assert (result.coverage == 1.0).all()
            continue
        assert np.mean(result.mase) <= 1.03 * np.mean(result.seasonal_naive_mase), name
        coverage.append(result.coverage[1].mean())

    assert 0.76 <= np.mean(coverage) <= 0.86


@pytest.mark.parametrize(("days", "worst"), [(10, 1.1), (20, 1.03), (40, 1.03)])
def test_a_short_history_is_not_worse_than_its_last_week_repeated(days, worst) -> None:
    for name, y in make_families(21).items():
        errors, naive_errors = [], []
        for origin in range(60, y.shape[1] - 30, 37):
            history, coming = y[:, origin - days : origin], y[:, origin : origin + 30]
            naive = np.tile(history[:, -7:], 5)[:, :30]
            errors.append(np.abs(forecast(history, 30).mean - coming).mean(axis=1))
            naive_errors.append(np.abs(naive - coming).mean(axis=1))
        scale = np.maximum(np.abs(y[:, 7:] - y[:, :-7]).mean(axis=1), 1e-9)
        assert np.mean(errors / scale) <= worst * np.mean(naive_errors / scale) + 1e-12, name


def test_mase_is_scaled_by_the_mean_weekly_change() -> None:
    # A ramp of 1 a day changes by 7 a week; a naive of lag 7 misses day i by 7 · ⌈i / 7⌉.
    y = np.arange(100.0)[None]

    result = backtest(y, 14, origins=1)

    assert result.seasonal_naive_mase == pytest.approx([1.5])
    assert result.origins.tolist() == [86]


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(BadInputError, match="58 days"):
        backtest(np.zeros((1, 40)), 30)


def test_unknown_days_are_left_out_and_an_unknown_series_has_no_figure() -> None:
    y = np.random.default_rng(0).lognormal(3, 0.1, (2, 200))
    y[0, 180] = np.nan
    y[1] = np.nan

    result = backtest(y, 30, origins=2)

    assert np.isfinite(result.mase[0])
    assert np.isnan(result.mase[1])
    assert np.isnan(result.coverage[:, 1]).all()
