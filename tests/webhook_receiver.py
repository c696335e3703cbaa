"""A webhook receiver to run as its own process: behaves by path, logs every request to a file.

Run: python webhook_receiver.py LOG [PORT]; prints the port it listens on.
"""

import json
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

_LOCK = threading.Lock()
_SEEN: Counter[str] = Counter()
# The attempt from which on a path takes a message; absent = never. A receiver that hangs or breaks
# off may have taken what it read, so it counts.
_TAKES_FROM = {
    **dict.fromkeys(("/ok", "/cut", "/hang", "/drip", "/endless"), 1),
    "/busy": 2,
    "/flaky": 3,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    log_path = Path()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = urlsplit(self.path).path
        key = self.headers.get("webhook-id", "")
        with _LOCK:
            if not self.log_path.exists():  # a test took the log away: forget what was seen
                _SEEN.clear()
            _SEEN[key] += 1
            with self.log_path.open("a") as log:
                entry = {
                    "path": path,
                    "taken": _SEEN[key] >= _TAKES_FROM.get(path, sys.maxsize),
                    "headers": dict(self.headers),
                    "body": body.decode(),
                }
                log.write(json.dumps(entry) + "\n")
        getattr(self, "answer_" + path.strip("/").replace("-", "_"), self.answer_ok)(key)

    def answer_ok(self, _key: str) -> None:
        self._answer(204)

    def answer_fail(self, _key: str) -> None:
        self._answer(500, b"internal error: do not echo me")

    def answer_flaky(self, key: str) -> None:
        """Refuse every message twice."""
        self._answer(503 if _SEEN[key] <= 2 else 204)

    def answer_hang(self, _key: str) -> None:
        time.sleep(60)

    def answer_cut(self, key: str) -> None:
        """Break off in the middle of the body, the first time."""
        if _SEEN[key] > 1:
            self._answer(204)
            return
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        self.wfile.write(b"0123456789")
        self.wfile.flush()
        self.close_connection = True

    def answer_drip(self, _key: str) -> None:
        """Send a header a byte at a time, for ever."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
        while True:
            self.wfile.write(b"a")
            self.wfile.flush()
            time.sleep(0.05)

    def answer_endless(self, _key: str) -> None:
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")

    def answer_redirect(self, _key: str) -> None:
        self._answer(302, location="/ok")

    def answer_gone(self, _key: str) -> None:
        self._answer(410)

    def answer_busy(self, key: str) -> None:
        """Ask for seven seconds of peace, the first time."""
        if _SEEN[key] > 1:
            self._answer(204)
        else:
            self._answer(429, **{"retry-after": "7"})

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_args: object) -> None:
        pass  # clients that hang up are what the tests are about


if __name__ == "__main__":
    Handler.log_path = Path(sys.argv[1])
    server = Server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
