"""A receiver on this machine, to see an alert arrive before anybody else is told."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from costmodel.errors import BadInputError

# An alert is a few kilobytes; more is no alert.
_MOST_BYTES = 1 << 20


def listen(port: int, receive: Callable[[str], None], *, count: int | None = None) -> None:
    """Take in what is posted to this machine until interrupted, or until ``count`` came.

    Args:
        port: TCP port on loopback.
        receive: gets the body of each request.
        count: how many to wait for; None waits until interrupted.

    Raises:
        BadInputError: the port is in use.
    """
    left = count

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            nonlocal left
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(min(length, _MOST_BYTES)).decode("utf-8", "replace")
            receive(body)
            self.send_response(204)
            self.end_headers()
            left = None if left is None else left - 1
            if left is not None and left <= 0:
                # From a thread of its own: the server waits for this request to end.
                Thread(target=server.shutdown).start()

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent: what arrives is printed."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError:
        raise BadInputError(f"port {port} is in use: choose another with --port") from None
    with server:
        server.serve_forever(poll_interval=0.1)
