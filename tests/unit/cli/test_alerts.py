"""``alerts`` and ``budget check --send``: from a table of spend to a receiver, and back again."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from costmodel.cli.main import app
from costmodel.io.budget_files import read_budgets
from costmodel.io.delivery.destination import read_destinations
from costmodel.io.delivery.outbox import open_outbox
from costmodel.verbs import spend as verbs_spend
from tests.delivery_lab import NOW, Receiver, commit, deliver, make_alert

RUNNER = CliRunner()
BUDGETS = "budgets:\n- name: web\n  limit: 1000\n  thresholds: ['50%', '80%']\n"


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path) as running:
        yield running


@pytest.fixture
def folder(tmp_path, receiver, monkeypatch):
    """A working folder with budgets, destinations and a stand-in for the bill."""
    days = pd.date_range("2026-01-01", periods=102)
    table = pd.DataFrame({"ChargePeriodStart": days, "ServiceName": "Amazon EC2"})
    table["EffectiveCost"] = 100.0
    spend = verbs_spend.Spend.from_table(table)
    monkeypatch.setattr(verbs_spend, "read_bill", lambda *paths: spend)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "budgets.yaml").write_text(BUDGETS)
    write_destinations(tmp_path, receiver, "ok")
    return tmp_path


def write_destinations(folder, receiver, path):
    (folder / "webhooks.yaml").write_text(
        f"internal_receivers: [127.0.0.1]\nports: [{receiver.port}]\n"
        f"destinations:\n- name: ops\n  format: json\n"
        f"  url: http://127.0.0.1:{receiver.port}/{path}\n"
    )


def run(*arguments):
    return RUNNER.invoke(app, list(arguments))


def check_and_send():
    return run(
        *("budget", "check", "--budgets", "budgets.yaml", "--bill", "cur"),
        *("--as-of", "2026-04-11", "--send"),
    )


def test_a_check_with_send_tells_each_crossing_once(folder, receiver):
    first = check_and_send()
    again = check_and_send()

    assert (first.exit_code, again.exit_code) == (1, 1)  # the budget is in alarm both times
    assert "2 new alerts; 2 delivered" in first.stderr
    assert "0 new alerts; 0 delivered" in again.stderr
    bodies = [json.loads(entry["body"]) for entry in receiver.received()]
    # 1 to 10 April at 100 a day reach the limit of 1,000.
    assert [body["data"]["actual"] for body in bodies] == [1_000.0, 1_000.0]
    assert [body["data"]["budget"] for body in bodies] == ["web", "web"]


def test_a_check_without_send_keeps_nothing(folder, receiver):
    arguments = ["budget", "check", "--budgets", "budgets.yaml", "--bill", "cur"]
    result = run(*arguments, "--as-of", "2026-04-11")

    assert result.exit_code == 1
    assert not (folder / "alerts.db").exists()
    assert receiver.received() == []


def test_alerts_list_shows_what_was_answered(folder, receiver):
    write_destinations(folder, receiver, "fail")
    check_and_send()

    table = run("alerts", "list", "--status", "pending").stdout
    payload = json.loads(run("alerts", "list", "--format", "json", "--budget", "web").stdout)

    assert "HTTP 500" in table
    (first, second) = sorted(payload["alerts"], key=lambda row: -row["attempts"])
    assert (first["status"], first["attempts"], first["destination"]) == ("pending", 1, "ops")
    assert (second["attempts"], second["last_answer"]) == (0, "")  # waits for the first
    assert first["next_at"].endswith("Z")


def test_dead_letters_are_listed_replayed_and_delivered(folder, receiver):
    write_destinations(folder, receiver, "gone")
    sent = check_and_send()
    listed = run("alerts", "list")
    html = run("alerts", "list", "--format", "html")
    replayed = run("budget", "replay")
    write_destinations(folder, receiver, "ok")
    delivered = run("alerts", "deliver")

    assert "2 new alerts; 0 delivered, 0 to be tried again, 1 dead" in sent.stderr
    assert "ops is disabled: HTTP 410" in listed.stdout
    assert html.stdout.startswith("<!doctype html>")
    assert "2 deliveries are pending again" in replayed.stdout
    assert delivered.stdout.strip() == "2 delivered, 0 to be tried again, 0 dead"
    assert delivered.exit_code == 0
    assert len(receiver.received("/ok")) == 2


def test_giving_up_a_delivery_exits_with_1(folder, receiver):
    outbox = open_outbox("alerts.db")
    commit(outbox, receiver.config("ops"), [make_alert()])
    write_destinations(folder, receiver, "gone")

    result = run("alerts", "deliver")

    assert result.exit_code == 1
    assert "1 dead" in result.stdout


def test_one_alert_is_replayed_by_its_key(folder, receiver):
    outbox = open_outbox("alerts.db")
    config = receiver.config("ok")
    commit(outbox, config, [make_alert(), make_alert(number=1)], now=NOW)
    deliver(outbox, config)

    result = run("alerts", "replay", "team/2025-03-01/1")
    wrong = run("alerts", "replay", "team/none")

    assert "1 deliveries are pending again" in result.stdout
    assert "no delivery of alert 'team/none'" in str(wrong.exception)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["alerts", "list"], "outbox alerts.db: no such file"),
        (["alerts", "deliver", "--outbox", "other.db"], "outbox other.db: no such file"),
        (["alerts", "replay"], "no such file"),
    ],
)
def test_a_mistyped_outbox_is_not_made(tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)

    result = run(*arguments)

    assert words in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_status_names_those_there_are(folder):
    open_outbox("alerts.db")

    result = run("alerts", "list", "--status", "lost")

    assert "choose one of pending, delivered, dead" in str(result.exception)


def test_the_examples_are_understood():
    examples = Path(__file__).parents[3] / "examples" / "alerts"

    config = read_destinations(examples / "webhooks.yaml")
    budgets = read_budgets(examples / "budgets.yaml")

    assert list(config.destinations) == ["platform", "slack", "on-call", "mail", "topic"]
    assert {budget.name for budget in budgets} >= {"everything", "savings plans in use"}


@pytest.mark.parametrize("line", [-1, -2])
def test_every_line_of_the_example_crontab_is_a_command_with_its_options(line):
    examples = Path(__file__).parents[3] / "examples" / "alerts"
    command = (examples / "crontab").read_text().splitlines()[line].split(maxsplit=5)[5].split()

    result = run(*command[1:], "--help")

    assert result.exit_code == 0, result.output
