"""Checks of spend by a service: after imports, with others, killed midway; alerts come once."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import httpx
import pytest
from sqlalchemy import update
from standardwebhooks import Webhook

from api.documents import create_document
from api.jobs import CHECK_SPEND
from api.settings import Settings
from api.spend_check import check_spend
from api.store.database import open_database
from api.store.tables import JOB, WORKSPACE
from tests.api.conftest import running
from tests.api.served import Served
from tests.api.test_bills import upload
from tests.delivery_lab import Receiver

FOCUS = (
    "BilledCost,EffectiveCost,ListCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,"
    "BillingPeriodStart,BillingCurrency,ServiceName,SubAccountId\n"
)


def daily_focus(days: int, last: datetime, spike: float = 0.0) -> str:
    """Return a bill of 10 a day up to a day, the last of which costs more."""
    rows = []
    for back in range(days - 1, -1, -1):
        day = last - timedelta(days=back)
        cost = 10.0 + (spike if back == 0 else 0.0)
        end = day + timedelta(days=1)
        rows.append(
            f"{cost},{cost},{cost},Usage,{day:%Y-%m-%dT00:00:00Z},{end:%Y-%m-%dT00:00:00Z},"
            f"{day:%Y-%m-01T00:00:00Z},USD,Amazon EC2,111111111111"
        )
    return FOCUS + "\n".join(rows) + "\n"


def ready(client: httpx.Client, content: str, title: str = "mine") -> str:
    bill, job = upload(client, content.encode(), title=title)
    assert job["status"] == "done", job
    return bill


def checks(client: httpx.Client) -> list[dict]:
    jobs = client.get("/v1/jobs").raise_for_status().json()["items"]
    return [job for job in jobs if job["kind"] == CHECK_SPEND]


def wait_for_checks(client: httpx.Client, number: int, seconds: float = 60.0) -> list[dict]:
    until = time.monotonic() + seconds
    while True:
        found = checks(client)
        if len(found) >= number and all(job["finished_at"] for job in found):
            return found
        assert time.monotonic() < until, found
        time.sleep(0.1)


def told(client: httpx.Client) -> list[str]:
    rows = client.get("/v1/deliveries").raise_for_status().json()["items"]
    return sorted(row["alert"]["key"] for row in rows)


NOW = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
# One period, so that the day of the month on which the tests run does not matter.
START = f"{NOW - timedelta(days=90):%Y-%m-%d}"
BUDGET = {
    "name": "all", "limit": 5, "thresholds": ["100%"],
    "period": "CUSTOM", "start": START, "end": f"{NOW + timedelta(days=90):%Y-%m-%d}",
}  # fmt: skip
CROSSED = f"all/{START}/actual-100pct"
SPIKE = f"Amazon EC2 · 111111111111/{NOW - timedelta(days=1):%Y-%m-%d}/anomaly"


def test_an_import_is_followed_by_a_check_whose_alerts_come_once(tmp_path):
    settings = Settings(data=tmp_path, check_every="1d")
    with running(settings) as service, service.client(service.key()) as client:
        assert client.get("/readyz").json()["checks"] == "on time"
        client.post("/v1/budgets", json=BUDGET).raise_for_status()
        bill = ready(client, daily_focus(60, NOW - timedelta(days=1), spike=90.0))
        (job,) = wait_for_checks(client, 1)
        assert job["status"] == "done", job
        assert job["result"]["bills"] == [bill]
        assert job["result"]["in_alarm"] == ["all"]
        assert job["result"]["anomalies"] == 1
        expected = sorted([CROSSED, SPIKE])
        assert told(client) == expected
        # The same bill once more: another check, nothing new.
        client.post(f"/v1/bills/{bill}/import").raise_for_status()
        again, _ = wait_for_checks(client, 2)
        assert (again["result"]["alerts"], again["result"]["anomalies"]) == (0, 0)
        assert told(client) == expected
        metrics = client.get("/metrics").text
        assert 'costmodel_checks{outcome="done"} 2.0' in metrics
        assert "costmodel_checks_overdue_seconds 0.0" in metrics


def test_what_fails_in_one_workspace_leaves_the_others_and_its_own_anomalies_alone(tmp_path):
    settings = Settings(data=tmp_path)
    with (
        running(settings) as service,
        service.client(service.key("one")) as one,
        service.client(service.key("two")) as two,
    ):
        workspace = one.get("/v1/workspace").json()["id"]
        one.post("/v1/budgets", json=BUDGET).raise_for_status()
        with service.state.database.transaction() as connection:  # as of an older release
            create_document(connection, workspace, "budget", "odd", {"limit": 5, "colour": "red"})
        two.post("/v1/budgets", json=BUDGET).raise_for_status()
        ready(one, daily_focus(60, NOW - timedelta(days=1), spike=90.0))
        ready(two, daily_focus(60, NOW - timedelta(days=1)))
        (good,) = wait_for_checks(two, 1)
        assert good["result"]["alerts"] == 1
        (bad,) = wait_for_checks(one, 1)
        assert bad["status"] == "failed"
        assert "colour" in bad["message"]
        assert told(one) == sorted([CROSSED, SPIKE])
        form = {"key": one.headers["Authorization"].removeprefix("Bearer ")}
        assert one.post("/login", data=form, headers={"Origin": service.url}).status_code == 303
        assert "colour" in one.get("/budgets").text  # the page says it, too
        assert 'costmodel_checks{outcome="failed"} 1.0' in one.get("/metrics").text


def test_a_check_by_hand_at_the_same_moment_does_not_double_an_alert(tmp_path):
    settings = Settings(data=tmp_path)
    with running(settings) as service, service.client(service.key()) as client:
        client.post("/v1/budgets", json=BUDGET).raise_for_status()
        bill = ready(client, daily_focus(60, NOW - timedelta(days=1)))

        def check_by_hand() -> None:
            with service.client(service.key()) as own:
                own.post("/v1/budgets/check", json={"bill_id": bill, "send": True})

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: check_by_hand(), range(4)))
        wait_for_checks(client, 1)
        assert told(client) == [CROSSED]


@pytest.mark.postgres
def test_two_services_on_one_postgresql_tell_each_alert_once(tmp_path, postgres_url):
    settings = Settings(data=tmp_path, database_url=postgres_url)
    with (
        running(settings) as first,
        running(settings) as second,
        first.client(first.key()) as client,
    ):
        client.post("/v1/budgets", json=BUDGET).raise_for_status()
        ready(client, daily_focus(60, NOW - timedelta(days=1), spike=90.0))
        wait_for_checks(client, 1)
        for number in (2, 3):
            with second.state.database.transaction() as connection:
                connection.execute(update(WORKSPACE).values(check_due_at=1.0))
            assert len(wait_for_checks(client, number)) == number
        assert told(client) == sorted([CROSSED, SPIKE])


def test_a_check_killed_midway_is_done_by_the_next_service(tmp_path):
    first = Served(tmp_path / "data")
    try:
        with httpx.Client(base_url=first.url, timeout=60) as client:
            client.post("/v1/budgets", json=BUDGET).raise_for_status()
            ready(client, daily_focus(60, NOW - timedelta(days=1), spike=90.0))
            until = time.monotonic() + 30
            while not [job for job in checks(client) if job["status"] == "running"]:
                assert time.monotonic() < until
                time.sleep(0.01)
        os.kill(first.process.pid, signal.SIGKILL)
    finally:
        first.end()
    time.sleep(1.0)  # its job sees that its parent is gone
    database = open_database(f"sqlite:///{tmp_path}/data/costmodel.db")
    with database.transaction() as connection:  # nobody waits for a lease in a test
        connection.execute(update(JOB).where(JOB.c.status == "running").values(lease_until=0.0))
    database.engine.dispose()
    second = Served(tmp_path / "data")
    try:
        with httpx.Client(base_url=second.url, timeout=60) as client:
            (job,) = wait_for_checks(client, 1)
            assert job["status"] == "done", job
            assert told(client) == sorted([CROSSED, SPIKE])
    finally:
        second.end()


def die_at_commit(number: int, settings: Settings, workspace: str) -> None:
    """Check, and be killed before the n-th commit of alerts."""
    from costmodel.io.delivery.outbox import Outbox

    commit, calls = Outbox.commit_evaluation, []

    def killed(*arguments, **named):
        calls.append(1)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return commit(*arguments, **named)

    Outbox.commit_evaluation = killed
    check(settings, workspace)


def check(settings: Settings, workspace: str, now: datetime = NOW) -> dict:
    database = open_database(settings.url)
    try:
        return check_spend(settings, database, workspace, now, lambda _share, _text: None)
    finally:
        database.engine.dispose()


def test_a_check_killed_at_any_commit_and_repeated_tells_each_alert_once(tmp_path):
    settings = Settings(data=tmp_path, check_every="off")
    with running(settings) as service, service.client(service.key()) as client:
        client.post("/v1/budgets", json=BUDGET).raise_for_status()
        ready(client, daily_focus(60, NOW - timedelta(days=1), spike=90.0))
        workspace = client.get("/v1/workspace").json()["id"]
        assert checks(client) == []  # off
        assert client.get("/readyz").json()["checks"] == "off"
        for number, known in ((1, []), (2, [CROSSED])):
            process = get_context("spawn").Process(
                target=die_at_commit, args=(number, settings, workspace)
            )
            process.start()
            process.join(60)
            assert process.exitcode == -signal.SIGKILL
            assert told(client) == known
        assert check(settings, workspace)["anomalies"] == 1
        assert check(settings, workspace)["anomalies"] == 0
        assert told(client) == sorted([CROSSED, SPIKE])


def test_what_the_clock_makes_cross_is_told_to_a_receiver_once_and_signed(tmp_path):
    with Receiver(tmp_path) as receiver:
        settings = Settings(
            data=tmp_path / "data",
            check_every="off",
            internal_receivers=("127.0.0.1",),
            webhook_ports=(receiver.port,),
        )
        with running(settings) as service, service.client(service.key()) as client:
            hook = {"name": "ops", "url": f"http://127.0.0.1:{receiver.port}/ok"}
            secret = client.post("/v1/webhooks", json=hook).json()["signing_secret"]
            client.post("/v1/budgets", json={**BUDGET, "limit": 595}).raise_for_status()
            # 60 days of 10, the last two of which the clock has not reached yet.
            ready(client, daily_focus(60, NOW + timedelta(days=1)))
            workspace = client.get("/v1/workspace").json()["id"]
            for days, crossed in ((0, []), (1, []), (2, ["all"]), (2, ["all"]), (3, ["all"])):
                found = check(settings, workspace, NOW + timedelta(days=days))
                assert found["in_alarm"] == crossed
            until = time.monotonic() + 30
            while not receiver.received():
                assert time.monotonic() < until
                time.sleep(0.1)
            time.sleep(3.0)  # another round of deliveries
        (request,) = receiver.received()
        body = Webhook(secret).verify(request["body"], request["headers"])
        assert body["type"] == "budget.threshold.crossed"
        assert body["data"]["key"] == CROSSED
        assert body["data"]["actual"] == 600.0


def test_bills_of_one_month_each_are_checked_together(tmp_path):
    settings = Settings(data=tmp_path, check_every="off")
    with running(settings) as service, service.client(service.key()) as client:
        client.post("/v1/budgets", json={**BUDGET, "limit": 595}).raise_for_status()
        middle = NOW - timedelta(days=30)
        older = ready(client, daily_focus(30, middle - timedelta(days=1)))
        ready(client, daily_focus(30, NOW - timedelta(days=1)), title="replaced")
        newer = ready(client, daily_focus(30, NOW - timedelta(days=1)))
        found = check(settings, client.get("/v1/workspace").json()["id"])
        assert found["bills"] == [newer, older]
        assert len(found["left_out"]) == 1
        (row,) = client.get("/v1/deliveries").json()["items"]
        assert row["alert"]["actual"] == 600.0  # twice 30 days of 10
