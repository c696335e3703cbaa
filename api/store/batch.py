"""Rows of many requests in one transaction: whoever waits for the disk waits together."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from anyio import to_thread
from sqlalchemy import Table, insert
from sqlalchemy.exc import DBAPIError

from api.store.database import Database
from api.store.quick import QuickWriter, Rows


class BatchWriter:
    """Adds rows; a request goes on when its rows are committed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._quick = QuickWriter(database.engine.url) if database.is_sqlite else None
        self._checkpoint: asyncio.Task[None] | None = None
        self._waiting: list[tuple[Rows, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, rows: Rows) -> None:
        """Add rows, at once or together with those of other requests.

        Raises:
            DBAPIError: they could not be added.
        """
        if self._quick is not None and self._quick.commit(rows):
            self._checkpoint_if_due(self._quick)
            return
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        await done

    def close(self) -> None:
        """Close what is kept open."""
        if self._quick is not None:
            self._quick.close()

    def _checkpoint_if_due(self, quick: QuickWriter) -> None:
        is_under_way = self._checkpoint is not None and not self._checkpoint.done()
        if not is_under_way and quick.is_checkpoint_due():
            self._checkpoint = asyncio.create_task(to_thread.run_sync(quick.checkpoint))

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                together = [row for rows, _ in batch for row in rows]
                await to_thread.run_sync(self._commit, together)
            except DBAPIError:
                await self._one_by_one(batch)
                continue
            for _, done in batch:
                if not done.done():
                    done.set_result(None)

    async def _one_by_one(self, batch: Sequence[tuple[Rows, "asyncio.Future[None]"]]) -> None:
        """Commit each request's rows by themselves: one bad row is one request's trouble."""
        for rows, done in batch:
            try:
                await to_thread.run_sync(self._commit, rows)
            except DBAPIError as error:
                if not done.done():
                    done.set_exception(error)
                continue
            if not done.done():
                done.set_result(None)

    def _commit(self, rows: Rows) -> None:
        tables: dict[str, tuple[Table, list[Mapping[str, Any]]]] = {}
        for table, row in rows:
            tables.setdefault(table.name, (table, []))[1].append(row)
        with self._database.transaction() as connection:
            for table, values in tables.values():
                connection.execute(insert(table), values)
