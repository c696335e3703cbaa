"""Whatever a receiver answers and whatever the clock does: nothing is lost, the order is kept."""

import tempfile
import threading
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.io.delivery.destination import parse_destinations
from costmodel.io.delivery.outbox import open_outbox
from costmodel.io.delivery.transport import HttpAnswer
from costmodel.io.delivery.worker import DeliveryReport, Worker
from tests.delivery_lab import NOW, commit, make_alerts

CONFIG = parse_destinations(
    {"destinations": [{"name": "ops", "format": "json", "url": "https://hooks.example.com/"}]},
    "webhooks.yaml",
)
HOUR = 3_600.0
OUTCOMES = st.sampled_from([204, 200, 500, 302, 404, 429, 503, "refused"])
STEPS = st.lists(
    st.tuples(st.floats(-30 * HOUR, 60 * HOUR), st.lists(OUTCOMES, max_size=12)), max_size=12
)


class Answers:
    """A receiver that answers from a list, then always yes; remembers what it took."""

    def __init__(self):
        self.next, self.taken = [], []
        self._lock = threading.Lock()

    def request(self, method, endpoint, *, headers, body, ca_file=None):
        with self._lock:
            outcome = self.next.pop() if self.next else 204
            if outcome == "refused":
                raise OSError("connection refused")
            if outcome in (200, 204):
                self.taken.append(headers["webhook-id"])
            return HttpAnswer(outcome, {"retry-after": "900"}, b"")


@settings(max_examples=30)
@given(steps=STEPS, seed=st.integers(0, 9))
def test_every_alert_is_taken_once_and_in_order_or_is_a_dead_letter(steps, seed):
    with tempfile.TemporaryDirectory() as folder:
        outbox = open_outbox(str(Path(folder) / "outbox.db"))
        alerts = make_alerts(budgets=2, each=3)
        commit(outbox, CONFIG, alerts)
        receiver, now = Answers(), NOW

        def work(moment):
            random = Random(seed)
            report = DeliveryReport()
            Worker(outbox, CONFIG, receiver, lambda: moment, random, list, report).drain()

        for jump, outcomes in steps:
            now += jump
            receiver.next = list(outcomes)
            work(now)
        receiver.next = []
        for _ in range(3):  # the longest wait is a day and its jitter
            now += 30 * HOUR
            work(now)
        rows = outbox.list_alerts()
        outbox.engine.dispose()

    assert {row.status for row in rows} <= {"delivered", "dead"}
    assert all(row.attempts == 10 for row in rows if row.status == "dead")
    delivered = {row.webhook_id: row.alert for row in rows if row.status == "delivered"}
    assert sorted(receiver.taken) == sorted(delivered)
    for budget in ("budget-0", "budget-1"):
        order = [delivered[key].key for key in receiver.taken if delivered[key].budget == budget]
        assert order == sorted(order)
