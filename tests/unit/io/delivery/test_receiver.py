"""The receiver of AWS's notifications: genuine messages pass, everything else is refused."""

import base64
import datetime as dt
import json
import math

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from costmodel.budget.alert import AlertKind, Link
from costmodel.errors import BillError
from costmodel.io.delivery.destination import DeliveryConfig, Destination, Topic
from costmodel.io.delivery.guard import GuardError
from costmodel.io.delivery.outbox import open_outbox
from costmodel.io.delivery.receiver.receive import Receipt, SnsReceiver, fetch_from_sns
from costmodel.io.delivery.receiver.sns_message import RefusedMessageError
from costmodel.io.delivery.transport import Http, HttpAnswer
from tests.certificates import make_identity
from tests.delivery_lab import NOW

TOPIC = "arn:aws:sns:us-east-1:123456789012:aws-budgets"
CERTIFICATE_URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123.pem"
SUBSCRIBE_URL = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc"
OPS = Destination("ops", Topic("arn:aws:sns:eu-west-1:123456789012:ops"))

# Laid out as AWS's, with words of our own around the lines that matter.
BUDGET_TEXT = """AWS Budget Notification March 14, 2025
AWS Account 123456789012

Dear AWS Customer,

You asked for news when the ACTUAL cost of your budget is greater than $800.00 for the month.

Budget Name: Production, EU
Budget Type: Cost
Budgeted Amount: $1,000.00
Alert Type: ACTUAL
Alert Threshold: > $800.00
ACTUAL Amount: $1,012.34

https://console.aws.amazon.com/costmanagement/home#/budgets
"""

ANOMALY = {
    "accountId": "123456789012",
    "anomalyId": "newAnomaly-1",
    "anomalyStartDate": "2025-03-10T00:00:00Z",
    "anomalyEndDate": "2025-03-12T00:00:00Z",
    "anomalyDetailsLink": "https://console.aws.amazon.com/cost-management/home#/anomaly/1",
    "anomalyScore": {"currentScore": 0.5, "maxScore": 0.9},
    "dimensionalValue": "Amazon EC2",
    "impact": {
        "maxImpact": 200.0,
        "totalActualSpend": 1_301.0,
        "totalExpectedSpend": 300.5,
        "totalImpact": 1_000.5,
    },
    "monitorArn": "arn:aws:ce::123456789012:anomalymonitor/1",
    "rootCauses": [
        {
            "service": "Amazon EC2",
            "region": "us-east-1",
            "usageType": "BoxUsage:m5.large",
            "linkedAccount": "123456789012",
            "impact": {"contribution": 900.25},
        },
        {"service": "Amazon EC2"},
    ],
    "subscriptionName": "immediate",
}


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    return make_identity(tmp_path_factory.mktemp("sns"), "sns.amazonaws.com")


@pytest.fixture
def outbox(tmp_path):
    return open_outbox(str(tmp_path / "outbox.db"))


@pytest.fixture
def fetched():
    return []


@pytest.fixture
def receiver(outbox, identity, fetched):
    return make_receiver(outbox, identity, fetched)


def make_receiver(outbox, identity, fetched, **options):
    def fetch(url):
        fetched.append(url)
        return identity.certificate

    config = DeliveryConfig({"ops": OPS}, topics=(TOPIC,))
    return SnsReceiver(outbox, config, fetch=fetch, **options)


def message(identity, text=BUDGET_TEXT, *, version="2", sign=True, **changes):
    """Return a message as SNS posts it, signed as SNS documents it."""
    fields = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": "AWS Budgets: Production, EU has exceeded your alert threshold",
        "Message": text,
        "Timestamp": "2025-03-14T05:59:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
        **changes,
    }
    fields = {key: value for key, value in fields.items() if value is not None}
    keys = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if fields["Type"] != "Notification":
        keys = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{key}\n{fields[key]}\n" for key in keys if key in fields).encode()
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = identity.key.sign(signed, PKCS1v15(), algorithm) if sign else b"x" * 256
    return json.dumps({**fields, "Signature": base64.b64encode(signature).decode()}).encode()


def received(outbox):
    return [row.alert for row in outbox.list_alerts()]


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["AWS Budgets: alert", None])
def test_a_signed_budget_notification_becomes_an_alert(
    receiver, outbox, identity, version, subject
):
    body = message(identity, version=version, Subject=subject)

    assert receiver.receive(body, now=NOW) is Receipt.FORWARDED

    (alert,) = received(outbox)
    assert (alert.budget, alert.kind) == ("Production, EU", AlertKind.ACTUAL)
    assert (alert.actual, alert.limit, alert.threshold_value) == (1_012.34, 1_000.0, 800.0)
    assert math.isnan(alert.forecast_mean)
    assert (alert.period_start.isoformat(), alert.period_end.isoformat()) == (
        "2025-03-01T00:00:00+00:00",
        "2025-04-01T00:00:00+00:00",
    )
    assert alert.currency == "USD"
    assert alert.links[0].href == "https://console.aws.amazon.com/costmanagement/home#/budgets"
    assert outbox.count_deliveries() == {"pending": 1}


