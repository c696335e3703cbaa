"""A real server on loopback, its first key, and clients."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.app import create_app
from api.keys import create_key, create_workspace
from api.settings import Settings
from tests.api.served import Served

SPEC = {"region": "us-east-1", "resources": {"instance.web": {"instance_type": "m5.large"}}}


class Service:
    """A server in a thread of the test's process."""

    def __init__(self, settings: Settings, port: int, app) -> None:
        self.settings, self.app = settings, app
        self.url = f"http://127.0.0.1:{port}"

    @property
    def state(self):
        return self.app.state.costmodel

    def key(self, workspace: str = "default", scopes: tuple[str, ...] = ("admin",), **more) -> str:
        with self.state.database.transaction() as connection:
            identifier = create_workspace(connection, workspace)
            return create_key(connection, identifier, "test", scopes, **more)[1]

    def client(self, key: str | None = None) -> httpx.Client:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)


@contextmanager
def running(settings: Settings) -> Iterator[Service]:
    app = create_app(settings)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: server.run([listener]), daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 30
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        yield Service(settings, listener.getsockname()[1], app)
    finally:
        server.should_exit = True
        thread.join(20)


def wait_for(client: httpx.Client, job: str, seconds: float = 60.0) -> dict:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = client.get(f"/v1/jobs/{job}").raise_for_status().json()
        if found["status"] in ("done", "failed", "cancelled"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"job {job} is {found['status']}: {found['message']}")


@pytest.fixture
def serve(tmp_path):
    started: list[Served] = []

    def start(*options: str) -> Served:
        started.append(Served(tmp_path / "data", *options))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture(scope="session")
def service(tmp_path_factory) -> Iterator[Service]:
    """One service with keys, shared by the tests of this folder."""
    allowed = tmp_path_factory.mktemp("allowed")
    # Checks by the clock have tests of their own; here they would only take time.
    settings = Settings(
        data=tmp_path_factory.mktemp("data"), bill_roots=(str(allowed),), check_every="off"
    )
    with running(settings) as found:
        yield found


@pytest.fixture(scope="session")
def client(service) -> Iterator[httpx.Client]:
    with service.client(service.key()) as found:
        yield found


@pytest.fixture(scope="session")
def allowed_folder(service) -> Path:
    return Path(service.settings.bill_roots[0])


@pytest.fixture(scope="session")
def sample_bill(client) -> dict:
    """A generated bill that is ready."""
    made = client.post("/v1/bills/sample", json={"rows": 20_000, "months": 3}).json()
    job = wait_for(client, made["job"]["id"])
    assert job["status"] == "done", job
    return client.get(f"/v1/bills/{made['bill']['id']}").json()
