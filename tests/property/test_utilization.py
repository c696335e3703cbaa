import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from costmodel.engine.utilization import (
    Burstable,
    hourly,
    percentiles,
    standard_credits,
    unlimited_credits,
    week_fold,
)

SERIES = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 60)),
    elements=st.one_of(st.floats(0, 1e6), st.just(np.nan)),
)
LOADS = hnp.arrays(np.float64, st.tuples(st.just(1), st.integers(1, 80)), elements=st.floats(0, 1))
SHARES = np.array([0.0, 0.5, 0.9, 0.95, 0.99, 0.995, 1.0])


@given(values=SERIES)
def test_percentiles_equal_numpy_on_the_points_seen(values) -> None:
    found = percentiles(values, SHARES)

    for row, series in zip(found, values, strict=True):
        seen = series[~np.isnan(series)]
        if len(seen) == 0:
            assert np.isnan(row).all()
        else:
            np.testing.assert_allclose(row, np.quantile(seen, SHARES), rtol=1e-12, atol=1e-9)


@given(values=SERIES, order=st.randoms(use_true_random=False))
def test_percentiles_do_not_depend_on_order(values, order) -> None:
    columns = list(range(values.shape[1]))
    order.shuffle(columns)

    np.testing.assert_array_equal(
        percentiles(values, SHARES), percentiles(values[:, columns], SHARES)
    )


@given(values=SERIES, per_hour=st.integers(1, 12))
def test_no_reduction_hides_a_peak(values, per_hour) -> None:
    _, peak = hourly(values, per_hour)
    fold, _ = week_fold(peak, 0)

    np.testing.assert_array_equal(
        np.fmax.reduce(fold, axis=1, initial=np.nan),
        np.fmax.reduce(values, axis=1, initial=np.nan),
    )


def _slow(vcpus, earned, limit, launch, loads):
    """Credits in plain Python: (balance, short) of standard mode, (owed, charged) of unlimited."""
    balance, short = 0.0, 0.0
    owed = charged = bank = 0.0
    for load in loads:
        spend = vcpus * load * 60
        use = min(launch, spend)
        launch -= use
        balance += earned - (spend - use)
        if balance < 0:
            short -= balance
            balance = 0.0
        balance = min(balance, limit)
        change = earned - spend
        if change >= 0:
            paid = min(owed, change)
            owed -= paid
            bank = min(limit, bank + change - paid)
        else:
            used = min(bank, -change)
            bank -= used
            owed += -change - used
            if owed > limit:
                charged += owed - limit
                owed = limit
    return balance + launch, short, owed, charged


@given(loads=LOADS, vcpus=st.integers(1, 8), baseline=st.floats(0.05, 0.4), t2=st.booleans())
def test_credits_equal_a_plain_simulation(loads, vcpus, baseline, t2) -> None:
    earned = vcpus * baseline * 60
    launch = 30.0 * vcpus if t2 else 0.0
    terms = Burstable(*(np.array([v]) for v in (float(vcpus), earned, 24 * earned, launch)))
    standard = standard_credits(terms, loads)
    unlimited = unlimited_credits(terms, loads)

    balance, short, owed, charged = _slow(vcpus, earned, 24 * earned, launch, loads[0])

    np.testing.assert_allclose(
        [standard.balance[0], standard.short[0], unlimited.surplus[0], unlimited.charged[0]],
        [balance, short, owed, charged],
        rtol=1e-9,
        atol=1e-6,
    )
