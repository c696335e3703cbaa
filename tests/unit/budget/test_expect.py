import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from costmodel.budget.alert import AlertKind
from costmodel.budget.expect import days_of_month, expect_end
from costmodel.budget.spend import DailyMeasure, Spend
from costmodel.engine.forecast import forecast_total
from tests.unit.budget.daily_spend import budget, run, spend


def test_forecast_is_the_spend_so_far_plus_the_days_to_come() -> None:
    status = run(spend("2026-01-01", [10.0] * 68), budget(), "2026-03-10").statuses[0]

    assert status.actual == pytest.approx(90.0)  # March 1 … 9
    assert status.forecast_mean == pytest.approx(310.0)
    assert status.forecast_p90 == pytest.approx(310.0)
    assert status.used == pytest.approx(0.09)


def test_month_start_fee_does_not_raise_the_forecast_of_the_rest() -> None:
    day = pd.date_range("2026-01-01", periods=152).day
    amounts = np.where(day == 1, 510.0, 10.0)  # to June 1

    status = run(spend("2026-01-01", amounts), budget(), "2026-06-02").statuses[0]

    assert status.forecast_mean == pytest.approx(500.0 + 30 * 10.0)


def test_too_little_history_has_no_forecast_and_does_not_fire() -> None:
    one = budget(thresholds=[{"value": 1, "of": "forecast"}])

    result = run(spend("2026-03-01", [10.0] * 13), one, "2026-03-14")

    assert math.isnan(result.statuses[0].forecast_mean)
    assert result.alerts == ()


def test_p90_threshold_fires_before_the_mean_does() -> None:
    noisy = np.random.default_rng(0).lognormal(3, 0.6, 160)
    data = spend("2026-01-01", noisy)  # to June 9
    status = run(data, budget(), "2026-06-10").statuses[0]
    between = (status.forecast_mean + status.forecast_p90) / 2

    result = run(
        data,
        budget(thresholds=[{"value": between, "of": f} for f in ("forecast", "forecast_p90")]),
        "2026-06-10",
    )

    assert [a.key.split("/")[2].split("-")[0] for a in result.alerts] == ["forecast_p90"]
    assert "P90" in result.alerts[0].summary


def shares(used, unused) -> Spend:
    """Used and unused commitment, a row a day each."""
    days = pd.date_range("2026-01-01", periods=len(used), tz="UTC")
    parts = [
        pd.DataFrame(
            {
                "ChargePeriodStart": days,
                "CommitmentDiscountType": "Savings Plan",
                "CommitmentDiscountStatus": status,
                "EffectiveCost": np.asarray(amounts, dtype=float),
            }
        )
        for status, amounts in (("Used", used), ("Unused", unused))
    ]
    return Spend.from_table(pd.concat(parts))


UTILIZATION = budget(
    type="SAVINGS_PLANS_UTILIZATION",
    thresholds=[{"value": "80%", "of": "forecast", "operator": "less"}],
)


def test_utilisation_is_expected_as_the_quotient_of_what_both_parts_will_be() -> None:
    # 90 of 100 in January and February, 60 of 100 since March began.
    used = [90.0] * 59 + [60.0] * 10
    unused = [10.0] * 59 + [40.0] * 10

    result = run(shares(used, unused), UTILIZATION, "2026-03-11")

    (status,), (alert,) = result.statuses, result.alerts
    parts = np.array([used, np.add(used, unused)])
    ahead = forecast_total(parts, 21, day_of_month=days_of_month(date(2026, 1, 1), 90)).mean
    expected = 100.0 * (600.0 + ahead[0, -1]) / (1000.0 + ahead[1, -1])
    assert status.forecast_mean == pytest.approx(expected)
    assert 55.0 < expected < 80.0
    assert alert.kind is AlertKind.FORECASTED
    assert "is expected to reach" in alert.summary


def test_a_share_is_never_expected_above_100() -> None:
    rising = np.linspace(10.0, 100.0, 69)

    status = run(shares(rising, np.zeros(69)), UTILIZATION, "2026-03-11").statuses[0]

    assert (status.forecast_mean, status.forecast_p90) == (100.0, 100.0)


def test_a_price_per_unit_is_expected_and_fires_before_the_end() -> None:
    data = spend("2026-01-01", [10.0] * 70)  # a unit costs 0.1
    threshold = {"value": 0.09, "of": "forecast"}
    one = budget(per_unit={"column": "ConsumedQuantity"}, limit=0.05, thresholds=[threshold])

    result = run(data, one, "2026-03-12")

    assert result.statuses[0].forecast_mean == pytest.approx(0.1)
    assert result.statuses[0].forecast_p90 == pytest.approx(0.1)
    assert [alert.kind for alert in result.alerts] == [AlertKind.FORECASTED]


def test_the_forecast_limit_of_a_price_per_unit_is_what_was_expected_at_the_start() -> None:
    one = budget(per_unit={"column": "ConsumedQuantity"}, limit="forecast")

    status = run(spend("2026-01-01", [10.0] * 59 + [30.0] * 9), one, "2026-03-10").statuses[0]

    assert status.limit == pytest.approx(0.1)


def quotient_of(amount, base, days: int) -> tuple[float, float]:
    daily = DailyMeasure(date(2026, 1, 1), amount[:days], base[:days])
    return expect_end(daily, date(2026, 3, 1), date(2026, 4, 1))


def test_errors_that_both_parts_share_cancel_in_the_quantile() -> None:
    base = np.random.default_rng(1).lognormal(3.0, 0.5, 90)

    shared = quotient_of(2.0 * base, base, 69)
    own = quotient_of(2.0 * base[::-1].copy(), base, 69)

    assert shared == (pytest.approx(2.0), pytest.approx(2.0))
    assert own[1] > 1.01 * own[0]


def test_a_quotient_exceeds_its_90_percent_quantile_once_in_ten_times() -> None:
    exceeded, above_mean = [], []
    for seed in range(150):
        random = np.random.default_rng(seed)
        base = 100.0 * random.lognormal(0.0, 0.2, 90)
        amount = 3.0 * base * random.lognormal(0.0, 0.2, 90)
        mean, high = quotient_of(amount, base, 69)
        actual = amount[59:].sum() / base[59:].sum()
        exceeded.append(actual > high)
        above_mean.append(actual > mean)

    assert 0.03 <= np.mean(exceeded) <= 0.17
    assert 0.35 <= np.mean(above_mean) <= 0.65


def test_without_a_base_there_is_no_quotient() -> None:
    assert np.isnan(quotient_of(np.ones(69), np.zeros(69), 69)).all()


@pytest.mark.parametrize("month", range(1, 13))
def test_a_fee_on_the_last_of_each_month_is_expected_to_come_on_the_last(month: int) -> None:
    start, end = date(2024, month, 1), date(2024 + month // 12, month % 12 + 1, 1)
    first = date(2023, month, 1)
    days = [first + timedelta(days=n) for n in range((end - first).days - 8)]
    fees = [210.0 if (day + timedelta(days=1)).day == 1 else 10.0 for day in days]

    mean, high = expect_end(DailyMeasure(first, np.array(fees)), start, end)

    total = 10.0 * (end - start).days + 200.0
    assert (mean, high) == (pytest.approx(total), pytest.approx(total))
