"""The answer of ``Bill.summarize``: groups, periods and exact sums."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any, ClassVar

from costmodel.errors import Issue
from costmodel.result import Result

OTHER = "other"
_DIGITS = 76

Row = tuple[Any, ...]


@dataclass(frozen=True)
class BillSummary(Result):
    """Cost by group and period.

    Attributes:
        columns: what the rows are grouped by; the period first where there is one.
        metrics: what is summed.
        rows: (column values …, Decimal sums …), periods ascending, then cost descending.
        currency: ISO code; empty where rows carry several.
        granularity: total, monthly, daily or hourly.
        issues: what the readers noticed.
    """

    report_module: ClassVar[str] = "costmodel.report.bill"

    columns: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: Sequence[Row]
    currency: str
    granularity: str
    issues: list[Issue] = field(default_factory=list)

    def __repr__(self) -> str:
        sums = ", ".join(f"{name}={value:.2f}" for name, value in self.total.items())
        return f"BillSummary({len(self.rows)} rows, {sums})"

    @property
    def total(self) -> dict[str, Decimal]:
        """Sum of each metric over all rows, exact; NaN over several currencies."""
        first = len(self.columns)
        if "BillingCurrency" in self.columns:
            place = self.columns.index("BillingCurrency")
            if len({row[place] for row in self.rows}) > 1:
                return dict.fromkeys(self.metrics, Decimal("NaN"))
        return {
            name: _exact_sum(row[first + place] or Decimal(0) for row in self.rows)
            for place, name in enumerate(self.metrics)
        }

    @property
    def table(self) -> Any:
        """The rows as a pandas table; money as float64."""
        import pandas as pd

        frame = pd.DataFrame(list(self.rows), columns=[*self.columns, *self.metrics])
        return frame.astype(dict.fromkeys(self.metrics, "float64"))

    def to_json(self) -> dict[str, Any]:
        """Return ``{"total": {METRIC: …}, "rows": [{COLUMN: …, METRIC: …}]}``."""
        names = [*self.columns, *self.metrics]
        return {
            "currency": self.currency,
            "granularity": self.granularity,
            "total": {name: json_value(value) for name, value in self.total.items()},
            "rows": [dict(zip(names, map(json_value, row), strict=True)) for row in self.rows],
            "issues": [issue.to_json() for issue in self.issues],
        }


def _exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Return a sum to the last digit: Python's default keeps 28, and DECIMAL has 38."""
    with localcontext(prec=_DIGITS):
        return sum(amounts, Decimal(0))


def json_value(value: Any) -> Any:
    """Return a value JSON carries: money as a number or null, times as ISO text in UTC."""
    if isinstance(value, Decimal):
        return None if value.is_nan() else float(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def fold_rows(rows: Sequence[Row], keys: int, groups_at: int, top: int | None) -> list[Row]:
    """Return rows in order, the groups beyond the largest ``top`` added up as "other".

    Args:
        rows: (keys …, sums …) as the engine returns them, in any order.
        keys: how many leading values are keys.
        groups_at: how many of the keys, 0 or 1, are a period, which is never folded.
        top: how many groups to keep; None keeps all.
    """
    if top is not None and keys > groups_at:
        rows = _with_other(rows, keys, groups_at, top)
    return sorted(
        rows,
        key=lambda row: (
            row[0] if groups_at and row[0] else datetime.min,  # noqa: DTZ901 - UTC without zone
            -(row[keys] or 0),
            tuple(str(value) for value in row[groups_at:keys]),
        ),
    )


def _with_other(rows: Sequence[Row], keys: int, groups_at: int, top: int) -> list[Row]:
    cost: dict[Row, Decimal] = {}
    for row in rows:
        group = row[groups_at:keys]
        cost[group] = cost.get(group, Decimal(0)) + (row[keys] or Decimal(0))
    kept = set(sorted(cost, key=lambda group: (-cost[group], str(group)))[:top])
    folded = [row for row in rows if row[groups_at:keys] in kept]
    other: dict[Row, list[Decimal]] = {}
    for row in rows:
        if row[groups_at:keys] in kept:
            continue
        sums = other.setdefault(row[:groups_at], [Decimal(0)] * (len(row) - keys))
        for place, value in enumerate(row[keys:]):
            sums[place] += value or Decimal(0)
    label = (OTHER,) * (keys - groups_at)
    return folded + [(*period, *label, *sums) for period, sums in other.items()]
