"""The tables; every row but the workspaces themselves belongs to a workspace."""

from typing import Any

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> "Column[Any]":
    return Column("id", String(64), primary_key=True)


def _workspace() -> "Column[Any]":
    return Column(
        "workspace_id",
        String(64),
        ForeignKey("workspace.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    )


def _time(name: str, *, required: bool = False) -> "Column[Any]":
    return Column(name, Float, nullable=not required)


WORKSPACE = Table(
    "workspace", METADATA, _id(),
    Column("name", String(200), nullable=False, unique=True),
    _time("created_at", required=True),
    # The checks of its spend: the next, the last, its job, and which bills it saw.
    _time("check_due_at"), _time("check_queued_at"),
    Column("check_job", String(64)), Column("check_bills", String(200)),
)  # fmt: skip

API_KEY = Table(
    "api_key", METADATA, _id(), _workspace(),
    Column("name", String(200), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("scopes", String(64), nullable=False),
    _time("created_at", required=True), _time("expires_at"), _time("last_used_at"),
    _time("revoked_at"),
)  # fmt: skip

SESSION = Table(
    "web_session", METADATA, _id(), _workspace(),
    Column("secret_hash", String(64), nullable=False),
    Column("api_key_id", String(64), ForeignKey("api_key.id", ondelete="CASCADE"), nullable=False),
    _time("created_at", required=True), _time("expires_at", required=True),
)  # fmt: skip

ESTIMATE = Table(
    "estimate", METADATA, _id(), _workspace(),
    Column("name", String(200), nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("result", LargeBinary, nullable=False),
    Column("list_cost", Float, nullable=False),
    Column("effective_cost", Float, nullable=False),
    _time("created_at", required=True),
)  # fmt: skip

BILL = Table(
    "bill", METADATA, _id(), _workspace(),
    Column("name", String(200), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reference", Text),
    Column("facts", Text, nullable=False, default="{}"),
    Column("error", Text),
    Column("version", Integer, nullable=False, default=1),
    _time("created_at", required=True), _time("updated_at", required=True),
)  # fmt: skip

JOB = Table(
    "job", METADATA, _id(), _workspace(),
    Column("kind", String(32), nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("payload", Text, nullable=False),
    Column("progress", Float, nullable=False, default=0.0),
    Column("message", Text, nullable=False, default=""),
    Column("result", Text),
    Column("attempts", Integer, nullable=False, default=0),
    Column("cancel_requested", Integer, nullable=False, default=0),
    Column("lease_owner", String(64)),
    _time("lease_until"), _time("created_at", required=True), _time("started_at"),
    _time("finished_at"),
)  # fmt: skip

# Budgets, webhooks, suppressions and verdicts: small documents with a version.
DOCUMENT = Table(
    "document", METADATA, _id(), _workspace(),
    Column("kind", String(32), nullable=False),
    Column("name", String(400), nullable=False),
    Column("body", Text, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    _time("created_at", required=True), _time("updated_at", required=True),
    UniqueConstraint("workspace_id", "kind", "name"),
)  # fmt: skip

IDEMPOTENCY = Table(
    "idempotency", METADATA,
    Column("workspace_id", String(64), ForeignKey("workspace.id", ondelete="CASCADE"),
           primary_key=True),
    Column("idempotency_key", String(200), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer),
    Column("media_type", String(100)),
    Column("headers", Text),
    Column("body", LargeBinary),
    _time("created_at", required=True),
)  # fmt: skip

AUDIT = Table(
    "audit", METADATA, _id(), _workspace(),
    Column("actor", String(64), nullable=False),
    Column("method", String(8), nullable=False),
    Column("path", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("request_id", String(64), nullable=False),
    _time("created_at", required=True),
)  # fmt: skip

Index("ix_document_kind", DOCUMENT.c.workspace_id, DOCUMENT.c.kind, DOCUMENT.c.id)
Index("ix_job_queue", JOB.c.status, JOB.c.lease_until)