def test_a_daily_forecast_is_of_yesterday_and_counts_once_a_day(receiver, outbox, identity):
    text = BUDGET_TEXT.replace("ACTUAL", "FORECASTED").replace(
        "for the month.", "per day.\nYesterday it was so."
    )

    receiver.receive(message(identity, text), now=NOW)
    receiver.receive(message(identity, text, MessageId="other"), now=NOW)

    (alert,) = received(outbox)
    assert alert.kind is AlertKind.FORECASTED
    assert (alert.forecast_mean, math.isnan(alert.actual)) == (1_012.34, True)
    assert alert.period_start.date() == dt.date(2025, 3, 13)
    assert alert.period_end.date() == dt.date(2025, 3, 14)


@pytest.mark.parametrize("form", ["sns", "eventbridge"])
def test_an_anomaly_becomes_an_alert_with_its_root_causes(receiver, outbox, identity, form):
    tree = ANOMALY
    if form == "eventbridge":
        detail = {**ANOMALY, "dimensionValue": "Amazon EC2", "monitorName": "by service"}
        detail.pop("dimensionalValue")
        tree = {"source": "aws.ce", "detail-type": "Anomaly Detected", "detail": detail}

    receiver.receive(message(identity, json.dumps(tree)), now=NOW)

    (alert,) = received(outbox)
    assert alert.key == "aws-anomaly/123456789012/newAnomaly-1"
    assert alert.budget == ("Amazon EC2" if form == "sns" else "by service")
    assert (alert.actual, alert.forecast_mean) == (1_301.0, 300.5)
    assert "Amazon EC2 cost 1,000.50 USD more than expected" in alert.summary
    assert alert.period_end.date() == dt.date(2025, 3, 13)  # the last day belongs to it
    first, second = alert.cause
    assert first.dimension == "ServiceName, RegionId, x_UsageType, SubAccountId"
    assert first.amount == 900.25
    assert math.isnan(second.amount)


@pytest.mark.parametrize(
    "text",
    [
        "Something AWS has not said before",
        '{"anomalyId": "1"}',
        '{"anomalyId": "1", "accountId": "2", "anomalyStartDate": "soon", "impact": {}}',
        "Budget Name: x\nAlert Type: SURPRISING\n",
        "[" * 5_000,
    ],
)
def test_what_cannot_be_read_is_forwarded_as_it_is(receiver, outbox, identity, text):
    receiver.receive(message(identity, text), now=NOW)

    (alert,) = received(outbox)
    assert " ".join(text[:40].split()) in alert.summary
    assert alert.summary.startswith("AWS Budgets: Production, EU has exceeded")


def test_a_message_is_taken_once(receiver, outbox, identity):
    body = message(identity)

    receipts = [receiver.receive(body, now=NOW + seconds) for seconds in (0, 5, 3_000)]

    assert receipts == [Receipt.FORWARDED, Receipt.DUPLICATE, Receipt.DUPLICATE]
    assert len(received(outbox)) == 1


def test_the_certificate_is_fetched_once(receiver, identity, fetched):
    for number in range(3):
        receiver.receive(message(identity, MessageId=str(number)), now=NOW)

    assert fetched == [CERTIFICATE_URL]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sign": False}, "the signature does not fit"),
        ({"version": "3"}, "neither 1 nor 2"),
        ({"TopicArn": TOPIC + "-of-others"}, "not on the list of topics"),
        ({"Timestamp": "2025-03-14T04:59:00.000Z"}, "not of the last hour"),
        ({"Timestamp": "2025-03-14T06:06:00.000Z"}, "not of the last hour"),
        ({"Timestamp": "yesterday"}, "malformed"),
        ({"Type": "Gossip"}, "Type is not one"),
        ({"MessageId": None}, "MessageId is missing"),
        ({"SigningCertURL": CERTIFICATE_URL.replace("https", "http")}, "does not lead to SNS"),
        ({"SigningCertURL": "https://sns.us-east-1.amazonaws.com.evil.com/a.pem"}, "lead to SNS"),
        ({"SigningCertURL": "https://sns.us-east-1.amazonaws.com@evil.com/a.pem"}, "lead to SNS"),
        ({"SigningCertURL": "https://evil.com/sns.us-east-1.amazonaws.com/a.pem"}, "lead to SNS"),
        ({"SigningCertURL": "https://sns.us-east-1.amazonaws.com:8443/a.pem"}, "lead to SNS"),
        ({"SigningCertURL": "https://sns.us-east-1.amazonaws.com:x/a.pem"}, "malformed"),
        ({"SigningCertURL": "https://sns.us-east-1.amazonaws.com/a.html"}, "not a certificate"),
    ],
)
def test_a_message_that_is_not_genuine_is_refused(receiver, outbox, identity, changes, words):
    with pytest.raises(RefusedMessageError, match=words):
        receiver.receive(message(identity, **changes), now=NOW)

    assert received(outbox) == []


