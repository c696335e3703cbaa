import json
import logging
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from costmodel.cli.main import app
from costmodel.errors import BadInputError, Issue, IssueReason
from costmodel.io.inventory.store import write_inventory
from costmodel.optimize.inventory import Inventory, build_table


def run(*arguments: str):
    return CliRunner().invoke(app, ["inventory", *arguments])


@pytest.fixture
def folder(tmp_path):
    volumes = build_table("ebs_volumes", [{"resource_id": "vol-1"}, {"resource_id": "vol-2"}])
    issue = Issue(IssueReason.NOT_READ, "rds:describe_db_instances us-east-1", "AccessDenied: no")
    tables = {"ebs_volumes": volumes, "ebs_snapshots": build_table("ebs_snapshots", [])}
    write_inventory(
        Inventory(tables, datetime(2026, 3, 1, tzinfo=UTC), (issue,)), tmp_path / "inv", {}
    )
    return tmp_path / "inv"


def test_policy_prints_a_policy_document() -> None:
    done = run("policy")

    document = json.loads(done.output)
    assert done.exit_code == 0
    assert document["Version"] == "2012-10-17"
    assert "ec2:DescribeInstances" in document["Statement"][0]["Action"]


def test_policy_lists_the_calls_as_csv_and_html(tmp_path) -> None:
    assert "ec2,describe_volumes,ec2:DescribeVolumes" in run("policy", "--format", "csv").output
    run("policy", "--format", "html", "--out", str(tmp_path / "p.html"))
    assert "describe_volumes" in (tmp_path / "p.html").read_text()


def test_show_counts_rows_and_names_what_was_denied(folder) -> None:
    text = run("show", str(folder)).output
    payload = json.loads(run("show", str(folder), "--format", "json").output)

    assert "ebs_volumes" in text
    assert "1 more tables were read and are empty" in text
    assert "AccessDenied: no" in text
    assert payload["tables"] == {"ebs_volumes": 2, "ebs_snapshots": 0}
    assert payload["issues"][0]["reason"] == "NOT_READ"
    assert "<html" in run("show", str(folder), "--format", "html").output


def test_show_of_another_folder_is_bad_input(tmp_path) -> None:
    done = run("show", str(tmp_path))

    assert isinstance(done.exception, BadInputError)


def test_collect_writes_the_folder(tmp_path, monkeypatch) -> None:
    from moto.server import ThreadedMotoServer

    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        done = run(
            "collect", "--out", str(tmp_path / "inv"), "--region", "eu-west-1", "--service", "sqs",
            "--endpoint-url", f"http://{host}:{port}",
        )  # fmt: skip
        assert isinstance(done.exception, BadInputError)  # sqs is not collected
        done = run(
            "collect", "--out", str(tmp_path / "inv"), "--region", "eu-west-1",
            "--service", "kinesis", "--endpoint-url", f"http://{host}:{port}", "--format", "json",
        )  # fmt: skip
    finally:
        server.stop()

    assert done.exit_code == 0, done.exception
    assert json.loads(done.stdout)["tables"]["kinesis_streams"] == 0
    assert (tmp_path / "inv" / "manifest.json").is_file()
