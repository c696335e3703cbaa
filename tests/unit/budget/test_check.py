import numpy as np
import pandas as pd
import pytest

from costmodel.budget.check import check
from costmodel.budget.model import parse_budgets
from costmodel.budget.spend import Spend


def report(now: str = "2026-03-10", **fields):
    days = pd.date_range("2026-01-01", periods=68, tz="UTC")  # to March 9
    cost = np.random.default_rng(0).lognormal(3.4, 0.2, 68)
    spend = Spend.from_table(pd.DataFrame({"ChargePeriodStart": days, "EffectiveCost": cost}))
    budgets = parse_budgets(
        [{"name": "a", "limit": 100, "thresholds": ["100%"], **fields}, {"name": "b"}], "t"
    )
    moment = pd.Timestamp(now, tz="UTC").to_pydatetime()
    return check(spend, budgets, now=moment, state={}), budgets


def test_burn_down_ends_at_the_forecast_of_the_status() -> None:
    result, _ = report()

    curve, status = result.burn_downs["a"], result.statuses[0]

    assert len(curve.spent) == 9
    assert curve.spent[-1] == pytest.approx(status.actual)
    assert curve.ahead.mean.shape == (1, 22)
    assert curve.spent[-1] + curve.ahead.mean[0, -1] == pytest.approx(status.forecast_mean)


def test_states_are_kept_per_budget_also_when_empty() -> None:
    result, budgets = report()

    states = result.states_by_budget(budgets)

    assert list(states["a"]) == ["a/2026-03-01/actual-100pct"]
    assert states["b"] == {}


def test_report_shows_itself() -> None:
    result, _ = report()

    assert not result.is_ok
    assert "ALARM" in result.to_text()
    assert "New alerts" in result.to_text()
    assert result.table["budget"].tolist() == ["a", "b"]
    assert result.to_json()["ok"] is False
    assert "1 in alarm" in result.to_html()
    assert "2 budgets, 1 in alarm" in repr(result)
    names = {trace.name for trace in result.figure().data}
    assert names >= {"spent", "expected", "80 % interval"}


def test_shares_and_late_data_have_no_curve_to_draw() -> None:
    result, _ = report(now="2026-05-20", per_unit={"column": "EffectiveCost"})

    assert list(result.burn_downs) == ["b"]
    assert result.burn_downs["b"].ahead is None
    assert result.statuses[1].state == "DATA_LATE"
    assert len(result.figure().data) == 1