@pytest.mark.parametrize("field", ["Message", "Subject", "Timestamp", "MessageId"])
def test_changing_any_signed_field_breaks_the_signature(receiver, identity, field):
    fields = json.loads(message(identity))
    fields[field] = "2025-03-14T05:59:30.000Z" if field == "Timestamp" else "changed"

    with pytest.raises(RefusedMessageError, match="does not fit"):
        receiver.receive(json.dumps(fields).encode(), now=NOW)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"x" * 262_145, "more than SNS sends"),
        (b"[" * 100_000, "not JSON"),
        (b'{"Type": 5}', "Type is not one"),
    ],
)
def test_a_body_that_is_no_message_is_refused(receiver, body, words):
    with pytest.raises(RefusedMessageError, match=words):
        receiver.receive(body, now=NOW)


def test_nothing_is_fetched_for_a_topic_that_is_not_ours(receiver, identity, fetched):
    with pytest.raises(RefusedMessageError):
        receiver.receive(message(identity, TopicArn="arn:aws:sns:eu-west-1:1:x"), now=NOW)

    assert fetched == []


def test_a_certificate_out_of_date_or_malformed_is_refused(outbox, tmp_path, fetched):
    old = make_identity(
        tmp_path, "old.test", first=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), days=365
    )

    with pytest.raises(RefusedMessageError, match="not valid now"):
        make_receiver(outbox, old, fetched).receive(message(old), now=NOW)
    broken = old._replace(certificate=b"<html>")
    with pytest.raises(RefusedMessageError, match="certificate is malformed"):
        make_receiver(outbox, broken, fetched).receive(message(old), now=NOW)


def test_a_subscription_is_confirmed_at_sns_and_nowhere_else(receiver, identity, fetched):
    confirm = {"Type": "SubscriptionConfirmation", "Token": "abc", "Subject": None}

    body = message(identity, SubscribeURL=SUBSCRIBE_URL, **confirm)
    assert receiver.receive(body, now=NOW) is Receipt.CONFIRMED
    assert fetched == [CERTIFICATE_URL, SUBSCRIBE_URL]

    with pytest.raises(RefusedMessageError, match="does not lead to SNS"):
        receiver.receive(
            message(identity, SubscribeURL="https://169.254.169.254/", **confirm), now=NOW
        )
    assert len(fetched) == 2


def test_an_unsubscription_is_noted_and_not_undone(receiver, identity, fetched):
    body = message(
        identity,
        Type="UnsubscribeConfirmation",
        Token="abc",
        Subject=None,
        SubscribeURL=SUBSCRIBE_URL,
    )

    assert receiver.receive(body, now=NOW) is Receipt.UNSUBSCRIBED
    assert fetched == [CERTIFICATE_URL]


def test_our_own_analysis_is_added_before_the_alert_goes_on(outbox, identity, fetched):
    link = Link("Why", "https://costs.example.com/why")
    receiver = make_receiver(
        outbox, identity, fetched, enrich=lambda alert: alert.with_links(link)
    )

    receiver.receive(message(identity), now=NOW)

    assert received(outbox)[0].links[-1] == link


def test_an_analysis_that_fails_does_not_hold_up_the_alert(outbox, identity, fetched):
    def fail(alert):
        raise BillError("bill.csv: no rows")

    make_receiver(outbox, identity, fetched, enrich=fail).receive(message(identity), now=NOW)

    assert len(received(outbox)) == 1


@pytest.mark.parametrize(("status", "body"), [(200, b"pem"), (302, b"")])
def test_the_own_reader_of_sns_takes_200_and_nothing_else(monkeypatch, status, body):
    monkeypatch.setattr(Http, "request", lambda *a, **k: HttpAnswer(status, {}, body))

    if status == 200:
        assert fetch_from_sns(CERTIFICATE_URL) == body
    else:
        with pytest.raises(OSError, match=r"sns\.us-east-1\.amazonaws\.com answered HTTP 302"):
            fetch_from_sns(CERTIFICATE_URL)


def test_the_own_reader_of_sns_reaches_reaches_public_addresses_only(monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **k: [(2, 1, 6, "", ("10.0.0.1", 443))])

    with pytest.raises(GuardError, match="not a public address"):
        fetch_from_sns(CERTIFICATE_URL)
