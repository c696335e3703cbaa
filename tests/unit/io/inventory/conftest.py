import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Run moto's server on loopback."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto_url: str) -> Any:
    """Return a client factory for moto's server, its state emptied."""
    import boto3
    import urllib3

    urllib3.PoolManager().request("POST", f"{moto_url}/moto-api/reset")

    def client(service: str, region: str = "us-east-1") -> Any:
        return boto3.client(service, region_name=region, endpoint_url=moto_url)

    return client


class FakeAws:
    """A server that answers AWS calls from a table: operation → answers in order."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, Any]]] = {}
        self.requests: list[tuple[str, Any]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                operation = self.headers.get("X-Amz-Target", self.path).rsplit(".", 1)[-1]
                fake._answer(self, operation, body)

            def do_GET(self) -> None:
                fake._answer(self, self.path.split("?")[0], b"")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def _answer(self, handler: BaseHTTPRequestHandler, operation: str, body: bytes) -> None:
        self.requests.append((operation, json.loads(body) if body[:1] == b"{" else body.decode()))
        queue = self.answers.get(operation, [])
        status, payload = (queue.pop(0) if len(queue) > 1 else queue[0]) if queue else (404, {})
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        handler.send_response(status)
        kind = "text/xml" if text.startswith(b"<") else "application/x-amz-json-1.0"
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)


@pytest.fixture
def fake_aws() -> Iterator[FakeAws]:
    """Run a server for services moto lacks."""
    fake = FakeAws()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()
