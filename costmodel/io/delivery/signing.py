"""Signatures by the Standard Webhooks specification, version 1 (HMAC-SHA256).

Source: https://github.com/standard-webhooks/standard-webhooks, section "Signature scheme".
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from costmodel.errors import BadInputError

_PREFIX = "whsec_"
_MIN_KEY_BYTES, _MAX_KEY_BYTES = 24, 64


def parse_signing_key(text: str) -> bytes:
    """Return the key in a ``whsec_…`` secret.

    Raises:
        BadInputError: not base64, or not 24 to 64 bytes. The message never repeats the secret.
    """
    try:
        key = base64.b64decode(text.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadInputError(
            "a signing secret is not base64: write whsec_ and the base64 of 32 random bytes"
        ) from None
    if not _MIN_KEY_BYTES <= len(key) <= _MAX_KEY_BYTES:
        raise BadInputError(
            f"a signing secret has {len(key)} bytes: Standard Webhooks wants 24 to 64, use 32"
        )
    return key


def signature_headers(
    webhook_id: str, timestamp: int, body: bytes, keys: Sequence[bytes]
) -> dict[str, str]:
    """Return the three headers of Standard Webhooks; one signature per key during a rotation.

    Args:
        webhook_id: the idempotency key, the same in every attempt.
        timestamp: unix seconds of this attempt.
        body: the bytes sent.
        keys: signing keys, newest first; none leaves the message unsigned.
    """
    headers = {"webhook-id": webhook_id, "webhook-timestamp": str(timestamp)}
    if keys:
        signed = f"{webhook_id}.{timestamp}.".encode() + body
        headers["webhook-signature"] = " ".join(_signature(key, signed) for key in keys)
    return headers


def _signature(key: bytes, signed: bytes) -> str:
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
