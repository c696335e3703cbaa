"""The site builds strictly, offline, and has a page for every public name and command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import costmodel

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_loads_nothing_from_elsewhere(site) -> None:
    loaded = re.compile(
        r'(?:<script[^>]+src|<link[^>]+rel="stylesheet"[^>]+href)="(https?:[^"]+)"'
    )
    pages = list(site.rglob("*.html"))

    assert len(pages) > 80
    assert [found for page in pages for found in loaded.findall(page.read_text())] == []


def test_every_public_name_has_its_documentation(site) -> None:
    page = (site / "reference" / "python.html").read_text()
    names = [name for name in costmodel.__all__ if name != "__version__"]

    missing = [n for n in names if f'id="{costmodel._PUBLIC[n]}.{n}"' not in page]

    assert missing == []


def test_every_command_has_its_help(site) -> None:
    page = (site / "reference" / "cli.html").read_text()

    for command in (
        "estimate",
        "bill summarize",
        "commitments plan",
        "budget check",
        "alerts listen",
    ):
        assert f"costmodel {command}" in page
