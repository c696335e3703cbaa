import numpy as np
import pytest

from costmodel.engine.calendar_events import split_calendar_events

MONTHS = (31, 28, 31, 30, 31, 30)
DAYS = np.concatenate([np.arange(1, n + 1) for n in MONTHS])
PAST = 151  # the first five months


def test_a_credit_on_the_third_is_a_negative_event() -> None:
    y = 50.0 + np.random.default_rng(0).normal(0, 1, (1, PAST))
    y[0, DAYS[:PAST] == 3] -= 40.0

    split = split_calendar_events(y, DAYS, 30)

    assert np.flatnonzero(split.future[0]).tolist() == [2]
    assert split.future[0, 2] == pytest.approx(-40.0, abs=3.0)
    assert split.base.min() > 45.0


def test_a_fee_that_stopped_is_no_longer_expected() -> None:
    y = np.full((1, PAST), 10.0)
    y[0, np.flatnonzero(DAYS[:PAST] == 1)[:4]] += 100.0

    assert not split_calendar_events(y, DAYS, 30).future.any()


@pytest.mark.parametrize("days", [PAST, 59])
def test_noise_and_weekly_patterns_are_no_events(days: int) -> None:
    random = np.random.default_rng(1)
    y = random.lognormal(3, 0.3, (200, days)) * np.where(np.arange(days) % 7 < 2, 0.5, 1.0)

    split = split_calendar_events(y, DAYS[: days + 30], 30)

    assert (split.future != 0.0).any(axis=1).mean() < 0.02


def test_a_series_of_fees_only_keeps_nothing_for_the_smoother() -> None:
    y = np.where(DAYS[:PAST] == 1, 30.0, 0.0)[None]

    split = split_calendar_events(y, DAYS, 30)

    assert not split.base.any()
    assert split.future[0, 0] == 30.0


def test_two_months_show_a_fee_and_one_does_not() -> None:
    y = np.where(DAYS[:61] == 1, 310.0, 10.0)[None]

    assert (
        split_calendar_events(y[:, :59], DAYS[:90], 31).future[0].tolist() == [300.0] + [0.0] * 30
    )
    assert not split_calendar_events(y[:, :31], DAYS[:60], 29).future.any()


def test_missing_days_stay_missing() -> None:
    y = np.full((1, PAST), 10.0)
    y[0, 60:80] = np.nan

    split = split_calendar_events(y, DAYS, 30)

    assert np.isnan(split.base[0, 60:80]).all()
    assert not split.future.any()


def test_a_fee_on_the_last_of_the_month_is_none_of_the_28th_30th_and_31st() -> None:
    is_last = np.append(DAYS[1:] == 1, True)
    y = np.where(is_last[:PAST], 310.0, 10.0)[None]

    following = split_calendar_events(y, np.append(DAYS, 1), 30)
    unknown = split_calendar_events(y, DAYS, 30)  # June may have 31 days, as far as this tells
    shorter = split_calendar_events(y[:, :90], DAYS[:121], 31)  # April's 30th, then May's 1st

    assert following.base.tolist() == [[10.0] * PAST]
    assert following.future[0].tolist() == [0.0] * 29 + [300.0]
    assert not unknown.future.any()
    assert shorter.future[0].tolist() == [0.0] * 29 + [300.0, 0.0]
