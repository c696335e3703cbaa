"""Every API route's door: who asks, may they, within their limits, and not twice.

``Door`` is the route class of all ``/v1`` routers. In order: authentication, scope, rate and
concurrency, idempotency; then the route itself; then the audit log of writes.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from sqlalchemy import Connection, Table, and_, delete, insert, or_, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from api.identity import new_id
from api.keys import (
    COOKIE,
    Principal,
    dev_principal,
    find_principal,
    find_session,
    note_use,
)
from api.problems import PROBLEM_TYPE, TITLES, Problem, as_problem, problem_response, request_id
from api.state import State, state_of
from api.store.tables import AUDIT, IDEMPOTENCY

_LOG = logging.getLogger("costmodel.api")
_READS: Final = frozenset(("GET", "HEAD"))
_LOOPBACK: Final = frozenset(("127.0.0.1", "localhost", "::1"))
_KEPT_SECONDS: Final = 24 * 3600.0
_GRACE_SECONDS: Final = 5.0
bearer = HTTPBearer(auto_error=False, description="An API key: key_….SECRET")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def needs(scope: str) -> Callable[[Any], Any]:
    """Mark a route with the scope it needs, where the method does not say it."""

    def mark(endpoint: Any) -> Any:
        endpoint.needed_scope = scope
        return endpoint

    return mark


def scope_of(route: APIRoute) -> str:
    """Return the scope a route needs: read for GET, else write, unless it is marked."""
    marked = getattr(route.endpoint, "needed_scope", None)
    return str(marked or ("read" if (route.methods or set()) <= _READS else "write"))


class JsonRequest(Request):
    """A request whose JSON holds what we can store again: finite numbers, whole characters."""

    async def json(self) -> Any:
        """Return the body; numbers beyond 64 bits become floating-point ones."""
        if not hasattr(self, "_json"):
            self._json = orjson.loads(await self.body())
        return self._json


class Door(APIRoute):
    """A route behind authentication, limits, idempotency and audit."""

    def get_route_handler(self) -> Handler:
        """Return the guarded handler."""
        answer, needed = super().get_route_handler(), scope_of(self)

        async def guarded(plain: Request) -> Response:
            request = JsonRequest(plain.scope, plain.receive)
            state = state_of(request)
            principal = await authenticate(request)
            if needed not in principal.scopes:
                raise Problem(403, "scope", f"this key lacks the scope '{needed}'")
            async with state.throttle.admit(principal.key):
                if request.method in _READS:
                    return await answer(request)
                return await _write(state, principal, request, answer)

        return guarded


def v1_router(group: str) -> APIRouter:
    """Return the router of one group of routes, behind the door."""
    return APIRouter(
        prefix=f"/v1/{group}",
        tags=[group],
        route_class=Door,
        dependencies=[Depends(bearer)],
        responses=_problem_responses(),
    )


def _problem_responses() -> dict[int | str, dict[str, Any]]:
    """Return the problems every route may answer with."""
    schema = {"$ref": "#/components/schemas/Problem"}
    codes = (400, 401, 403, 404, 409, 412, 413, 422, 428, 429, 500, 503, 507)
    return {
        code: {"description": TITLES[code], "content": {PROBLEM_TYPE: {"schema": schema}}}
        for code in codes
    }


async def authenticate(request: Request) -> Principal:
    """Return who asks.

    Raises:
        Problem: 401 without a valid key.
    """
    state = state_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(COOKIE) if request.method in _READS else None
    principal: Principal | None
    if not token and state.settings.is_dev:
        principal = await dev_principal_of(request)
    elif not token and cookie is not None:
        # The pages' downloads and event streams; writes need a key.
        principal = await state.database.run(lambda c: find_session(c, cookie))
    elif scheme.lower() != "bearer" or not token:
        raise _unauthenticated("send a key: Authorization: Bearer key_….SECRET")
    else:
        principal = await _known(state, token.strip())
    if principal is None:
        raise _unauthenticated("this key is unknown, expired or revoked")
    request.scope["state"] |= {"workspace": principal.workspace, "key": principal.key}
    request.state.principal = principal
    return principal


async def dev_principal_of(request: Request) -> Principal:
    """Return the one user of a service in development.

    Raises:
        Problem: 403 if a page of another site asks, by name or through a name of its own.
    """
    state = state_of(request)
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    name = urlsplit(f"//{host}").hostname
    if name not in _LOOPBACK or (origin is not None and urlsplit(origin).netloc != host):
        raise Problem(403, "origin", "a service in development answers pages of its own only")
    if state.dev is None:
        state.dev = await state.database.run(dev_principal)
    principal: Principal = state.dev
    return principal


async def _known(state: State, token: str) -> Principal | None:
    digest = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
    principal: Principal | None = state.principals.get(digest)
    if principal is None:
        principal = await state.database.run(lambda c: find_principal(c, token))
        if principal is not None:
            state.principals.put(digest, principal)
            key = principal.key
            # Nobody is turned away because a note cannot be made: the disk may be full.
            with suppress(DBAPIError):
                await state.database.run(lambda c: note_use(c, key))
    return principal


def _unauthenticated(detail: str) -> Problem:
    return Problem(401, "authentication", detail, headers={"WWW-Authenticate": "Bearer"})


def principal_of(request: Request) -> Principal:
    """Return who asks, once the door let them in."""
    principal: Principal = request.state.principal
    return principal


def workspace_of(request: Request) -> str:
    """Return the workspace of who asks."""
    return principal_of(request).workspace


async def _write(
    state: State, principal: Principal, request: Request, answer: Handler
) -> Response:
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    if key is None:
        response = await _answer_or_problem(request, answer)
    else:
        response = await _answer_once(state, principal, request, key, answer)
    await write_audit(request, principal, response.status_code)
    return response


async def write_audit(request: Request, principal: Principal, status: int) -> None:
    """Write a line about a write, and the rows that were left to be written with it."""
    rows = getattr(request.state, "rows", [])
    line = _audit_line(principal, request, status)
    await state_of(request).writer.write([*rows, (AUDIT, line)])


def write_with_audit(request: Request, table: Table, row: Mapping[str, Any]) -> None:
    """Leave a new row to be written in the transaction of the request's audit line."""
    request.state.rows = [*getattr(request.state, "rows", []), (table, row)]


