"""Identifiers that sort by time, secrets that are stored as hashes, moments as text."""

import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime


def new_id(kind: str) -> str:
    """Return an identifier such as ``est_01890f…``; later ones sort after earlier ones."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    # Several requests are answered within a millisecond: 12 bits of it go on, 52 are random.
    part = (rest << 12) // 1_000_000
    return f"{kind}_{milliseconds:012x}{part:03x}{secrets.randbits(52):013x}"


def new_secret() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return the hash of a secret; 256 random bits need no salt and no stretching."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(secret: str, hashed: str) -> bool:
    """Say whether a secret has this hash, in constant time."""
    return hmac.compare_digest(hash_secret(secret), hashed)


def moment(seconds: float | None) -> str | None:
    """Return unix seconds as ISO text in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
