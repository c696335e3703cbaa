"""Uploads nobody should send: each ends as a job with one clear problem, and nothing goes down."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.conftest import wait_for
from tests.api.served import ROOT
from tests.api.test_bills import FOCUS, upload
from tests.api.upload_cases import hostile

# Any error nobody thought of is told by its type alone: then a reader has to learn something.
_UNFORESEEN = "this could not be read ("


def imported(folder: Path, seed: int, count: int) -> list[dict]:
    """Import cases in a process under a job's limits; its end is the end of them all."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.api.fuzz_uploads", str(folder), str(seed), str(count)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (told[-1:], done.stderr[-2000:])
    return told


def unclear(told: dict, folder: Path) -> bool:
    message = told["message"]
    if told["status"] == "done":
        return message != ""
    return (
        not message or "\n" in message or len(message) > 500 or message.startswith(_UNFORESEEN)
        or str(folder) in message or "/parts/" in message or "costmodel-bill-" in message
    )  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_any_change_to_a_bill_of_any_format_gives_a_bill_or_one_clear_line(tmp_path, seed):
    told = imported(tmp_path, seed, 100)
    assert len(told) == 9 + 100
    assert {one["status"] for one in told[:9]} == {"done"}  # the bills before anything is changed
    assert [one for one in told if unclear(one, tmp_path)] == []
    assert {one["status"] for one in told[9:]} == {"done", "failed"}
    assert max(one["peak_mb"] for one in told) < 1500


def test_uploads_made_to_harm_take_little_time_and_memory_and_are_told_why(tmp_path):
    told = imported(tmp_path, 0, 0)
    assert [one for one in told if unclear(one, tmp_path)] == []
    by_label = {one["label"]: one for one in told}
    assert len(by_label) == 22
    accepted = {label for label, one in by_label.items() if one["status"] == "done"}
    # One is a bill in a zip whose name climbs; the other says one row fifty million times.
    assert accepted == {"zip that climbs", "parquet run"}
    assert not Path("/tmp/climbed.csv").exists()
    for bomb in ("gzip bomb", "zip bomb", "zip that overlaps"):
        assert "unpacks to more than 256 MiB" in by_label[bomb]["message"], bomb
        assert by_label[bomb]["seconds"] < 20
    assert max(one["peak_mb"] for one in told) < 2500


def test_the_service_and_its_worker_outlive_hostile_uploads(client):
    wanted = ("zeros", "gzip bomb", "parquet noise")
    cases = [case for case in hostile() if case.label in wanted]
    assert len(cases) == len(wanted)
    for case in cases:
        bill, job = upload(client, case.content, case.name, case.label)
        assert (job["status"], job["attempts"]) == ("failed", 1), job
        assert client.get(f"/v1/bills/{bill}").json()["error"] == job["message"]
    assert client.get("/readyz").status_code == 200
    bill, job = upload(client, FOCUS.encode())
    assert job["status"] == "done"
    assert wait_for(client, job["id"])["status"] == "done"
