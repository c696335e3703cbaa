"""Delivery to a real receiver process over loopback."""

import base64
import json
import os
import threading
from random import Random

import pytest
from sqlalchemy.exc import OperationalError
from standardwebhooks import Webhook as Verifier

from costmodel.io.delivery import worker
from costmodel.io.delivery.channels import http as http_channel
from costmodel.io.delivery.lanes import claim_lane
from costmodel.io.delivery.model import DeliveryStatus
from costmodel.io.delivery.outbox import open_outbox
from costmodel.io.delivery.schedule import RETRY_DELAYS
from costmodel.io.delivery.worker import deliver_pending, run_worker
from tests.delivery_lab import NOW, Receiver, commit, deliver, make_alert, make_alerts, tally


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    with Receiver(tmp_path_factory.mktemp("receiver")) as running:
        yield running


@pytest.fixture(autouse=True)
def _forget(receiver):
    receiver.forget()


@pytest.fixture
def outbox(tmp_path):
    return open_outbox(str(tmp_path / "outbox.db"))


def test_every_alert_arrives_once_and_in_the_order_of_its_budget(outbox, receiver):
    config = receiver.config("ok")
    alerts = make_alerts(budgets=6, each=20)
    commit(outbox, config, alerts)

    report = deliver(outbox, config)

    assert report.delivered == 120
    assert tally(receiver.received(), alerts, "ok") == (120, 0, 0, 0, 0)
    assert outbox.count_deliveries() == {"delivered": 120}


def test_the_public_verifier_accepts_both_keys_during_a_rotation(outbox, receiver, monkeypatch):
    new, old = (f"whsec_{base64.b64encode(bytes([n]) * 32).decode()}" for n in (1, 2))
    monkeypatch.setenv("NEW_KEY", new)
    monkeypatch.setenv("OLD_KEY", old)
    config = receiver.config("ok", signing_keys=["env:NEW_KEY", "env:OLD_KEY"])
    commit(outbox, config, [make_alert()])

    # The verifier compares the timestamp with its own clock, so this one runs on real time.
    deliver_pending(outbox, config)

    (request,) = receiver.received()
    for key in (new, old):
        body = Verifier(key).verify(request["body"], request["headers"])
        assert body["type"] == "budget.threshold.crossed"
        assert body["data"]["cause"][0]["value"] == "Amazon EC2"
    with pytest.raises(Exception, match="No matching signature"):
        Verifier(f"whsec_{base64.b64encode(b'x' * 32).decode()}").verify(
            request["body"], request["headers"]
        )


def test_a_failing_receiver_is_tried_ten_times_and_then_the_alert_is_a_dead_letter(
    outbox, receiver
):
    config = receiver.config("fail")
    commit(outbox, config, [make_alert()])
    now = NOW
    for delay in RETRY_DELAYS:
        now += delay * 1.2  # the most that jitter adds
        deliver(outbox, config, now)

    (row,) = outbox.list_alerts(status=DeliveryStatus.DEAD)
    assert row.attempts == 10
    assert row.last_answer == "HTTP 500"
    requests = receiver.received()
    assert len(requests) == 10
    assert {r["headers"]["webhook-id"] for r in requests} == {row.webhook_id}


def test_no_attempt_comes_before_its_time(outbox, receiver):
    config = receiver.config("fail")
    commit(outbox, config, [make_alert()])
    deliver(outbox, config)

    deliver(outbox, config, NOW + 4.9)
    assert len(receiver.received()) == 1

    deliver(outbox, config, NOW + 6.0)
    assert len(receiver.received()) == 2
    deliver(outbox, config, NOW + 6.0 + 299.0)
    assert len(receiver.received()) == 2


def test_later_alerts_of_a_budget_wait_for_the_first_and_other_budgets_do_not(outbox, receiver):
    config = receiver.config("flaky")
    alerts = make_alerts(budgets=2, each=3)
    commit(outbox, config, alerts)

    for now in (NOW, NOW + 10, NOW + 500):
        deliver(outbox, config, now)
    first = tally(receiver.received(), alerts, "flaky")
    for now in (NOW + 2_000, NOW + 10_000, NOW + 20_000, NOW + 30_000):
        deliver(outbox, config, now)

    assert first.out_of_order == 0
    assert first.lost == 2 * 2  # the third of each budget still waits behind the second
    assert tally(receiver.received(), alerts, "flaky") == (6, 0, 0, 0, 0)
    assert outbox.count_deliveries() == {"delivered": 6}


