"""Usage that ended before its bill did."""

import numpy as np
import pytest

from costmodel.optimize.commitments.ended import ended_issue, ended_rows
from costmodel.optimize.commitments.usage import read_usage
from tests.unit.optimize.commitments.catalog_of_two_families import charges

DAYS = 28


def usage_of(*columns, freq: str = "h"):
    """Return usage of m5 instances, one row per column of units per hour or day."""
    named = {f"BoxUsage:m5.{n}xlarge": column for n, column in enumerate(columns, start=2)}
    return read_usage(charges(named, freq=freq, ContractedUnitPrice=0.1))


def days_on(last: int, every: int = 1) -> np.ndarray:
    """Return (h,) hours of an instance that runs each ``every``-th day up to day ``last``."""
    day = np.repeat(np.arange(DAYS), 24)
    return ((day < last) & (day % every == 0)).astype(float)


def test_three_days_of_quiet_after_steady_use_are_an_end() -> None:
    usage = usage_of(days_on(DAYS), days_on(DAYS - 3), days_on(DAYS - 2))

    assert ended_rows(usage).tolist() == [False, True, False]


@pytest.mark.parametrize(("quiet_days", "is_end"), [(13, False), (15, True)])
def test_a_pause_of_usage_that_paused_before_is_an_end_from_twice_its_length(
    quiet_days, is_end
) -> None:
    # Runs every eighth day, so pauses of 7 days: 14 days are the boundary.
    hours = np.zeros(60 * 24)
    last_day = 60 - quiet_days - 1
    for day in range(last_day % 8, last_day + 1, 8):
        hours[day * 24 : (day + 1) * 24] = 1.0
    usage = usage_of(np.ones(60 * 24), hours)

    assert ended_rows(usage).tolist() == [False, is_end]


def test_days_of_a_daily_bill_count_24_hours() -> None:
    steady, stopped = np.full(DAYS, 24.0), np.r_[np.full(DAYS - 3, 24.0), np.zeros(3)]

    assert ended_rows(usage_of(steady, stopped, freq="D")).tolist() == [False, True]


def test_the_issue_names_the_costliest_and_its_share() -> None:
    usage = usage_of(days_on(DAYS), 2.0 * days_on(DAYS - 3))
    issue = ended_issue(usage, ended_rows(usage), "nothing is bought for it")[0]

    # 2 × 25 of 28 + 2 × 25 instance-days, all at one price.
    assert f"{50 / 78:.1%} of the on-demand cost" in issue.message
    assert "BoxUsage:m5.3xlarge" in issue.message
    assert ended_issue(usage, np.zeros(2, dtype=bool), "") == []
