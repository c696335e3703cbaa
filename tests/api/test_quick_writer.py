"""Small writes in the loop's thread: all or nothing, never waiting, and the log stays small."""

import asyncio
import sqlite3
import time

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from api.identity import new_id
from api.keys import create_workspace
from api.store import quick
from api.store.batch import BatchWriter
from api.store.database import open_database
from api.store.quick import QuickWriter
from api.store.tables import AUDIT, ESTIMATE
from tests.api.served import run_coroutine


@pytest.fixture
def database(tmp_path):
    opened = open_database(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def rows(database):
    with database.transaction() as connection:
        workspace = create_workspace(connection, "default")

    def make(identifier=None, size=10):
        estimate = {
            "id": identifier or new_id("est"), "workspace_id": workspace, "name": "n",
            "request": b"{}", "result": b"x" * size, "list_cost": 1.5, "effective_cost": 1.0,
            "created_at": 1.0,
        }  # fmt: skip
        line = {
            "id": new_id("aud"), "workspace_id": workspace, "actor": "a", "method": "POST",
            "path": "/", "status": 201, "request_id": "r", "created_at": 1.0,
        }  # fmt: skip
        return [(ESTIMATE, estimate), (AUDIT, line)]

    return make


def counted(database):
    with database.transaction() as connection:
        counts = (select(func.count()).select_from(table) for table in (ESTIMATE, AUDIT))
        return tuple(connection.execute(query).scalar() for query in counts)


def test_rows_are_there_for_every_other_connection_at_once(database, rows) -> None:
    writer = QuickWriter(database.engine.url)

    assert writer.commit(rows("est_1", size=1000))
    with database.transaction() as connection:
        row = connection.execute(select(ESTIMATE)).mappings().one()

    assert (row["id"], row["result"], row["list_cost"]) == ("est_1", b"x" * 1000, 1.5)
    assert counted(database) == (1, 1)


def test_a_bad_row_takes_the_others_of_its_transaction_with_it(database, rows) -> None:
    writer = QuickWriter(database.engine.url)
    writer.commit(rows("est_1"))

    assert not writer.commit([*rows("est_2"), *rows("est_1")])
    assert counted(database) == (1, 1)
    assert writer.commit(rows("est_3"))
    assert counted(database) == (2, 2)


def test_a_row_of_no_workspace_is_refused(database, rows) -> None:
    (table, row), _ = rows()

    assert not QuickWriter(database.engine.url).commit([(table, {**row, "workspace_id": "gone"})])


def test_it_does_not_wait_for_a_lock_and_the_long_way_does(database, rows, tmp_path) -> None:
    other = sqlite3.connect(
        tmp_path / "store.db", isolation_level=None, timeout=0, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    began = time.perf_counter()
    assert not QuickWriter(database.engine.url).commit(rows())
    assert time.perf_counter() - began < 0.5

    async def write_while_locked() -> None:
        writing = asyncio.create_task(BatchWriter(database).write(rows()))
        await asyncio.sleep(0.2)
        assert not writing.done()
        other.execute("ROLLBACK")
        await writing

    run_coroutine(write_while_locked())
    assert counted(database) == (1, 1)
    other.close()


def test_what_cannot_be_written_is_an_error_of_its_own_request_only(database, rows) -> None:
    async def write() -> list[object]:
        writer = BatchWriter(database)
        await writer.write(rows("est_1"))
        both = (writer.write(rows("est_1")), writer.write(rows("est_2")))
        return await asyncio.gather(*both, return_exceptions=True)

    bad, good = run_coroutine(write())

    assert isinstance(bad, DBAPIError)
    assert good is None
    assert counted(database) == (2, 2)


def test_the_log_is_written_back_and_emptied_once_it_is_large(
    database, rows, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(quick, "_LARGEST_LOG", 8 * 1024 * 1024)
    monkeypatch.setattr(quick, "_LOOK_SECONDS", 0.0)
    writer = QuickWriter(database.engine.url)
    log = tmp_path / "store.db-wal"
    largest = 0
    for _ in range(300):
        assert writer.commit(rows(size=100_000))
        largest = max(largest, log.stat().st_size)
        if writer.is_checkpoint_due():
            writer.checkpoint()

    assert 4 * 1024 * 1024 < largest < 10 * 1024 * 1024  # of 30 MB in all
    assert counted(database) == (300, 300)
    writer.close()
