"""Taking in a request of SNS: verify it, confirm subscriptions, put alerts into the outbox."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum

from costmodel.budget.alert import Alert
from costmodel.errors import CostModelError
from costmodel.io.delivery.destination import DeliveryConfig
from costmodel.io.delivery.guard import GuardPolicy, check_url
from costmodel.io.delivery.outbox import Outbox
from costmodel.io.delivery.receiver.notification import read_notification
from costmodel.io.delivery.receiver.sns_message import (
    Fetch,
    MessageType,
    SnsMessage,
    SnsVerifier,
    check_sns_url,
)
from costmodel.io.delivery.transport import Http

Enrich = Callable[[Alert], Alert]


class Receipt(StrEnum):
    """What was done with a message."""

    FORWARDED = "forwarded"
    DUPLICATE = "duplicate"
    CONFIRMED = "subscription confirmed"
    UNSUBSCRIBED = "unsubscribed"


class SnsReceiver:
    """The endpoint SNS posts to.

    Args:
        outbox: where alerts go.
        config: the destinations and the topics that are allowed.
        enrich: adds our own analysis of the cause to an alert of AWS.
        fetch: reads a URL of SNS.
    """

    def __init__(
        self,
        outbox: Outbox,
        config: DeliveryConfig,
        *,
        enrich: Enrich = lambda alert: alert,
        fetch: Fetch | None = None,
    ) -> None:
        self._outbox = outbox
        self._config = config
        self._enrich = enrich
        self._fetch = fetch or fetch_from_sns
        self._verifier = SnsVerifier(config.topics, self._fetch)

    def receive(self, body: bytes, *, now: float) -> Receipt:
        """Take in a request's body.

        Args:
            body: what SNS posted.
            now: unix seconds.

        Raises:
            RefusedMessageError: it is not a genuine, fresh message of an allowed topic (HTTP 403).
            OSError: SNS itself could not be reached; SNS will send the message again (HTTP 503).
        """
        message = self._verifier.verify(body, datetime.fromtimestamp(now, UTC))
        match message.type:
            case MessageType.NOTIFICATION:
                return self._forward(message, now)
            case MessageType.CONFIRMATION:
                check_sns_url(message.subscribe_url)
                self._fetch(message.subscribe_url)
                return Receipt.CONFIRMED
            case MessageType.UNSUBSCRIBED:
                return Receipt.UNSUBSCRIBED

    def _forward(self, message: SnsMessage, now: float) -> Receipt:
        alert = read_notification(message)
        # A bill that cannot be read must not hold up the alert.
        with suppress(CostModelError):
            alert = self._enrich(alert)
        is_new = self._outbox.commit_received(
            message.message_id, alert, destinations=self._config.destinations.values(), now=now
        )
        return Receipt.FORWARDED if is_new else Receipt.DUPLICATE


def fetch_from_sns(url: str) -> bytes:
    """Read a URL of SNS: https, public addresses, no redirects.

    Raises:
        OSError: it cannot be read.
    """
    policy = GuardPolicy()
    endpoint = check_url(url, policy)
    http = Http(policy)
    try:
        answer = http.request("GET", endpoint, headers={"host": endpoint.host}, body=b"")
    finally:
        http.close()
    if answer.status != 200:
        raise OSError(f"{endpoint.host} answered HTTP {answer.status}")
    return answer.body
