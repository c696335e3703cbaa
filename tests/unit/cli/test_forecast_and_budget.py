"""The commands on a stand-in for a bill: what they ask of it and what they print."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from costmodel.cli.main import app
from costmodel.verbs import spend as verbs_spend

RUNNER = CliRunner()


class Summary:
    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table


class StandInBill:
    """Answers as ``Bill.summarize`` does: 120 days of two services."""

    available = frozenset(
        ["ChargePeriodStart", "ChargeCategory", "ServiceName", "SubAccountId", "RegionId",
         "EffectiveCost", "BilledCost", "ConsumedQuantity", "Tags", "x_CostCategories"]
    )  # fmt: skip
    names = SimpleNamespace(others={})
    default_metric = "EffectiveCost"

    def __init__(self) -> None:
        self.asked: list[dict] = []

    def resolve(self, name: str) -> str:
        return f"Tags['{name[4:]}']" if name.startswith("tag:") else name

    def summarize(self, by=(), metric=None, granularity="total", filter=None, unused="as billed"):
        self.asked.append({"by": by, "metric": metric, "filter": filter, "unused": unused})
        metric = [metric] if isinstance(metric, str) else metric
        days = pd.date_range("2026-01-01", periods=120)  # to April 30
        cost = 50.0 + np.random.default_rng(0).normal(0, 1, 120)
        cost[100] += 40.0
        frames = [
            pd.DataFrame({"ChargePeriodStart": days, **dict.fromkeys(by, "x"), "ServiceName": s,
                          **dict.fromkeys(metric, cost)})
            for s in ("Amazon EC2", "Amazon S3")
        ]  # fmt: skip
        return Summary(pd.concat(frames))


@pytest.fixture
def bill(monkeypatch: pytest.MonkeyPatch) -> StandInBill:
    stand_in = StandInBill()
    monkeypatch.setattr(verbs_spend, "read_bill", lambda *paths: stand_in)
    return stand_in


def test_forecast_prints_the_horizons(bill: StandInBill) -> None:
    result = RUNNER.invoke(app, ["forecast", "cur", "--as-of", "2026-04-11", "--format", "json"])

    payload = json.loads(result.stdout)
    assert result.exit_code == 0
    assert payload["data_through"] == "2026-04-11"
    assert payload["rows"][0]["x_Forecast"] == pytest.approx(30 * 100.0, rel=0.03)
    assert bill.asked[0]["by"] == ["ServiceName"]


def test_anomalies_look_at_usage_only_and_name_the_day(bill: StandInBill) -> None:
    result = RUNNER.invoke(app, ["anomalies", "cur", "--by", "ServiceName", "--format", "csv"])

    assert result.exit_code == 0
    assert bill.asked[0]["filter"] == (
        "ChargeCategory not in ('Purchase', 'Tax', 'Credit', 'Adjustment')"
        " or ChargeCategory is null"
    )
    assert bill.asked[0]["unused"] == "spread"
    assert "2026-04-11" in result.stdout


def test_budget_check_exits_with_1_on_an_alarm(bill: StandInBill, tmp_path) -> None:
    path = tmp_path / "budgets.yaml"
    path.write_text(
        "budgets:\n- name: web\n  limit: 1000\n  thresholds: ['80%']\n"
        "  filter: {'tag:team': x, 'cost_category:Env': x}\n"
    )

    result = RUNNER.invoke(
        app, ["budget", "check", "--budgets", str(path), "--bill", "cur", "--as-of", "2026-04-25"]
    )

    assert result.exit_code == 1
    assert "ALARM" in result.stdout
    assert "Tags['team']" in bill.asked[0]["by"]
    assert "x_CostCategories['Env']" in bill.asked[0]["by"]


def test_budget_inside_its_limit_exits_with_0(bill: StandInBill, tmp_path) -> None:
    path = tmp_path / "budgets.yaml"
    path.write_text("- name: all\n  limit: 100000\n  thresholds: ['80%']\n")

    result = RUNNER.invoke(
        app, ["budget", "check", "--budgets", str(path), "--bill", "cur", "--as-of", "2026-04-25"]
    )

    assert (result.exit_code, "OK" in result.stdout) == (0, True)


def test_send_delivers_an_alert_once_and_remembers_it(bill: StandInBill, tmp_path) -> None:
    told = tmp_path / "told.jsonl"
    (tmp_path / "b.yaml").write_text("- name: web\n  limit: 1000\n  thresholds: ['80%']\n")
    (tmp_path / "d.yaml").write_text(
        "allow_exec: true\ndestinations:\n- name: hook\n  format: exec\n"
        f"  command: [sh, -c, 'cat >> {told}']\n"
    )
    command = ["budget", "check", "--budgets", str(tmp_path / "b.yaml"), "--bill", "cur",
               "--as-of", "2026-04-25", "--send", "--destinations", str(tmp_path / "d.yaml"),
               "--outbox", str(tmp_path / "alerts.db")]  # fmt: skip

    first = RUNNER.invoke(app, command)
    second = RUNNER.invoke(app, command)

    assert (first.exit_code, second.exit_code) == (1, 1), first.output
    assert "1 delivered" in first.stderr
    assert "0 delivered" in second.stderr
    assert told.read_text().count("web/2026-04-01/actual-80pct") == 1


def test_anomalies_of_the_last_week_are_sent_once(bill: StandInBill, tmp_path) -> None:
    told = tmp_path / "told.jsonl"
    (tmp_path / "d.yaml").write_text(
        "allow_exec: true\ndestinations:\n- name: hook\n  format: exec\n"
        f"  command: [sh, -c, 'cat >> {told}']\n"
    )
    send = ["--send", "--destinations", str(tmp_path / "d.yaml"),
            "--outbox", str(tmp_path / "alerts.db")]  # fmt: skip

    old = RUNNER.invoke(app, ["anomalies", "cur", "--as-of", "2026-04-25", *send])
    assert not told.exists(), old.output
    for _ in range(2):
        RUNNER.invoke(app, ["anomalies", "cur", "--as-of", "2026-04-14", *send])

    keys = re.findall(r'"key": "(.*?)"', told.read_text())
    # Each service rose by 40; the total, which no single one explains, by 80.
    assert len(keys) == len(set(keys)) == 3
    assert all(key.endswith("/2026-04-11/anomaly") for key in keys)


@pytest.mark.parametrize("command", [["forecast"], ["anomalies"], ["budget", "check"]])
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    result = RUNNER.invoke(app, [*command, "--help"])

    assert "Example: costmodel" in result.stdout