def test_replay_sends_a_dead_letter_again_under_the_same_key(outbox, receiver):
    config = receiver.config("fail")
    commit(outbox, config, [make_alert()])
    now = NOW
    for delay in RETRY_DELAYS:
        now += delay * 1.2
        deliver(outbox, config, now)
    mended = receiver.config("ok")
    mended.destinations["fail"] = mended.destinations.pop("ok")

    replayed = outbox.replay(now=now)
    deliver(outbox, mended, now)

    assert replayed == 1
    (request,) = receiver.received("/ok")
    assert request["headers"]["webhook-id"] == receiver.received()[0]["headers"]["webhook-id"]
    assert outbox.count_deliveries() == {"delivered": 1}


def test_410_disables_the_destination_until_it_is_replayed(outbox, receiver):
    config = receiver.config("gone")
    commit(outbox, config, make_alerts(budgets=3, each=2))

    deliver(outbox, config)
    asked = len(receiver.received())
    commit(outbox, config, [make_alert("later")])
    deliver(outbox, config, NOW + 1e6)

    assert asked <= 3  # budgets already under way; nothing after the first 410 came back
    assert len(receiver.received()) == asked
    assert outbox.count_deliveries() == {"dead": 7}
    assert "410" in outbox.disabled_destinations()["gone"]
    assert outbox.replay(destination="gone", now=NOW + 1e6) == 7
    assert outbox.disabled_destinations() == {}


def test_429_is_obeyed_for_the_whole_destination(outbox, receiver):
    config = receiver.config("busy")
    commit(outbox, config, [make_alert("a"), make_alert("b")])
    deliver(outbox, config)
    asked = len(receiver.received())

    deliver(outbox, config, NOW + 6.9)
    assert len(receiver.received()) == asked

    deliver(outbox, config, NOW + 7.1)
    deliver(outbox, config, NOW + 14.3)
    assert outbox.count_deliveries() == {"delivered": 2}


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("hang", "no answer within 0.5 s"),
        ("drip", "no answer within 0.5 s"),
        ("redirect", "HTTP 302: redirects are not followed; correct the URL"),
    ],
)
def test_an_attempt_fails_within_its_deadline(outbox, receiver, path, answer):
    config = receiver.config(path)
    commit(outbox, config, [make_alert()])

    report = deliver(outbox, config, timeout=0.5)

    assert (report.delivered, report.failed) == (0, 1)
    (row,) = outbox.list_alerts()
    assert row.last_answer == answer
    assert [entry["path"] for entry in receiver.received()] == [f"/{path}"]


def test_a_receiver_that_breaks_off_in_the_body_gets_the_alert_again(outbox, receiver):
    config = receiver.config("cut")
    alerts = [make_alert()]
    commit(outbox, config, alerts)

    deliver(outbox, config)
    deliver(outbox, config, NOW + 61)

    assert tally(receiver.received(), alerts, "cut") == (1, 0, 1, 0, 0)
    assert outbox.count_deliveries() == {"delivered": 1}


def test_an_endless_answer_is_cut_and_counts_as_a_yes(outbox, receiver):
    config = receiver.config("endless")
    commit(outbox, config, [make_alert()])

    assert deliver(outbox, config).delivered == 1


def test_what_the_receiver_wrote_is_never_kept(outbox, receiver):
    config = receiver.config("fail")
    commit(outbox, config, [make_alert()])

    deliver(outbox, config)

    (row,) = outbox.list_alerts()
    assert "echo" not in json.dumps(row.last_answer)


def test_a_name_that_leads_inside_is_refused_before_anything_is_sent(outbox, receiver):
    config = receiver.config("ok")
    named = receiver.config("ok", url=f"https://hooks.example.com:{receiver.port}/ok")
    outside = type(config)(named.destinations, type(config.policy)(frozenset({receiver.port})))
    commit(outbox, outside, [make_alert()])

    deliver(outbox, outside, resolve=lambda host, port: ["93.184.216.34", "127.0.0.1"])

    assert receiver.received() == []
    (row,) = outbox.list_alerts()
    assert "resolves to 127.0.0.1, not a public address" in row.last_answer


def test_proxies_of_the_environment_are_not_used(outbox, receiver, monkeypatch):
    for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    config = receiver.config("ok")
    commit(outbox, config, [make_alert()])

    assert deliver(outbox, config).delivered == 1


