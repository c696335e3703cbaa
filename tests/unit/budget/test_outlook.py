from datetime import date

import numpy as np
import pandas as pd
import pytest

from costmodel.budget.outlook import forecast_spend
from costmodel.budget.spend import Spend
from costmodel.errors import BadInputError, IssueReason


def two_by_two(days: int = 200, start: str = "2026-01-01") -> Spend:
    random = np.random.default_rng(0)
    frames = [
        pd.DataFrame(
            {
                "ChargePeriodStart": pd.date_range(start, periods=days, tz="UTC"),
                "ServiceName": service,
                "SubAccountId": account,
                "EffectiveCost": level * random.lognormal(0, 0.1, days),
            }
        )
        for service, level in [("Amazon EC2", 100.0), ("Amazon S3", 20.0)]
        for account in ("001", "002")
    ]
    return Spend.from_table(pd.concat(frames))


BY = ("ServiceName", "SubAccountId")


def test_parts_of_every_level_add_up_to_the_total() -> None:
    table = forecast_spend(two_by_two(), by=BY, metric="EffectiveCost").table

    for _, rows in table.groupby("x_Horizon"):
        sums = rows.groupby("x_Level")[["x_Forecast", "x_ActualToDate"]].sum()
        assert sums["x_Forecast"].to_numpy() == pytest.approx(sums["x_Forecast"].iloc[0])
        assert len(sums) == 4  # total, service, account, both
    assert len(table) == 3 * (1 + 2 + 2 + 4)


def test_horizons_end_with_month_quarter_and_year() -> None:
    outlook = forecast_spend(two_by_two(), by=(), metric="EffectiveCost")  # to July 19

    assert [(e.name, e.start, e.end) for e in outlook.ends] == [
        ("month", date(2026, 7, 1), date(2026, 8, 1)),
        ("quarter", date(2026, 7, 1), date(2026, 10, 1)),
        ("year", date(2026, 1, 1), date(2027, 1, 1)),
    ]
    month, _, year = outlook.ends
    assert outlook.ahead.mean.shape == (1, 165)
    assert month.mean[0] == pytest.approx(31 * 241.2, rel=0.03)
    assert year.mean[0] == pytest.approx(365 * 241.2, rel=0.03)
    assert (month.lower[1] < month.mean).all()
    assert (month.mean < month.upper[1]).all()
    assert month.actual[0] < month.lower[2][0]


def test_actual_to_date_is_the_sum_of_the_period_so_far() -> None:
    spend = two_by_two()
    july = spend.table["ChargePeriodStart"] >= "2026-07-01"

    month = forecast_spend(spend, by=(), metric="EffectiveCost").ends[0]

    assert month.actual[0] == pytest.approx(spend.table.loc[july, "EffectiveCost"].sum())


def test_month_that_is_complete_moves_on_to_the_next() -> None:
    outlook = forecast_spend(two_by_two(181), by=(), metric="EffectiveCost")  # to June 30

    assert outlook.ends[0].start == date(2026, 7, 1)
    assert outlook.ends[0].actual[0] == 0.0


def test_backtest_of_the_total_is_reported() -> None:
    payload = forecast_spend(two_by_two(), by=BY, metric="EffectiveCost").to_json()

    assert payload["backtest"]["origins"] == 5
    assert payload["backtest"]["mase"] < payload["backtest"]["seasonal_naive_mase"]
    assert 0.5 < payload["backtest"]["coverage"]["80"] <= 1.0
    assert payload["rows"][0]["x_Level"] == "total"
    assert "ServiceName" not in payload["rows"][0]


def test_short_history_says_so_and_has_no_backtest() -> None:
    outlook = forecast_spend(two_by_two(10), by=(), metric="EffectiveCost")

    assert outlook.tested is None
    assert outlook.to_json()["backtest"] is None
    assert [i.reason for i in outlook.issues] == [IssueReason.APPROXIMATION]


def test_missing_days_are_reported_and_do_not_pull_the_forecast_down() -> None:
    spend = two_by_two()
    gap = spend.table["ChargePeriodStart"].dt.day.isin([5, 6])
    holed = Spend.from_table(spend.table[~gap])

    whole = forecast_spend(spend, by=(), metric="EffectiveCost")
    outlook = forecast_spend(holed, by=(), metric="EffectiveCost")

    assert "14 day(s)" in outlook.issues[0].message
    assert outlook.ahead.mean.sum() == pytest.approx(whole.ahead.mean.sum(), rel=0.02)


def test_a_new_service_is_forecast_at_its_level() -> None:
    spend = two_by_two()
    late = (spend.table["ServiceName"] != "Amazon S3") | (
        spend.table["ChargePeriodStart"] >= "2026-06-01"
    )

    outlook = forecast_spend(
        Spend.from_table(spend.table[late]), by=("ServiceName",), metric="EffectiveCost"
    )

    s3 = [node.name for node in outlook.tree.nodes].index("Amazon S3")
    assert outlook.ahead.mean[s3].mean() == pytest.approx(40.0, rel=0.1)


def test_empty_spend_is_refused() -> None:
    empty = Spend.from_table(two_by_two().table.iloc[:0])

    with pytest.raises(BadInputError, match="no rows"):
        forecast_spend(empty, by=(), metric="EffectiveCost")


def test_it_shows_itself() -> None:
    outlook = forecast_spend(two_by_two(), by=("ServiceName",), metric="EffectiveCost")

    assert "80 % from" in outlook.to_text()
    assert "Backtest of the total" in outlook.to_text()
    assert "<table" in outlook._repr_html_()
    assert "Outlook" in repr(outlook)
    figure = outlook.figure()
    assert [trace.name for trace in figure.data] == [
        "95 % interval", "80 % interval", "50 % interval", "expected", "actual",
    ]  # fmt: skip
    assert len(figure.data[-1].x) == 180
    assert "Amazon EC2" in outlook.to_html()
