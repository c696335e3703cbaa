"""The distributions, built once; an environment with the wheel, as a user installs it."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def distributions(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def wheel(distributions) -> Path:
    (path,) = distributions.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def clean_environment() -> dict[str, str]:
    """Environment variables without those that say where Python finds this checkout."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COSTMODEL"))}


@pytest.fixture(scope="session")
def site(wheel, clean_environment, tmp_path_factory) -> Path:
    """The site-packages of an environment that has the wheel, without a copy of dependencies."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=True, symlinks=True)
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(
        [folder / "bin" / "python", *install], check=True, env=clean_environment, timeout=200
    )
    (found,) = (folder / "lib").glob("python*/site-packages")
    # The dependencies of this environment; the wheel's own package comes before them.
    (found / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return found
