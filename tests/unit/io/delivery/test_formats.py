"""Bodies: what each receiver's documentation asks for."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.budget.alert import AlertKind, Cause, Link, Severity
from costmodel.io.delivery.formats.text import facts, plain_text
from costmodel.io.delivery.formats.webhook import (
    discord_body,
    incident_key,
    json_body,
    pagerduty_body,
    slack_body,
    teams_body,
)
from tests.delivery_lab import make_alert

LONG = make_alert(
    "b" * 150,
    summary="long <!channel> & " * 400,
    cause=tuple(Cause("ServiceName", "s" * 900, 5.0, 2.0, 3.0) for _ in range(90)),
    links=tuple(Link(f"link {n}", f"https://example.com/{n}") for n in range(9)),
    owners=("owner " * 200,),
    threshold="t" * 3_000,
)


@pytest.mark.parametrize("alert", [make_alert(), LONG], ids=["usual", "long"])
def test_the_generic_body_has_type_time_and_cause_in_less_than_20_kb(alert):
    body = json_body(alert)

    assert set(body) == {"type", "timestamp", "data"}
    assert body["data"]["cause"]
    assert len(json.dumps(body).encode()) < 20_000


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (AlertKind.ACTUAL, "budget.threshold.crossed"),
        (AlertKind.FORECASTED, "budget.threshold.forecasted"),
        (AlertKind.ANOMALY, "cost.anomaly.detected"),
        (AlertKind.RECOVERED, "budget.threshold.recovered"),
        (AlertKind.DATA_LATE, "cost.data.late"),
    ],
)
def test_every_kind_has_an_event_type(kind, event):
    assert json_body(make_alert(kind=kind))["type"] == event


def test_slack_keeps_its_limits_and_cannot_be_made_to_mention():
    body = slack_body(LONG)

    assert "<!channel>" not in json.dumps(body)
    for block in body["blocks"]:
        assert len(block.get("text", {}).get("text", "")) <= 3_000
        fields = block.get("fields", [])
        assert len(fields) <= 10
        assert all(len(field["text"]) <= 2_000 for field in fields)
    assert len(body["blocks"][0]["text"]["text"]) <= 150


def test_slack_says_what_moved_and_splits_price_from_quantity():
    text = json.dumps(slack_body(make_alert()), ensure_ascii=False)

    assert "+300.00 USD  Amazon EC2 (price 100.00, quantity 200.00)" in text
    assert "<https://console.aws.amazon.com/costmanagement/home|Cost Explorer>" in text


def test_teams_gets_an_adaptive_card_below_28_kb():
    body = teams_body(LONG)

    (attachment,) = body["attachments"]
    assert body["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["type"] == "AdaptiveCard"
    assert attachment["content"]["version"] == "1.4"
    assert len(json.dumps(body).encode()) < 28_000


def test_discord_keeps_its_limits_and_pings_nobody():
    body = discord_body(LONG)

    (embed,) = body["embeds"]
    assert body["allowed_mentions"] == {"parse": []}
    assert len(embed["title"]) <= 256
    assert all(len(field["value"]) <= 1_024 for field in embed["fields"])
    total = len(embed["title"]) + len(embed["description"])
    total += sum(len(f["name"]) + len(f["value"]) for f in embed["fields"])
    assert total <= 6_000


def test_pagerduty_resolves_with_the_key_it_triggered_with():
    first = make_alert(key="team/2025-03/80")
    again = make_alert(key="team/2025-03/80#2")
    over = make_alert(key="team/2025-03/80#2/recovered", kind=AlertKind.RECOVERED)

    events = [pagerduty_body(alert, "routing") for alert in (first, again, over)]

    assert [event["event_action"] for event in events] == ["trigger", "trigger", "resolve"]
    assert {event["dedup_key"] for event in events} == {"team/2025-03/80"}
    assert events[0]["payload"]["severity"] in ("critical", "error", "warning", "info")


def test_pagerduty_keeps_its_limits():
    event = pagerduty_body(make_alert(key="k" * 400, summary="s" * 2_000), "routing")

    assert len(event["dedup_key"]) <= 255
    assert len(event["payload"]["summary"]) == 1_024


@given(st.text(min_size=1, max_size=400))
def test_two_keys_share_an_incident_only_if_they_share_a_crossing(key):
    other = f"other/{key}"

    assert incident_key(make_alert(key=key)) != incident_key(make_alert(key=other))
    assert len(incident_key(make_alert(key=key))) <= 255


def test_what_is_unknown_is_left_out_of_the_facts():
    alert = make_alert(actual=math.nan, limit=math.nan, owners=(), threshold="")

    assert [label for label, _ in facts(alert)] == ["Forecast", "Period"]


def test_plain_text_has_summary_facts_cause_and_link():
    text = plain_text(make_alert(severity=Severity.ERROR))

    assert text.startswith("team has spent 812.50 USD of 1,000.00 USD.\n")
    assert "Actual: 812.50 USD\n" in text
    assert "Period: 2025-03-01 to 2025-04-01\n" in text
    assert "Cost Explorer: https://console.aws.amazon.com/costmanagement/home\n" in text
