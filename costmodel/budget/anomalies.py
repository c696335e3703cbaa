"""Unexpected rises in a bill: on every level, explained, told once.

Children and parents are watched alike, because many small rises add up to one nobody sees. A
parent whose rise is that of one child is left out in favour of the child.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from costmodel.budget.alert import Alert, AlertKind, Cause, Severity
from costmodel.budget.causes import CauseIndex
from costmodel.budget.feedback import Feedback
from costmodel.budget.period import Period
from costmodel.budget.series import Node, SeriesTree, build_series
from costmodel.budget.spend import Spend
from costmodel.engine.anomaly import Anomalies, Sensitivity, find_anomalies
from costmodel.errors import Issue
from costmodel.result import Result

if TYPE_CHECKING:
    import pandas as pd

_EXPLAINED: Final = 0.8  # share of a parent's excess that makes it a copy of its child
_LONGEST: Final = 3  # days of an anomaly; then it is the new level
_BASE_DAYS: Final = 28  # what the cause analysis compares with
_MONTH_DAYS: Final = 30
_MOST_CAUSES: Final = 20
# Impact as a share of a month's total spend from which a severity applies.
_SEVERITIES: Final = (
    (0.10, Severity.CRITICAL),
    (0.03, Severity.ERROR),
    (0.005, Severity.WARNING),
    (0.0, Severity.INFO),
)


@dataclass(frozen=True)
class Anomaly:
    """One unexpected rise.

    Attributes:
        node: the series.
        start: first day.
        end: the day after the last.
        actual: cost of those days.
        expected: what they should have cost.
        score: excess of the first day over its usual size.
        is_new_level: it lasted three days: the cost moved to a new level.
        severity: by its share of a month's total spend.
        causes: what made it, largest first; adds up to the change against the four weeks before.
        verdict: what people said of it: confirm, or nothing.
    """

    node: Node
    start: date
    end: date
    actual: float
    expected: float
    score: float
    is_new_level: bool
    severity: Severity
    causes: tuple[Cause, ...]
    verdict: str = ""

    @property
    def impact(self) -> float:
        """Cost above the expectation."""
        return self.actual - self.expected

    @property
    def percent(self) -> float:
        """Impact in percent of the expectation; infinite out of nothing."""
        return 100.0 * self.impact / self.expected if self.expected > 0.0 else float("inf")

    def to_json(self) -> dict[str, Any]:
        """Return the anomaly as a JSON object."""
        return {
            "monitor": self.node.name,
            "level": self.node.level,
            **dict(self.node.values),
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "days": (self.end - self.start).days,
            "actual": self.actual,
            "expected": self.expected,
            "impact": self.impact,
            "percent": self.percent,
            "score": self.score,
            "is_new_level": self.is_new_level,
            "severity": self.severity.value,
            "verdict": self.verdict,
            "causes": [cause._asdict() for cause in self.causes],
        }


@dataclass(frozen=True)
class AnomalyReport(Result):
    """The anomalies of a bill, largest impact first.

    Attributes:
        metric: the cost metric.
        currency: its currency.
        tree: the series that were watched.
        anomalies: what was found.
        ignored: how many were left out by feedback.
        issues: what the reader should know.
    """

    report_module: ClassVar[str] = "costmodel.report.anomalies"

    metric: str
    currency: str
    tree: SeriesTree
    anomalies: tuple[Anomaly, ...]
    ignored: int = 0
    issues: tuple[Issue, ...] = field(default=())

    @property
    def table(self) -> "pd.DataFrame":
        """One row per anomaly."""
        import pandas as pd

        rows = [{k: v for k, v in a.to_json().items() if k != "causes"} for a in self.anomalies]
        return pd.DataFrame(rows)

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "metric": self.metric,
            "currency": self.currency,
            "days": self.tree.leaf.shape[1],
            "series": len(self.tree.nodes),
            "anomalies": [anomaly.to_json() for anomaly in self.anomalies],
            "ignored": self.ignored,
            "issues": [issue.to_json() for issue in self.issues],
        }

    def recent(self, days: int) -> "AnomalyReport":
        """Return the report with only the anomalies of the last days of the data."""
        since = self.tree.day(self.tree.leaf.shape[1] - days)
        return replace(self, anomalies=tuple(a for a in self.anomalies if a.end > since))

    def alerts(self, now: datetime) -> tuple[Alert, ...]:
        """Return the anomalies as alerts; the key of each stays the same from day to day."""
        return tuple(_alert(anomaly, self.currency, now) for anomaly in self.anomalies)

    def __repr__(self) -> str:
        return f"<AnomalyReport {len(self.anomalies)} anomalies in {len(self.tree.nodes)} series>"


def find_spend_anomalies(
    spend: Spend,
    *,
    by: tuple[str, ...],
    metric: str,
    sensitivity: Sensitivity | None = None,
    feedback: Sequence[Feedback] = (),
    currency: str = "USD",
) -> AnomalyReport:
    """Find unexpected rises on every level and say what caused them.

    Args:
        spend: rows of spend; commitment fees, tax and credits should not be among them.
        by: columns; every combination and all their sums are watched.
        metric: the cost column.
        sensitivity: score, amount and percent an anomaly must exceed.
        feedback: verdicts of people; what they ignore is left out.
        currency: for display.
    """
    tree = build_series(spend, by, metric)
    found = _without_copies(find_anomalies(tree.daily, sensitivity), tree)
    total = np.nanmean(tree.daily[0]) * _MONTH_DAYS
    index = CauseIndex(spend.table, metric, by)
    anomalies, ignored = [], 0
    for i in np.argsort(-found.impact, kind="stable"):
        node = tree.nodes[found.series[i]]
        start, end = tree.day(found.start[i]), tree.day(found.end[i])
        verdicts = {f.verdict for f in feedback if f.applies(node.name, start, end)}
        if "ignore" in verdicts:
            ignored += 1
            continue
        anomalies.append(
            Anomaly(
                node,
                start,
                end,
                float(found.expected[i] + found.impact[i]),
                float(found.expected[i]),
                float(found.score[i]),
                bool(found.is_new_level[i]),
                _severity(found.impact[i], total),
                _causes(index, node, (start, end)),
                next(iter(verdicts), ""),
            )
        )
    return AnomalyReport(metric, currency, tree, tuple(anomalies), ignored)


def _without_copies(found: Anomalies, tree: SeriesTree) -> Anomalies:
    """Drop anomalies of parents that are the anomaly of one of their children."""
    keep = np.ones(len(found.series), dtype=bool)
    values = [set(tree.nodes[s].values) for s in found.series]
    first = np.searchsorted(found.start, found.start - _LONGEST)  # both ascend
    for parent, begin in enumerate(first):
        for child in range(begin, len(values)):
            if found.start[child] >= found.end[parent]:
                break
            is_share = found.impact[child] >= _EXPLAINED * found.impact[parent]
            if is_share and found.end[child] > found.start[parent]:
                keep[parent] &= not values[parent] < values[child]
    return found.select(keep)


def _severity(impact: float, month_total: float) -> Severity:
    share = impact / month_total if month_total > 0.0 else float("inf")
    return next(severity for least, severity in _SEVERITIES if share >= least)


def _causes(index: CauseIndex, node: Node, span: tuple[date, date]) -> tuple[Cause, ...]:
    """Compare the days of an anomaly with the four weeks before it."""
    start, end = (datetime(d.year, d.month, d.day, tzinfo=UTC) for d in span)
    before = Period(start - timedelta(days=_BASE_DAYS), start)
    scale = (end - start) / timedelta(days=_BASE_DAYS)
    found = index.rank(Period(start, end), before, scale=scale, where=node.values)
    return found[:_MOST_CAUSES]


def _alert(anomaly: Anomaly, currency: str, now: datetime) -> Alert:
    start = datetime.combine(anomaly.start, datetime.min.time(), UTC)
    end = datetime.combine(anomaly.end, datetime.min.time(), UTC)
    name = anomaly.node.name
    what = "moved to a new level" if anomaly.is_new_level else "rose unexpectedly"
    rise = "from nothing" if anomaly.expected <= 0.0 else f"+{anomaly.percent:.0f} %"
    return Alert(
        key=f"{name.replace('/', '|')}/{anomaly.start}/anomaly",
        budget=name,
        kind=AlertKind.ANOMALY,
        period_start=start,
        period_end=end,
        threshold="unexpected rise",
        threshold_value=anomaly.expected,
        actual=anomaly.actual,
        forecast_mean=float("nan"),
        forecast_p90=float("nan"),
        limit=float("nan"),
        currency=currency,
        created_at=now,
        severity=anomaly.severity,
        summary=(
            f"{name} {what} on {anomaly.start}: {anomaly.actual:,.2f} {currency} where "
            f"{anomaly.expected:,.2f} was expected ({rise})."
        ),
        cause=anomaly.causes,
    )
