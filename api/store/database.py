"""The database: opened, brought to the newest schema by Alembic, one transaction at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from anyio import to_thread
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url

_BUSY_SECONDS: Final = 30
_MIGRATION_LOCK: Final = 0x636F7374  # any number; all processes use the same
_Value = TypeVar("_Value")


class Database:
    """One engine; SQLite transactions begin with the write lock: none has to be repeated."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection whose work is committed at the end, or undone by an error."""
        with self.engine.begin() as connection:
            yield connection

    async def run(self, work: Callable[[Connection], _Value]) -> _Value:
        """Return what some work in one transaction returns, without holding up other requests."""

        def in_transaction() -> _Value:
            with self.transaction() as connection:
                return work(connection)

        return await to_thread.run_sync(in_transaction)


def open_database(url: str) -> Database:
    """Open a database and bring it to the newest schema."""
    engine = _create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_lock({_MIGRATION_LOCK})"))
            connection.commit()
        try:
            _migrate(connection)
        finally:
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_unlock({_MIGRATION_LOCK})"))
            connection.commit()
    return Database(engine)


def _create_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10
        )
    engine = create_engine(
        parsed,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        pool_size=4,
        max_overflow=0,
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes after the first read; two such writers would deadlock.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
