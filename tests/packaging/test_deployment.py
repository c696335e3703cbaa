"""The Containerfile, the unit and the compose file: what they name exists, and what they run runs."""

import re
import shlex
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from compose_spec import PyCompose

from tests.services import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
UNIT = (DEPLOY / "costmodel.service").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def program(site) -> Path:
    """The program of an installed wheel."""
    return site.parents[2] / "bin" / "costmodel"


@pytest.fixture(scope="module")
def options(program, clean_environment) -> set[str]:
    """Every option of `costmodel serve`."""
    wide = clean_environment | {"COLUMNS": "200", "TERM": "dumb"}
    done = subprocess.run(
        [program, "serve", "--help"], capture_output=True, text=True, check=True, env=wide
    )
    return set(re.findall(r"--[a-z][a-z-]+", done.stdout))


def instructions(name: str) -> list[str]:
    joined = CONTAINERFILE.replace("\\\n", " ")
    return [line.split(" ", 1)[1] for line in joined.splitlines() if line.startswith(f"{name} ")]


def test_the_containerfile_copies_what_exists_and_all_that_the_wheel_is_made_of():
    copied = set()
    for line in instructions("COPY"):
        if not line.startswith("--from="):
            copied |= set(line.split()[:-1])
    assert [name for name in copied if not (ROOT / name).exists()] == []
    made_of = {"pyproject.toml", "README.md", "LICENSE", "costmodel", "api", "pricing_data",
               "examples"}  # fmt: skip
    assert made_of <= copied
    assert not any(name in (".", "*") for name in copied)  # no secret lies in the context


def test_the_container_does_not_run_as_root_and_keeps_its_data():
    assert instructions("USER") == ["costmodel"]
    assert instructions("VOLUME") == ["/data"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert "/readyz" in instructions("HEALTHCHECK")[0]


def test_container_and_unit_give_only_options_that_serve_has(options):
    command = " ".join(instructions("ENTRYPOINT"))
    unit = next(line for line in UNIT.splitlines() if line.startswith("ExecStart="))
    comments = " ".join(re.findall(r"# First key: (.*)", UNIT))
    for text in (command, unit, comments):
        given = set(re.findall(r"--[a-z][a-z-]+", text))
        assert given
        assert given <= options, text


def test_the_installed_program_serves_as_the_container_starts_it(
    program, clean_environment, tmp_path
):
    data, port = tmp_path / "data", free_port()
    start = [program, "serve", "--data", str(data)]
    first = subprocess.run(
        [*start, "--init"], capture_output=True, text=True, check=True, env=clean_environment,
        cwd=tmp_path,
    )  # fmt: skip
    key = re.search(r"key_\S+", first.stdout)[0]
    process = subprocess.Popen(
        [*start, "--host", "0.0.0.0", "--port", str(port)], env=clean_environment, cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").close()  # as HEALTHCHECK
                break
            except OSError:
                assert time.monotonic() < until
                assert process.poll() is None
                time.sleep(0.2)
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/workspace", headers={"Authorization": f"Bearer {key}"}
        )
        with urllib.request.urlopen(asked) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (0, -signal.SIGTERM)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def unit(tmp_path, program) -> Path:
    """The unit, its program being one that is here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is absent: the unit is not verified")
    path = tmp_path / "costmodel.service"
    path.write_text(UNIT.replace("/opt/costmodel/bin/costmodel", str(program)))
    return path


def test_systemd_finds_nothing_wrong_with_the_unit(unit):
    done = analyze("verify", str(unit))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_is_shut_in(unit):
    # From 0, safe, to 10; services commonly lie above 9.
    done = analyze("security", "--offline=yes", "--threshold=25", str(unit))
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd cannot rate a unit offline")
    assert done.returncode == 0, done.stdout[-300:]


def test_the_compose_file_is_valid_and_what_it_names_exists():
    parsed = PyCompose.from_yaml((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    parsed.validate()
    found = parsed.to_spec()
    api = found.services["api"]
    assert (DEPLOY / api.build.context / api.build.dockerfile).samefile(DEPLOY / "Containerfile")
    environment = api.environment
    assert "COSTMODEL_DATABASE_URL" in str(environment)
    assert {"data", "database"} == set(found.volumes)
    ports = [shlex.split(str(port))[0] for port in api.ports]
    assert all("127.0.0.1:8000:8000" in port for port in ports), ports
