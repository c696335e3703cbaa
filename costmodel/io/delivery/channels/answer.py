"""What became of one attempt to deliver."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What an attempt came to."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of an attempt.

    Attributes:
        verdict: what it came to.
        text: one line for people; holds no secret and nothing the receiver wrote.
        retry_after: seconds the receiver asked to be left alone.
        is_unreachable: nobody answered, so other alerts would fare no better just now.
    """

    verdict: Verdict
    text: str
    retry_after: float = 0.0
    is_unreachable: bool = False
