import pytest

from tests.unit.budget.daily_spend import STEADY, budget, run, spend


@pytest.mark.parametrize(
    ("rollover", "amounts", "limit"),
    [
        ("none", [10.0] * 31 + [20.0] * 28, 500.0),
        ("unspent", [10.0] * 31 + [20.0] * 28, 500.0 + (500 - 310) + (500 - 560)),
        ("unspent", [20.0] * 31 + [10.0] * 28, 500.0 + (500 - 280)),  # January's debt is forgiven
        ("balance", [20.0] * 31 + [10.0] * 28, 500.0 + (500 - 620) + (500 - 280)),
    ],
)
def test_rollover_moves_what_is_left_on(rollover: str, amounts, limit: float) -> None:
    one = budget(limit=500, rollover=rollover)

    status = run(spend("2026-01-01", [*amounts, 1.0]), one, "2026-03-02").statuses[0]

    assert status.limit == pytest.approx(limit)


def test_historical_limit_is_the_mean_of_the_last_periods() -> None:
    data = spend("2026-01-01", [10.0] * 31 + [20.0] * 28 + [1.0])

    status = run(data, budget(limit={"historical": 2}), "2026-03-02").statuses[0]

    assert status.limit == pytest.approx((310.0 + 560.0) / 2)
    assert status.previous == 560.0


def test_forecast_limit_is_what_the_first_day_expected() -> None:
    data = spend("2026-01-01", STEADY + [500.0] * 9)

    status = run(data, budget(limit="forecast"), "2026-03-10").statuses[0]

    assert status.limit == pytest.approx(310.0)
