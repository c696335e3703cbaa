"""The worker: takes lanes that are due, sends their alerts in order, writes down what happened."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from random import Random
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from costmodel.errors import CostModelError
from costmodel.io.delivery.channels.answer import Answer, Verdict
from costmodel.io.delivery.channels.command import run_command
from costmodel.io.delivery.channels.email import send_email
from costmodel.io.delivery.channels.http import send_webhook
from costmodel.io.delivery.channels.sns import send_sns
from costmodel.io.delivery.destination import (
    Command,
    DeliveryConfig,
    Destination,
    Mailbox,
    Topic,
    Webhook,
)
from costmodel.io.delivery.guard import Resolver, system_resolver
from costmodel.io.delivery.lanes import (
    Delivery,
    Lane,
    claim_lane,
    read_batch,
    release,
    settle_dead,
    settle_delivered,
    settle_gone,
    settle_retry,
)
from costmodel.io.delivery.outbox import Outbox
from costmodel.io.delivery.schedule import next_delay
from costmodel.io.delivery.transport import TIMEOUT_SECONDS, Http

_LOG = logging.getLogger("costmodel.delivery")
PARALLEL: Final = 8
# A receiver nobody answers at is left alone for a minute at most, so that its other budgets do
# not use up their attempts and one hanging receiver does not hold up all threads.
_UNREACHABLE_PAUSE: Final = 60.0

Clock = Callable[[], float]


@dataclass(slots=True)
class DeliveryReport:
    """What a run of the worker did."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __str__(self) -> str:
        return f"{self.delivered} delivered, {self.failed} to be tried again, {self.dead} dead"

    def count(self, *, delivered: int = 0, failed: int = 0, dead: int = 0) -> None:
        """Add to the counts, from any thread."""
        with self._lock:
            self.delivered += delivered
            self.failed += failed
            self.dead += dead


@dataclass(frozen=True, slots=True)
class Worker:
    """What every delivery needs."""

    outbox: Outbox
    config: DeliveryConfig
    http: Http
    clock: Clock
    random: Random
    resolve: Resolver
    report: DeliveryReport

    def drain(self) -> None:
        """Deliver until nothing is due."""
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="delivery") as pool:
            for done in [pool.submit(self._work) for _ in range(PARALLEL)]:
                done.result()  # lets an error of a thread out

    def _work(self) -> None:
        names = list(self.config.destinations)
        while lane := claim_lane(self.outbox, names, now=self.clock()):
            self.work_lane(lane)

    def work_lane(self, lane: Lane) -> None:
        """Send the due deliveries of one lane in order, then give it back."""
        destination = self.config.destinations[lane.destination]
        for delivery in read_batch(self.outbox, lane, now=self.clock()):
            answer = self._attempt(destination, delivery)
            if not self._settle(lane, destination, delivery, answer):
                break
        release(self.outbox, lane, now=self.clock())

    def _attempt(self, destination: Destination, delivery: Delivery) -> Answer:
        try:
            return self._send(destination, delivery)
        except (CostModelError, ValueError) as error:
            # An alert that cannot be written as its receiver wants it must not stop the others.
            return Answer(Verdict.FAILED, str(error))
        except OSError as error:
            return Answer(Verdict.FAILED, _in_words(error), is_unreachable=True)

    def _send(self, destination: Destination, delivery: Delivery) -> Answer:
        alert, key = delivery.alert, delivery.webhook_id
        policy = self.config.policy
        match destination.target:
            case Webhook() as webhook:
                now = self.clock()
                return send_webhook(webhook, alert, key, http=self.http, policy=policy, now=now)
            case Mailbox() as mailbox:
                return send_email(mailbox, alert, key, policy=policy, resolve=self.resolve)
            case Topic() as topic:
                return send_sns(topic, alert, key)
            case Command() as command:
                return run_command(command, alert, key, allowed=self.config.allow_exec)

    def _settle(
        self, lane: Lane, destination: Destination, delivery: Delivery, answer: Answer
    ) -> bool:
        """Write down an attempt; False when the lane has to stop here."""
        now = self.clock()
        if answer.verdict is Verdict.DELIVERED:
            self.report.count(delivered=1)
            return settle_delivered(self.outbox, lane, delivery, answer=answer.text, now=now)
        # Names and keys only: URLs of webhooks are secrets.
        told = (answer.text, delivery.webhook_id, destination.name)
        delay = next_delay(delivery.attempts + 1, answer.retry_after, self.random)
        if answer.verdict is Verdict.GONE or delay is None:
            _LOG.warning("given up, replay it with costmodel alerts replay: %s: %s to %s", *told)
            self.report.count(dead=1)
            settle = settle_gone if answer.verdict is Verdict.GONE else settle_dead
            settle(
                self.outbox,
                lane,
                delivery,
                answer=answer.text,
                now=now,
                fallback=destination.fallback,
            )
            return answer.verdict is not Verdict.GONE
        _LOG.info("to be tried again: %s: %s to %s", *told)
        self.report.count(failed=1)
        pause = min(delay, _UNREACHABLE_PAUSE) if answer.is_unreachable else answer.retry_after
        settle_retry(
            self.outbox, lane, delivery, answer=answer.text, now=now, delay=delay, pause=pause
        )
        return False


def deliver_pending(
    outbox: Outbox,
    config: DeliveryConfig,
    *,
    clock: Clock = time.time,
    random: Random | None = None,
    resolve: Resolver = system_resolver,
    timeout: float = TIMEOUT_SECONDS,
) -> DeliveryReport:
    """Deliver everything that is due now, and return.

    Several processes may do this at once on one PostgreSQL (or SQLite) outbox.

    Args:
        outbox: where the alerts are.
        config: the destinations; deliveries to others stay pending.
        clock: unix seconds.
        random: source of the jitter.
        resolve: name resolution.
        timeout: seconds one attempt may take.
    """
    report = DeliveryReport()
    jitter = random or Random()  # noqa: S311 - jitter, not a secret
    with closing(Http(config.policy, resolve=resolve, timeout=timeout)) as http:
        Worker(outbox, config, http, clock, jitter, resolve, report).drain()
    return report


def run_worker(
    outbox: Outbox,
    config: DeliveryConfig,
    *,
    stop: threading.Event,
    interval: float = 2.0,
    clock: Clock = time.time,
) -> None:
    """Deliver what becomes due until told to stop.

    Args:
        outbox: where the alerts are.
        config: the destinations.
        stop: set it to end after the deliveries under way.
        interval: seconds between two looks.
        clock: unix seconds.
    """
    while not stop.is_set():
        try:
            deliver_pending(outbox, config, clock=clock)
        except (CostModelError, SQLAlchemyError) as error:
            # A database that restarts must not end the worker; leases run out by themselves.
            _LOG.error("delivery stopped: %s", error)
        stop.wait(interval)


def _in_words(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).splitlines()[0][:200]
