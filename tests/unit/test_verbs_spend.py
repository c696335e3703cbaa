from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

import costmodel
from costmodel.budget.model import parse_budget
from costmodel.engine.anomaly import Sensitivity
from costmodel.errors import BadInputError
from tests.unit.bill.focus_bill import focus_bill, row


def table(days: int = 90, **columns) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ChargePeriodStart": pd.date_range("2026-01-01", periods=days),
            "ServiceName": "Amazon EC2",
            "SubAccountId": "001",
            "EffectiveCost": 10.0 + np.arange(days) % 2,
            **columns,
        }
    )


def test_a_table_is_forecast_as_a_bill_is() -> None:
    outlook = costmodel.forecast(table(), as_of=datetime(2026, 3, 21, tzinfo=UTC))

    assert str(outlook.data_end) == "2026-03-21"
    assert outlook.ends[0].mean[0] == pytest.approx(31 * 10.5, rel=0.05)


def test_anomalies_of_a_table_leave_fees_out() -> None:
    fee = table(90, ChargeCategory="Usage")
    fee.loc[80, ["EffectiveCost", "ChargeCategory"]] = [900.0, "Purchase"]
    usage = fee.assign(ChargeCategory="Usage")

    assert costmodel.anomalies(fee).anomalies == ()
    assert len(costmodel.anomalies(usage).anomalies) == 1


def test_budgets_of_a_table_are_checked() -> None:
    budget = parse_budget({"name": "a", "limit": 100, "thresholds": ["50%"]}, "t")
    now = datetime(2026, 3, 21, tzinfo=UTC)

    first = costmodel.check_budgets([budget], table(), now=now)
    second = costmodel.check_budgets([budget], table(), now=now, state=first.state)

    assert len(first.alerts) == 1
    assert second.alerts == ()
    assert first.statuses[0].actual == pytest.approx(20 * 10.5, abs=1)


def test_missing_metric_and_filter_without_a_bill_are_named() -> None:
    with pytest.raises(BadInputError, match="no EffectiveCost"):
        costmodel.forecast(table().drop(columns="EffectiveCost"))
    with pytest.raises(BadInputError, match="filter the table itself"):
        costmodel.forecast(table(), filter="x = 1")


def test_budgets_on_a_real_bill_meet_its_known_totals(sample) -> None:
    # October of the sample bill: unblended 4064.483132, amortised 4195.957109.
    budgets = [
        parse_budget({"name": metric, "metric": metric}, "t")
        for metric in ("BilledCost", "EffectiveCost")
    ]

    report = costmodel.check_budgets(
        budgets, [sample("cur-2018")], now=datetime(2018, 10, 31, 23, 59, tzinfo=UTC)
    )

    billed, effective = (status.actual for status in report.statuses)
    assert billed == pytest.approx(4064.483132, abs=1e-6)
    assert effective == pytest.approx(4195.957109, abs=1e-6)


def test_forecast_of_a_real_bill_adds_up_and_spreads_unused_reservations(sample) -> None:
    outlook = costmodel.forecast([sample("cur-2018")], by=["ServiceName", "SubAccountId"])

    count = len(outlook.tree.sums)
    leaves, total = outlook.ahead.mean[count:], outlook.ahead.mean[0]
    assert leaves.sum(axis=0) == pytest.approx(total)
    assert str(outlook.data_end) == "2018-12-01"
    assert len(costmodel.anomalies([sample("cur-2018")]).anomalies) <= 3


def test_a_cost_explorer_bill_without_categories_is_watched(sample) -> None:
    path = sample("cost-explorer/get_cost_and_usage_daily_by_service.json")

    report = costmodel.anomalies(
        [path], by=["ServiceName"], sensitivity=Sensitivity(2.7, 0.01, 10)
    )

    assert report.tree.leaf.shape[1] == 86
    assert report.anomalies
    assert all(a.impact > 0 for a in report.anomalies)


def console_csv(folder, *days: str, name: str = "Service"):
    path = folder / "console.csv"
    header = f"{name},A($),Total costs($)\n{name} total,{len(days)},{len(days)}\n"
    path.write_text(header + "".join(f"{day},1,1\n" for day in days))
    return path


def test_a_bill_without_accounts_is_watched_by_what_it_has(tmp_path) -> None:
    days = [f"2026-01-{day:02d}" for day in range(1, 29)]

    assert not costmodel.anomalies(console_csv(tmp_path, *days)).anomalies


def test_a_bill_without_services_is_forecast_by_account(tmp_path) -> None:
    path = console_csv(tmp_path, *(f"2026-01-{day:02d}" for day in range(1, 29)),
                       name="Linked account")  # fmt: skip

    # 28 days of 1 USD: the month has 31 of them.
    month = costmodel.forecast(path).to_json()["rows"][0]
    assert month["x_Forecast"] == pytest.approx(31.0, rel=0.02)


@pytest.mark.parametrize("verb", [costmodel.forecast, costmodel.anomalies])
def test_a_bill_by_month_is_not_taken_for_days(tmp_path, verb) -> None:
    with pytest.raises(BadInputError, match="by month"):
        verb(console_csv(tmp_path, "2026-01-01", "2026-02-01", "2026-03-01"))


def test_grouping_by_all_tags_at_once_is_refused() -> None:
    bill = focus_bill([row(Tags={"team": "a"})])

    with pytest.raises(BadInputError, match="name one, as tag:team"):
        costmodel.anomalies(bill, by=["Tags"])
