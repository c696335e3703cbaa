"""A small result table of figures by group, for every question that needs no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from costmodel.errors import Issue
from costmodel.result import Result


@dataclass(frozen=True)
class CostTable(Result):
    """Costs by group, ready to show.

    Attributes:
        title: what is shown.
        columns: names of the groups' columns, then of the figures.
        rows: one per group.
        figures: how many columns at the end are figures.
        shares: which of the figures are shares of one.
        quantities: which of the figures are quantities.
        issues: what the reader should know.
    """

    report_module: ClassVar[str] = "costmodel.report.bill_analysis.cost_table"

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    figures: int
    shares: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()

    def __repr__(self) -> str:
        return f"CostTable({self.title}: {len(self.rows)} rows)"

    @property
    def table(self) -> Any:
        """One row per group as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame([list(row) for row in self.rows], columns=list(self.columns))

    def to_json(self) -> dict[str, Any]:
        """Return the rows as objects."""
        return {
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            "issues": [issue.to_json() for issue in self.issues],
        }
