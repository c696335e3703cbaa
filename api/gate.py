"""The outermost layer: request ids, size and time limits, security headers, log, drain.

Plain ASGI, because every request pays for it.
"""

import asyncio
import logging
import re
import threading
import time
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.identity import new_id
from api.observe import Metrics
from api.problems import Problem, as_problem, problem_response
from api.settings import Limits

_LOG = logging.getLogger("costmodel.api")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# Plotly writes style attributes while it draws; scripts come from our own files only.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_PART: Final = re.compile(r"^/v1/(bills/[^/]+/parts|recommendations/inventory)/[^/]+$")


class Gate:
    """Wraps the application; knows every request under way."""

    def __init__(
        self, app: ASGIApp, limits: Limits, metrics: Metrics, stopping: threading.Event
    ) -> None:
        self.app, self.limits, self.metrics, self.stopping = app, limits, metrics, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await _Exchange(self, scope, receive, send).run()


class _Exchange:
    """One request and its response."""

    def __init__(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        self.gate, self.scope = gate, scope
        self._receive, self._send = receive, send
        self.headers = Headers(scope=scope)
        given = self.headers.get("x-request-id", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else new_id("req")
        scope.setdefault("state", {})["request_id"] = self.request_id
        self.status = 0
        self.received = 0
        self.is_part = bool(_PART.match(scope["path"]))
        limits = gate.limits
        self.largest = limits.part_bytes if self.is_part else limits.body_bytes

    async def run(self) -> None:
        """Run the application within its limits, and write one line about it."""
        began = time.perf_counter()
        self.gate.metrics.under_way.inc()
        try:
            await self._run_limited()
        finally:
            seconds = time.perf_counter() - began
            self.gate.metrics.under_way.dec()
            self._record(seconds)

    async def _run_limited(self) -> None:
        length = self.headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self.largest:
            await self._problem(as_problem(self._too_large()))
            return
        # Uploads and event streams last as long as they last.
        is_stream = self.is_part or self.scope["path"].endswith("/events")
        seconds = None if is_stream else self.gate.limits.request_seconds
        try:
            async with asyncio.timeout(seconds):
                await self.gate.app(self.scope, self.receive, self.send)
        except TimeoutError:
            detail = f"not answered within {self.gate.limits.request_seconds:g} seconds"
            await self._problem(Problem(503, "too-slow", detail, headers={"Retry-After": "5"}))
        except Exception:  # noqa: BLE001 - whatever it is, the client gets a problem document
            _LOG.exception("unexpected", extra={"request_id": self.request_id})
            await self._problem(
                Problem(500, "internal", "something went wrong here; quote the request id")
            )

    async def receive(self) -> Message:
        """Pass on what the client sends, up to the limit."""
        message = await self._receive()
        self.received += len(message.get("body", b""))
        if self.received > self.largest:
            raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        """Pass on the response with our headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            for name, value in _SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            if self.gate.stopping.is_set():
                headers["Connection"] = "close"
        await self._send(message)

    def _too_large(self) -> HTTPException:
        # FastAPI lets this one through while it reads a body; others become 400.
        detail = f"the body is larger than {self.largest} bytes"
        return HTTPException(413, detail, headers={"Connection": "close"})

    async def _problem(self, problem: Problem) -> None:
        if self.status:  # the response has begun: all that is left is to break it off
            return
        response = problem_response(self.request_id, self.scope["path"], problem)
        await response(self.scope, self._receive, self.send)

    def _record(self, seconds: float) -> None:
        request = Request(self.scope)
        route: Any = self.scope.get("route")
        template = getattr(route, "path", "unmatched")
        method = request.method if request.method in _METHODS else "other"
        self.gate.metrics.record(method, template, self.status, seconds)
        if _LOG.isEnabledFor(logging.INFO):
            _LOG.info(
                "request",
                extra={
                    "request_id": self.request_id,
                    "method": method,
                    "path": self.scope["path"],
                    "status": self.status,
                    "ms": round(1000 * seconds, 2),
                    "workspace": self.scope["state"].get("workspace", ""),
                    "key": self.scope["state"].get("key", ""),
                },
            )


_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
