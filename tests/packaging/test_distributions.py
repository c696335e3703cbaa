"""Wheel and sdist hold what they should, and the installed wheel prices outside the checkout."""

import json
import subprocess
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_catalog_sheets_examples_and_the_type_marker(wheel) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {
        "costmodel/py.typed",
        "costmodel/_pricing_data/manifest.json",
        "costmodel/_pricing_data/services/sqs.toml",
        "costmodel/_examples/web_shop.yaml",
        "costmodel/_examples/alerts/webhooks.yaml",
        "costmodel/_app/api/app.py",
    } <= names
    rates = [n for n in names if n.startswith("costmodel/_pricing_data/rates/")]
    assert len(rates) == len(list((ROOT / "pricing_data" / "rates").iterdir()))


def test_the_wheel_holds_no_tests_notebooks_or_compiled_files(wheel) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    tops = {name.split("/")[0] for name in names}
    assert tops == {"costmodel", wheel.name.rsplit("-py3", 1)[0] + ".dist-info"}
    assert [n for n in names if "/tests/" in n or n.endswith((".pyc", ".ipynb"))] == []


def test_the_sdist_holds_the_sources_and_no_tests(distributions) -> None:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}

    assert {
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "costmodel/verbs/bills.py",
        "api/app.py",
    } <= names
    assert {"pricing_data/manifest.json", "examples/web_shop.yaml"} <= names
    assert [name for name in names if name.startswith("tests/")] == []


def test_the_installed_wheel_runs_the_first_notebook_outside_the_checkout(
    site, clean_environment, tmp_path
) -> None:
    python = site.parents[2] / "bin" / "python"
    notebook = json.loads((ROOT / "notebooks" / "01_price_an_architecture.ipynb").read_text())
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    script = tmp_path / "notebook.py"
    script.write_text("\n".join([*cells, "print('AT', costmodel.__file__)"]))

    done = subprocess.run(
        [python, script], capture_output=True, text=True, check=False, env=clean_environment, cwd=tmp_path,
        timeout=200,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "USD a month" in done.stdout
    assert f"AT {site}" in done.stdout
