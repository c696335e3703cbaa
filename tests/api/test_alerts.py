"""Alerts end to end: delivered to a receiver in a process of its own, taken in from SNS."""

import json
import time
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from api.settings import Settings
from tests.api.conftest import running, wait_for
from tests.certificates import make_identity
from tests.delivery_lab import Receiver
from tests.unit.io.delivery.test_receiver import (
    BUDGET_TEXT,
    CERTIFICATE_URL,
    SUBSCRIBE_URL,
    TOPIC,
    message,
)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    with Receiver(tmp_path_factory.mktemp("receiver")) as found:
        yield found


@pytest.fixture(scope="module")
def alerting(tmp_path_factory, receiver):
    """A service that may deliver to this machine, and takes in one topic."""
    settings = Settings(
        data=tmp_path_factory.mktemp("alerts"), is_dev=True, sns_topics=(TOPIC,),
        internal_receivers=("127.0.0.1",), webhook_ports=(receiver.port,),
    )  # fmt: skip
    with running(settings) as service:
        yield service


@pytest.fixture
def client(alerting):
    with alerting.client() as found:
        yield found


def hook(client, receiver, path: str, **more) -> dict:
    body = {"name": path, "url": f"http://127.0.0.1:{receiver.port}/{path}", **more}
    return client.post("/v1/webhooks", json=body).raise_for_status().json()


def until_received(receiver, path: str, count: int = 1) -> list[dict]:
    end = time.monotonic() + 30
    while len(found := receiver.received(f"/{path}")) < count:
        assert time.monotonic() < end, f"{len(found)} of {count} came to {path}"
        time.sleep(0.1)
    return found


def test_a_test_delivery_arrives_and_its_signature_is_verified_by_another_library(
    client, receiver
):
    made = hook(client, receiver, "ok-signed")
    told = client.post(f"/v1/webhooks/{made['id']}/test").json()
    assert (told["status"], told["answer"]) == ("delivered", "HTTP 204"), told
    (came,) = until_received(receiver, "ok-signed")
    headers = {name.lower(): value for name, value in came["headers"].items()}
    alert = Webhook(made["signing_secret"]).verify(came["body"], headers)
    assert "test" in json.dumps(alert)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["signing_secret"]).verify(came["body"].replace("test", "tost"), headers)
    other = hook(client, receiver, "ok-other")
    with pytest.raises(WebhookVerificationError):
        Webhook(other["signing_secret"]).verify(came["body"], headers)
    listed = client.get("/v1/deliveries").json()["items"][0]
    assert (listed["status"], listed["attempts"]) == ("delivered", 1)
    assert listed["webhook_id"] == headers["webhook-id"]


def test_the_page_sends_a_test_and_says_what_was_answered(client, receiver):
    made = hook(client, receiver, "ok-page")
    page = client.post("/webhooks/test", data={"id": made["id"]})
    assert "Test of ok-page: delivered. HTTP 204" in page.text
    assert len(until_received(receiver, "ok-page")) == 1


def test_a_receiver_that_refuses_is_told_of_and_its_secret_is_not(client, receiver):
    made = hook(client, receiver, "fail")
    told = client.post(f"/v1/webhooks/{made['id']}/test").json()
    assert told["status"] == "pending"  # it is tried again later
    assert "500" in told["answer"]
    assert "do not echo me" not in told["answer"]
    assert made["signing_secret"] not in json.dumps(told)
    client.delete(f"/v1/webhooks/{made['id']}")


def test_dead_letters_are_delivered_once_the_receiver_is_back(client, alerting, receiver):
    made = hook(client, receiver, "gone")
    told = client.post(f"/v1/webhooks/{made['id']}/test").json()
    assert told["status"] == "dead", told
    assert told["answer"].startswith("HTTP 410")
    dead = client.get("/v1/deliveries").json()
    assert "gone" in dead["disabled"]
    place = f"/v1/webhooks/{made['id']}"
    tag = {"If-Match": client.get(place).headers["etag"]}
    url = f"http://127.0.0.1:{receiver.port}/ok-again"
    assert client.put(place, json={"name": "gone", "url": url}, headers=tag).status_code == 200
    replayed = client.post("/v1/deliveries/replay", json={"destination": "gone"}).json()
    assert replayed == {"replayed": 1}
    (came,) = until_received(receiver, "ok-again")
    headers = {name.lower(): value for name, value in came["headers"].items()}
    Webhook(made["signing_secret"]).verify(came["body"], headers)


