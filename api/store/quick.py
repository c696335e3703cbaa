"""Small writes to SQLite in the event loop's own thread, where nothing has to be waited for.

A commit in WAL mode is a write to the system's memory, 0.1 ms. Handing it to a thread and waiting
for that costs many times as much while the loop prices other requests. Where another connection
holds the write lock, or anything else is amiss, the caller goes the long way, which waits and
explains. Checkpoints wait for the disk: they are made in a thread.
"""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL

Rows = Sequence[tuple[Table, Mapping[str, Any]]]

_CHECKPOINT_BYTES: Final = 4 * 1024 * 1024
# Larger than this the log is emptied, for which the writers wait a moment.
_LARGEST_LOG: Final = 64 * 1024 * 1024
_LOOK_SECONDS: Final = 0.5
_BUSY_SECONDS: Final = 10.0


class QuickWriter:
    """One connection to a SQLite file that never waits; used by one thread."""

    def __init__(self, url: URL) -> None:
        self._path = Path(url.database or "")
        self._log = self._path.with_name(f"{self._path.name}-wal")
        self._connection: sqlite3.Connection | None = None
        self._next_look = 0.0

    def commit(self, rows: Rows) -> bool:
        """Add rows in one transaction; False where that cannot be done at once: nothing is."""
        try:
            connection = self._connection or self._open()
            connection.execute("BEGIN IMMEDIATE")
            for table, row in rows:
                connection.execute(_statement(table, tuple(row)), dict(row))
            connection.execute("COMMIT")
        except sqlite3.Error:
            self._undo()
            return False
        return True

    def is_checkpoint_due(self) -> bool:
        """Return whether the log has grown enough to be written back, looking now and then."""
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + _LOOK_SECONDS
        return self._log_bytes() > _CHECKPOINT_BYTES

    def checkpoint(self) -> None:
        """Write the log back to the database; waits for the disk, so not in the loop's thread."""
        mode = "TRUNCATE" if self._log_bytes() > _LARGEST_LOG else "PASSIVE"
        # The log stays and grows if this fails; it is tried again soon.
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as connection,
        ):
            connection.execute(f"PRAGMA wal_checkpoint({mode})")

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=0.0, isolation_level=None, check_same_thread=False
        )
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON", "wal_autocheckpoint=0"):
            connection.execute(f"PRAGMA {pragma}")
        self._connection = connection
        return connection

    def _undo(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                self.close()

    def _log_bytes(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:  # no log yet
            return 0


@cache
def _statement(table: Table, names: tuple[str, ...]) -> str:
    dialect = sqlite.dialect(paramstyle="named")
    return str(insert(table).compile(dialect=dialect, column_keys=list(names)))
