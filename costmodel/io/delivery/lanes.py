"""What a worker does with lanes: claim one, settle its deliveries one by one, release it.

A lease that ran out (its worker died) is free to take. Moments that lie further ahead than they
could have been written were written by a clock that has since been set back: they count as past.
"""

import json
import uuid
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from costmodel.budget.alert import Alert
from costmodel.io.delivery.model import (
    ALERT,
    DELIVERY,
    DESTINATION_STATE,
    LANE,
    DeliveryStatus,
)
from costmodel.io.delivery.outbox import Outbox, enqueue, lock_lanes, lock_outbox

LEASE_SECONDS: Final = 120.0
MAX_PAUSE_SECONDS: Final = 3_600.0
_CLOCK_SLACK_SECONDS: Final = 60.0
_BATCH: Final = 50


class Lane(NamedTuple):
    """A lane this worker holds."""

    id: int
    destination: str
    token: str


class Delivery(NamedTuple):
    """One alert to be sent to one destination."""

    id: int
    alert_id: int
    alert: Alert
    webhook_id: str
    attempts: int


def claim_lane(outbox: Outbox, destinations: Sequence[str], *, now: float) -> Lane | None:
    """Take the lease of the lane that has been due longest, or None if nothing is due."""
    due = or_(LANE.c.next_at <= now, LANE.c.scheduled_at > now + _CLOCK_SLACK_SECONDS)
    query = (
        select(LANE.c.id, LANE.c.destination)
        .outerjoin(DESTINATION_STATE, DESTINATION_STATE.c.destination == LANE.c.destination)
        .where(
            LANE.c.destination.in_(destinations),
            LANE.c.next_at.is_not(None),
            due,
            _is_over(LANE.c.lease_until, now, LEASE_SECONDS),
            _is_over(DESTINATION_STATE.c.paused_until, now, MAX_PAUSE_SECONDS),
        )
        .order_by(LANE.c.next_at, LANE.c.id)
        .limit(1)
        .with_for_update(of=LANE, skip_locked=True)
    )
    token = uuid.uuid4().hex
    with outbox.engine.begin() as connection:
        row = connection.execute(query).first()
        if row is None:
            return None
        connection.execute(
            update(LANE)
            .where(LANE.c.id == row.id)
            .values(lease_token=token, lease_until=now + LEASE_SECONDS)
        )
    return Lane(row.id, row.destination, token)


def read_batch(outbox: Outbox, lane: Lane, *, now: float) -> list[Delivery]:
    """Return the next deliveries of a lane in order, up to the first that is not due."""
    query = (
        select(DELIVERY, ALERT.c.body, LANE.c.scheduled_at)
        .join_from(DELIVERY, ALERT, ALERT.c.id == DELIVERY.c.alert_id)
        .join(LANE, LANE.c.id == DELIVERY.c.lane_id)
        .where(DELIVERY.c.lane_id == lane.id, DELIVERY.c.status == DeliveryStatus.PENDING.value)
        .order_by(DELIVERY.c.id)
        .limit(_BATCH)
    )
    with outbox.engine.begin() as connection:
        rows = connection.execute(query).all()
    batch: list[Delivery] = []
    for row in rows:
        if row.attempts and row.next_at > now and row.scheduled_at <= now + _CLOCK_SLACK_SECONDS:
            break
        alert = Alert.from_json(json.loads(row.body))
        batch.append(Delivery(row.id, row.alert_id, alert, row.webhook_id, row.attempts))
    return batch


def settle_delivered(
    outbox: Outbox, lane: Lane, delivery: Delivery, *, answer: str, now: float
) -> bool:
    """Write down that the receiver has it; False if the lane is no longer ours."""
    with outbox.engine.begin() as connection:
        held = _renew(connection, lane, now)
        # True whoever holds the lane: the receiver said yes.
        _write(
            connection,
            delivery,
            status=DeliveryStatus.DELIVERED.value,
            attempts=delivery.attempts + 1,
            last_answer=answer,
            delivered_at=now,
        )
    return held


def settle_retry(
    outbox: Outbox,
    lane: Lane,
    delivery: Delivery,
    *,
    answer: str,
    now: float,
    delay: float,
    pause: float,
) -> None:
    """Write down a failed attempt and when the next one is due.

    Args:
        outbox: the outbox.
        lane: the lane of the delivery.
        delivery: what failed.
        answer: what the receiver said.
        now: unix seconds.
        delay: seconds until the next attempt.
        pause: seconds to leave the whole destination alone; 0 for none.
    """
    with outbox.engine.begin() as connection:
        if not _renew(connection, lane, now):
            return
        _write(
            connection,
            delivery,
            attempts=delivery.attempts + 1,
            last_answer=answer,
            next_at=now + delay,
        )
    if pause > 0:
        until = now + min(pause, MAX_PAUSE_SECONDS)
        with outbox.engine.begin() as connection:
            lock_outbox(connection)
            _change_destination(connection, lane.destination, paused_until=until)


