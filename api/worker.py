"""Works on jobs: claims one, runs it in a process of its own, keeps the lease, stops in time.

What people upload is parsed in that process, under limits of memory and processor time: the worst
it can do is end.
"""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from api.identity import new_id
from api.jobs import claim, finish, hand_back, renew
from api.settings import Settings
from api.store.database import Database

_LOG = logging.getLogger("costmodel.worker")
_IDLE_SECONDS: Final = 0.3
_HEARTBEAT_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.1


class Worker:
    """A thread that works on jobs until it is told to stop."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.owner = new_id("wrk")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a job under way goes back to the queue."""
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                job = self._claim()
                if job is None:
                    self._stop.wait(_IDLE_SECONDS)
                else:
                    self._work(job)
            except (SQLAlchemyError, OSError) as error:
                # A database that restarts must not end the worker; the lease runs out by itself.
                _LOG.warning("the worker waits: %s", type(error).__name__)
                self._stop.wait(1.0)

    def _claim(self) -> Any:
        with self.database.transaction() as connection:
            attempts = self.settings.limits.job_attempts
            return claim(connection, self.owner, time.time(), attempts)

    def _work(self, job: Any) -> None:
        _LOG.info("job", extra={"job": job["id"], "kind": job["kind"], "attempt": job["attempts"]})
        process = start_job_process(self.settings, job["id"], self.owner)
        try:
            ending = self._watch(job["id"], process)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if ending == "stopping":
            with self.database.transaction() as connection:
                hand_back(connection, job["id"], self.owner)
        elif ending == "stop":
            self._finish(job["id"], "cancelled", "cancelled")
        elif process.returncode != 0:
            self._after_crash(job, process.returncode)

    def _watch(self, identifier: str, process: "subprocess.Popen[bytes]") -> str:
        """Keep the lease until the process ends; return why watching ended."""
        next_beat = 0.0
        while process.poll() is None:
            if self._stop.is_set():
                return "stopping"
            now = time.monotonic()
            if now >= next_beat:
                next_beat = now + _HEARTBEAT_SECONDS
                with self.database.transaction() as connection:
                    if renew(connection, identifier, self.owner, time.time()) == "stop":
                        return "stop"
            time.sleep(_LOOK_SECONDS)
        return "ended"

    def _after_crash(self, job: Any, code: int) -> None:
        """A job whose process died: tried again, until it has failed often enough."""
        if job["attempts"] >= self.settings.limits.job_attempts:
            self._finish(job["id"], "failed", _cause(code))
            return
        with self.database.transaction() as connection:
            hand_back_after_crash(connection, job["id"], self.owner)

    def _finish(self, identifier: str, status: str, message: str) -> None:
        with self.database.transaction() as connection:
            finish(connection, identifier, self.owner, status, message=message)


def hand_back_after_crash(connection: Any, identifier: str, owner: str) -> None:
    """Queue a job again; the attempt counts."""
    from sqlalchemy import update

    from api.store.tables import JOB

    connection.execute(
        update(JOB)
        .where(JOB.c.id == identifier, JOB.c.lease_owner == owner)
        .values(status="queued", lease_owner=None, message="starting again after a crash")
    )


def start_job_process(
    settings: Settings, identifier: str, owner: str
) -> "subprocess.Popen[bytes]":
    """Start the process of one job; it reads its settings from standard input."""
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    # The job's own imports decide where costmodel is found: the same place as ours.
    import costmodel

    paths.insert(1, str(Path(costmodel.__file__).resolve().parent.parent))
    process = subprocess.Popen(
        [sys.executable, "-m", "api.job_process"],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    told = {"settings": asdict(settings), "job": identifier, "owner": owner}
    if process.stdin is not None:
        process.stdin.write(json.dumps(told, default=str).encode())
        process.stdin.close()
    return process


def _cause(code: int) -> str:
    if code < 0:
        return f"the job's process was ended by signal {-code}: too large or broken input"
    return "the job's process ended without an answer: too large or broken input"
