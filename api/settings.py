"""What the operator decides: where data is kept, who may do what, and every limit."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on requests, uploads and jobs.

    Attributes:
        body_bytes: largest JSON body.
        part_bytes: largest part of an upload.
        bill_bytes: largest upload of one bill, all parts together.
        reserve_bytes: room on the disk that uploads and imports leave to the database.
        request_seconds: how long a request may take before it is answered with 503.
        requests_per_minute: rate of one key.
        concurrent_requests: requests of one key at the same time.
        job_memory_bytes: address space of one job's process.
        job_seconds: processor time of one job.
        job_attempts: how often a job is started before it counts as failed.
    """

    body_bytes: int = 8 * MEBIBYTE
    part_bytes: int = 512 * MEBIBYTE
    bill_bytes: int = 16 * 1024 * MEBIBYTE
    reserve_bytes: int = 64 * MEBIBYTE
    request_seconds: float = 60.0
    requests_per_minute: int = 1200
    concurrent_requests: int = 32
    job_memory_bytes: int = 16 * 1024 * MEBIBYTE
    job_seconds: int = 3600
    job_attempts: int = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """The operator's decisions.

    Attributes:
        data: folder that holds the database, bills, outboxes and secrets.
        database_url: ``postgresql://`` URL; SQLite in the data folder without it.
        is_dev: no key needed; only ever on loopback.
        bill_roots: folders (or s3:// prefixes) whose bills may be read by reference.
        catalog: folder of another price catalog.
        internal_receivers: hosts and networks of our own that webhooks may reach.
        webhook_ports: TCP ports webhooks may use.
        sns_topics: topics whose notifications are taken in.
        check_every: when budgets and anomalies are checked: ``1h``, ``06:00,18:30``, ``off``.
        runs_jobs: whether this process also works on jobs.
        has_https: cookies are sent over HTTPS only.
        limits: bounds.
    """

    data: Path
    database_url: str | None = None
    is_dev: bool = False
    bill_roots: tuple[str, ...] = ()
    catalog: Path | None = None
    internal_receivers: tuple[str, ...] = ()
    webhook_ports: tuple[int, ...] = (443,)
    sns_topics: tuple[str, ...] = ()
    check_every: str = "1h"
    runs_jobs: bool = True
    has_https: bool = False
    limits: Limits = field(default_factory=Limits)

    @property
    def url(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.data / 'costmodel.db'}"
