"""What tests and the benchmark of delivery share: a receiver process, alerts, tallies, crashes."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import event

from costmodel.budget.alert import Alert, AlertKind, Cause, Link, Severity
from costmodel.io.delivery import worker as worker_module
from costmodel.io.delivery.destination import DeliveryConfig, parse_destinations
from costmodel.io.delivery.outbox import Outbox, open_outbox, webhook_id
from costmodel.io.delivery.transport import Http
from costmodel.io.delivery.worker import deliver_pending

START = datetime(2025, 3, 14, 6, tzinfo=UTC)
NOW = START.timestamp()
AFTER_THE_LEASE = 200.0
ROOT = Path(__file__).parents[1]


class Receiver:
    """A receiver in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "received.jsonl"
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Receiver":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def start(self) -> None:
        script = Path(__file__).with_name("webhook_receiver.py")
        command = [sys.executable, str(script), str(self.log), str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def forget(self) -> None:
        """Start anew: no request was ever received."""
        self.log.unlink(missing_ok=True)

    def received(self, path: str | None = None) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        entries = [json.loads(line) for line in lines]
        return [entry for entry in entries if path is None or entry["path"] == path]

    def config(self, *paths: str, **extra: Any) -> DeliveryConfig:
        """Return a configuration with one destination per path, named as the path."""
        tree = {
            "internal_receivers": ["127.0.0.1"],
            "ports": [443, self.port],
            "destinations": [
                {
                    "name": path,
                    "format": "json",
                    "url": f"http://127.0.0.1:{self.port}/{path}",
                    **extra,
                }
                for path in paths
            ],
        }
        return parse_destinations(tree, "webhooks.yaml")


def make_alert(budget: str = "team", number: int = 0, **changes: Any) -> Alert:
    """Return an alert with a cause, distinct for each budget and number."""
    values: dict[str, Any] = {
        "key": f"{budget}/2025-03-01/{number}",
        "budget": budget,
        "kind": AlertKind.ACTUAL,
        "period_start": datetime(2025, 3, 1, tzinfo=UTC),
        "period_end": datetime(2025, 4, 1, tzinfo=UTC),
        "threshold": "80 % of limit",
        "threshold_value": 800.0,
        "actual": 812.5,
        "forecast_mean": 1_650.0,
        "forecast_p90": math.nan,
        "limit": 1_000.0,
        "currency": "USD",
        "created_at": START + timedelta(seconds=number),
        "severity": Severity.WARNING,
        "summary": f"{budget} has spent 812.50 USD of 1,000.00 USD.",
        "cause": (Cause("ServiceName", "Amazon EC2", 300.0, 100.0, 200.0),),
        "links": (Link("Cost Explorer", "https://console.aws.amazon.com/costmanagement/home"),),
        "owners": ("team@example.com",),
    }
    return Alert(**{**values, **changes})


def make_alerts(budgets: int, each: int) -> list[Alert]:
    """Return alerts of several budgets, interleaved as evaluations would make them."""
    return [make_alert(f"budget-{b}", n) for n in range(each) for b in range(budgets)]


def commit(outbox: Outbox, config: DeliveryConfig, alerts: Sequence[Alert], now: float = NOW):
    """Put alerts into the outbox with one state per budget."""
    states = {alert.budget: {alert.key: {"fired": 1}} for alert in alerts}
    destinations = config.destinations.values()
    return outbox.commit_evaluation(states, alerts, destinations=destinations, now=now)


def deliver(outbox: Outbox, config: DeliveryConfig, now: float = NOW, **options: Any):
    """Deliver what is due at a moment that does not move."""
    return deliver_pending(outbox, config, clock=lambda: now, random=Random(1), **options)


class Tally(NamedTuple):
    """What a receiver took of the alerts sent to it; what it refused does not count."""

    alerts: int
    lost: int
    repeats: int  # taken again under the same idempotency key
    strangers: int  # keys no alert has: duplicates beyond the idempotency key
    out_of_order: int  # per budget, by the first time each key was taken


def tally(received: Iterable[dict[str, Any]], alerts: Sequence[Alert], destination: str) -> Tally:
    """Compare what came with what was sent."""
    expected = {webhook_id(alert.key, destination): alert for alert in alerts}
    arrivals = [entry["headers"]["webhook-id"] for entry in received if entry["taken"]]
    counts = Counter(arrivals)
    last: dict[str, datetime] = {}
    out_of_order = 0
    for key in dict.fromkeys(arrivals):
        alert = expected.get(key)
        if alert is None:
            continue
        out_of_order += alert.created_at < last.get(alert.budget, alert.created_at)
        last[alert.budget] = alert.created_at
    return Tally(
        len(alerts),
        len(expected.keys() - counts.keys()),
        len(arrivals) - len(counts),
        len(counts.keys() - expected.keys()),
        out_of_order,
    )


class Fuse:
    """Kills this process at the nth step of what it does: statements, commits, requests."""

    def __init__(self, step: int) -> None:
        self._left = step
        self.burnt = 0

    def step(self) -> None:
        self.burnt += 1
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, outbox: Outbox) -> None:
        """Count every statement (once it has run) and both sides of commits and requests."""
        engine = outbox.engine
        event.listen(engine, "after_cursor_execute", lambda *_: self.step())
        engine.dialect.do_commit = self._around(engine.dialect.do_commit)
        Http.request = self._around(Http.request)

    def _around(self, function: Any) -> Any:
        def watched(*arguments: Any, **options: Any) -> Any:
            self.step()
            result = function(*arguments, **options)
            self.step()
            return result

        return watched


