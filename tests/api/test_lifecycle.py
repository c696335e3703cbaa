"""What survives: SIGTERM under load, SIGKILL in an import, lost leases, restarts, PostgreSQL."""

import os
import signal
import threading
import time

import httpx
import pytest

from api.jobs import LEASE_SECONDS, claim, enqueue
from api.keys import create_workspace
from api.settings import Settings
from api.store.database import open_database
from tests.api.conftest import SPEC, running, wait_for


def test_no_request_is_lost_when_the_service_is_told_to_stop_under_load(serve):
    service = serve("--rate", "1000000")
    lost: list[str] = []
    answered, told_to_go = [0], [0]

    def ask() -> None:
        with httpx.Client(base_url=service.url, timeout=30) as client:
            while True:
                try:
                    answer = client.post("/v1/estimates", json={"spec": SPEC})
                except httpx.ConnectError:
                    return  # the door is closed: nothing was accepted
                except httpx.HTTPError as error:
                    lost.append(repr(error))
                    return
                if answer.status_code != 201:
                    lost.append(answer.text)
                answered[0] += 1
                if answer.headers.get("connection") == "close":
                    # As a balancer does: a new connection could still wait in the kernel's queue
                    # when the door closes, and the kernel resets those.
                    told_to_go[0] += 1
                    return

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    service.process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join(30)
    assert service.process.wait(30) in (0, -signal.SIGTERM)
    assert lost == []
    assert answered[0] > 20
    assert told_to_go[0] == 4


def test_an_import_killed_midway_is_done_by_the_next_service(serve, tmp_path):
    first = serve()
    body = {"rows": 60_000, "months": 3}
    made = httpx.post(f"{first.url}/v1/bills/sample", json=body).json()
    job = made["job"]["id"]
    with httpx.Client(base_url=first.url, timeout=30) as client:
        until = time.monotonic() + 30
        while client.get(f"/v1/jobs/{job}").json()["progress"] < 0.05:
            assert time.monotonic() < until
            time.sleep(0.02)
    os.kill(first.process.pid, signal.SIGKILL)
    first.end()
    # Nobody waits for a lease to run out in a test.
    database = open_database(f"sqlite:///{tmp_path}/data/costmodel.db")
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE job SET lease_until = 0 WHERE status = 'running'")
    database.engine.dispose()
    second = serve()
    with httpx.Client(base_url=second.url, timeout=60) as client:
        done = wait_for(client, job, 90)
        assert done["status"] == "done", done
        assert done["attempts"] == 2
        bill = client.get(f"/v1/bills/{made['bill']['id']}").json()
        assert bill["status"] == "ready"
        costs = client.get(f"/v1/bills/{bill['id']}/costs").json()
        assert costs["total"]["EffectiveCost"] == pytest.approx(
            bill["facts"]["total"]["EffectiveCost"]
        )


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'jobs.db'}"
    return request.getfixturevalue("postgres_url")


def test_several_workers_share_the_jobs_of_one_database(database_url):
    databases = [open_database(database_url) for _ in range(4)]
    with databases[0].transaction() as connection:
        workspace = create_workspace(connection, "shared")
        wanted = {enqueue(connection, workspace, "none", {})["id"] for _ in range(40)}
    taken: list[list[str]] = [[] for _ in databases]

    def work(number: int) -> None:
        while True:
            with databases[number].transaction() as connection:
                job = claim(connection, f"w{number}", time.time(), 3)
            if job is None:
                return
            taken[number].append(job["id"])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    claimed = [job for jobs in taken for job in jobs]
    assert len(claimed) == 40
    assert set(claimed) == wanted
    now = time.time()
    with databases[0].transaction() as connection:
        assert claim(connection, "late", now, 3) is None
        again = claim(connection, "late", now + LEASE_SECONDS + 60, 3)
        assert again["attempts"] == 2
        for _ in range(200):
            now += LEASE_SECONDS + 60
            if claim(connection, "late", now, 3) is None:
                break
        failed = connection.exec_driver_sql(
            "SELECT COUNT(*) FROM job WHERE status = 'failed'"
        ).scalar()
    assert failed == 40
    for database in databases:
        database.engine.dispose()


@pytest.mark.postgres
def test_the_whole_service_works_on_postgresql(tmp_path, postgres_url):
    settings = Settings(data=tmp_path, database_url=postgres_url)
    with running(settings) as service, service.client(service.key()) as client:
        made = client.post("/v1/bills/sample", json={"rows": 2000, "months": 2}).json()
        assert wait_for(client, made["job"]["id"])["status"] == "done"
        bill = made["bill"]["id"]
        assert client.get(f"/v1/bills/{bill}/costs").status_code == 200
        headers = {"Idempotency-Key": "pg"}
        one = client.post("/v1/estimates", json={"spec": SPEC}, headers=headers).json()
        two = client.post("/v1/estimates", json={"spec": SPEC}, headers=headers).json()
        assert one == two
        budget = {"name": "b", "limit": 1, "thresholds": ["1%"]}
        assert client.post("/v1/budgets", json=budget).status_code == 201
        assert client.post("/v1/budgets", json=budget).status_code == 409
        sent = client.post("/v1/budgets/check", json={"bill_id": bill, "send": True})
        assert sent.json()["alerts"]
        assert client.get("/v1/deliveries").json()["items"]


def test_a_job_whose_process_keeps_dying_fails_and_says_so(tmp_path):
    from api.settings import Limits

    # Too little address space to import anything: every attempt dies.
    limits = Limits(job_memory_bytes=60 * 1024 * 1024, job_attempts=2)
    with (
        running(Settings(data=tmp_path, limits=limits)) as service,
        service.client(service.key()) as c,
    ):
        made = c.post("/v1/bills/sample", json={"rows": 1000, "months": 1}).json()
        job = wait_for(c, made["job"]["id"])
        assert job["status"] == "failed"
        assert job["attempts"] <= 2
        assert "\n" not in job["message"]
        assert job["message"]
        assert c.get("/healthz").status_code == 200
