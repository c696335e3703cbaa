"""The doctor: what it finds and when it complains."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from costmodel.cli.main import app
from costmodel.io import diagnosis
from tests.builders import catalog


def test_doctor_prints_extras_and_catalog() -> None:
    result = CliRunner().invoke(app, ["doctor", "--format", "json"])

    assert (result.exit_code, result.exception) == (0, None)
    rows = {row["Topic"]: row for row in json.loads(result.output)}
    assert rows["python"]["State"] == "ok"
    assert rows["extra aws"]["Detail"].startswith("boto3 ")
    assert "regions" in rows["regions"]["Detail"]


@pytest.mark.parametrize(
    ("today", "state"), [(date(2026, 6, 30), "ok"), (date(2026, 7, 1), "old")]
)
def test_a_catalog_is_old_after_180_days(today, state) -> None:
    # the catalog made by hand was published on 2026-01-01
    first = diagnosis.diagnose_catalog(catalog(), today)[0]

    assert first.state == state
    assert ("catalog update" in first.detail) == (state == "old")


def test_an_absent_extra_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setattr(diagnosis, "_version", lambda package: None)

    findings = {f.topic: f for f in diagnosis.diagnose_environment()}

    assert findings["extra api"].detail == "not installed: pip install 'costmodel[api]'"


def test_a_missing_catalog_is_a_problem_and_exit_code_2(tmp_path) -> None:
    result = CliRunner().invoke(app, ["doctor", "--catalog", str(tmp_path)])

    assert result.exit_code != 0


def test_aws_without_credentials_is_a_problem(monkeypatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    finding = diagnosis.diagnose_aws()

    assert finding.state == "problem"
    assert diagnosis.problems([finding]) == [finding]
