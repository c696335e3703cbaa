"""Several processes on one PostgreSQL: jobs shared by leases; a database that goes and comes back."""

import itertools
import os
import signal
import threading
import time
from datetime import datetime

import httpx
import psycopg
import pytest

from api.settings import Limits, Settings
from api.store.tables import IDEMPOTENCY
from tests.api.conftest import SPEC, running, wait_for

pytestmark = pytest.mark.postgres


def span(job: dict) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(job["started_at"]), datetime.fromisoformat(job["finished_at"])


def test_jobs_of_one_database_are_shared_by_processes_and_each_is_done_once(serve, postgres_url):
    services = [serve("--database", postgres_url) for _ in range(2)]
    made = []
    for number in range(6):
        with services[number % 2].client() as client:
            body = {"rows": 4000, "months": 1, "name": f"b{number}"}
            made.append(client.post("/v1/bills/sample", json=body).raise_for_status().json())
    with services[0].client() as client, services[1].client() as other:
        jobs = [wait_for(client, one["job"]["id"], 120) for one in made]
        assert {(job["status"], job["attempts"]) for job in jobs} == {("done", 1)}
        # Whoever imported it, both answer the same.
        for one in made:
            place = f"/v1/bills/{one['bill']['id']}/costs"
            total = client.get(place).raise_for_status().json()["total"]
            assert total == other.get(place).raise_for_status().json()["total"]
            assert total["EffectiveCost"] > 0
    # One process does one job at a time: two at once are two processes at work.
    spans = sorted(span(job) for job in jobs)
    overlaps = [a for a, b in itertools.pairwise(spans) if b[0] < a[1]]
    assert overlaps


def test_a_killed_process_leaves_its_job_to_the_other(serve, postgres_url):
    first = serve("--database", postgres_url)
    second = serve("--database", postgres_url, "--no-jobs")
    with second.client() as client:
        body = {"rows": 60_000, "months": 3}
        made = client.post("/v1/bills/sample", json=body).raise_for_status().json()
        job = made["job"]["id"]
        until = time.monotonic() + 60
        while client.get(f"/v1/jobs/{job}").json()["progress"] < 0.05:
            assert time.monotonic() < until
            time.sleep(0.02)
        os.kill(first.process.pid, signal.SIGKILL)
        assert client.get(f"/v1/jobs/{job}").json()["status"] == "running"
        third = serve("--database", postgres_url)
        done = wait_for(client, job, 120)  # the lease of 20 s runs out by itself
        assert (done["status"], done["attempts"]) == ("done", 2), done
        assert client.get(f"/v1/bills/{made['bill']['id']}").json()["status"] == "ready"
        assert third.process.poll() is None


class Load:
    """Clients that make estimates and budgets, and note every answer."""

    def __init__(self, url: str) -> None:
        self.url, self.stop = url, threading.Event()
        self.answers: list[tuple[int, str, str]] = []
        self.broken: list[str] = []
        self.threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(3)]
        for thread in self.threads:
            thread.start()

    def _ask(self, number: int) -> None:
        count = 0
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self.stop.is_set():
                count += 1
                try:
                    if number:
                        body = {"spec": SPEC, "name": f"{number}.{count}"}
                        answer = client.post("/v1/estimates", json=body)
                    else:
                        body = {"name": f"load {count}", "limit": 1}
                        answer = client.post("/v1/budgets", json=body)
                except httpx.HTTPError as error:
                    self.broken.append(repr(error))
                    continue
                tree = answer.json()
                told = tree["id"] if answer.status_code == 201 else tree["type"]
                self.answers.append(
                    (answer.status_code, ["estimates", "budgets"][not number], told)
                )

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(60)


def test_postgresql_restarts_under_load_and_everything_goes_on(serve, postgres):
    with psycopg.connect(postgres.url.replace("+psycopg", "") + "/postgres", autocommit=True) as c:
        c.execute("CREATE DATABASE costmodel")
    service = serve("--database", f"{postgres.url}/costmodel", "--rate", "1000000")
    with service.client() as client:
        made = client.post("/v1/bills/sample", json={"rows": 60_000, "months": 3}).json()
        load = Load(service.url)
        for _ in range(2):
            time.sleep(1.5)
            postgres.stop()
            time.sleep(1.0)
            assert client.get("/healthz").status_code == 200
            down = client.get("/readyz")
            assert (down.status_code, down.json()["status"]) == (503, "unavailable")
            postgres.start()
        until = time.monotonic() + 20
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < until
        time.sleep(1.5)
        load.end()
        last = [code for code, _, _ in load.answers[-20:]]
        job = wait_for(client, made["job"]["id"], 120)
        kept = {group: set(_all(client, group)) for group in ("estimates", "budgets")}
    assert load.broken == []  # every request is answered
    codes = {code for code, _, _ in load.answers}
    assert codes <= {201, 503}
    assert 503 in codes
    assert last == [201] * 20
    problems = {told for code, _, told in load.answers if code == 503}
    assert problems == {"urn:costmodel:problem:store-unavailable"}
    for code, group, told in load.answers:
        assert code == 503 or told in kept[group], "an acknowledged write is gone"
    assert job["status"] == "done", job


def _all(client: httpx.Client, group: str):
    cursor = {}
    while True:
        page = (
            client.get(f"/v1/{group}", params={"limit": 200, **cursor}).raise_for_status().json()
        )
        yield from (item["id"] for item in page["items"])
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def test_an_idempotent_request_that_was_cut_off_can_be_done_again(tmp_path):
    limits = Limits(request_seconds=10)
    settings = Settings(data=tmp_path, limits=limits, runs_jobs=False)
    with running(settings) as service, service.client(service.key()) as client:
        headers = {"Idempotency-Key": "cut"}
        body = {"name": "once", "limit": 1}
        assert client.post("/v1/budgets", json=body, headers=headers).status_code == 201
        # As a killed process leaves it: reserved, without an answer.
        with service.state.database.transaction() as connection:
            connection.execute(IDEMPOTENCY.update().values(status=None))
        under_way = client.post("/v1/budgets", json=body, headers=headers)
        assert (under_way.status_code, under_way.headers["retry-after"]) == (409, "1")
        with service.state.database.transaction() as connection:
            connection.execute(IDEMPOTENCY.update().values(created_at=time.time() - 16))
        again = client.post("/v1/budgets", json=body, headers=headers)
        assert again.json()["type"] == "urn:costmodel:problem:name-taken"
