"""``/v1/keys``, ``/v1/workspace`` and ``/v1/audit``: who may do what, and who did."""

import time
from typing import Any, Literal

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection, delete, select, update

from api.access import needs, principal_of, v1_router, workspace_of
from api.answers import answer, decode_cursor, page
from api.identity import hash_secret, moment, new_secret
from api.keys import create_key, describe_key
from api.problems import Problem, not_found
from api.schemas.shared import (
    Cursor,
    IdempotencyKey,
    Identifier,
    Limit,
    Moment,
    Name,
    Page,
    Strict,
)
from api.state import state_of
from api.store.tables import API_KEY, AUDIT, SESSION, WORKSPACE

router = v1_router("keys")
workspace_router = v1_router("workspace")
audit_router = v1_router("audit")


class KeyRequest(Strict):
    """A new key."""

    name: Name = Field(examples=["ci"])
    scopes: list[Literal["read", "write", "admin"]] = Field(
        ["read"], min_length=1, max_length=3, description="write implies read, admin both."
    )
    expires_at: Moment | None = Field(None, examples=["2027-01-01T00:00:00Z"])


class KeyModel(BaseModel):
    """A key, without its secret."""

    id: str
    name: str
    scopes: list[str]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class NewKeyModel(KeyModel):
    """A key as it is shown once."""

    secret: str = Field(description="The whole key: send it as `Authorization: Bearer …`.")


class WorkspaceModel(BaseModel):
    """The workspace of the key that asks."""

    id: str
    name: str
    created_at: str
    scopes: list[str]


class AuditLine(BaseModel):
    """One write."""

    id: str
    actor: str
    method: str
    path: str
    status: int
    request_id: str
    created_at: str


@router.post("", status_code=201, response_model=NewKeyModel)
@needs("admin")
async def create(
    request: Request, body: KeyRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make a key; its secret is shown this once."""
    expires = body.expires_at.timestamp() if body.expires_at else None
    if expires is not None and expires <= time.time():
        raise Problem(422, "invalid", "body.expires_at: lies in the past", path="body.expires_at")
    workspace = workspace_of(request)
    key, secret = await state_of(request).database.run(
        lambda c: create_key(c, workspace, body.name, body.scopes, expires)
    )
    return answer({**key, "secret": secret}, 201)


@router.get("", response_model=Page[KeyModel])
@needs("admin")
async def list_keys(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """List the workspace's keys, newest first."""
    after = decode_cursor(cursor)
    query = (
        select(API_KEY)
        .where(API_KEY.c.workspace_id == workspace_of(request))
        .order_by(API_KEY.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(API_KEY.c.id < after)
    rows = await state_of(request).database.run(
        lambda c: [describe_key(row) for row in c.execute(query).mappings()]
    )
    return answer(page(rows, limit))


def _own_key(connection: Connection, workspace: str, key_id: str) -> Any:
    query = select(API_KEY).where(API_KEY.c.id == key_id, API_KEY.c.workspace_id == workspace)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise not_found("key", key_id)
    return row


@router.post("/{key_id:ident}/rotate", response_model=NewKeyModel)
@needs("admin")
async def rotate(
    request: Request, key_id: Identifier, idempotency_key: IdempotencyKey = None
) -> Response:
    """Give a key a new secret; the old one ends at once, and with it all sessions."""
    workspace, secret = workspace_of(request), new_secret()

    def work(connection: Connection) -> dict[str, Any]:
        row = _own_key(connection, workspace, key_id)
        if row["revoked_at"] is not None:
            raise Problem(409, "revoked", "the key is revoked: make a new one")
        connection.execute(
            update(API_KEY).where(API_KEY.c.id == key_id).values(secret_hash=hash_secret(secret))
        )
        connection.execute(delete(SESSION).where(SESSION.c.api_key_id == key_id))
        return describe_key(row)

    key = await state_of(request).database.run(work)
    state_of(request).principals.clear()
    return answer({**key, "secret": f"{key_id}.{secret}"})


@router.delete("/{key_id:ident}", status_code=204, response_class=Response)
@needs("admin")
async def revoke(request: Request, key_id: Identifier) -> Response:
    """Revoke a key, at once and for good."""
    workspace = workspace_of(request)

    def work(connection: Connection) -> None:
        _own_key(connection, workspace, key_id)
        connection.execute(
            update(API_KEY).where(API_KEY.c.id == key_id).values(revoked_at=time.time())
        )
        connection.execute(delete(SESSION).where(SESSION.c.api_key_id == key_id))

    await state_of(request).database.run(work)
    state_of(request).principals.clear()
    return Response(status_code=204)


@workspace_router.get("", response_model=WorkspaceModel)
async def read_workspace(request: Request) -> Response:
    """Return the workspace of the key that asks."""
    principal = principal_of(request)
    query = select(WORKSPACE).where(WORKSPACE.c.id == principal.workspace)
    row = await state_of(request).database.run(lambda c: c.execute(query).mappings().one())
    return answer(
        {
            "id": row["id"],
            "name": row["name"],
            "created_at": moment(row["created_at"]),
            "scopes": sorted(principal.scopes),
        }
    )


@audit_router.get("", response_model=Page[AuditLine])
@needs("admin")
async def read_audit(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """List the workspace's writes, newest first."""
    after = decode_cursor(cursor)
    query = (
        select(AUDIT)
        .where(AUDIT.c.workspace_id == workspace_of(request))
        .order_by(AUDIT.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(AUDIT.c.id < after)
    rows = await state_of(request).database.run(
        lambda c: [dict(row) for row in c.execute(query).mappings()]
    )
    for row in rows:
        row["created_at"] = moment(row["created_at"])
        del row["workspace_id"]
    return answer(page(rows, limit))