async def _answer_or_problem(request: Request, answer: Handler) -> Response:
    """Answer; an error becomes its problem here, so that it can be kept and audited."""
    from fastapi.exceptions import RequestValidationError

    try:
        return await answer(request)
    except RequestValidationError as error:
        await write_audit(request, principal_of(request), 422)
        raise error from None
    except Exception as error:
        if as_problem(error).status == 500:
            raise
        return problem_response(request_id(request), request.url.path, as_problem(error))


def _audit_line(principal: Principal, request: Request, status: int) -> dict[str, Any]:
    return {
        "id": new_id("aud"),
        "workspace_id": principal.workspace,
        "actor": principal.key,
        "method": request.method,
        "path": request.url.path,
        "status": status,
        "request_id": request_id(request),
        "created_at": time.time(),
    }


async def _answer_once(
    state: State, principal: Principal, request: Request, key: str, answer: Handler
) -> Response:
    """Answer the first request of an Idempotency-Key; repeats get the same answer."""
    if not (1 <= len(key) <= 200 and key.isprintable() and key.isascii()):
        raise Problem(
            422, "invalid", "header.Idempotency-Key: 1 to 200 printable characters",
            path="header.Idempotency-Key",
        )  # fmt: skip
    body = await request.body()
    fingerprint = hashlib.sha256(
        b"\0".join((request.method.encode(), str(request.url).encode(), body))
    ).hexdigest()
    place = (IDEMPOTENCY.c.workspace_id == principal.workspace) & (
        IDEMPOTENCY.c.idempotency_key == key
    )
    longest = state.settings.limits.request_seconds + _GRACE_SECONDS
    kept = await state.database.run(
        lambda c: _reserve(c, principal.workspace, key, fingerprint, place, longest)
    )
    if kept is not None:
        return _repeat(kept, fingerprint)
    try:
        response = await _answer_or_problem(request, answer)
    except BaseException:
        await state.database.run(lambda c: c.execute(delete(IDEMPOTENCY).where(place)))
        raise
    values = {
        "status": response.status_code,
        "media_type": response.media_type or response.headers.get("content-type"),
        "headers": orjson.dumps(_kept_headers(response)).decode(),
        "body": bytes(response.body),
    }
    if response.status_code >= 500:
        work = delete(IDEMPOTENCY).where(place)
        await state.database.run(lambda c: c.execute(work))
    else:
        await state.database.run(
            lambda c: c.execute(update(IDEMPOTENCY).where(place).values(values))
        )
    return response


def _kept_headers(response: Response) -> dict[str, str]:
    return {
        name: response.headers[name] for name in ("etag", "location") if name in response.headers
    }


def _reserve(
    connection: Connection, workspace: str, key: str, fingerprint: str, place: Any, longest: float
) -> Any:
    """Return the row of an earlier request of this key, or None after reserving it.

    A request that has no answer after the ``longest`` time one may take was cut off: its process
    was killed, or the database went away. It may be done again.
    """
    now = time.time()
    old = IDEMPOTENCY.c.created_at < now - _KEPT_SECONDS
    cut_off = and_(IDEMPOTENCY.c.status.is_(None), IDEMPOTENCY.c.created_at < now - longest)
    connection.execute(delete(IDEMPOTENCY).where(or_(old, cut_off)))
    row = connection.execute(select(IDEMPOTENCY).where(place)).mappings().first()
    if row is not None:
        return row
    values = {"workspace_id": workspace, "idempotency_key": key, "fingerprint": fingerprint,
              "created_at": now}  # fmt: skip
    try:
        with connection.begin_nested():
            connection.execute(insert(IDEMPOTENCY).values(values))
    except IntegrityError:
        return connection.execute(select(IDEMPOTENCY).where(place)).mappings().first()
    return None


def _repeat(row: Any, fingerprint: str) -> Response:
    if row["fingerprint"] != fingerprint:
        raise Problem(
            422, "idempotency-key-reused", "this Idempotency-Key was used for another request",
            path="header.Idempotency-Key",
        )  # fmt: skip
    if row["status"] is None:
        raise Problem(
            409, "under-way", "the first request with this Idempotency-Key is under way",
            headers={"Retry-After": "1"},
        )  # fmt: skip
    headers = {**orjson.loads(row["headers"] or "{}"), "Idempotent-Replayed": "true"}
    return Response(row["body"], row["status"], headers=headers, media_type=row["media_type"])
