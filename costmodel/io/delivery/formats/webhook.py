"""JSON bodies: Standard Webhooks, Slack, Microsoft Teams, Discord and PagerDuty.

Limits: https://docs.slack.dev/reference/block-kit/blocks, https://docs.discord.com/developers,
https://developer.pagerduty.com/docs/send-alert-event, and Adaptive Cards 1.4 for Teams.
"""

import hashlib
from typing import Any, Final

from costmodel.budget.alert import Alert, AlertKind
from costmodel.io.delivery.formats.text import (
    COLOURS,
    EVENT_TYPES,
    cause_lines,
    facts,
    shorten,
    title,
)

_SLACK_SECTION: Final = 3_000
_SLACK_FIELD: Final = 2_000
_SLACK_FIELDS: Final = 10
_DISCORD_TITLE: Final = 256
_DISCORD_TEXT: Final = 2_000
_DISCORD_FIELD: Final = 1_024
_PAGERDUTY_SUMMARY: Final = 1_024
_PAGERDUTY_KEY: Final = 255


def json_body(alert: Alert) -> dict[str, Any]:
    """Return the generic body: type, timestamp and the whole alert; less than 20 kB."""
    return {
        "type": EVENT_TYPES[alert.kind],
        "timestamp": alert.created_at.isoformat(),
        "data": alert.to_json(),
    }


def slack_body(alert: Alert) -> dict[str, Any]:
    """Return Slack blocks: heading, summary, fields, what moved, links."""
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": shorten(title(alert), 150)},
        },
        _slack_section(_slack_escape(alert.summary)),
        {
            "type": "section",
            "fields": [
                _slack_text(f"*{label}*\n{_slack_escape(value)}", _SLACK_FIELD)
                for label, value in facts(alert)[:_SLACK_FIELDS]
            ],
        },
    ]
    if alert.cause:
        moved = "\n".join(f"• {_slack_escape(line)}" for line in cause_lines(alert))
        blocks.append(_slack_section(f"*What moved*\n{moved}"))
    if alert.links:
        links = [f"<{_slack_escape(href)}|{_slack_escape(text)}>" for text, href in alert.links]
        blocks.append(_slack_section(" · ".join(links)))
    return {"text": _slack_escape(shorten(alert.summary, _SLACK_SECTION)), "blocks": blocks}


def teams_body(alert: Alert) -> dict[str, Any]:
    """Return an Adaptive Card in the envelope Teams workflows accept."""
    body: list[dict[str, Any]] = [
        _card_text(title(alert), weight="Bolder", size="Medium"),
        _card_text(alert.summary),
        {
            "type": "FactSet",
            "facts": [{"title": label, "value": value} for label, value in facts(alert)],
        },
        *(_card_text(line, spacing="Small") for line in cause_lines(alert)),
    ]
    actions = [
        {"type": "Action.OpenUrl", "title": text, "url": href} for text, href in alert.links[:5]
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": actions,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def discord_body(alert: Alert) -> dict[str, Any]:
    """Return one embed; nobody is pinged whatever the texts contain."""
    fields = [
        {"name": label, "value": shorten(value, _DISCORD_FIELD), "inline": True}
        for label, value in facts(alert)
    ]
    if alert.cause:
        moved = shorten("\n".join(cause_lines(alert)), _DISCORD_FIELD)
        fields.append({"name": "What moved", "value": moved, "inline": False})
    embed: dict[str, Any] = {
        "title": shorten(title(alert), _DISCORD_TITLE),
        "description": shorten(alert.summary, _DISCORD_TEXT),
        "color": COLOURS[alert.severity],
        "fields": fields,
        "timestamp": alert.created_at.isoformat(),
    }
    if alert.links:
        embed["url"] = alert.links[0].href
    return {
        "content": shorten(title(alert), _DISCORD_TEXT),
        "embeds": [embed],
        "allowed_mentions": {"parse": []},
    }


def pagerduty_body(alert: Alert, routing_key: str) -> dict[str, Any]:
    """Return an Events API v2 event: a recovery resolves what the crossing triggered."""
    action = "resolve" if alert.kind is AlertKind.RECOVERED else "trigger"
    return {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": incident_key(alert),
        "payload": {
            "summary": shorten(alert.summary, _PAGERDUTY_SUMMARY),
            "source": alert.budget,
            "severity": alert.severity.value,
            "timestamp": alert.created_at.isoformat(),
            "custom_details": alert.to_json(),
        },
        "links": [{"href": href, "text": text} for text, href in alert.links[:5]],
    }


def incident_key(alert: Alert) -> str:
    """Return the key a crossing, its repetitions and its recovery share.

    The alert's key is ``budget/period/threshold``, with ``#2`` when told again and ``/recovered``
    when it is over.
    """
    key = alert.key.removesuffix("/recovered")
    stem, mark, again = key.rpartition("#")
    key = stem if mark and again.isdigit() else key
    if len(key) <= _PAGERDUTY_KEY:
        return key
    return hashlib.sha256(key.encode()).hexdigest()


def _slack_section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _slack_text(text, _SLACK_SECTION)}


def _slack_text(text: str, characters: int) -> dict[str, str]:
    return {"type": "mrkdwn", "text": shorten(text, characters)}


def _slack_escape(text: str) -> str:
    """Escape Slack's three control characters, so that no text can mention or link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _card_text(text: str, **style: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **style}
