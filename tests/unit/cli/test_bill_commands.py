import json

import pytest
from typer.testing import CliRunner

from costmodel.cli.main import app
from tests.unit.bill.bill_rows import write_cur

RUN = CliRunner()


@pytest.fixture
def month(tmp_path):
    rows = [{}, {"line_item_product_code": "AmazonS3", "line_item_usage_type": "TimedStorage-ByteHrs",
                 "line_item_unblended_cost": 0.5, "line_item_unblended_rate": "0.5",
                 "line_item_blended_cost": 0.5, "pricing_public_on_demand_cost": 0.5,
                 "pricing_public_on_demand_rate": "0.5", "identity_line_item_id": "b"}]  # fmt: skip
    return write_cur(tmp_path / "cur.parquet", rows)


def test_summarize_prints_json_in_the_fixed_form(month):
    done = RUN.invoke(app, ["bill", "summarize", str(month), "--by", "x_ServiceCode", "--metric",
                            "BilledCost", "--format", "json"])  # fmt: skip

    payload = json.loads(done.stdout)
    assert payload["total"] == {"BilledCost": 0.6}
    assert payload["rows"] == [
        {"x_ServiceCode": "AmazonS3", "BilledCost": 0.5},
        {"x_ServiceCode": "AmazonEC2", "BilledCost": 0.1},
    ]


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "html"])
def test_summarize_writes_every_format(month, tmp_path, form):
    out = tmp_path / "out"
    done = RUN.invoke(app, ["bill", "summarize", str(month), "-b", "ServiceName", "-g", "daily",
                            "--filter", "BilledCost > 0", "--top", "1", "--spread-unused",
                            "-f", form, "-o", str(out), "-q"])  # fmt: skip

    assert done.exit_code == 0
    assert "Amazon Simple Storage Service" in out.read_text()


def test_check_passes_with_exit_code_0_and_prints_every_figure(month):
    done = RUN.invoke(app, ["bill", "check", str(month), "--format", "json"])

    payload = json.loads(done.stdout)
    assert done.exit_code == 0
    assert payload["verdict"] == "pass"
    assert payload["total"]["BilledCost"] == pytest.approx(0.6)
    figures = {figure["name"]: figure for figure in payload["figures"]}
    assert figures["usage x rate = cost"]["verdict"] == "pass"
    assert figures["usage x rate = cost"]["tolerance"] == 1e-6


def test_check_exits_1_and_shows_the_rows_that_break_it(tmp_path):
    wrong = {"line_item_unblended_rate": "0.3", "identity_line_item_id": "the-line"}
    path = write_cur(tmp_path / "cur.parquet", [{}, wrong])

    done = RUN.invoke(app, ["bill", "check", str(path)])

    assert done.exit_code == 1
    assert "the-line" in done.stdout
    assert "Breaks: usage x rate = cost" in done.stdout


def test_check_makes_a_page(month, tmp_path):
    out = tmp_path / "check.html"

    RUN.invoke(app, ["bill", "check", str(month), "--format", "html", "--out", str(out)])

    assert "<html" in out.read_text()


def test_import_makes_a_store_that_summarize_reads(month, tmp_path):
    store = tmp_path / "store"

    first = RUN.invoke(app, ["bill", "import", str(month), "--store", str(store)])
    again = RUN.invoke(app, ["bill", "import", str(month), "--store", str(store)])
    asked = RUN.invoke(app, ["bill", "summarize", str(store), "-m", "BilledCost", "-f", "json"])
    write_cur(month, [{}])
    replaced = RUN.invoke(app, ["bill", "import", str(month), "--store", str(store)])

    assert first.stdout == "2026-01  payer 000000000001  cur  2 rows (new)\n"
    assert again.stdout == f"unchanged  {month}\n"
    assert replaced.stdout == "2026-01  payer 000000000001  cur  1 rows (in place of 2)\n"
    assert json.loads(asked.stdout)["total"] == {"BilledCost": 0.6}
