"""The outbox: alerts and budget states committed together, one delivery per alert and destination.

Delivery is at least once with a constant idempotency key (``webhook-id``), made from the alert's
key and the destination's name: a receiver that keeps the keys it has seen gets each alert once.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from costmodel.budget.alert import Alert
from costmodel.errors import CostModelError
from costmodel.io.delivery.database import open_database
from costmodel.io.delivery.destination import Destination
from costmodel.io.delivery.model import (
    ALERT,
    BUDGET_STATE,
    DELIVERY,
    DESTINATION_STATE,
    EVALUATION,
    LANE,
    RECEIVED_MESSAGE,
    DeliveryStatus,
)

_Item = TypeVar("_Item")
_CHUNK = 500  # rows of one IN list; SQLite allows 32,766 parameters
_KEEP_MESSAGES = 7 * 86_400.0  # SNS retries for an hour; older repeats fail the timestamp test


class StaleEvaluationError(CostModelError):
    """Another evaluation was committed since the states were read: evaluate again."""


class StoredStates(NamedTuple):
    """The budget states at one revision of the outbox."""

    revision: int
    states: dict[str, dict[str, Any]]


class AlertRow(NamedTuple):
    """One alert on its way to one destination (destination "" if it goes nowhere)."""

    alert: Alert
    destination: str
    status: str
    attempts: int
    next_at: float
    last_answer: str
    delivered_at: float | None
    webhook_id: str


class Outbox:
    """Alerts, budget states and deliveries in one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def read_states(self) -> StoredStates:
        """Return all budget states and the revision they belong to."""
        with self.engine.begin() as connection:
            revision = connection.execute(select(EVALUATION.c.revision)).scalar_one()
            rows = connection.execute(select(BUDGET_STATE.c.budget, BUDGET_STATE.c.body)).all()
        return StoredStates(revision, {budget: json.loads(body) for budget, body in rows})

    def commit_evaluation(
        self,
        states: Mapping[str, Mapping[str, Any]],
        alerts: Sequence[Alert],
        *,
        destinations: Iterable[Destination],
        now: float,
        revision: int | None = None,
    ) -> int:
        """Write new states, new alerts and their deliveries in one transaction.

        Args:
            states: budget name to all of its state, a JSON object; other budgets keep theirs.
            alerts: what the evaluation found; an alert whose key is known is left out.
            destinations: where alerts go, each by its own route.
            now: unix seconds.
            revision: what `read_states` gave; fails if another evaluation came first.

        Returns:
            The number of new alerts.

        Raises:
            StaleEvaluationError: nothing was written.
        """
        with self.engine.begin() as connection:
            _lock(connection, revision)
            _write_states(connection, states)
            return _add_alerts(connection, alerts, list(destinations), now)

    def commit_received(
        self,
        message_id: str,
        alert: Alert,
        *,
        destinations: Iterable[Destination],
        now: float,
    ) -> bool:
        """Write an alert received from elsewhere; False if the message or alert came before."""
        with self.engine.begin() as connection:
            _lock(connection, None)
            known = select(RECEIVED_MESSAGE).where(RECEIVED_MESSAGE.c.message_id == message_id)
            if connection.execute(known).first() is not None:
                return False
            old = RECEIVED_MESSAGE.c.received_at < now - _KEEP_MESSAGES
            connection.execute(delete(RECEIVED_MESSAGE).where(old))
            connection.execute(
                insert(RECEIVED_MESSAGE).values(message_id=message_id, received_at=now)
            )
            return _add_alerts(connection, [alert], list(destinations), now) == 1

    def list_alerts(
        self, *, status: DeliveryStatus | None = None, budget: str | None = None, limit: int = 100
    ) -> list[AlertRow]:
        """Return the newest alerts with the state of their deliveries."""
        query = (
            select(ALERT.c.body, LANE.c.destination, DELIVERY)
            .outerjoin_from(ALERT, DELIVERY, DELIVERY.c.alert_id == ALERT.c.id)
            .outerjoin(LANE, LANE.c.id == DELIVERY.c.lane_id)
            .order_by(ALERT.c.id.desc(), DELIVERY.c.id)
            .limit(limit)
        )
        if status is not None:
            query = query.where(DELIVERY.c.status == status.value)
        if budget is not None:
            query = query.where(ALERT.c.budget == budget)
        with self.engine.begin() as connection:
            return [_alert_row(row) for row in connection.execute(query)]

    def count_deliveries(self) -> dict[str, int]:
        """Return how many deliveries have each status."""
        query = select(DELIVERY.c.status, func.count().label("number")).group_by(DELIVERY.c.status)
        with self.engine.begin() as connection:
            return {row.status: row.number for row in connection.execute(query)}

    def disabled_destinations(self) -> dict[str, str]:
        """Return the destinations that answered 410 Gone, each with the reason."""
        query = select(DESTINATION_STATE.c.destination, DESTINATION_STATE.c.disabled_reason).where(
            DESTINATION_STATE.c.disabled_reason.is_not(None)
        )
        with self.engine.begin() as connection:
            return {row.destination: row.disabled_reason for row in connection.execute(query)}

    def replay(
        self,
        *,
        now: float,
        alert_key: str | None = None,
        destination: str | None = None,
    ) -> int:
        """Send dead letters again, all of them or those of one alert or destination.

        An alert named by its key is sent again even where it was delivered; the idempotency key
        stays, so a receiver that keeps keys ignores it. Destinations concerned are enabled again.

        Returns:
            The number of deliveries that are pending again.
        """
        again = [DeliveryStatus.DEAD.value]
        if alert_key is not None:
            again.append(DeliveryStatus.DELIVERED.value)
        query = (
            select(DELIVERY.c.id, DELIVERY.c.lane_id, LANE.c.destination)
            .join_from(DELIVERY, LANE, LANE.c.id == DELIVERY.c.lane_id)
            .join(ALERT, ALERT.c.id == DELIVERY.c.alert_id)
            .where(DELIVERY.c.status.in_(again))
        )
        if alert_key is not None:
            query = query.where(ALERT.c.key == alert_key)
        if destination is not None:
            query = query.where(LANE.c.destination == destination)
        with self.engine.begin() as connection:
            _lock(connection, None)
            rows = connection.execute(query).all()
            lanes = sorted({lane for _, lane, _ in rows})
            lock_lanes(connection, lanes)
            for some in _chunks([row.id for row in rows]):
                connection.execute(
                    update(DELIVERY)
                    .where(DELIVERY.c.id.in_(some))
                    .values(status=DeliveryStatus.PENDING.value, attempts=0, next_at=now)
                )
            for some in _chunks(lanes):
                connection.execute(
                    update(LANE)
                    .where(LANE.c.id.in_(some))
                    .values(next_at=now, scheduled_at=now, lease_token=None, lease_until=None)
                )
            for name in sorted({row.destination for row in rows}):
                connection.execute(
                    delete(DESTINATION_STATE).where(DESTINATION_STATE.c.destination == name)
                )
        return len(rows)


