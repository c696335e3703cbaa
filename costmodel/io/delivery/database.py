"""Opening the outbox's database: SQLite in WAL mode, or PostgreSQL."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from costmodel.errors import BadInputError, MissingDependencyError
from costmodel.io.delivery.model import EVALUATION, METADATA

_BUSY_SECONDS: Final = 60
_SCHEMA_LOCK: Final = 0x636F7374  # any number; both workers of a new database use the same


def open_database(url: str) -> Engine:
    """Return an engine with all tables present.

    Args:
        url: SQLAlchemy URL, or the path of an SQLite file.

    Raises:
        BadInputError: the URL is not understood or the database cannot be opened.
    """
    engine = _create_engine(url if "://" in url else f"sqlite:///{url}")
    try:
        with engine.begin() as connection:
            _create_tables(connection)
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0]
        raise BadInputError(
            f"outbox {engine.url.render_as_string(hide_password=True)}: {reason}; "
            "check the path or the server"
        ) from error
    return engine


def _create_engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _create_sqlite(url, parsed.database or "")
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            return create_engine(parsed, pool_pre_ping=True, pool_size=10)
    except (ArgumentError, NoSuchModuleError) as error:
        raise BadInputError(
            f"outbox: the URL is not understood ({type(error).__name__})"
        ) from None
    except ModuleNotFoundError:
        raise MissingDependencyError("psycopg", "postgres") from None
    raise BadInputError(
        f"outbox: {parsed.get_backend_name()} is not supported; give a file or a postgresql:// URL"
    )


def _create_sqlite(url: str, path: str) -> Engine:
    if path in ("", ":memory:"):
        raise BadInputError("outbox: alerts need a file that survives; give a path")
    if not Path(path).parent.is_dir():
        raise BadInputError(f"outbox {path}: the folder {Path(path).parent} does not exist")
    engine = create_engine(
        url,
        connect_args={"timeout": _BUSY_SECONDS},
        # SQLite has one writer: threads queue here instead of polling its lock.
        pool_size=1,
        max_overflow=0,
        pool_timeout=_BUSY_SECONDS,
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # Transactions are begun by _begin_immediate: the driver's own begin comes too late, after the
    # first read, and then two writers deadlock.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    # After a power cut the last commits may be lost, but whole: alerts and states vanish together
    # and the next evaluation makes them again; a lost "delivered" repeats with the same id.
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _create_tables(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
    METADATA.create_all(connection)
    if connection.execute(select(EVALUATION.c.id)).first() is None:
        connection.execute(insert(EVALUATION).values(id=1, revision=0))
