"""The shape of the code: layers, file and function sizes, public names, light imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import costmodel

ROOT = Path(__file__).parents[2]
PYTHON_FILES = sorted((ROOT / "costmodel").rglob("*.py")) + sorted((ROOT / "api").rglob("*.py"))
HEAVY = ("numpy", "pandas", "pyarrow", "duckdb", "boto3", "plotly", "pydantic", "fastapi")


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_is_over_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_function_is_over_60_lines_without_its_docstring(path: Path) -> None:
    # The style guide aims at 40; past 60 there is always a missing concept.
    too_long = [
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _code_lines(node) > 60
    ]

    assert too_long == []


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or 0) - first.lineno + 1


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_every_public_name_loads() -> None:
    missing = [name for name in costmodel.__all__ if getattr(costmodel, name, None) is None]

    assert missing == []


def test_import_costmodel_loads_nothing_heavy() -> None:
    code = f"import sys, costmodel; print([m for m in {HEAVY!r} if m in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_command_line_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, typer.testing; from costmodel.cli.main import app\n"
        "result = typer.testing.CliRunner().invoke(app, ['--help'])\n"
        "assert result.exit_code == 0, result.output\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
