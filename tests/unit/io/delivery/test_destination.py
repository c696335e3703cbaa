"""The destinations file: what it may say and how it is refused."""

import pytest

from costmodel.budget.alert import AlertKind, Severity
from costmodel.errors import BadInputError
from costmodel.io.delivery.destination import (
    Command,
    Mailbox,
    Route,
    Topic,
    Webhook,
    parse_destinations,
    read_destinations,
)
from tests.delivery_lab import make_alert

FULL = """
internal_receivers: [10.0.0.0/8, mail.corp]
ports: [443, 587, 8443]
allow_exec: true
receive_from_topics: arn:aws:sns:us-east-1:123456789012:aws-budgets
destinations:
  - name: ops
    format: json
    url: https://hooks.example.com:8443/costs
    signing_keys: [env:NEW, file:/run/secrets/old]
    budgets: ["prod-*"]
    kinds: [ACTUAL, RECOVERED]
    min_severity: error
    fallback: mail
  - {name: slack, format: slack, url: env:SLACK_URL}
  - {name: pager, format: pagerduty, routing_key: env:PAGER_KEY}
  - {name: mail, format: email, host: mail.corp, security: none, from: a@corp, to: [b@corp]}
  - {name: topic, format: sns, topic_arn: "arn:aws:sns:eu-west-1:123456789012:costs"}
  - {name: hook, format: exec, command: [/usr/bin/logger, costs]}
"""


def test_a_full_file_is_read(tmp_path):
    path = tmp_path / "webhooks.yaml"
    path.write_text(FULL)

    config = read_destinations(path)

    ops = config.destinations["ops"]
    assert ops.fallback == "mail"
    assert [str(key.place) for key in ops.target.signing_keys] == [
        "env:NEW",
        "file:/run/secrets/old",
    ]
    assert ops.route == Route(
        ("prod-*",), frozenset({AlertKind.ACTUAL, AlertKind.RECOVERED}), Severity.ERROR
    )
    assert config.destinations["pager"].target.url == "https://events.pagerduty.com/v2/enqueue"
    assert config.destinations["mail"].target == Mailbox(
        "mail.corp", 587, "none", "a@corp", ("b@corp",), None, None
    )
    kinds = [type(entry.target) for entry in config.destinations.values()]
    assert kinds == [Webhook, Webhook, Webhook, Mailbox, Topic, Command]
    assert config.topics == ("arn:aws:sns:us-east-1:123456789012:aws-budgets",)


def one(**entry):
    return {"destinations": [{"name": "x", **entry}]}


HOOK = {"format": "json", "url": "https://hooks.example.com/"}


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (None, "expected keys and values, found missing"),
        ([], "found a list"),
        ({}, "destinations is missing; write a list"),
        ({"destinations": []}, "destinations is an empty list; name at least one"),
        ({"destinations": ["x"]}, "not a usable text"),
        ({"destinations": [{}]}, "name is missing"),
        (one(), "format is missing; choose one of json, slack"),
        (one(format="fax"), "format is 'fax'"),
        (one(format="json"), "url is missing"),
        (one(format="json", url="http://hooks.example.com/"), "only https"),
        (one(format="json", url=7), "url is a int"),
        (one(**HOOK, colour="red"), "unknown key 'colour'"),
        (one(**HOOK, signing_keys=["whsec_abc"]), "secrets do not belong"),
        (one(**HOOK, budgets=[]), "budgets is an empty list"),
        (one(**HOOK, kinds=["LATE"]), "kinds has 'LATE'"),
        (one(**HOOK, min_severity="bad"), "min_severity is 'bad'"),
        (one(**HOOK, fallback="y"), "fallback 'y' is not a destination"),
        (one(format="slack", url="env:U", signing_keys=["env:A"]), "unknown key 'signing_keys'"),
        (one(format="pagerduty"), "routing_key is missing"),
        (one(format="email", host="mail.example.com", to=["b@c"]), "from is missing"),
        (
            one(format="email", host="m.example.com", security="none", to=["b"], **{"from": "a"}),
            "security none needs",
        ),
        (
            one(format="email", host="m.example.com", port=0, to=["b"], **{"from": "a"}),
            "port is 0",
        ),
        (one(format="sns", topic_arn="arn:aws:sqs:a:b:c"), "topic_arn"),
        (one(format="exec", command=["/bin/true"]), "format exec is off"),
        ({"allow_exec": "yes", **one(**HOOK)}, "allow_exec is not a usable text"),
        ({"ports": ["https"], **one(**HOOK)}, "ports is 'https'"),
        ({"destinations": [{"name": "x", **HOOK}, {"name": "x", **HOOK}]}, "'x' is taken"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_place(tree, words):
    with pytest.raises(BadInputError, match=words) as caught:
        parse_destinations(tree, "webhooks.yaml")

    assert str(caught.value).startswith("webhooks.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"\xff\xfe", "not UTF-8"), (b"a: [", "not valid YAML in line 1")],
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, content, words):
    path = tmp_path / "webhooks.yaml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(BadInputError, match=words):
        read_destinations(path)


def test_a_route_takes_patterns_kinds_and_severities():
    route = Route(("prod-*",), frozenset({AlertKind.ACTUAL, AlertKind.RECOVERED}), Severity.ERROR)

    assert route.accepts(make_alert("prod-eu", severity=Severity.CRITICAL))
    assert not route.accepts(make_alert("prod-eu", severity=Severity.WARNING))
    assert not route.accepts(make_alert("test", severity=Severity.CRITICAL))
    assert not route.accepts(
        make_alert("prod-eu", kind=AlertKind.ANOMALY, severity=Severity.CRITICAL)
    )
    # A recovery is mere information, but whoever was alarmed must hear of it.
    assert route.accepts(make_alert("prod-eu", kind=AlertKind.RECOVERED, severity=Severity.INFO))
