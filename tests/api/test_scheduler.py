"""Checks by the clock: when they are due, once on two services, after restarts and jumps of the clock."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import TimeoutError

from api.jobs import CHECK_SPEND, claim, enqueue, read_job
from api.keys import create_workspace
from api.scheduler import Scheduler, describe_checks
from api.settings import Settings
from api.spend_check import choose_bills
from api.store.database import open_database
from api.store.tables import BILL, JOB, WORKSPACE
from api.timetable import Timetable, parse_timetable
from costmodel import BadInputError

HOUR = 3600.0
# A Wednesday, half past ten.
START = datetime(2026, 11, 25, 10, 30, tzinfo=UTC).timestamp()


def hour(text: str) -> float:
    return datetime.fromisoformat(f"2026-11-{text}:00+00:00").timestamp()


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("1h", "25T11:00"),
        ("15m", "25T10:45"),
        ("1d", "26T00:00"),
        ("06:00,18:30", "25T18:30"),
        ("06:00", "26T06:00"),
        ("10:30", "26T10:30"),
    ],
)
def test_the_next_moment_of_a_timetable_lies_after_now(text, following):
    assert parse_timetable(text).next_after(START) == hour(following)


@pytest.mark.parametrize("text", ["", "hourly", "0h", "25:00", "06:00;18:00", "-1h", "1.5h"])
def test_a_timetable_that_is_none_is_refused_in_one_line(text):
    with pytest.raises(BadInputError, match="give 15m, 1h or 1d"):
        parse_timetable(text)


def test_a_moment_is_moved_by_at_most_a_tenth_of_the_gap_and_five_minutes():
    assert parse_timetable("15m").spread == 90.0
    assert parse_timetable("06:00,06:20").spread == 120.0
    assert Timetable(86_400.0).spread == 300.0
    moments = [parse_timetable("1h").draw_after(START, Random(seed)) for seed in range(50)]
    assert min(moments) >= hour("25T11:00")
    assert max(moments) <= hour("25T11:05")
    assert len(set(moments)) == 50


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def add_workspace(database, name: str, *, bills: int = 1) -> str:
    with database.transaction() as connection:
        workspace = create_workspace(connection, name)
        for number in range(bills):
            row = {
                "id": f"bill_{name}{number}", "workspace_id": workspace, "name": "b",
                "status": "ready", "facts": '{"rows": 1}', "created_at": 0.0, "updated_at": 0.0,
            }  # fmt: skip
            connection.execute(insert(BILL).values(row))
    return workspace


def end_jobs(database) -> None:
    with database.transaction() as connection:
        connection.execute(update(JOB).values(status="done"))


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'checks.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def database(tmp_path):
    found = open_database(f"sqlite:///{tmp_path / 'own.db'}")
    yield found
    found.engine.dispose()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def scheduler(tmp_path, database, clock):
    return Scheduler(Settings(data=tmp_path), database, clock=clock, random=Random(1))


def test_a_bill_is_checked_when_it_comes_and_then_every_hour(scheduler, database, clock):
    workspace = add_workspace(database, "a")
    (first,) = scheduler.queue_due()
    with database.transaction() as connection:
        job = read_job(connection, workspace, first)
    assert (job["kind"], job["status"]) == (CHECK_SPEND, "queued")
    end_jobs(database)
    assert scheduler.queue_due() == []
    clock.now = hour("25T10:59")
    assert scheduler.queue_due() == []
    clock.now = hour("25T11:05")  # with the largest spread
    assert len(scheduler.queue_due()) == 1
    end_jobs(database)
    assert scheduler.queue_due() == []


def test_what_was_missed_while_nothing_ran_is_made_up_for_once(
    scheduler, database, clock, tmp_path
):
    add_workspace(database, "a")
    scheduler.queue_due()
    end_jobs(database)
    clock.now += 3 * 86_400
    restarted = Scheduler(Settings(data=tmp_path), database, clock=clock)
    assert len(restarted.queue_due()) == 1
    end_jobs(database)
    assert restarted.queue_due() == []


def test_an_import_has_the_bill_checked_at_once_but_not_while_a_check_runs(
    scheduler, database, clock
):
    add_workspace(database, "a")
    scheduler.queue_due()
    with database.transaction() as connection:
        connection.execute(update(BILL).values(version=2))
    assert scheduler.queue_due() == []  # the first is under way
    end_jobs(database)
    assert len(scheduler.queue_due()) == 1
    end_jobs(database)
    assert scheduler.queue_due() == []


def test_a_clock_set_back_does_not_end_the_checks(scheduler, database, clock):
    add_workspace(database, "a")
    scheduler.queue_due()
    end_jobs(database)
    clock.now -= 40 * 86_400
    assert scheduler.queue_due() == []
    clock.now += HOUR + 300
    assert len(scheduler.queue_due()) == 1


def test_workspaces_without_bills_and_services_without_checks_queue_nothing(
    scheduler, database, clock, tmp_path
):
    add_workspace(database, "empty", bills=0)
    assert scheduler.queue_due() == []
    add_workspace(database, "full")
    off = Scheduler(Settings(data=tmp_path, check_every="off"), database, clock=clock)
    assert off.queue_due() == []


def test_a_database_that_fails_once_does_not_end_the_checks(scheduler, monkeypatch, caplog):
    asked = threading.Event()
    answers = iter([TimeoutError("the pool is empty")])

    def queue_due() -> list[str]:
        for error in answers:
            raise error
        asked.set()
        return []

    monkeypatch.setattr("api.scheduler._LOOK_SECONDS", 0.01)
    monkeypatch.setattr(scheduler, "queue_due", queue_due)
    scheduler.start()
    try:
        assert asked.wait(10)
    finally:
        scheduler.stop()
    assert "checks wait: TimeoutError" in caplog.text


def test_what_people_asked_for_goes_before_a_check_by_the_clock(scheduler, database):
    workspace = add_workspace(database, "a")
    (check,) = scheduler.queue_due()
    with database.transaction() as connection:
        asked = enqueue(connection, workspace, "import-bill", {})["id"]
        order = [claim(connection, "w", START, 3)["id"] for _ in range(2)]
    assert order == [asked, check]


def test_old_checks_leave_the_list_of_jobs(scheduler, database, clock):
    workspace = add_workspace(database, "a")
    scheduler.queue_due()
    with database.transaction() as connection:
        connection.execute(update(JOB).values(status="done", created_at=START))
    clock.now += 31 * 86_400
    (job,) = scheduler.queue_due()
    with database.transaction() as connection:
        kept = connection.execute(select(JOB.c.id).where(JOB.c.workspace_id == workspace))
        assert kept.scalars().all() == [job]


def test_the_most_overdue_check_and_the_outcomes_are_told(scheduler, database, clock):
    add_workspace(database, "a")
    scheduler.queue_due()
    with database.transaction() as connection:
        connection.execute(update(WORKSPACE).values(check_due_at=START + 60))
        connection.execute(update(JOB).values(status="failed"))
        found = describe_checks(connection, START + 1000)
    assert found == {"overdue_seconds": 940.0, "last_queued_at": START, "done": 0, "failed": 1}


def test_services_on_one_database_queue_each_check_once(database_url, tmp_path):
    databases = [open_database(database_url) for _ in range(3)]
    clock = Clock()
    workspaces = {add_workspace(databases[0], f"w{n}") for n in range(8)}
    schedulers = [Scheduler(Settings(data=tmp_path), d, clock=clock) for d in databases]
    for _ in range(4):
        with ThreadPoolExecutor(len(schedulers)) as pool:
            queued = [job for jobs in pool.map(Scheduler.queue_due, schedulers) for job in jobs]
        assert len(queued) == len(workspaces)
        with databases[0].transaction() as connection:
            query = select(JOB.c.workspace_id).where(JOB.c.status == "queued")
            assert sorted(connection.execute(query).scalars()) == sorted(workspaces)
        end_jobs(databases[0])
        clock.now += HOUR + 300
    for database in databases:
        database.engine.dispose()


def bill_of(identifier: str, first: str, last: str, formats: str = "cur2") -> dict:
    facts = {"first": first, "last": last, "formats": [formats], "currencies": ["USD"]}
    return {"id": identifier, "facts": facts}


def test_months_uploaded_one_by_one_are_one_series_and_copies_are_left_out():
    months = [
        bill_of("bill_1", "2026-09-01", "2026-10-01"),
        bill_of("bill_2", "2026-10-01", "2026-11-01"),
        bill_of("bill_3", "2026-10-01", "2026-11-01"),
        bill_of("bill_4", "2026-11-01", "2026-11-25"),
        bill_of("bill_5", "2026-08-01", "2026-09-01", "focus-1.2"),
    ]
    assert choose_bills(months) == (["bill_4", "bill_3", "bill_1"], ["bill_2", "bill_5"])
    assert choose_bills([]) == ([], [])