def test_a_crossed_budget_is_delivered_once_to_those_who_asked(client, receiver):
    hook(client, receiver, "ok-all")
    hook(client, receiver, "ok-slack", format="slack", budgets=["crossed"])
    hook(client, receiver, "ok-others", budgets=["another"])
    made = client.post("/v1/bills/sample", json={"rows": 3000, "months": 2}).json()
    assert wait_for(client, made["job"]["id"])["status"] == "done"
    budget = {"name": "crossed", "limit": 1, "thresholds": ["100%"]}
    assert client.post("/v1/budgets", json=budget).status_code == 201
    check = {"bill_id": made["bill"]["id"], "send": True}
    for _ in range(2):
        assert client.post("/v1/budgets/check", json=check).status_code == 200
    (whole,) = until_received(receiver, "ok-all")
    assert json.loads(whole["body"])["data"]["budget"] == "crossed"
    (text,) = until_received(receiver, "ok-slack")
    assert "crossed" in text["body"]
    assert "webhook-signature" not in {name.lower() for name in text["headers"]}
    time.sleep(3)  # a second delivery would have come by now
    assert len(receiver.received("/ok-all")) == 1
    assert receiver.received("/ok-others") == []
    kept = [row for row in client.get("/v1/deliveries").json()["items"]
            if row["alert"]["budget"] == "crossed"]  # fmt: skip
    assert {row["status"] for row in kept} == {"delivered"}
    assert all(row["delivered_at"] for row in kept)


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    return make_identity(tmp_path_factory.mktemp("sns"), "sns.amazonaws.com")


@pytest.fixture
def sns(alerting, identity, monkeypatch):
    """Stand in for SNS: gives its certificate, notes what else is asked of it."""
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return identity.certificate

    monkeypatch.setattr(alerting.state.alerting, "fetch_from_sns", fetch)
    alerting.state.alerting._certificates.clear()
    return asked


def post(client, body: bytes):
    workspace = client.get("/v1/workspace").json()["id"]
    headers = {"Content-Type": "text/plain; charset=UTF-8"}
    # No key: SNS has none.
    return httpx.post(
        f"{client.base_url}/v1/inbound/sns/{workspace}", content=body, headers=headers, timeout=30
    )


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_notification_is_taken_in_once_and_delivered(
    client, receiver, identity, sns, version
):
    name = f"From SNS {version}"
    made = hook(client, receiver, f"ok-sns-{version}", budgets=[name])
    text = BUDGET_TEXT.replace("Production, EU", name)
    body = message(identity, text, version=version, Timestamp=now(), MessageId=f"m{version}")
    assert post(client, body).json() == {"status": "forwarded", "answer": ""}
    assert post(client, body).json() == {"status": "duplicate", "answer": ""}
    assert sns == [CERTIFICATE_URL]  # asked for once, for both
    (came,) = until_received(receiver, f"ok-sns-{version}")
    headers = {key.lower(): value for key, value in came["headers"].items()}
    alert = Webhook(made["signing_secret"]).verify(came["body"], headers)
    assert (alert["data"]["budget"], alert["data"]["actual"]) == (name, 1012.34)
    time.sleep(2.5)
    assert len(receiver.received(f"/ok-sns-{version}")) == 1


def test_a_subscription_is_confirmed_by_asking_sns(client, identity, sns):
    body = message(
        identity, "You have chosen to subscribe", Type="SubscriptionConfirmation", Subject=None,
        SubscribeURL=SUBSCRIBE_URL, Token="abc", Timestamp=now(),
    )  # fmt: skip
    assert post(client, body).json()["status"] == "subscription confirmed"
    assert sns == [CERTIFICATE_URL, SUBSCRIBE_URL]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sign": False}, "signature"),
        ({"TopicArn": TOPIC + "-other"}, "topic"),
        ({"Timestamp": "2025-03-14T05:59:00.000Z"}, "hour"),
        ({"SigningCertURL": "https://sns.us-east-1.amazonaws.com.evil.com/a.pem"}, "SNS"),
    ],
)
def test_a_message_that_is_not_genuine_fresh_and_ours_is_refused(
    client, identity, sns, changes, words
):
    fields = {"Timestamp": now(), "MessageId": "refused", **changes}
    answer = post(client, message(identity, **fields))
    assert answer.status_code == 403
    assert words in answer.json()["detail"]
    assert "refused" not in str(client.get("/v1/deliveries").json())


def test_sns_is_told_to_come_again_where_its_certificate_cannot_be_had(
    client, alerting, identity, sns, monkeypatch
):
    def fetch(url: str) -> bytes:
        raise OSError(f"{url} answered HTTP 500")

    monkeypatch.setattr(alerting.state.alerting, "fetch_from_sns", fetch)
    answer = post(client, message(identity, Timestamp=now(), MessageId="later"))
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:costmodel:problem:sns-unreachable"
