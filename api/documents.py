"""Budgets, webhooks, suppressions and verdicts: small JSON documents with a name and a version."""

import time
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.bill_rows import changed
from api.identity import moment, new_id
from api.problems import Problem, not_found
from api.store.tables import DOCUMENT


def create_document(
    connection: Connection, workspace: str, kind: str, name: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Add a document.

    Raises:
        Problem: 409 if the name is taken.
    """
    now = time.time()
    row: dict[str, Any] = {
        "id": new_id(_PREFIX[kind]),
        "workspace_id": workspace,
        "kind": kind,
        "name": name,
        "body": orjson.dumps(body).decode(),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(DOCUMENT).values(row))
    except IntegrityError:
        raise _taken(kind, name) from None
    return read_document(connection, workspace, kind, row["id"])


_PREFIX = {"budget": "bud", "webhook": "hook", "suppression": "sup", "verdict": "ver"}


def _taken(kind: str, name: str) -> Problem:
    return Problem(409, "name-taken", f"a {kind} is called {name!r}: choose another name")


def read_document(
    connection: Connection, workspace: str, kind: str, identifier: str
) -> dict[str, Any]:
    """Return a document.

    Raises:
        Problem: 404.
    """
    query = select(DOCUMENT).where(
        DOCUMENT.c.id == identifier, DOCUMENT.c.workspace_id == workspace, DOCUMENT.c.kind == kind
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        raise not_found(kind, identifier)
    return _describe(row)


def _describe(row: Any) -> dict[str, Any]:
    return {
        **orjson.loads(row["body"]),
        "id": row["id"],
        "name": row["name"],
        "version": row["version"],
        "created_at": moment(row["created_at"]),
        "updated_at": moment(row["updated_at"]),
    }


def list_documents(
    connection: Connection,
    workspace: str,
    kind: str,
    limit: int = 100_000,
    after: str | None = None,
) -> list[dict[str, Any]]:
    """Return documents, newest first."""
    query = (
        select(DOCUMENT)
        .where(DOCUMENT.c.workspace_id == workspace, DOCUMENT.c.kind == kind)
        .order_by(DOCUMENT.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(DOCUMENT.c.id < after)
    return [_describe(row) for row in connection.execute(query).mappings()]


def update_document(
    connection: Connection,
    workspace: str,
    kind: str,
    identifier: str,
    version: int,
    name: str,
    body: Mapping[str, Any],
) -> dict[str, Any]:
    """Replace a document that has not changed since it was read.

    Raises:
        Problem: 404, 409 if the name is taken, 412 if somebody else was faster.
    """
    current = read_document(connection, workspace, kind, identifier)
    if current["version"] != version:
        raise changed()
    place = (DOCUMENT.c.id == identifier) & (DOCUMENT.c.version == version)
    try:
        with connection.begin_nested():
            done = connection.execute(
                update(DOCUMENT)
                .where(place)
                .values(
                    name=name, body=orjson.dumps(body).decode(), version=version + 1,
                    updated_at=time.time(),
                )
            ).rowcount  # fmt: skip
    except IntegrityError:
        raise _taken(kind, name) from None
    if not done:
        raise changed()
    return read_document(connection, workspace, kind, identifier)


def delete_document(connection: Connection, workspace: str, kind: str, identifier: str) -> None:
    """Delete a document.

    Raises:
        Problem: 404.
    """
    read_document(connection, workspace, kind, identifier)
    connection.execute(delete(DOCUMENT).where(DOCUMENT.c.id == identifier))
