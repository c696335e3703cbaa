"""SNS messages over HTTPS: what they must contain and how their signature is verified.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate, load_pem_x509_certificate

from costmodel.errors import BadInputError

MAX_BYTES: Final = 262_144  # SNS messages are at most 256 kB
# SNS gives up after an hour of retries; an older message is a replay.
_MAX_AGE: Final = timedelta(hours=1)
_MAX_AHEAD: Final = timedelta(minutes=5)
_HOST: Final = re.compile(r"sns\.[a-z0-9-]{3,}\.amazonaws\.com(\.cn)?")
_HASHES: Final = {"1": hashes.SHA1, "2": hashes.SHA256}  # SHA-1 is AWS's version 1
_MAX_CERTIFICATES: Final = 32

Fetch = Callable[[str], bytes]


class RefusedMessageError(BadInputError):
    """A message that is not what SNS would send us; nothing was done with it."""


class MessageType(StrEnum):
    """What SNS sends."""

    NOTIFICATION = "Notification"
    CONFIRMATION = "SubscriptionConfirmation"
    UNSUBSCRIBED = "UnsubscribeConfirmation"


_SIGNED: Final = {
    MessageType.NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    MessageType.CONFIRMATION: (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
    MessageType.UNSUBSCRIBED: (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """A verified message."""

    type: MessageType
    message_id: str
    topic_arn: str
    subject: str
    message: str
    timestamp: datetime
    subscribe_url: str


class SnsVerifier:
    """Verifies messages; keeps the certificates it has fetched."""

    def __init__(self, topics: Collection[str], fetch: Fetch) -> None:
        self._topics = frozenset(topics)
        self._fetch = fetch
        self._certificates: dict[str, Certificate] = {}

    def verify(self, body: bytes, now: datetime) -> SnsMessage:
        """Return the message in a request's body.

        Args:
            body: the request's body.
            now: the time, UTC.

        Raises:
            RefusedMessageError: malformed, from another topic, too old, or not signed by SNS.
        """
        fields = _parse(body)
        kind = _type(fields)
        # The cheap tests first: nothing is fetched for a topic that is not ours.
        if fields.get("TopicArn") not in self._topics:
            raise RefusedMessageError("SNS message: its topic is not on the list of topics")
        timestamp = _timestamp(fields)
        if not now - _MAX_AGE <= timestamp <= now + _MAX_AHEAD:
            raise RefusedMessageError("SNS message: its timestamp is not of the last hour")
        certificate = self._certificate(fields.get("SigningCertURL", ""), now)
        _check_signature(fields, kind, certificate)
        return SnsMessage(
            type=kind,
            message_id=_field(fields, "MessageId"),
            topic_arn=_field(fields, "TopicArn"),
            subject=fields.get("Subject", ""),
            message=_field(fields, "Message"),
            timestamp=timestamp,
            subscribe_url=fields.get("SubscribeURL", ""),
        )

    def _certificate(self, url: str, now: datetime) -> Certificate:
        check_sns_url(url)
        if not urlsplit(url).path.endswith(".pem"):
            raise RefusedMessageError("SNS message: SigningCertURL is not a certificate")
        certificate = self._certificates.get(url)
        if certificate is None:
            try:
                certificate = load_pem_x509_certificate(self._fetch(url))
            except ValueError:
                raise RefusedMessageError("SNS message: the certificate is malformed") from None
            if len(self._certificates) >= _MAX_CERTIFICATES:
                self._certificates.clear()
            self._certificates[url] = certificate
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise RefusedMessageError("SNS message: the certificate is not valid now")
        return certificate


def check_sns_url(url: str) -> None:
    """Refuse a URL that does not lead to SNS itself."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedMessageError("SNS message: a URL in it is malformed") from None
    if (
        parts.scheme != "https"
        or port not in (None, 443)
        or parts.username is not None
        or not _HOST.fullmatch(parts.hostname or "")
    ):
        raise RefusedMessageError("SNS message: a URL in it does not lead to SNS")


def string_to_sign(fields: Mapping[str, str], kind: MessageType) -> bytes:
    """Return what SNS signed: the keys in byte order, each with its value, a line each."""
    present = [key for key in _SIGNED[kind] if key in fields]
    return "".join(f"{key}\n{fields[key]}\n" for key in present).encode()


def _check_signature(
    fields: Mapping[str, str], kind: MessageType, certificate: Certificate
) -> None:
    algorithm = _HASHES.get(fields.get("SignatureVersion", ""))
    key = certificate.public_key()
    if algorithm is None or not isinstance(key, RSAPublicKey):
        raise RefusedMessageError("SNS message: SignatureVersion is neither 1 nor 2")
    try:
        signature = base64.b64decode(fields.get("Signature", ""), validate=True)
        key.verify(signature, string_to_sign(fields, kind), PKCS1v15(), algorithm())
    except (InvalidSignature, binascii.Error, ValueError):
        raise RefusedMessageError("SNS message: the signature does not fit") from None


def _parse(body: bytes) -> dict[str, str]:
    if len(body) > MAX_BYTES:
        raise RefusedMessageError(f"SNS message: {len(body)} bytes, more than SNS sends")
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedMessageError(
            "SNS message: not JSON; turn raw message delivery off, it has no signature"
        ) from None
    if not isinstance(fields, dict):
        raise RefusedMessageError("SNS message: not a JSON object")
    # All of SNS's own fields are texts; a null Subject counts as absent, as SNS signs it.
    return {key: value for key, value in fields.items() if isinstance(value, str)}


def _type(fields: Mapping[str, str]) -> MessageType:
    try:
        return MessageType(fields.get("Type", ""))
    except ValueError:
        raise RefusedMessageError("SNS message: its Type is not one of SNS") from None


def _timestamp(fields: Mapping[str, str]) -> datetime:
    try:
        moment = datetime.fromisoformat(_field(fields, "Timestamp"))
    except ValueError:
        raise RefusedMessageError("SNS message: its Timestamp is malformed") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _field(fields: Mapping[str, str], key: str) -> str:
    if not fields.get(key):
        raise RefusedMessageError(f"SNS message: {key} is missing")
    return fields[key]
