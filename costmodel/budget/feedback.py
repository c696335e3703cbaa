"""What people said about anomalies: ignore (planned, known) or confirm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal

from costmodel.errors import BadInputError

Verdict = Literal["ignore", "confirm"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """A verdict on the anomalies of some series in a span of days.

    Attributes:
        monitor: name of the series, with shell wildcards.
        first: first day.
        last: last day, inclusive.
        verdict: ignore or confirm.
        note: why.
    """

    monitor: str
    first: date
    last: date
    verdict: Verdict
    note: str = ""

    def applies(self, monitor: str, start: date, end: date) -> bool:
        """Return whether it speaks about an anomaly over [start, end)."""
        return self.first < end and start <= self.last and fnmatchcase(monitor, self.monitor)


def parse_feedback(tree: Any, source: str) -> list[Feedback]:
    """Return the entries of a parsed feedback file.

    Args:
        tree: ``{"feedback": [{monitor, from, to, verdict, note}]}``, or the list itself.
        source: the file's name, for messages.
    """
    entries = tree.get("feedback") if isinstance(tree, Mapping) else tree
    if not isinstance(entries, list):
        raise BadInputError(f"{source}: expected a list under 'feedback:'")
    return [_entry(entry, f"{source}: feedback[{i}]") for i, entry in enumerate(entries)]


def _entry(entry: Any, place: str) -> Feedback:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("monitor"), str):
        raise BadInputError(f"{place}: give monitor, from, to and verdict")
    unknown = sorted(set(map(str, entry)) - {"monitor", "from", "to", "verdict", "note"})
    if unknown:
        raise BadInputError(f"{place}: unknown key '{unknown[0]}'")
    first = _day(entry.get("from"), f"{place}.from")
    last = _day(entry.get("to", first), f"{place}.to")
    note = str(entry.get("note", ""))
    match entry.get("verdict"):
        case "ignore":
            return Feedback(entry["monitor"], first, last, "ignore", note)
        case "confirm":
            return Feedback(entry["monitor"], first, last, "confirm", note)
        case other:
            raise BadInputError(f"{place}.verdict: '{other}' is neither ignore nor confirm")


def _day(value: Any, place: str) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise BadInputError(f"{place}: '{value}' is not a date such as 2026-11-25") from None