def settle_dead(
    outbox: Outbox,
    lane: Lane,
    delivery: Delivery,
    *,
    answer: str,
    now: float,
    fallback: str | None,
) -> None:
    """Write down that a delivery is given up, and hand its alert to the fallback destination."""
    with outbox.engine.begin() as connection:
        lock_outbox(connection)
        if not _renew(connection, lane, now):
            return
        _write(
            connection,
            delivery,
            status=DeliveryStatus.DEAD.value,
            attempts=delivery.attempts + 1,
            last_answer=answer,
        )
        _send_to_fallback(connection, [delivery.alert_id], fallback, now)


def settle_gone(
    outbox: Outbox,
    lane: Lane,
    delivery: Delivery,
    *,
    answer: str,
    now: float,
    fallback: str | None,
) -> None:
    """Disable a destination that answered 410 Gone; all it still had to get is dead."""
    with outbox.engine.begin() as connection:
        lock_outbox(connection)
        if not _renew(connection, lane, now):
            return
        lanes = [
            number
            for (number,) in connection.execute(
                select(LANE.c.id).where(LANE.c.destination == lane.destination).order_by(LANE.c.id)
            )
        ]
        lock_lanes(connection, lanes)
        pending = and_(
            DELIVERY.c.lane_id.in_(
                select(LANE.c.id).where(LANE.c.destination == lane.destination)
            ),
            DELIVERY.c.status == DeliveryStatus.PENDING.value,
        )
        alerts = [
            number
            for (number,) in connection.execute(
                select(DELIVERY.c.alert_id).where(pending).order_by(DELIVERY.c.id)
            )
        ]
        _write(connection, delivery, attempts=delivery.attempts + 1)
        connection.execute(
            update(DELIVERY)
            .where(pending)
            .values(status=DeliveryStatus.DEAD.value, last_answer=answer)
        )
        # Taking the leases away stops workers that are still sending to this destination.
        connection.execute(
            update(LANE)
            .where(LANE.c.destination == lane.destination)
            .values(next_at=None, lease_token=None, lease_until=None)
        )
        _change_destination(connection, lane.destination, disabled_reason=answer)
        _send_to_fallback(connection, alerts, fallback, now)


def release(outbox: Outbox, lane: Lane, *, now: float) -> None:
    """Give a lane back; it is due again when its first pending delivery is."""
    with outbox.engine.begin() as connection:
        lock_lanes(connection, [lane.id])
        # A second statement, so that it sees what was committed while we waited for the lock.
        head = connection.execute(
            select(DELIVERY.c.next_at, DELIVERY.c.attempts)
            .where(
                DELIVERY.c.lane_id == lane.id, DELIVERY.c.status == DeliveryStatus.PENDING.value
            )
            .order_by(DELIVERY.c.id)
            .limit(1)
        ).first()
        due = None if head is None else head.next_at if head.attempts else now
        connection.execute(
            update(LANE)
            .where(LANE.c.id == lane.id, LANE.c.lease_token == lane.token)
            .values(next_at=due, scheduled_at=now, lease_token=None, lease_until=None)
        )


def _is_over(moment: ColumnElement[Any], now: float, longest: float) -> ColumnElement[bool]:
    # The slack: another worker reads its clock a little later, or has one that is a little ahead.
    ahead = moment > now + longest + _CLOCK_SLACK_SECONDS
    return or_(moment.is_(None), moment <= now, ahead)


def _renew(connection: Connection, lane: Lane, now: float) -> bool:
    renewed = connection.execute(
        update(LANE)
        .where(LANE.c.id == lane.id, LANE.c.lease_token == lane.token)
        .values(lease_until=now + LEASE_SECONDS)
    )
    return renewed.rowcount == 1


def _write(connection: Connection, delivery: Delivery, **values: Any) -> None:
    connection.execute(update(DELIVERY).where(DELIVERY.c.id == delivery.id).values(values))


def _send_to_fallback(
    connection: Connection, alert_ids: Sequence[int], fallback: str | None, now: float
) -> None:
    if fallback is None or not alert_ids:
        return
    lane_of_fallback = select(LANE.c.id).where(LANE.c.destination == fallback)
    already = select(DELIVERY.c.alert_id).where(DELIVERY.c.lane_id.in_(lane_of_fallback))
    rows = connection.execute(
        select(ALERT.c.id, ALERT.c.key, ALERT.c.budget)
        .where(ALERT.c.id.in_(alert_ids), ALERT.c.id.not_in(already))
        .order_by(ALERT.c.id)
    ).all()
    if rows:
        enqueue(connection, [(row.id, row.key, row.budget) for row in rows], fallback, now)


def _change_destination(connection: Connection, name: str, **values: Any) -> None:
    table = DESTINATION_STATE
    change = update(table).where(table.c.destination == name).values(values)
    if connection.execute(change).rowcount == 0:
        connection.execute(table.insert().values(destination=name, **values))
