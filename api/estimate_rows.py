"""Rows of stored estimates."""

import time
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, select

from api.estimating import Priced
from api.identity import moment, new_id
from api.store.tables import ESTIMATE


def estimate_row(
    workspace: str, name: str, asked: Mapping[str, Any], priced: Priced
) -> dict[str, Any]:
    """Return the row of a new estimate."""
    now, identifier = time.time(), new_id("est")
    return {
        "id": identifier,
        "workspace_id": workspace,
        "name": name,
        "request": orjson.dumps(asked),
        "result": estimate_body(identifier, name, now, priced),
        "list_cost": priced.list_cost,
        "effective_cost": priced.effective_cost,
        "created_at": now,
    }


def estimate_body(identifier: str | None, name: str, now: float, priced: Priced) -> bytes:
    """Return the JSON of an estimate under its id and name; what is priced stays as written."""
    head = orjson.dumps({"id": identifier, "name": name, "created_at": moment(now)})
    return b"%b,%b" % (head[:-1], priced.body[1:])


def list_estimate_rows(
    connection: Connection, workspace: str, limit: int, after: str | None
) -> list[dict[str, Any]]:
    """Return stored estimates without their lines, newest first."""
    columns = (ESTIMATE.c.id, ESTIMATE.c.name, ESTIMATE.c.created_at, ESTIMATE.c.list_cost,
               ESTIMATE.c.effective_cost)  # fmt: skip
    query = (
        select(*columns)
        .where(ESTIMATE.c.workspace_id == workspace)
        .order_by(ESTIMATE.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(ESTIMATE.c.id < after)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    for row in rows:
        row["created_at"] = moment(row["created_at"])
    return rows
