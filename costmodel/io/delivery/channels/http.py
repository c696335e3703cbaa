"""Webhooks: a signed POST; 2xx is the only yes."""

import json
from typing import Any

from costmodel.budget.alert import Alert
from costmodel.io.delivery.channels.answer import Answer, Verdict
from costmodel.io.delivery.destination import Webhook
from costmodel.io.delivery.formats.webhook import (
    discord_body,
    json_body,
    pagerduty_body,
    slack_body,
    teams_body,
)
from costmodel.io.delivery.guard import GuardPolicy, check_url
from costmodel.io.delivery.schedule import parse_retry_after
from costmodel.io.delivery.secret import SecretReference
from costmodel.io.delivery.signing import parse_signing_key, signature_headers
from costmodel.io.delivery.transport import Http, HttpAnswer

_FORMATS = {
    "json": json_body,
    "slack": slack_body,
    "teams": teams_body,
    "discord": discord_body,
}
_ASKS_TO_WAIT = (429, 502, 503, 504)


def send_webhook(
    webhook: Webhook, alert: Alert, webhook_id: str, *, http: Http, policy: GuardPolicy, now: float
) -> Answer:
    """Post an alert.

    Raises:
        BadInputError: a secret is missing or the guard refuses the target.
        OSError: nobody answered.
    """
    url = webhook.url.reveal() if isinstance(webhook.url, SecretReference) else webhook.url
    endpoint = check_url(url, policy)
    body = json.dumps(_body(webhook, alert), allow_nan=False, separators=(",", ":")).encode()
    keys = [parse_signing_key(key.reveal()) for key in webhook.signing_keys]
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "host": _host_header(endpoint.host, endpoint.port, endpoint.scheme),
        **signature_headers(webhook_id, int(now), body, keys),
    }
    answer = http.request("POST", endpoint, headers=headers, body=body, ca_file=webhook.ca_file)
    return _judge(answer, now)


def _body(webhook: Webhook, alert: Alert) -> dict[str, Any]:
    if webhook.routing_key is not None:
        return pagerduty_body(alert, webhook.routing_key.reveal())
    return _FORMATS[webhook.format](alert)


def _judge(answer: HttpAnswer, now: float) -> Answer:
    text = f"HTTP {answer.status}"
    if 200 <= answer.status < 300:
        return Answer(Verdict.DELIVERED, text)
    if answer.status == 410:
        return Answer(Verdict.GONE, f"{text} Gone: the receiver wants no more")
    if 300 <= answer.status < 400:
        return Answer(Verdict.FAILED, f"{text}: redirects are not followed; correct the URL")
    wait = 0.0
    if answer.status in _ASKS_TO_WAIT:
        wait = parse_retry_after(answer.headers.get("retry-after", ""), now)
    return Answer(Verdict.FAILED, text, retry_after=wait)


def _host_header(host: str, port: int, scheme: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port == {"http": 80, "https": 443}[scheme] else f"{name}:{port}"
