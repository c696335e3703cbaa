"""Two estimates → what a change costs: by resource and by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from costmodel.estimate.result import Estimate, known
from costmodel.result import Result

Status = Literal["added", "removed", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What one line of one resource costs before and after; NaN is unknown."""

    address: str
    line: str
    status: Status
    before_quantity: float
    after_quantity: float
    before: float
    after: float

    @property
    def change(self) -> float:
        """USD a month more (or less) than before; unknown if either side is."""
        return self.after - self.before


@dataclass(frozen=True)
class Comparison(Result):
    """The difference of two estimates.

    Attributes:
        before, after: what is compared.
        differences: every line of either, by address.
    """

    report_module: ClassVar[str] = "costmodel.report.comparison"

    before: Estimate
    after: Estimate
    differences: Sequence[Difference]

    @property
    def change(self) -> float:
        """USD a month more than before, effective."""
        return self.after.effective_total - self.before.effective_total

    @property
    def table(self) -> Any:
        """The lines as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(
            {
                "ResourceId": [d.address for d in self.differences],
                "x_MeterName": [d.line for d in self.differences],
                "x_Status": [d.status for d in self.differences],
                "x_EffectiveCostBefore": [d.before for d in self.differences],
                "x_EffectiveCostAfter": [d.after for d in self.differences],
                "x_EffectiveCostChange": [d.change for d in self.differences],
            }
        )

    def to_json(self) -> dict[str, Any]:
        """Return totals and every line that differs."""
        return {
            "currency": self.after.catalog.currency,
            "before": self.before.effective_total,
            "after": self.after.effective_total,
            "change": self.change,
            "differences": [
                {
                    "address": d.address,
                    "line": d.line,
                    "status": d.status,
                    "before": known(d.before),
                    "after": known(d.after),
                    "change": known(d.change),
                }
                for d in self.differences
                if d.status != "unchanged"
            ],
            "issues": [issue.to_json() for issue in [*self.before.issues, *self.after.issues]],
        }

    def __repr__(self) -> str:
        return f"Comparison({self.change:+,.2f} USD a month)"


def compare_estimates(before: Estimate, after: Estimate) -> Comparison:
    """Return the difference of two estimates, line by line.

    Lines are the same when address, nested path and name are; several of one name are added up.
    """
    old, new = _lines(before), _lines(after)
    keys = sorted({*old, *new})
    differences = []
    for key in keys:
        had, has = old.get(key), new.get(key)
        quantity_before, cost_before = had or (0.0, 0.0)
        quantity_after, cost_after = has or (0.0, 0.0)
        differences.append(
            Difference(
                key[0],
                key[1],
                _status(had, has),
                quantity_before,
                quantity_after,
                cost_before,
                cost_after,
            )
        )
    return Comparison(before, after, differences)


def _status(had: tuple[float, float] | None, has: tuple[float, float] | None) -> Status:
    if had is None:
        return "added"
    if has is None:
        return "removed"
    same = np.allclose(had, has, rtol=1e-12, atol=1e-9, equal_nan=True)
    return "unchanged" if same else "changed"


def _lines(estimate: Estimate) -> dict[tuple[str, str], tuple[float, float]]:
    usage = estimate.usage
    lines: dict[tuple[str, str], tuple[float, float]] = {}
    for row, number in enumerate(usage.resource):
        label = " / ".join([*usage.path[row], usage.name[row]])
        key = (estimate.spec.resources[number].address, label)
        quantity, cost = lines.get(key, (0.0, 0.0))
        lines[key] = (
            quantity + float(usage.quantity[row]),
            cost + float(estimate.effective_cost[row]),
        )
    return lines
