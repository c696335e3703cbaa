"""Averages of long periods hide peaks: what they cannot show is unknown, not low."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from costmodel.errors import Issue, IssueReason
from costmodel.io.inventory.cloudwatch import metric_groups

# CloudWatch's basic monitoring; an average over longer may be of bursts and rest.
_LONGEST_AVERAGE: Final = 300.0
_PEAKS: Final = ("max", "p50", "p90", "p95", "p99", "p99_5", "daily_max", "fold_max")
_LISTED: Final = 3


@cache
def _statistics() -> Mapping[str, str]:
    """Return the statistic the collector asks for, by metric."""
    return {metric: stat for group in metric_groups() for metric, stat, _ in group.metrics}


def without_hidden_peaks(metrics: pa.Table, where: str) -> tuple[pa.Table, list[Issue]]:
    """Return the figures without the peaks and percentiles that long averages cannot show.

    Args:
        metrics: rows of the metrics table.
        where: file they come from.
    """
    wanted = [name for name, stat in _statistics().items() if stat == "Maximum"]
    hidden = pc.and_(
        pc.and_(
            pc.equal(pc.fill_null(metrics["statistic"], ""), "Average"),
            pc.greater(metrics["period_seconds"], _LONGEST_AVERAGE),
        ),
        pc.is_in(metrics["metric"], pa.array(wanted)),
    )
    if not pc.any(hidden).as_py():
        return metrics, []
    rows = metrics.filter(hidden)
    return _blanked(metrics, hidden), [_issue(rows, where)]


def _blanked(metrics: pa.Table, hidden: Any) -> pa.Table:
    for name in _PEAKS:
        place = metrics.schema.get_field_index(name)
        field = metrics.schema.field(place)
        kept = pc.if_else(hidden, pa.scalar(None, field.type), metrics[name])
        metrics = metrics.set_column(place, field, kept)
    return metrics


def _issue(rows: pa.Table, where: str) -> Issue:
    names = pc.unique(rows["resource_id"]).to_pylist()
    listed = ", ".join(map(str, names[:_LISTED]))
    longest = pc.max(rows["period_seconds"]).as_py()
    message = (
        f"averages over {longest:.0f} s hide the peaks of {len(names)} resources ({listed}): "
        "export the statistic Maximum, or 5-minute points"
    )
    return Issue(IssueReason.MISSING_INPUT, where, message)
