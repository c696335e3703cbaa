"""The process of one job: limits itself, does the work, writes down how it ended."""

import json
import logging
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import select

from api.job_work import WORK, Job
from api.jobs import finish
from api.observe import log_as_json
from api.problems import Problem
from api.settings import Limits, Settings
from api.storage import FULL, is_full
from api.store.database import Database, open_database
from api.store.tables import JOB
from costmodel import CostModelError

_LOG = logging.getLogger("costmodel.job")


def main() -> int:
    """Run the job named on standard input."""
    told = json.load(sys.stdin)
    settings = _settings(told["settings"])
    _limit(settings.limits)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    log_as_json()
    database = open_database(settings.url)
    with database.transaction() as connection:
        row = connection.execute(select(JOB).where(JOB.c.id == told["job"])).mappings().one()
    status, message, result = _run(Job(settings, database, dict(row), told["owner"]))
    with database.transaction() as connection:
        finish(connection, told["job"], told["owner"], status, message=message, result=result)
    return 0


def _run(job: Job) -> tuple[str, str, Any]:
    """Return status, message and result; a user's mistake is one line."""
    try:
        return "done", "", WORK[job.kind](job)
    except Exception as error:  # noqa: BLE001 - the last line of defence against odd uploads
        return "failed", _in_words(job, error), None


def _in_words(job: Job, error: Exception) -> str:
    """Return in one line why a job failed."""
    if is_full(error):
        return FULL
    match error:
        case CostModelError() | Problem():
            return job.without_paths(str(error))
        case MemoryError():
            return "this needs more memory than a job may use"
        case OSError():
            return f"the storage failed: {(error.strerror or 'unknown').lower()}"
    _LOG.error("job failed", extra={"job": job.identifier}, exc_info=error)
    return f"this could not be read ({type(error).__name__})"


_TUPLES = ("bill_roots", "internal_receivers", "webhook_ports", "sns_topics")


def _settings(tree: dict[str, Any]) -> Settings:
    catalog = tree["catalog"]
    return Settings(
        **{
            **tree,
            "data": Path(tree["data"]),
            "catalog": Path(catalog) if catalog else None,
            **{name: tuple(tree[name]) for name in _TUPLES},
            "limits": Limits(**tree["limits"]),
        }
    )


def _limit(limits: Limits) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, limits.job_memory_bytes),
        (resource.RLIMIT_CPU, limits.job_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, hard))


def _end_with_parent(parent: int) -> None:
    """End when the worker is gone: its lease runs out, and another worker takes the job."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


__all__ = ["Database", "main"]

if __name__ == "__main__":
    sys.exit(main())
