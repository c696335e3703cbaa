"""What evaluation remembers between two runs: which crossings it has told."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeAlias

from costmodel.errors import BadInputError


@dataclass(frozen=True, slots=True)
class Crossing:
    """One threshold in one period.

    Attributes:
        fired: how often it was told.
        is_active: whether it is crossed now.
        suspect_since: when an implausible value was first seen and held back.
    """

    fired: int = 0
    is_active: bool = False
    suspect_since: datetime | None = None


# "budget/period/threshold" -> what is known of it
AlertState: TypeAlias = Mapping[str, Crossing]


def state_to_json(state: AlertState) -> dict[str, Any]:
    """Return the state as a JSON object."""
    return {
        key: {**asdict(crossing), "suspect_since": _iso(crossing.suspect_since)}
        for key, crossing in sorted(state.items())
    }


def state_from_json(payload: Any, source: str) -> dict[str, Crossing]:
    """Return the state of a JSON object that `state_to_json` wrote."""
    try:
        return {str(key): _crossing(value) for key, value in payload.items()}
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise BadInputError(
            f"{source}: not a budget state ({error}): delete it to start anew"
        ) from None


def _crossing(value: Mapping[str, Any]) -> Crossing:
    since = value["suspect_since"]
    return Crossing(
        int(value["fired"]),
        bool(value["is_active"]),
        None if since is None else datetime.fromisoformat(since),
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
