"""The outbox on SQLite and on PostgreSQL: what commits together, what is kept apart."""

import pytest

from costmodel.budget.alert import Severity
from costmodel.errors import BadInputError, MissingDependencyError
from costmodel.io.delivery.destination import Destination, Route, Topic
from costmodel.io.delivery.lanes import (
    claim_lane,
    read_batch,
    release,
    settle_dead,
    settle_delivered,
    settle_gone,
    settle_retry,
)
from costmodel.io.delivery.model import DeliveryStatus
from costmodel.io.delivery.outbox import StaleEvaluationError, open_outbox, webhook_id
from tests.delivery_lab import NOW, make_alert, make_alerts

OPS = Destination("ops", Topic("arn:aws:sns:eu-west-1:123456789012:ops"))
BOSS = Destination(
    "boss",
    Topic("arn:aws:sns:eu-west-1:123456789012:boss"),
    Route(("prod*",), min_severity=Severity.ERROR),
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def outbox(request, tmp_path):
    if request.param == "sqlite":
        return open_outbox(f"sqlite:///{tmp_path / 'outbox.db'}")
    return open_outbox(request.getfixturevalue("postgres_url"))


def commit(outbox, alerts, destinations=(OPS,), states=None, **options):
    return outbox.commit_evaluation(
        states or {}, alerts, destinations=destinations, now=NOW, **options
    )


def test_an_alert_known_by_its_key_is_not_added_again(outbox):
    assert commit(outbox, make_alerts(budgets=2, each=2)) == 4

    assert commit(outbox, [*make_alerts(budgets=2, each=3), make_alert("budget-0", 0)]) == 2
    assert outbox.count_deliveries() == {"pending": 6}


def test_a_state_replaces_the_one_of_its_budget_only(outbox):
    commit(outbox, [], states={"a": {"a/1": {"fired": 1}}, "b": {"b/1": {"fired": 2}}})

    commit(outbox, [], states={"a": {}})

    assert outbox.read_states().states == {"a": {}, "b": {"b/1": {"fired": 2}}}


def test_an_evaluation_of_old_states_is_refused_whole(outbox):
    stored = outbox.read_states()
    commit(outbox, [make_alert()], states={"team": {"x": 1}}, revision=stored.revision)

    with pytest.raises(StaleEvaluationError):
        commit(outbox, [make_alert(number=1)], states={"team": {"x": 2}}, revision=stored.revision)

    assert outbox.read_states().states == {"team": {"x": 1}}
    assert len(outbox.list_alerts()) == 1


def test_alerts_go_to_the_destinations_whose_route_takes_them(outbox):
    alerts = [make_alert("prod", severity=Severity.CRITICAL), make_alert("test")]

    commit(outbox, alerts, (OPS, BOSS))

    rows = {(row.alert.budget, row.destination) for row in outbox.list_alerts()}
    assert rows == {("prod", "ops"), ("prod", "boss"), ("test", "ops")}


def test_an_alert_nobody_wants_is_kept_and_listed(outbox):
    commit(outbox, [make_alert("test")], (BOSS,))

    (row,) = outbox.list_alerts()
    assert (row.alert.budget, row.destination, row.status) == ("test", "", "no destination")


def test_alerts_are_listed_newest_first_by_status_and_budget(outbox):
    commit(outbox, make_alerts(budgets=2, each=2))

    rows = outbox.list_alerts(budget="budget-1", limit=1)

    assert [row.alert.key for row in rows] == ["budget-1/2025-03-01/1"]
    assert outbox.list_alerts(status=DeliveryStatus.DEAD) == []


def test_an_alert_comes_back_as_it_went_in(outbox):
    alert = make_alert("Größe 😀", 7, cause=())
    commit(outbox, [alert])

    back = outbox.list_alerts()[0].alert

    assert back.to_json() == alert.to_json()


def test_a_lane_is_held_by_one_worker_until_its_lease_runs_out(outbox):
    commit(outbox, [make_alert()])

    first = claim_lane(outbox, ["ops"], now=NOW)
    second = claim_lane(outbox, ["ops"], now=NOW + 119)
    third = claim_lane(outbox, ["ops"], now=NOW + 121)

    assert first is not None
    assert second is None
    assert third is not None
    (delivery,) = read_batch(outbox, third, now=NOW + 121)
    # The first worker wakes up: what it delivered counts, but the lane is no longer its own.
    assert not settle_delivered(outbox, first, delivery, answer="HTTP 204", now=NOW + 122)
    release(outbox, first, now=NOW + 122)
    assert outbox.count_deliveries() == {"delivered": 1}
    assert claim_lane(outbox, ["ops"], now=NOW + 122) is None


def test_a_worker_that_lost_its_lane_changes_nothing_when_an_attempt_failed(outbox):
    commit(outbox, [make_alert()])
    lane = claim_lane(outbox, ["ops"], now=NOW)
    (delivery,) = read_batch(outbox, lane, now=NOW)
    claim_lane(outbox, ["ops"], now=NOW + 121)
    failure = {"answer": "HTTP 500", "now": NOW + 122}

    settle_retry(outbox, lane, delivery, delay=5.0, pause=0.0, **failure)
    settle_dead(outbox, lane, delivery, fallback=None, **failure)
    settle_gone(outbox, lane, delivery, fallback=None, **failure)

    (row,) = outbox.list_alerts()
    assert (row.status, row.attempts, row.last_answer) == ("pending", 0, "")
    assert outbox.disabled_destinations() == {}


def test_replay_of_one_alert_repeats_it_even_where_it_was_delivered(outbox):
    commit(outbox, make_alerts(budgets=1, each=2))
    lane = claim_lane(outbox, ["ops"], now=NOW)
    for delivery in read_batch(outbox, lane, now=NOW):
        settle_delivered(outbox, lane, delivery, answer="HTTP 204", now=NOW)
    release(outbox, lane, now=NOW)

    assert outbox.replay(now=NOW) == 0
    assert outbox.replay(now=NOW, alert_key="budget-0/2025-03-01/1", destination="boss") == 0
    assert outbox.replay(now=NOW, alert_key="budget-0/2025-03-01/1") == 1
    assert outbox.count_deliveries() == {"delivered": 1, "pending": 1}


def test_a_message_received_twice_makes_one_alert(outbox):
    first = outbox.commit_received("id-1", make_alert(), destinations=[OPS], now=NOW)
    again = outbox.commit_received("id-1", make_alert(number=1), destinations=[OPS], now=NOW)

    assert (first, again) == (True, False)
    assert len(outbox.list_alerts()) == 1


def test_messages_are_remembered_for_a_week(outbox):
    outbox.commit_received("id-1", make_alert(number=1), destinations=[], now=NOW)
    outbox.commit_received("id-2", make_alert(number=2), destinations=[], now=NOW + 8 * 86_400)

    # Forgotten, so it counts as new; its alert has another key here.
    assert outbox.commit_received("id-1", make_alert(number=3), destinations=[], now=NOW)


def test_the_idempotency_key_depends_on_alert_and_destination_only():
    assert webhook_id("a/1", "ops") == webhook_id("a/1", "ops")
    assert len({webhook_id(k, d) for k in ("a", "b") for d in ("ops", "boss")}) == 4


def test_ten_thousand_alerts_are_committed_at_once(outbox):
    alerts = make_alerts(budgets=200, each=50)

    assert commit(outbox, alerts) == 10_000
    assert commit(outbox, alerts) == 0
    assert outbox.count_deliveries() == {"pending": 10_000}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/no/such/folder/outbox.db", "the folder /no/such/folder does not exist"),
        ("sqlite://", "give a path"),
        ("mysql://localhost/x", "is not supported|is not understood"),
        ("nonsense://x", "is not understood|is not supported"),
        ("postgresql://postgres:geheim@127.0.0.1:1/x", "check the path or the server"),
    ],
)
def test_an_outbox_that_cannot_be_opened_is_one_line_without_the_password(url, words):
    with pytest.raises(BadInputError, match=words) as caught:
        open_outbox(url)

    assert "\n" not in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_file_that_is_no_database_is_one_line(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be taken for one" * 100)

    with pytest.raises(BadInputError, match="not a database"):
        open_outbox(str(path))


def test_without_psycopg_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(MissingDependencyError, match=r"costmodel\[postgres\]"):
        open_outbox("postgresql://localhost/x")
