"""API keys: made once, kept as hashes, found again in a header or behind a page's session."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, or_, select, update

from api.identity import hash_secret, is_secret, moment, new_id, new_secret
from api.store.tables import API_KEY, SESSION, WORKSPACE

SCOPES: Final = ("read", "write", "admin")
_IMPLIED: Final = {"read": ("read",), "write": ("read", "write"), "admin": SCOPES}
SESSION_SECONDS: Final = 12 * 3600.0
DEFAULT_WORKSPACE: Final = "default"
COOKIE: Final = "costmodel_session"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a key of a workspace and what it may do."""

    workspace: str
    key: str
    scopes: frozenset[str]


def create_workspace(connection: Connection, name: str) -> str:
    """Return the id of the workspace of this name, made if need be."""
    known = connection.execute(select(WORKSPACE.c.id).where(WORKSPACE.c.name == name)).scalar()
    if known is not None:
        return str(known)
    identifier = new_id("ws")
    connection.execute(insert(WORKSPACE).values(id=identifier, name=name, created_at=time.time()))
    return identifier


def create_key(
    connection: Connection,
    workspace: str,
    name: str,
    scopes: Sequence[str],
    expires_at: float | None = None,
) -> tuple[dict[str, Any], str]:
    """Return a new key's description and the key itself, which is shown this once."""
    identifier, secret = new_id("key"), new_secret()
    row = {
        "id": identifier,
        "workspace_id": workspace,
        "name": name,
        "secret_hash": hash_secret(secret),
        "scopes": " ".join(scopes),
        "created_at": time.time(),
        "expires_at": expires_at,
    }
    connection.execute(insert(API_KEY).values(row))
    return describe_key(row), f"{identifier}.{secret}"


def describe_key(row: Any) -> dict[str, Any]:
    """Return what may be shown of a key."""
    return {
        "id": row["id"],
        "name": row["name"],
        "scopes": row["scopes"].split(),
        "created_at": moment(row["created_at"]),
        "expires_at": moment(row["expires_at"]),
        "last_used_at": moment(row.get("last_used_at")),
        "revoked_at": moment(row.get("revoked_at")),
    }


def find_principal(connection: Connection, token: str) -> Principal | None:
    """Return who a key belongs to; None where it is unknown, revoked or expired."""
    identifier, _, secret = token.partition(".")
    row = connection.execute(select(API_KEY).where(API_KEY.c.id == identifier)).mappings().first()
    if row is None or not is_secret(secret, row["secret_hash"]):
        return None
    now = time.time()
    if row["revoked_at"] is not None or (row["expires_at"] or now + 1) <= now:
        return None
    return Principal(row["workspace_id"], identifier, _granted(row["scopes"]))


def note_use(connection: Connection, key: str) -> None:
    """Write down that a key is used: once a minute, lest every read become a write."""
    now = time.time()
    is_old = or_(API_KEY.c.last_used_at.is_(None), API_KEY.c.last_used_at < now - 60)
    connection.execute(update(API_KEY).where(API_KEY.c.id == key, is_old).values(last_used_at=now))


def _granted(scopes: str) -> frozenset[str]:
    return frozenset(name for scope in scopes.split() for name in _IMPLIED.get(scope, ()))


def create_session(connection: Connection, principal: Principal) -> str:
    """Return the cookie value of a new session of the pages."""
    identifier, secret = new_id("ses"), new_secret()
    now = time.time()
    connection.execute(
        insert(SESSION).values(
            id=identifier,
            workspace_id=principal.workspace,
            secret_hash=hash_secret(secret),
            api_key_id=principal.key,
            created_at=now,
            expires_at=now + SESSION_SECONDS,
        )
    )
    return f"{identifier}.{secret}"


def find_session(connection: Connection, cookie: str) -> Principal | None:
    """Return who a session belongs to; it ends with its key."""
    identifier, _, secret = cookie.partition(".")
    row = connection.execute(
        select(
            SESSION.c.secret_hash, SESSION.c.expires_at,
            API_KEY.c.id, API_KEY.c.workspace_id, API_KEY.c.scopes,
            API_KEY.c.revoked_at, API_KEY.c.expires_at.label("key_expires_at"),
        )
        .join(API_KEY, API_KEY.c.id == SESSION.c.api_key_id)
        .where(SESSION.c.id == identifier)
    ).mappings().first()  # fmt: skip
    now = time.time()
    if row is None or not is_secret(secret, row["secret_hash"]):
        return None
    if row["expires_at"] <= now or row["revoked_at"] is not None:
        return None
    if (row["key_expires_at"] or now + 1) <= now:
        return None
    return Principal(row["workspace_id"], row["id"], _granted(row["scopes"]))


def dev_principal(connection: Connection) -> Principal:
    """Return the one user of a service in development: administrator of the default workspace."""
    workspace = create_workspace(connection, DEFAULT_WORKSPACE)
    return Principal(workspace, "dev", frozenset(SCOPES))
