"""When to try again: the ten steps of Standard Webhooks, with jitter and Retry-After.

Source: https://github.com/standard-webhooks/standard-webhooks, section "Deliverability".
"""

from email.utils import parsedate_to_datetime
from random import Random
from typing import Final

# Seconds before attempt 1, 2, … 10, each counted from the attempt before it.
RETRY_DELAYS: Final = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
# Receivers that failed together must not come back together.
JITTER: Final = 0.2
MAX_RETRY_AFTER: Final = 86_400.0


def next_delay(attempts: int, retry_after: float, random: Random) -> float | None:
    """Return the seconds to wait after a failed attempt, or None when it was the last.

    Args:
        attempts: attempts made so far, 1 or more.
        retry_after: seconds the receiver asked for, 0 if it did not.
        random: source of the jitter.
    """
    if attempts >= len(RETRY_DELAYS):
        return None
    delay = RETRY_DELAYS[attempts] * (1.0 + JITTER * random.random())
    return max(delay, min(retry_after, MAX_RETRY_AFTER))


def parse_retry_after(header: str, now: float) -> float:
    """Return the seconds a Retry-After header asks for: a number or an HTTP date; else 0.

    Args:
        header: the header's text.
        now: unix seconds.
    """
    text = header.strip()
    if text.replace(".", "", 1).isdigit() and text.isascii():
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return 0.0
