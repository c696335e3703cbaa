"""Rows of stored estimates."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, select

from api.identity import moment
from api.store.tables import ESTIMATE


def estimate_row(
    workspace: str, asked: Mapping[str, Any], kept: Mapping[str, Any], now: float, result: bytes
) -> dict[str, Any]:
    """Return the row of an estimate."""
    return {
        "id": kept["id"],
        "workspace_id": workspace,
        "name": kept["name"],
        "request": orjson.dumps(asked),
        "result": result,
        "list_cost": kept["total"]["list_cost"],
        "effective_cost": kept["total"]["effective_cost"],
        "created_at": now,
    }


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
