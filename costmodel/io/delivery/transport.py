"""HTTP to receivers: checked addresses, no redirects, no proxies, a deadline and a size cap."""

import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any, Final, NamedTuple

import httpcore

from costmodel.errors import BadInputError
from costmodel.io.delivery.guard import (
    Endpoint,
    GuardPolicy,
    Resolver,
    checked_addresses,
    system_resolver,
)

MAX_RESPONSE_BYTES: Final = 65_536
TIMEOUT_SECONDS: Final = 20.0
_KEEP_ALIVE_SECONDS: Final = 5.0


class HttpAnswer(NamedTuple):
    """What a receiver answered; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """A client that reaches only what the guard allows; usable from several threads."""

    def __init__(
        self,
        policy: GuardPolicy,
        *,
        resolve: Resolver = system_resolver,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._backend = _GuardedBackend(policy, resolve)
        self._timeout = timeout
        self._pools: dict[tuple[str, str | None], httpcore.ConnectionPool] = {}
        self._lock = threading.Lock()
        self._closing = ExitStack()

    def close(self) -> None:
        """Close all connections."""
        self._closing.close()

    def request(
        self,
        method: str,
        endpoint: Endpoint,
        *,
        headers: Mapping[str, str],
        body: bytes,
        ca_file: str | None = None,
    ) -> HttpAnswer:
        """Send a request and return the answer, cut at `MAX_RESPONSE_BYTES`.

        Raises:
            GuardError: an address of the host is not allowed.
            OSError: it cannot be reached or broke off, in words without the URL.
        """
        url = httpcore.URL(
            scheme=endpoint.scheme.encode(),
            host=endpoint.host.encode(),
            port=endpoint.port,
            target=endpoint.path.encode(),
        )
        self._backend.set_deadline(self._timeout)
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout)
        sent = {"accept": "*/*", "user-agent": "costmodel", "connection": "keep-alive", **headers}
        try:
            with self._pool(endpoint.scheme, ca_file).stream(
                method,
                url,
                headers=list(sent.items()),
                content=body,
                extensions={"timeout": timeouts},
            ) as response:
                received = _capped(response.iter_stream())
                return HttpAnswer(response.status, _decoded(response.headers), received)
        except httpcore.TimeoutException:
            raise OSError(f"no answer within {self._timeout:g} s") from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            detail = str(error.__cause__ or error) or type(error).__name__
            raise OSError(f"{type(error).__name__}: {detail[:200]}") from None

    def _pool(self, scheme: str, ca_file: str | None) -> httpcore.ConnectionPool:
        key = scheme, ca_file
        with self._lock:
            if key not in self._pools:
                pool = httpcore.ConnectionPool(
                    # Loading the system's certificates takes longer than a delivery.
                    ssl_context=tls_context(ca_file) if scheme == "https" else None,
                    max_connections=None,
                    max_keepalive_connections=20,
                    keepalive_expiry=_KEEP_ALIVE_SECONDS,
                    network_backend=self._backend,
                )
                self._pools[key] = self._closing.enter_context(pool)
            return self._pools[key]


class _GuardedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses; every wait ends at the deadline of the thread's request."""

    def __init__(self, policy: GuardPolicy, resolve: Resolver) -> None:
        self._policy = policy
        self._resolve = resolve
        self._tcp = httpcore.SyncBackend()
        self._thread = threading.local()

    def set_deadline(self, seconds: float) -> None:
        # The monotonic clock: a request must not hang because somebody sets the time.
        self._thread.deadline = time.monotonic() + seconds

    def left(self) -> float:
        left: float = self._thread.deadline - time.monotonic()
        if left <= 0.0:
            raise httpcore.ReadTimeout
        return left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self.addresses(host, port)
        for address in addresses[:-1]:
            try:
                return self._connect(address, port)
            except httpcore.ConnectError:
                continue  # the next address may answer
        return self._connect(addresses[-1], port)

    def addresses(self, host: str, port: int) -> list[str]:
        try:
            return checked_addresses(host, port, self._policy, self._resolve)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from error

    def _connect(self, address: str, port: int) -> httpcore.NetworkStream:
        return _DeadlineStream(self._tcp.connect_tcp(address, port, timeout=self.left()), self)


class _DeadlineStream(httpcore.NetworkStream):
    """A stream whose every wait is cut at the deadline of the request that uses it."""

    def __init__(self, stream: httpcore.NetworkStream, backend: _GuardedBackend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._backend.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, self._backend.left())
        return _DeadlineStream(secure, self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Return a context that verifies against the system's certificates, or a file's."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise BadInputError(
            f"ca_file {ca_file}: cannot be read ({error.strerror or 'no certificate in it'})"
        ) from None


def _capped(parts: Iterable[bytes]) -> bytes:
    """Read the body up to the cap; what follows is thrown away with the connection."""
    received = b""
    for part in parts:
        received += part
        if len(received) >= MAX_RESPONSE_BYTES:
            break
    return received[:MAX_RESPONSE_BYTES]


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
