"""The command line of estimates: formats, exit codes, one clear line for a mistake."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from costmodel.cli.main import app

ROOT = Path(__file__).parents[3]
SPEC = """
region: us-east-1
resources:
  sqs_queue.jobs:
    monthly_requests: 1500000
    request_size_kb: 128
  ebs_volume.data: {type: gp3, size: 100}
"""


@pytest.fixture
def spec_file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(SPEC)
    return path


def run(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def run_process(*args):
    return subprocess.run(
        [sys.executable, "-m", "costmodel", *map(str, args)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_estimate_prints_lines_and_total(spec_file) -> None:
    result = run("estimate", spec_file)

    assert result.exit_code == 0
    assert "3,000,000  Requests   0.0000004       1.20" in result.output
    assert "9.20" in result.output  # 1.20 + 100 GB at 0.08


def test_estimate_json_is_that_of_the_design(spec_file) -> None:
    payload = json.loads(run("estimate", spec_file, "--format", "json").output)

    assert payload["total"]["list_cost"] == pytest.approx(9.2)
    assert payload["coverage"]["priced"] == 2


@pytest.mark.parametrize("name", ["csv", "markdown", "html"])
def test_estimate_writes_every_format_to_a_file(spec_file, tmp_path, name) -> None:
    out = tmp_path / f"out.{name}"

    result = run("estimate", spec_file, "--format", name, "--out", out)

    assert result.exit_code == 0
    assert "1.2" in out.read_text()
    assert list(tmp_path.glob("*.tmp")) == []


def test_estimate_csv_has_a_row_per_line_under_focus_names(spec_file) -> None:
    rows = list(csv.DictReader(io.StringIO(run("estimate", spec_file, "-f", "csv").output)))

    assert [float(row["ListCost"]) for row in rows if row["ListCost"]] == pytest.approx([1.2, 8.0])
    assert {row["RegionId"] for row in rows} == {"us-east-1"}
    assert all(row["ResourceId"].startswith(row["ResourceType"] + ".") for row in rows)


def test_diff_csv_holds_plain_numbers(spec_file, tmp_path) -> None:
    after = tmp_path / "after.yaml"
    after.write_text(spec_file.read_text().replace("100", "200"))

    rows = list(csv.DictReader(io.StringIO(run("diff", spec_file, after, "-f", "csv").output)))

    assert sum(float(row["x_EffectiveCostChange"]) for row in rows) == pytest.approx(8.0)


def test_a_scenario_moves_the_architecture(spec_file, tmp_path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("region: eu-central-1\ndiscount_percent: 10\n")

    payload = json.loads(
        run("estimate", spec_file, "--scenario", scenario, "--format", "json").output
    )

    # Frankfurt: gp3 0.0952
    assert payload["total"]["list_cost"] == pytest.approx(1.2 + 9.52)
    assert payload["total"]["effective_cost"] == pytest.approx(0.9 * (1.2 + 9.52))


def test_the_free_tier_is_an_option(spec_file) -> None:
    payload = json.loads(
        run("estimate", spec_file, "--free-tier", "always", "--format", "json").output
    )

    # 1 M of 3 M requests are free
    assert payload["total"]["list_cost"] == pytest.approx(0.8 + 8.0)


def test_several_sources_are_one_estimate(spec_file) -> None:
    payload = json.loads(run("estimate", spec_file, spec_file, "--format", "json").output)

    assert payload["total"]["list_cost"] == pytest.approx(18.4)
    assert payload["resources"][2]["address"] == "shop:aws_sqs_queue.jobs"


def test_strict_exits_with_3_when_something_has_no_price(tmp_path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("region: us-east-1\nresources: {instance.a: {instance_type: m99.huge}}\n")

    loose, strict = run_process("estimate", path), run_process("estimate", path, "--strict")

    assert loose.returncode == 0
    assert "m99.huge" in loose.stdout
    assert strict.returncode == 3
    assert strict.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["estimate", "missing.yaml"], "missing.yaml"),
        (["estimate", "SPEC", "--format", "pdf"], "choose one of table"),
        (["estimate", "SPEC", "--pool-tiers", "planet"], "choose account or resource"),
        (["estimate", "SPEC", "--free-tier", "all"], "choose one of none"),
        (["estimate", "SPEC", "--out", "nowhere/x.txt"], "does not exist"),
        (["estimate", "SPEC", "--scenario", "SPEC"], "unknown key"),
        (["explain", "SPEC", "aws_sqs_queue.job"], "did you mean aws_sqs_queue.jobs?"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(spec_file, arguments, says) -> None:
    done = run_process(*[spec_file if a == "SPEC" else a for a in arguments])

    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_diff_tells_what_a_change_costs(spec_file, tmp_path) -> None:
    after = tmp_path / "after.yaml"
    after.write_text(SPEC.replace("size: 100", "size: 200"))

    result = run("diff", spec_file, after, "--format", "markdown")

    assert "+8.00" in result.output
    assert result.exit_code == 0


def test_explain_shows_formula_tier_and_source(spec_file) -> None:
    result = run("explain", spec_file, "sqs_queue.jobs")
    payload = json.loads(run("explain", spec_file, "sqs_queue.jobs", "--format", "json").output)

    assert "monthly_requests * ceil(request_size_kb / 64)" in result.output
    assert "3,000,000 Requests at 0.0000004 = 1.20" in result.output
    assert payload[0]["tiers"][0]["list_cost"] == pytest.approx(1.2)
    assert run("explain", spec_file, "sqs_queue.jobs", "--format", "html").exit_code == 0