def test_a_clock_set_back_by_a_year_delays_nothing(outbox, receiver):
    config = receiver.config("flaky")
    commit(outbox, config, make_alerts(budgets=1, each=2), now=NOW)
    deliver(outbox, config, NOW)
    year = 365 * 86_400

    # First alert: second attempt at once, third (accepted) after 300 s and jitter; then the second
    # alert fails twice and is accepted likewise.
    for seconds in (0, 361, 367, 728):
        deliver(outbox, config, NOW - year + seconds)

    assert outbox.count_deliveries() == {"delivered": 2}


def test_a_clock_set_ahead_by_a_year_loses_nothing(outbox, receiver):
    config = receiver.config("flaky")
    alerts = make_alerts(budgets=1, each=2)
    commit(outbox, config, alerts)
    moments = [NOW, NOW + 3e7, NOW + 1, NOW + 310, NOW + 320, NOW + 3e7, NOW + 6e7, NOW + 330]

    for moment in moments:
        deliver(outbox, config, moment)

    assert outbox.count_deliveries() == {"delivered": 2}
    assert tally(receiver.received(), alerts, "flaky") == (2, 0, 0, 0, 0)


def test_a_dead_letter_goes_to_the_fallback_once(outbox, receiver):
    config = receiver.config("gone", "ok", budgets=["team"])
    gone = config.destinations["gone"]
    narrow = {
        "gone": type(gone)("gone", gone.target, gone.route, fallback="ok"),
    }
    alerts = [make_alert("team", n) for n in range(3)]
    outbox.commit_evaluation({}, alerts, destinations=narrow.values(), now=NOW)
    both = type(config)({**config.destinations, **narrow}, config.policy)

    deliver(outbox, both)
    deliver(outbox, both, NOW + 1)

    assert tally(receiver.received("/ok"), alerts, "ok") == (3, 0, 0, 0, 0)
    assert outbox.count_deliveries() == {"dead": 3, "delivered": 3}


def test_a_missing_secret_is_a_failed_attempt_that_names_the_variable(outbox, receiver):
    config = receiver.config("ok", signing_keys=["env:COSTMODEL_ABSENT"])
    commit(outbox, config, [make_alert()])

    report = deliver(outbox, config)

    assert (report.delivered, report.failed) == (0, 1)
    (row,) = outbox.list_alerts()
    assert "COSTMODEL_ABSENT is not set" in row.last_answer
    assert "COSTMODEL_ABSENT" not in os.environ


def test_deliveries_to_a_destination_that_left_the_file_stay_pending(outbox, receiver):
    commit(outbox, receiver.config("ok"), [make_alert()])

    report = deliver(outbox, receiver.config("fail"))

    assert report.delivered == 0
    assert outbox.count_deliveries() == {"pending": 1}


def test_an_alert_that_cannot_be_written_does_not_stop_the_others(outbox, receiver, monkeypatch):
    write = http_channel.json_body

    def fail_on_a(alert):
        if alert.budget == "a":
            raise ValueError("cannot be written")
        return write(alert)

    monkeypatch.setitem(http_channel._FORMATS, "json", fail_on_a)
    config = receiver.config("ok")
    commit(outbox, config, [make_alert("a"), make_alert("b")])

    report = deliver(outbox, config)

    assert (report.delivered, report.failed) == (1, 1)


def test_the_worker_runs_until_told_to_stop_and_survives_its_database(
    outbox, receiver, monkeypatch
):
    config = receiver.config("ok")
    commit(outbox, config, [make_alert()])
    stop = threading.Event()
    claims = []

    def claim(*arguments, **options):
        claims.append(1)
        if len(claims) == 1:
            raise OperationalError("SELECT", {}, Exception("server closed the connection"))
        if len(receiver.received()) == 1:
            stop.set()
        return claim_lane(*arguments, **options)

    monkeypatch.setattr(worker, "claim_lane", claim)
    run_worker(outbox, config, stop=stop, interval=0.01, clock=lambda: NOW)

    assert outbox.count_deliveries() == {"delivered": 1}


def test_jitter_spreads_receivers_that_failed_together(tmp_path, receiver):
    config = receiver.config("fail")
    times = set()
    for seed in range(3):
        outbox = open_outbox(str(tmp_path / f"{seed}.db"))
        commit(outbox, config, [make_alert()])
        deliver_pending(outbox, config, clock=lambda: NOW, random=Random(seed))
        times.add(outbox.list_alerts()[0].next_at)

    assert len(times) == 3
    assert all(NOW + 5.0 <= moment <= NOW + 6.0 for moment in times)
