"""Servers that tests start on loopback: PostgreSQL."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def free_port() -> int:
    """Return a TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, the newest version's first."""
    on_path = shutil.which("postgres")
    versions = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    installed = sorted(versions, key=lambda p: float(p.parts[-3]), reverse=True)
    candidates = [*installed, *([Path(on_path)] if on_path else [])]
    complete = [p.parent for p in candidates if (p.parent / "initdb").exists()]
    return complete[0] if complete else None


class Postgres:
    """A PostgreSQL server on loopback with data of its own."""

    def __init__(self, programs: Path, folder: Path) -> None:
        account = _unprivileged_account()
        if account:
            os.chown(folder, pwd.getpwnam(account).pw_uid, -1)
        self._run = {"cwd": folder, **({"user": account, "extra_groups": []} if account else {})}
        self._programs, self._data = programs, folder / "data"
        self.port = free_port()
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}"
        subprocess.run(
            [programs / "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "--no-sync",
             "-E", "UTF8", "--locale=C"],
            check=True, capture_output=True, **self._run,
        )  # fmt: skip

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._server = subprocess.Popen(
            [self._programs / "postgres", "-D", self._data, "-p", str(self.port), "-k", "",
             "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=16MB"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._run,
        )  # fmt: skip
        _wait_for_postgres(self._server, self.port)

    def stop(self) -> None:
        """End the server at once: connections break, nothing is put in order first."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(20)


@contextlib.contextmanager
def own_postgres(programs: Path) -> Iterator[Postgres]:
    """Run a fresh server, which may be stopped and started."""
    folder = Path(tempfile.mkdtemp(prefix="costmodel-postgres-"))
    try:
        server = Postgres(programs, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running_postgres(programs: Path) -> Iterator[str]:
    """Run a fresh server and give its URL without a database name."""
    with own_postgres(programs) as server:
        yield server.url


def _unprivileged_account() -> str | None:
    """Return the account to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _wait_for_postgres(server: subprocess.Popen[bytes], port: int) -> None:
    import psycopg

    until = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def _programs_or_skip() -> Path:
    pytest.importorskip("psycopg", reason="the package psycopg is not installed")
    programs = postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server found: run tests/install_system_packages.sh as root")
    return programs


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Run PostgreSQL for the session; skip, saying why, where it is not installed."""
    with running_postgres(_programs_or_skip()) as url:
        yield url


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """Run PostgreSQL for one test, which may stop and start it."""
    with own_postgres(_programs_or_skip()) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: str, request: pytest.FixtureRequest) -> str:
    """Return the URL of a database of this test's own, for SQLAlchemy."""
    import psycopg

    name = f"test_{abs(hash(request.node.nodeid)):x}_{time.monotonic_ns()}"
    admin = postgres_server.replace("+psycopg", "") + "/postgres"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{postgres_server}/{name}"
