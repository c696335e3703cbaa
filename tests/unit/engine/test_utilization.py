import csv

import numpy as np
import pytest

from costmodel.engine.utilization import (
    Burstable,
    Load,
    classify,
    daily,
    hourly,
    percentiles,
    standard_credits,
    unlimited_credits,
    week_fold,
)

NAN = np.nan


def terms(vcpus: float, earned: float, limit: float, launch: float = 0.0) -> Burstable:
    return Burstable(*(np.array([value]) for value in (vcpus, earned, limit, launch)))


def cpu(*hours: float) -> np.ndarray:
    return np.array([hours], dtype=np.float64)


def test_percentiles_leave_gaps_out() -> None:
    values = np.array([[1.0, NAN, 3.0, 2.0], [NAN, NAN, NAN, NAN], [7.0, NAN, NAN, NAN]])

    found = percentiles(values, np.array([0.0, 0.5, 1.0]))

    np.testing.assert_array_equal(found, [[1, 2, 3], [NAN, NAN, NAN], [7, 7, 7]])


def test_hours_hold_mean_and_peak_and_a_cut_last_hour() -> None:
    values = np.array([[1.0, 3.0, NAN, NAN, 5.0]])

    mean, peak = hourly(values, 2)

    np.testing.assert_array_equal(mean, [[2.0, NAN, 5.0]])
    np.testing.assert_array_equal(peak, [[3.0, NAN, 5.0]])


def test_days_hold_mean_peak_and_total() -> None:
    values = np.array([[1.0, 3.0, NAN, 4.0]])

    mean, peak, total = daily(values, 2)

    np.testing.assert_array_equal(mean, [[2.0, 4.0]])
    np.testing.assert_array_equal(peak, [[3.0, 4.0]])
    np.testing.assert_array_equal(total, [[4.0, 4.0]])


def test_the_fold_keeps_the_largest_week_and_counts_the_weeks() -> None:
    values = np.zeros((1, 3 * 168))
    values[0, 168 + 5] = 9.0

    fold, weeks = week_fold(values, 10)

    assert fold[0, 15] == 9.0
    assert fold.sum() == 9.0
    # Ten hours of the first week lie before the start; the third copy of the others is whole.
    assert weeks[0] == 3


def test_hours_of_the_week_never_seen_stay_unknown() -> None:
    fold, weeks = week_fold(np.ones((1, 24)), 24)

    assert np.isnan(fold[0, :24]).all()
    assert (fold[0, 24:48] == 1).all()
    assert weeks[0] == 0


@pytest.mark.parametrize(
    ("mean", "peak", "coverage", "expected"),
    [
        (1.0, 4.9, 1.0, Load.IDLE),
        (1.0, 5.0, 1.0, Load.SPIKY),  # the boundary is not idle
        (2.0, 99.0, 1.0, Load.SPIKY),
        (40.0, 60.0, 1.0, Load.STEADY),
        (1.0, 2.0, 0.85, Load.IDLE),  # as many points as are asked for are enough
        (1.0, 2.0, 0.5, Load.UNKNOWN),  # too few points: unknown, not idle
        (NAN, NAN, 0.0, Load.UNKNOWN),
        (1.0, 2.0, NAN, Load.UNKNOWN),
    ],
)
def test_only_a_low_peak_with_enough_points_is_idle(mean, peak, coverage, expected) -> None:
    found = classify(
        np.array([mean]),
        np.array([peak]),
        np.array([coverage]),
        idle_below=5.0,
        least_coverage=0.85,
    )

    assert found[0] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ec2_cpu_utilization_24ae8d", Load.IDLE),
        ("ec2_cpu_utilization_53ea38", Load.IDLE),
        ("ec2_cpu_utilization_5f5533", Load.STEADY),
        ("ec2_cpu_utilization_825cc2", Load.STEADY),
    ],
)
def test_recorded_series_are_judged_by_their_peaks(sample, name, expected) -> None:
    with sample(f"cloudwatch/{name}.csv").open() as file:
        values = np.array([[float(row["value"]) for row in csv.DictReader(file)]])

    found = classify(
        values.mean(axis=1),
        values.max(axis=1),
        np.ones(1),
        idle_below=5.0,
        least_coverage=0.85,
    )

    assert found[0] == expected


def test_a_t3_micro_at_its_baseline_neither_gains_nor_loses_credits() -> None:
    # t3.micro: 2 vCPU, 12 credits an hour = 10 % of both vCPUs.
    run = standard_credits(terms(2, 12, 288), cpu(*[0.1] * 48))

    assert run.balance[0] == pytest.approx(0.0, abs=1e-9)
    assert run.short[0] == pytest.approx(0.0, abs=1e-9)


def test_an_idle_day_earns_what_the_limit_holds() -> None:
    run = standard_credits(terms(2, 12, 288), cpu(*[0.0] * 30))

    assert run.balance[0] == 288


def test_standard_mode_withholds_what_the_credits_do_not_cover() -> None:
    # 2 vCPU at 50 % spend 60 credits an hour; 24 idle hours earned 288; net loss is 48 an hour.
    run = standard_credits(terms(2, 12, 288), cpu(*[0.0] * 24, *[0.5] * 8))

    assert run.least_balance[0] == 0
    assert run.short[0] == pytest.approx(8 * 48 - 288)


def test_launch_credits_of_a_t2_are_spent_first_and_outside_the_limit() -> None:
    # t2.micro: 1 vCPU, 6 credits an hour, limit 144, 30 launch credits.
    idle = standard_credits(terms(1, 6, 144, 30), cpu(*[0.0] * 30))
    busy = standard_credits(terms(1, 6, 144, 30), cpu(0.5))

    assert idle.balance[0] == 174
    assert busy.balance[0] == 6
    assert busy.short[0] == 0


def test_unlimited_mode_pays_surplus_back_before_it_charges() -> None:
    # One hour at 100 % of 2 vCPU: 120 spent, 12 earned, 108 owed; 9 idle hours pay it back.
    run = unlimited_credits(terms(2, 12, 288), cpu(1.0, *[0.0] * 9))

    assert run.surplus[0] == 0
    assert run.charged[0] == 0
    assert run.balance[0] == 0


def test_unlimited_mode_charges_what_is_borrowed_above_a_day_of_earnings() -> None:
    # 10 hours at 100 %: 1,080 owed, 288 may stay owed, 792 are charged.
    run = unlimited_credits(terms(2, 12, 288), cpu(*[1.0] * 10))

    assert run.surplus[0] == 288
    assert run.charged[0] == pytest.approx(792)
