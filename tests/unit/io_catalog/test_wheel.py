"""The wheel carries the catalog: built, installed outside the checkout, asked for a price."""

import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def _copy_of_checkout(target: Path) -> Path:
    """Return a copy of what a wheel is made of, so that building leaves nothing in the checkout."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    for name in ("costmodel", *wheel["targets"]["wheel"]["force-include"]):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, target / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", target)
    (target / "README.md").write_text("costmodel\n")
    return target


@pytest.mark.timeout(300)
def test_an_installed_wheel_prices_from_its_own_catalog(tmp_path) -> None:
    pytest.importorskip("build", reason="the package 'build' makes the wheel")
    pytest.importorskip("hatchling", reason="the build backend is not installed")
    checkout = _copy_of_checkout(tmp_path / "checkout")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            tmp_path,
            checkout,
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "env", with_pip=False)
    site = next((tmp_path / "env").glob("lib/python*/site-packages"))
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", "--target", site]
    subprocess.run([*install, wheel], check=True, capture_output=True)
    # The dependencies come from this environment; costmodel itself from the wheel alone.
    (site / "dependencies.pth").write_text(
        "\n".join(path for path in sys.path if path.endswith("site-packages"))
    )
    code = (
        "import costmodel; c = costmodel.load_catalog()\n"
        "m = c.match(['AmazonEC2'], ['us-east-1'], ['BoxUsage:m5.large'], ['RunInstances'])\n"
        "print(c.loader.folder); print(m.tiers.unit_price[0])"
    )

    done = subprocess.run(
        [tmp_path / "env" / "bin" / "python", "-c", code],
        cwd=tmp_path,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == [str(site / "costmodel" / "_pricing_data"), "0.096"]
