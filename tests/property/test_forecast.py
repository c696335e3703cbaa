"""Forecasts and anomalies hold together on any series one can write down."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from costmodel.engine.anomaly import find_anomalies
from costmodel.engine.forecast import forecast, forecast_total
from costmodel.engine.reconcile import reconcile

cost = st.one_of(st.just(0.0), st.just(np.nan), st.floats(-1e9, 1e12))
shapes = st.tuples(st.integers(1, 4), st.integers(1, 80))
series = shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=cost))


@settings(max_examples=80)
@given(series, st.integers(1, 40))
def test_a_forecast_is_known_where_there_is_a_value_and_its_intervals_are_nested(y, horizon):
    result = forecast(y, horizon)
    known = ~np.isnan(y).all(axis=1)

    assert np.isfinite(result.mean[known]).all()
    assert np.isnan(result.mean[~known]).all()
    banded = np.isfinite(result.upper).all(axis=(0, 2))
    lower, upper = result.lower[:, banded], result.upper[:, banded]
    assert (np.diff(lower, axis=0) <= 0).all()
    assert (np.diff(upper, axis=0) >= 0).all()
    assert (lower[0] <= result.mean[banded]).all()
    assert (result.mean[banded] <= upper[0]).all()
    assert (
        ~(np.nan_to_num(y) < 0).any(axis=1) <= (np.nan_to_num(result.lower) >= 0).all(axis=(0, 2))
    ).all()


@settings(max_examples=40)
@given(series, st.integers(1, 20))
def test_the_running_total_is_the_sum_of_the_days(y, horizon):
    daily, total = forecast(y, horizon), forecast_total(y, horizon)

    assert total.mean == pytest.approx(np.cumsum(daily.mean, axis=1), nan_ok=True)


@settings(max_examples=60)
@given(series)
def test_anomalies_are_apart_positive_and_inside_the_data(y):
    found = find_anomalies(y)

    assert (found.impact > 0).all()
    assert ((found.end - found.start >= 1) & (found.end - found.start <= 3)).all()
    assert (found.end <= y.shape[1]).all()
    assert (np.diff(found.start) >= 0).all()
    for s in np.unique(found.series):
        mine = found.series == s
        assert (found.start[mine][1:] >= found.end[mine][:-1]).all()


@settings(max_examples=60)
@given(
    arrays(np.float64, (5, 3), elements=st.floats(0, 1e6)),
    arrays(np.float64, (3, 3), elements=st.floats(0, 1e6)),
    arrays(np.float64, 5, elements=st.floats(0, 1e6)),
    arrays(np.float64, 3, elements=st.floats(0, 1e6)),
    arrays(np.float64, (3, 5), elements=st.sampled_from([0.0, 1.0])),
)
def test_reconciled_sums_are_the_sums_of_their_leaves(leaf, total, leaf_var, total_var, member):
    result = reconcile(leaf, leaf_var, total, total_var, member)

    assert np.isfinite(result.leaf).all()
    assert (result.leaf >= 0).all()
    assert result.total == pytest.approx(member @ result.leaf)
