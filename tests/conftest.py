"""Fixtures every test can use: the sample folder, and no network beyond this machine."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.services import postgres, postgres_server, postgres_url

__all__ = ["postgres", "postgres_server", "postgres_url"]  # fixtures for every test

settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci")

ROOT = Path(__file__).parents[1]
SAMPLES = Path(os.environ.get("COSTMODEL_SAMPLES", ROOT.parent / "shared" / "samples"))


@pytest.fixture
def sample():
    """Return the path of a sample, or skip saying which is absent."""

    def find(relative: str) -> Path:
        path = SAMPLES / relative
        if not path.exists():
            pytest.skip(f"sample {relative} is absent: set COSTMODEL_SAMPLES to the sample folder")
        return path

    return find


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests reach this machine only."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if not (str(host).startswith("127.") or host in ("localhost", "::1")):
            raise RuntimeError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