def open_outbox(url: str) -> Outbox:
    """Open an outbox, and make its tables if they are not there.

    Args:
        url: path of an SQLite file, or a ``postgresql://`` URL.

    Raises:
        BadInputError: the database cannot be opened; the message says why.
    """
    return Outbox(open_database(url))


def webhook_id(alert_key: str, destination: str) -> str:
    """Return the idempotency key of one alert at one destination."""
    digest = hashlib.sha256(f"{alert_key}\n{destination}".encode()).hexdigest()
    return f"msg_{digest[:32]}"


def enqueue(
    connection: Connection, alerts: Sequence[tuple[int, str, str]], name: str, now: float
) -> None:
    """Add deliveries of alerts, given as (id, key, budget), to one destination.

    The caller holds the outbox's lock, so ids grow in the order of commits.
    """
    reason = connection.execute(
        select(DESTINATION_STATE.c.disabled_reason).where(DESTINATION_STATE.c.destination == name)
    ).scalar_one_or_none()
    status = DeliveryStatus.PENDING if reason is None else DeliveryStatus.DEAD
    lanes = _lanes(connection, name, sorted({budget for _, _, budget in alerts}))
    connection.execute(
        insert(DELIVERY),
        [
            {
                "lane_id": lanes[budget],
                "alert_id": alert,
                "webhook_id": webhook_id(key, name),
                "status": status.value,
                "attempts": 0,
                "next_at": now,
                "last_answer": reason or "",
            }
            for alert, key, budget in alerts
        ],
    )
    if status is DeliveryStatus.PENDING:
        for some in _chunks(list(lanes.values())):
            idle = LANE.c.id.in_(some) & LANE.c.next_at.is_(None)
            connection.execute(update(LANE).where(idle).values(next_at=now, scheduled_at=now))


