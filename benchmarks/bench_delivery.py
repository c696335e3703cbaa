"""Delivery under every failure we can make: what was lost, repeated, doubled or out of order.

Each line is one scenario with a receiver in a process of its own. "Taken again" counts alerts the
receiver took more than once under one idempotency key, by which it can drop them (a receiver that
hangs or breaks off counts as having taken what it read); "doubled" counts alerts that came under
another key. Lost, doubled and out of order must be 0, and every delivery must end as delivered.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from costmodel.io.delivery.outbox import Outbox, open_outbox
from costmodel.io.delivery.schedule import RETRY_DELAYS
from costmodel.report.table import ReportColumn, ReportTable, to_text
from tests.delivery_lab import (
    AFTER_THE_LEASE,
    NOW,
    Fuse,
    Receiver,
    Tally,
    commit,
    deliver,
    kill_worker_at_every_step,
    make_alerts,
    run_until_killed,
    tally,
    worker_process,
    write_config,
)
from tests.services import postgres_programs, running_postgres

ALERTS, BUDGETS = 10_000, 200
KILLS = 25
_COLUMNS = (
    ReportColumn("Scenario"),
    ReportColumn("Alerts", "integer"),
    ReportColumn("Lost", "integer"),
    ReportColumn("Taken again, same key", "integer"),
    ReportColumn("Doubled", "integer"),
    ReportColumn("Out of order", "integer"),
    ReportColumn("Seconds", "quantity"),
)

Scenario = Callable[[Path, Receiver], Tally]


def main() -> None:
    scenarios: dict[str, Scenario] = {
        "SQLite, one worker": _plain,
        f"worker killed {KILLS} times while delivering": _killed_often,
        "worker killed at every step": _killed_at_every_step,
        "receiver answers 503 twice to each": _path("flaky"),
        "receiver breaks off in the body": _path("cut"),
        "receiver killed and restarted": _receiver_killed,
        "receiver hangs, then recovers": _recovers("hang"),
        "receiver redirects, then recovers": _recovers("redirect"),
        "receiver answers 500, then recovers": _recovers("fail"),
        "name leads inside, then outside": _inside,
        "410 Gone, then replayed": _gone,
        "clock set back and ahead by a year": _clock_jumps,
        "two workers, one SQLite": _two_workers_sqlite,
        "two workers, one PostgreSQL": _two_workers,
        "two workers, one PostgreSQL, one killed": _two_workers_one_killed,
    }
    rows = [row for name, scenario in scenarios.items() if (row := _run(name, scenario))]
    print(to_text(ReportTable("Delivery", _COLUMNS, rows)))
    bad = sum(row[2] + row[4] + row[5] for row in rows)
    print(f"delivery: lost, doubled or out of order {bad} (required = 0)")
    if bad:
        sys.exit(1)


def _run(name: str, scenario: Scenario) -> tuple[object, ...] | None:
    if "PostgreSQL" in name and postgres_programs() is None:
        print(f"{name}: SKIPPED, no PostgreSQL server found")
        return None
    with tempfile.TemporaryDirectory() as folder, Receiver(Path(folder)) as receiver:
        start = time.perf_counter()
        result = scenario(Path(folder), receiver)
        return (name, *result, round(time.perf_counter() - start, 1))


def _filled(url: str | Path, receiver: Receiver, path: str, count: int = ALERTS):
    outbox, config = open_outbox(str(url)), receiver.config(path)
    alerts = make_alerts(budgets=BUDGETS, each=count // BUDGETS)
    commit(outbox, config, alerts)
    return outbox, config, alerts


def _plain(folder: Path, receiver: Receiver) -> Tally:
    outbox, config, alerts = _filled(folder / "outbox.db", receiver, "ok")
    deliver(outbox, config)
    return _finish(outbox, receiver, alerts, "ok")


def _killed_often(folder: Path, receiver: Receiver) -> Tally:
    outbox, config, alerts = _filled(folder / "outbox.db", receiver, "ok")
    outbox.engine.dispose()
    random = Random(1)

    for number in range(KILLS):
        now = NOW + number * AFTER_THE_LEASE

        def work(fuse: Fuse, now: float = now) -> None:
            mine = open_outbox(str(folder / "outbox.db"))
            fuse.watch(mine)
            deliver(mine, config, now)

        run_until_killed(work, random.randrange(500, 4_000))
    deliver(outbox, config, NOW + KILLS * AFTER_THE_LEASE)
    return _finish(outbox, receiver, alerts, "ok")


def _killed_at_every_step(folder: Path, receiver: Receiver) -> Tally:
    tallies = list(kill_worker_at_every_step(folder, receiver))
    return Tally(*(sum(column) for column in zip(*tallies, strict=True)))


def _path(path: str) -> Scenario:
    """Deliver to one behaviour of the receiver until all retries are through."""

    def scenario(folder: Path, receiver: Receiver) -> Tally:
        outbox, config, alerts = _filled(folder / "outbox.db", receiver, path, 1_000)
        _deliver_for_days(outbox, config)
        return _finish(outbox, receiver, alerts, path)

    return scenario


def _recovers(path: str) -> Scenario:
    """Deliver to a broken receiver three times, then to one that works."""

    def scenario(folder: Path, receiver: Receiver) -> Tally:
        outbox, broken, alerts = _filled(folder / "outbox.db", receiver, path, 1_000)
        for now in (NOW, NOW + 70, NOW + 700):
            deliver(outbox, broken, now, timeout=0.3)
        assert receiver.received(f"/{path}") == receiver.received() != [], "went elsewhere"
        mended = receiver.config(path, url=f"http://127.0.0.1:{receiver.port}/ok")
        _deliver_for_days(outbox, mended, NOW + 1_000)
        return _finish(outbox, receiver, alerts, path)

    return scenario


def _inside(folder: Path, receiver: Receiver) -> Tally:
    path = "ok"
    outbox, config, alerts = _filled(folder / "outbox.db", receiver, path, 1_000)
    closed = type(config)(
        receiver.config(path, url=f"https://hooks.example.com:{receiver.port}/").destinations,
        type(config.policy)(config.policy.ports),
    )
    deliver(outbox, closed, resolve=lambda host, port: ["169.254.169.254"])
    assert receiver.received() == [], "a private address was reached"
    _deliver_for_days(outbox, config, NOW + 1_000)
    return _finish(outbox, receiver, alerts, path)


def _receiver_killed(folder: Path, receiver: Receiver) -> Tally:
    outbox, config, alerts = _filled(folder / "outbox.db", receiver, "ok")
    worker = threading.Thread(target=deliver, args=(outbox, config))
    worker.start()
    time.sleep(1.0)
    receiver.kill()
    worker.join()
    assert 0 < len(receiver.received()) < ALERTS, "not killed in the middle"
    receiver.start()
    _deliver_for_days(outbox, config, NOW + 70)
    return _finish(outbox, receiver, alerts, "ok")


def _gone(folder: Path, receiver: Receiver) -> Tally:
    outbox, config, alerts = _filled(folder / "outbox.db", receiver, "gone", 1_000)
    deliver(outbox, config)
    assert len(receiver.received()) <= 8, "sent on after 410"
    outbox.replay(now=NOW + 100)
    mended = receiver.config("gone", url=f"http://127.0.0.1:{receiver.port}/ok")
    deliver(outbox, mended, NOW + 100)
    return _finish(outbox, receiver, alerts, "gone")


def _clock_jumps(folder: Path, receiver: Receiver) -> Tally:
    outbox, config, alerts = _filled(folder / "outbox.db", receiver, "flaky", 1_000)
    year = 365 * 86_400.0
    moments = [NOW, NOW - year, NOW + year, NOW - 5, NOW + 2 * year, NOW - year + 400]
    for moment in moments:
        deliver(outbox, config, moment)
    _deliver_for_days(outbox, config, NOW - year + 1_000)
    return _finish(outbox, receiver, alerts, "flaky")


def _two_workers_sqlite(folder: Path, receiver: Receiver) -> Tally:
    url = str(folder / "outbox.db")
    outbox, _, alerts = _filled(url, receiver, "ok")
    return _work_together(outbox, url, folder, receiver, alerts)


def _two_workers(folder: Path, receiver: Receiver) -> Tally:
    with running_postgres(postgres_programs()) as server:
        url = f"{server}/postgres"
        outbox, _, alerts = _filled(url, receiver, "ok")
        return _work_together(outbox, url, folder, receiver, alerts)


def _work_together(
    outbox: Outbox, url: str, folder: Path, receiver: Receiver, alerts: list
) -> Tally:
    config_path = write_config(folder, receiver)
    workers = [worker_process(url, config_path) for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    return _finish(outbox, receiver, alerts, "ok")


def _two_workers_one_killed(folder: Path, receiver: Receiver) -> Tally:
    with running_postgres(postgres_programs()) as server:
        url = f"{server}/postgres"
        outbox, config, alerts = _filled(url, receiver, "ok")
        config_path = write_config(folder, receiver)
        killed, other = (worker_process(url, config_path, fuse) for fuse in (5_000, 0))
        assert (killed.wait(), other.wait()) == (-9, 0)
        deliver(outbox, config, time.time() + AFTER_THE_LEASE)
        return _finish(outbox, receiver, alerts, "ok")


def _finish(outbox: Outbox, receiver: Receiver, alerts: list, destination: str) -> Tally:
    """Compare what was taken with what was sent; the outbox must agree that all is delivered."""
    assert outbox.count_deliveries() == {"delivered": len(alerts)}
    outbox.engine.dispose()
    return tally(receiver.received(), alerts, destination)


def _deliver_for_days(outbox: Outbox, config, now: float = NOW) -> None:
    """Look again whenever a retry may be due until nothing is pending."""
    while outbox.count_deliveries().get("pending"):
        now += max(delay for delay in RETRY_DELAYS[:3]) * 1.2
        deliver(outbox, config, now)


if __name__ == "__main__":
    main()