def run_until_killed(work: Any, step: int) -> bool:
    """Run work(fuse) in a forked child that dies at a step; True if it lived to the end."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work(Fuse(step))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    assert os.waitstatus_to_exitcode(status) == 0, "the child failed otherwise"
    return True


def kill_worker_at_every_step(folder: Path, receiver: Receiver) -> Iterator[Tally]:
    """Kill a worker at step 1, 2, … of delivering three alerts; restart it; tally each time."""
    config = receiver.config("ok")
    alerts = [make_alert("a", 0), make_alert("a", 1), make_alert("b", 0)]
    template, path = folder / "template.db", folder / "outbox.db"
    full = open_outbox(str(template))
    commit(full, config, alerts)
    full.engine.dispose()

    def work(fuse: Fuse) -> None:
        worker_module.PARALLEL = 2  # as many as there are lanes: the others only look
        outbox = open_outbox(str(path))
        fuse.watch(outbox)
        deliver(outbox, config)

    lived, step = False, 0
    while not lived:
        step += 1
        receiver.forget()
        for rest in folder.glob("outbox.db*"):
            rest.unlink()
        shutil.copy(template, path)
        lived = run_until_killed(work, step)
        again = open_outbox(str(path))
        deliver(again, config, NOW + AFTER_THE_LEASE)
        assert again.count_deliveries() == {"delivered": 3}
        again.engine.dispose()
        yield tally(receiver.received(), alerts, "ok")


def write_config(folder: Path, receiver: Receiver) -> Path:
    """Write a destinations file that names the receiver."""
    path = folder / "webhooks.yaml"
    path.write_text(
        f"""
internal_receivers: [127.0.0.1]
ports: [{receiver.port}]
destinations:
  - name: ok
    format: json
    url: http://127.0.0.1:{receiver.port}/ok
"""
    )
    return path


def worker_process(url: str, config_path: Path, fuse: int = 0) -> subprocess.Popen[bytes]:
    """Start a worker that delivers what is due and ends; a fuse kills it at that step."""
    command = [sys.executable, "-m", "tests.delivery_lab", url, str(config_path), str(fuse)]
    return subprocess.Popen(command, cwd=ROOT)


if __name__ == "__main__":
    from costmodel.io.delivery.destination import read_destinations

    box = open_outbox(sys.argv[1])
    if int(sys.argv[3]):
        Fuse(int(sys.argv[3])).watch(box)
    deliver_pending(box, read_destinations(sys.argv[2]))