def lock_outbox(connection: Connection) -> None:
    """Hold the outbox's lock until the transaction ends: before locks of lanes, never after."""
    _lock(connection, None)


def lock_lanes(connection: Connection, lanes: Sequence[int]) -> None:
    """Lock lanes; a worker that finishes one now waits, and then sees what is added here."""
    for some in _chunks(lanes):
        connection.execute(
            select(LANE.c.id).where(LANE.c.id.in_(some)).order_by(LANE.c.id).with_for_update()
        )


def _lock(connection: Connection, revision: int | None) -> None:
    step = update(EVALUATION).values(revision=EVALUATION.c.revision + 1)
    if revision is not None:
        step = step.where(EVALUATION.c.revision == revision)
    if connection.execute(step).rowcount != 1:
        raise StaleEvaluationError(
            "another evaluation was committed meanwhile: run the budget check again"
        )


def _write_states(connection: Connection, states: Mapping[str, Mapping[str, Any]]) -> None:
    for some in _chunks(list(states)):
        connection.execute(delete(BUDGET_STATE).where(BUDGET_STATE.c.budget.in_(some)))
    if states:
        connection.execute(
            insert(BUDGET_STATE),
            [
                {"budget": budget, "body": json.dumps(state, allow_nan=False)}
                for budget, state in states.items()
            ],
        )


def _add_alerts(
    connection: Connection,
    alerts: Sequence[Alert],
    destinations: Sequence[Destination],
    now: float,
) -> int:
    by_key = {alert.key: alert for alert in reversed(alerts)}
    for some in _chunks(list(by_key)):
        for (key,) in connection.execute(select(ALERT.c.key).where(ALERT.c.key.in_(some))).all():
            del by_key[key]
    fresh = list(reversed(by_key.values()))
    if not fresh:
        return 0
    connection.execute(
        insert(ALERT),
        [
            {
                "key": alert.key,
                "budget": alert.budget,
                "kind": alert.kind.value,
                "created_at": alert.created_at.timestamp(),
                "body": json.dumps(alert.to_json(), allow_nan=False),
            }
            for alert in fresh
        ],
    )
    ids: dict[str, int] = {}
    for some in _chunks([alert.key for alert in fresh]):
        found = connection.execute(select(ALERT.c.key, ALERT.c.id).where(ALERT.c.key.in_(some)))
        ids.update({row.key: row.id for row in found})
    for destination in destinations:
        routed = [
            (ids[alert.key], alert.key, alert.budget)
            for alert in fresh
            if destination.route.accepts(alert)
        ]
        if routed:
            enqueue(connection, routed, destination.name, now)
    return len(fresh)


def _lanes(connection: Connection, destination: str, budgets: Sequence[str]) -> dict[str, int]:
    """Return the locked lanes of budgets to a destination, making those that do not exist."""
    lanes: dict[str, int] = {}
    for some in _chunks(budgets):
        query = (
            select(LANE.c.budget, LANE.c.id)
            .where(LANE.c.destination == destination, LANE.c.budget.in_(some))
            .order_by(LANE.c.id)
            .with_for_update()
        )
        lanes.update({row.budget: row.id for row in connection.execute(query)})
        missing = [budget for budget in some if budget not in lanes]
        if missing:
            connection.execute(
                insert(LANE), [{"destination": destination, "budget": b} for b in missing]
            )
            lanes.update({row.budget: row.id for row in connection.execute(query)})
    return lanes


def _alert_row(row: Any) -> AlertRow:
    return AlertRow(
        alert=Alert.from_json(json.loads(row.body)),
        destination=row.destination or "",
        status=row.status or "no destination",
        attempts=row.attempts or 0,
        next_at=row.next_at or 0.0,
        last_answer=row.last_answer or "",
        delivered_at=row.delivered_at,
        webhook_id=row.webhook_id or "",
    )


def _chunks(items: Sequence[_Item]) -> Iterable[Sequence[_Item]]:
    return (items[first : first + _CHUNK] for first in range(0, len(items), _CHUNK))
