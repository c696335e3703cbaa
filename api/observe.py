"""What operators watch: JSON log lines and Prometheus metrics."""

import logging
import sys
import time
from typing import Final

import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_FIELDS: Final = (
    "request_id", "method", "path", "status", "ms", "workspace", "key", "job", "kind", "attempt",
)  # fmt: skip


class JsonFormatter(logging.Formatter):
    """One JSON object a line; values of secrets never get here, since only named fields do."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON."""
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def log_as_json(level: int = logging.INFO) -> None:
    """Write the service's log as JSON lines on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    for name in ("costmodel", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ["method", "route", "status"]
        self.requests = Counter(
            "costmodel_requests", "Requests answered.", names, registry=self.registry
        )
        self.seconds = Histogram(
            "costmodel_request_seconds", "Time to answer.", ["route"],
            buckets=_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.under_way = Gauge(
            "costmodel_requests_under_way", "Requests being answered.", registry=self.registry
        )
        self.jobs = Gauge("costmodel_jobs", "Jobs by status.", ["status"], registry=self.registry)
        self.checks = Gauge(
            "costmodel_checks", "Checks of spend by the clock, by outcome.", ["outcome"],
            registry=self.registry,
        )  # fmt: skip
        self.checks_overdue = Gauge(
            "costmodel_checks_overdue_seconds", "How late the most overdue check is.",
            registry=self.registry,
        )  # fmt: skip
        self.last_check = Gauge(
            "costmodel_last_check_timestamp_seconds", "When a check was queued last; 0 = never.",
            registry=self.registry,
        )  # fmt: skip
        self.limited = Counter(
            "costmodel_requests_limited", "Requests refused by a limit.", ["limit"],
            registry=self.registry,
        )  # fmt: skip

    def record(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self.registry)
