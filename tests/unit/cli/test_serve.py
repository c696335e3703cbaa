"""``costmodel serve``: what it refuses, and the first key."""

import re

from typer.testing import CliRunner

from costmodel.cli.main import app
from costmodel.errors import BadInputError


def test_no_key_is_needed_on_loopback_only(tmp_path):
    asked = ["serve", "--dev", "--host", "0.0.0.0", "--data", str(tmp_path)]
    done = CliRunner().invoke(app, asked)
    assert isinstance(done.exception, BadInputError)
    assert "0.0.0.0" in str(done.exception)


def test_receivers_ports_and_topics_reach_the_settings(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "costmodel.cli.serve._serve", lambda server, settings, *at: seen.append(settings)
    )
    topic = "arn:aws:sns:us-east-1:123456789012:budgets"
    asked = ["serve", "--data", str(tmp_path), "--sns-topic", topic, "--internal-receiver",
             "10.0.0.0/8", "--webhook-port", "8443", "--webhook-port", "443"]  # fmt: skip
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert CliRunner().invoke(app, ["serve", "--data", str(tmp_path)]).exit_code == 0
    given, default = seen
    assert (given.sns_topics, given.internal_receivers) == ((topic,), ("10.0.0.0/8",))
    assert given.webhook_ports == (8443, 443)
    assert (default.sns_topics, default.internal_receivers) == ((), ())
    assert default.webhook_ports == (443,)


def test_checks_are_hourly_unless_told_and_a_wrong_timetable_is_one_line(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "costmodel.cli.serve._serve", lambda server, settings, *at: seen.append(settings)
    )
    base = ["serve", "--data", str(tmp_path)]
    for more in ([], ["--check-every", "06:00,18:30"]):
        assert CliRunner().invoke(app, [*base, *more]).exit_code == 0
    assert [settings.check_every for settings in seen] == ["1h", "06:00,18:30"]
    monkeypatch.undo()
    done = CliRunner().invoke(app, [*base, "--check-every", "hourly"])
    assert isinstance(done.exception, BadInputError)
    assert str(done.exception).startswith("--check-every 'hourly': give 15m, 1h or 1d")


def test_init_prints_a_key_of_the_workspace(tmp_path):
    asked = ["serve", "--init", "--workspace", "team", "--data", str(tmp_path / "data")]
    first, second = (CliRunner().invoke(app, asked).output.strip() for _ in range(2))
    assert re.fullmatch(r"key_[0-9a-f]{28}\.[\w-]{43}", first)
    assert first != second
    assert first.partition(".")[2].encode() not in (tmp_path / "data/costmodel.db").read_bytes()
