"""A receiver on this machine takes alerts in and stops by itself."""

import socket
import threading
import urllib.request

import pytest

from costmodel.errors import BadInputError
from costmodel.io.delivery.listener import listen


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_until_open(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    raise AssertionError("nothing listens")


def test_two_posts_are_received_in_order_and_then_it_stops() -> None:
    port, bodies = free_port(), []
    thread = threading.Thread(target=listen, args=(port, bodies.append), kwargs={"count": 2})
    thread.start()
    wait_until_open(port)

    for text in ("first €", "second"):
        url = f"http://127.0.0.1:{port}/costs"
        with urllib.request.urlopen(
            urllib.request.Request(url, text.encode(), method="POST")
        ) as answer:
            assert answer.status == 204

    thread.join(timeout=10)
    assert not thread.is_alive()
    assert bodies == ["first €", "second"]


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(
            BadInputError, match=f"port {port} is in use: choose another with --port"
        ):
            listen(port, print)
