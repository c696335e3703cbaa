"""The demo: a newcomer's first command."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from costmodel.cli.main import app
from costmodel.errors import BadInputError
from costmodel.io.bundled import find_example


def test_demo_prints_both_tables_and_writes_a_page(tmp_path: Path) -> None:
    out = tmp_path / "report.html"

    result = CliRunner().invoke(app, ["demo", "--region", "us-east-1", "--out", str(out)])

    assert result.exit_code == 0, result.output
    assert "aws_autoscaling_group.web" in result.output
    assert "EffectiveCost by ServiceName" in result.output
    page = out.read_text()
    assert page.count("plotly.js v") == 1
    assert "A month&#x27;s bill of twelve accounts" in page
    assert out.stat().st_mode & 0o044 == 0o044


def test_an_example_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(BadInputError, match="web_shop"):
        find_example("web_shopp")
