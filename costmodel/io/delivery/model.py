"""The tables of the outbox. All times are unix seconds.

A *lane* is the queue of one budget to one destination: its deliveries go out one at a time, in
order, and one worker at a time holds it (a lease). Lanes are independent of each other.
"""

from enum import StrEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA: Final = MetaData()
_Id = BigInteger().with_variant(Integer, "sqlite")


class DeliveryStatus(StrEnum):
    """Where a delivery is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


# One row: the number of evaluations committed. Its row lock makes commits one at a time, which
# keeps the order of alerts and tells an evaluation that another one came first.
EVALUATION: Final = Table(
    "evaluation",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),
)

BUDGET_STATE: Final = Table(
    "budget_state",
    METADATA,
    Column("budget", String, primary_key=True),
    Column("body", Text, nullable=False),
)

ALERT: Final = Table(
    "alert",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("budget", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("body", Text, nullable=False),
)

LANE: Final = Table(
    "lane",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("destination", String, nullable=False),
    Column("budget", String, nullable=False),
    Column("next_at", Double),  # when its first pending delivery is due; NULL = nothing pending
    Column("scheduled_at", Double),  # when next_at was written
    Column("lease_token", String),
    Column("lease_until", Double),
    UniqueConstraint("destination", "budget"),
    Index("lane_next_at", "next_at"),
)

DELIVERY: Final = Table(
    "delivery",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("lane_id", ForeignKey(LANE.c.id), nullable=False),
    Column("alert_id", ForeignKey(ALERT.c.id), nullable=False),
    Column("webhook_id", String, nullable=False, unique=True),
    Column("status", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("last_answer", Text, nullable=False),
    Column("delivered_at", Double),
    Index("delivery_lane_status", "lane_id", "status", "id"),
    Index("delivery_alert", "alert_id"),
)

DESTINATION_STATE: Final = Table(
    "destination_state",
    METADATA,
    Column("destination", String, primary_key=True),
    Column("disabled_reason", Text),
    Column("paused_until", Double),
)

RECEIVED_MESSAGE: Final = Table(
    "received_message",
    METADATA,
    Column("message_id", String, primary_key=True),
    Column("received_at", Double, nullable=False),
)
