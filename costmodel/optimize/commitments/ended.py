"""Usage that ended before its bill did: no purchase should rest on it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from costmodel.errors import Issue, IssueReason
from costmodel.optimize.commitments.usage import HourlyUsage

# Three days outlast a weekend's pause and a late delivery of the bill.
_LEAST_QUIET_HOURS: Final = 72.0
# Usage that has paused before may pause again; twice as long is an end.
_LONGER_THAN_BEFORE: Final = 2.0


def ended_rows(usage: HourlyUsage) -> NDArray[np.bool_]:
    """Return which rows (k,) stopped: quiet to the end, twice as long as in any pause before."""
    return np.array([_has_ended(usage, row) for row in range(len(usage.rows))], dtype=np.bool_)


def _has_ended(usage: HourlyUsage, row: int) -> bool:
    used = np.flatnonzero(usage.quantity[:, row] > 0.0)
    if not len(used):
        return False
    slot_hours = float(usage.weight[0])
    quiet = (len(usage.weight) - 1 - int(used[-1])) * slot_hours
    longest_pause = int(np.diff(used, prepend=used[0] - 1).max() - 1) * slot_hours
    return quiet >= max(_LEAST_QUIET_HOURS, _LONGER_THAN_BEFORE * longest_pause)


def ended_issue(usage: HourlyUsage, ended: NDArray[np.bool_], consequence: str) -> list[Issue]:
    """Return what has ended, the costliest by name; empty where nothing has.

    Args:
        usage: hourly usage.
        ended: its rows that have ended (k,).
        consequence: what that means for the plan.
    """
    if not ended.any():
        return []
    cost = (usage.weight @ usage.quantity) * usage.on_demand_rate
    first = usage.rows.iloc[int(np.argmax(np.where(ended, cost, -1.0)))]
    share = float(cost[ended].sum() / cost.sum())
    text = (
        f"{int(ended.sum())} kinds of usage ended days before the bill did, {share:.1%} of the "
        f"on-demand cost (the costliest: {first['x_UsageType']}): {consequence}"
    )
    return [Issue(IssueReason.APPROXIMATION, "usage", text)]
