"""Imports many odd uploads in one limited process: python -m tests.api.fuzz_uploads FOLDER SEED N.

Prints a JSON line for each: label, status, message, seconds, the process's peak memory so far.
With N = 0 the uploads made to harm are imported instead.
"""

import json
import logging
import random
import re
import shutil
import sys
import time
from pathlib import Path

from api.bill_rows import create_bill
from api.job_process import _limit, _run
from api.job_work import Job
from api.jobs import claim, enqueue, finish
from api.keys import create_workspace
from api.settings import Limits, Settings
from api.store.database import open_database
from tests.api.upload_cases import Upload, hostile, mutated, seeds


class Importer:
    """Imports uploads as the worker's process does."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data=folder, limits=Limits(job_memory_bytes=8 << 30))
        self.database = open_database(self.settings.url)
        with self.database.transaction() as connection:
            self.workspace = create_workspace(connection, "fuzz")

    def run(self, upload: Upload) -> dict:
        with self.database.transaction() as connection:
            bill = create_bill(connection, self.workspace, upload.label, None)
            payload = {"bill": bill["id"], "reference": None}
            enqueue(connection, self.workspace, "import-bill", payload)
            row = claim(connection, "fuzz", time.time(), 3)
        job = Job(self.settings, self.database, dict(row), "fuzz")
        parts = job.bill_folder / "parts" / "00001"
        parts.mkdir(parents=True)
        (parts / upload.name).write_bytes(upload.content)
        began = time.perf_counter()
        status, message, result = _run(job)
        seconds = time.perf_counter() - began
        with self.database.transaction() as connection:
            finish(connection, row["id"], "fuzz", status, message=message, result=result)
        shutil.rmtree(job.bill_folder)
        return {
            "label": upload.label, "status": status, "message": message,
            "seconds": round(seconds, 3),
            "peak_mb": _peak_megabytes(),
        }  # fmt: skip


def _peak_megabytes() -> int:
    """Return the high-water mark of this process; ru_maxrss would begin with the parent's."""
    marks = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(marks[0]) // 1024


def main() -> None:
    """Run the cases."""
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    logging.disable(logging.CRITICAL)
    importer = Importer(folder)
    bills = list(seeds(folder / "seeds").values())
    _limit(importer.settings.limits)
    chance = random.Random(seed)
    cases = [*bills, *(mutated(chance.choice(bills), chance) for _ in range(count))]
    for upload in cases if count else hostile():
        print(json.dumps(importer.run(upload)), flush=True)


if __name__ == "__main__":
    main()
