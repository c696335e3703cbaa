"""A full disk: a small file system of its own under the data folder."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from api.settings import MEBIBYTE, Limits, Settings
from tests.api.conftest import SPEC, running, wait_for
from tests.api.test_bills import FOCUS

SIZE = 48 * MEBIBYTE


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of 48 MiB; skip, saying why, where that is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "costmodel-test", str(place)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("!!! the full-disk tests need root and mount: NOT RUN")
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"!!! the full-disk tests cannot mount a tmpfs: NOT RUN ({done.stderr})")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Take all room but a little."""
    filler = disk / "filler"
    with filler.open("wb") as out:
        for size in (MEBIBYTE, 4096):
            while shutil.disk_usage(disk).free >= leave + size:
                out.write(b"x" * size)
                out.flush()
    return filler


def free(filler: Path) -> None:
    filler.unlink()


def upload(client, bill: str, content: bytes, name: str = "bill.csv"):
    return client.put(f"/v1/bills/{bill}/parts/1", params={"file_name": name}, content=content)


def new_bill(client) -> str:
    return client.post("/v1/bills", json={"name": "b"}).raise_for_status().json()["bill"]["id"]


def test_uploads_stop_while_the_database_still_has_room(small_disk):
    limits = Limits(reserve_bytes=8 * MEBIBYTE)
    with (
        running(Settings(data=small_disk, limits=limits)) as service,
        service.client(service.key()) as client,
    ):
        bill = new_bill(client)
        refused = upload(client, bill, b"x" * SIZE)
        assert refused.status_code == 507
        assert refused.json()["type"] == "urn:costmodel:problem:disk-full"
        assert refused.headers["retry-after"]
        folder = service.state.bills.folder(client.get("/v1/workspace").json()["id"], bill)
        assert [path for path in folder.rglob("*") if path.is_file()] == []
        assert shutil.disk_usage(small_disk).free > limits.reserve_bytes
        fill(small_disk, leave=limits.reserve_bytes // 2)
        assert upload(client, bill, FOCUS.encode()).status_code == 507
        # Everything else goes on, and room can be made by deleting.
        assert client.post("/v1/estimates", json={"spec": SPEC}).status_code == 201
        assert client.delete(f"/v1/bills/{bill}").status_code == 204
        sample = client.post("/v1/bills/sample", json={"rows": 1000, "months": 1}).json()
        job = wait_for(client, sample["job"]["id"])
        assert (job["status"], job["message"].partition(":")[0]) == ("failed", "the disk is full")
        assert client.get(f"/v1/bills/{sample['bill']['id']}").json()["status"] == "failed"


def test_a_disk_without_any_room_loses_nothing_and_mends_itself(small_disk):
    # No reserve: others may well fill the disk we share.
    with (
        running(Settings(data=small_disk, limits=Limits(reserve_bytes=0))) as service,
        service.client(service.key()) as client,
    ):
        bill = new_bill(client)
        kept = client.post("/v1/estimates", json={"spec": SPEC}).json()["id"]
        filler = fill(small_disk, leave=0)
        text = {"text": "region: us-east-1\nresources: {}\n" + "# " + "x" * 200_000}
        answers = [client.post("/v1/estimates", json=text) for _ in range(40)]
        codes = {answer.status_code for answer in answers}
        assert 507 in codes
        assert codes <= {201, 507}
        full = next(answer for answer in answers if answer.status_code == 507)
        assert full.json()["type"] == "urn:costmodel:problem:disk-full"
        assert upload(client, bill, b"x" * MEBIBYTE).status_code == 507
        # What is there can still be read, by keys seen and unseen.
        assert client.get(f"/v1/estimates/{kept}").status_code == 200
        assert client.get("/readyz").status_code == 200
        stored = sum(answer.status_code == 201 for answer in answers)
        free(filler)
        listed = client.get("/v1/estimates", params={"limit": 100}).json()["items"]
        assert len(listed) == 1 + stored
        assert upload(client, bill, FOCUS.encode()).status_code == 200
        job = wait_for(client, client.post(f"/v1/bills/{bill}/import").json()["id"])
        assert job["status"] == "done", job
        costs = client.get(f"/v1/bills/{bill}/costs").json()
        assert costs["total"] == {"EffectiveCost": 12.75}


def test_an_import_that_fills_the_disk_leaves_the_bill_that_was_there(small_disk):
    with (
        running(Settings(data=small_disk, limits=Limits(reserve_bytes=0))) as service,
        service.client(service.key()) as client,
    ):
        bill = new_bill(client)
        upload(client, bill, FOCUS.encode())
        first = wait_for(client, client.post(f"/v1/bills/{bill}/import").json()["id"])
        assert first["status"] == "done", first
        header, row, _, _ = FOCUS.split("\n")
        rows = "".join(
            f"{row.replace(',x,', f',{n * 7919 % 1_000_003}x{n},')}\n" for n in range(60_000)
        )
        assert upload(client, bill, f"{header}\n{rows}".encode()).status_code == 200
        filler = fill(small_disk, leave=200_000)
        job = wait_for(client, client.post(f"/v1/bills/{bill}/import").json()["id"])
        assert (job["status"], job["message"].partition(":")[0]) == ("failed", "the disk is full")
        shown = client.get(f"/v1/bills/{bill}").json()
        assert (shown["status"], shown["error"].partition(":")[0]) == (
            "failed",
            "the disk is full",
        )
        assert client.get(f"/v1/bills/{bill}/costs").json()["total"] == {"EffectiveCost": 12.75}
        folder = service.state.bills.folder(client.get("/v1/workspace").json()["id"], bill)
        assert sorted(path.name for path in folder.iterdir()) == ["daily", "dataset", "parts"]
        free(filler)
        again = wait_for(client, client.post(f"/v1/bills/{bill}/import").json()["id"])
        assert again["status"] == "done", again
        costs = client.get(f"/v1/bills/{bill}/costs").json()
        assert costs["total"] == {"EffectiveCost": pytest.approx(60_000 * 10.5)}


def test_a_job_that_cannot_write_down_how_it_ended_is_done_once_there_is_room(small_disk):
    with (
        running(Settings(data=small_disk, limits=Limits(reserve_bytes=0))) as service,
        service.client(service.key()) as client,
    ):
        made = client.post("/v1/bills/sample", json={"rows": 20_000, "months": 1}).json()
        until = time.monotonic() + 30
        while client.get(f"/v1/jobs/{made['job']['id']}").json()["status"] == "queued":
            assert time.monotonic() < until
            time.sleep(0.02)
        filler = fill(small_disk, leave=0)
        time.sleep(3)
        free(filler)
        # Whatever the worker could write down: the job ends, and the bill says how.
        job = wait_for(client, made["job"]["id"], 90)
        bill = client.get(f"/v1/bills/{made['bill']['id']}").json()
        assert (job["status"], bill["status"]) in (("done", "ready"), ("failed", "failed"))
        if job["status"] == "failed":
            assert "disk" in job["message"] or "worker died" in job["message"], job
        again = client.post("/v1/bills/sample", json={"rows": 1000, "months": 1}).json()
        assert wait_for(client, again["job"]["id"])["status"] == "done"
