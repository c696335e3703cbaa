"""One verified figure: what was compared, how far apart it may be, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from costmodel.bill.summary import json_value


class Verdict(StrEnum):
    """What came of a check."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    NOTE = "note"  # worth knowing, breaks nothing
    SKIPPED = "skipped"  # the bill lacks the columns


@dataclass(frozen=True, slots=True)
class CheckFigure:
    """One check and its outcome.

    Attributes:
        name: short name, for scripts.
        meaning: what must hold, in words.
        verdict: pass, fail, note or skipped.
        tested: how many rows or groups were looked at.
        broken: how many break it.
        value: what the bill says, where the check is of one figure.
        expected: what it must be.
        residual: largest difference found.
        tolerance: difference allowed.
        columns: names of the values in ``rows``.
        rows: the first rows that break it.
    """

    name: str
    meaning: str
    verdict: Verdict
    tested: int = 0
    broken: int = 0
    value: float | None = None
    expected: float | None = None
    residual: float | None = None
    tolerance: float | None = None
    columns: tuple[str, ...] = ()
    rows: Sequence[tuple[Any, ...]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the figure as a JSON object."""
        return {
            "name": self.name,
            "meaning": self.meaning,
            "verdict": str(self.verdict),
            "tested": self.tested,
            "broken": self.broken,
            "value": self.value,
            "expected": self.expected,
            "residual": self.residual,
            "tolerance": self.tolerance,
            "rows": [
                dict(zip(self.columns, map(json_value, row), strict=True)) for row in self.rows
            ],
        }


MOST_ROWS = 20
