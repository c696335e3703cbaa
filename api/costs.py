"""Questions to a stored bill, answered from its daily sums where those suffice, and remembered."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from api.bill_dataset import DAILY_COLUMNS, SUMMED
from api.state import State

if TYPE_CHECKING:
    from costmodel import Bill, BillSummary

Granularity = Literal["total", "monthly", "daily", "hourly"]
# Two scans at once keep two cores busy; more would only take memory from each other.
SCANS: Final = threading.BoundedSemaphore(2)
_DAILY: Final = frozenset((*DAILY_COLUMNS, *SUMMED, "ChargePeriodStart"))


@dataclass(frozen=True, slots=True)
class CostQuery:
    """What to sum."""

    by: tuple[str, ...] = ()
    metric: tuple[str, ...] = ()
    granularity: Granularity = "total"
    filter: str | None = None
    top: int | None = None
    unused: Literal["as billed", "spread"] = "as billed"


def summarize(state: State, workspace: str, bill: dict[str, Any], query: CostQuery) -> Any:
    """Return the answer to a query of a bill that is ready."""
    key = (workspace, bill["id"], bill["version"], query)
    known = state.costs.get(key)
    if known is None:
        with SCANS, state.bills.asked(workspace, bill):
            known = _summarize(_bill_for(state, workspace, bill, query), query)
        state.costs.put(key, known)
    return known


def _summarize(bill: "Bill", query: CostQuery) -> "BillSummary":
    return bill.summarize(
        by=query.by,
        metric=query.metric,
        granularity=query.granularity,
        filter=query.filter,
        top=query.top,
        unused=query.unused,
    )


def _bill_for(state: State, workspace: str, bill: dict[str, Any], query: CostQuery) -> "Bill":
    """Return the daily sums if they hold every column of the query, else the whole bill."""
    daily = state.bills.open_daily(workspace, bill)
    if query.granularity == "hourly" or query.unused == "spread":
        return state.bills.open_dataset(workspace, bill)
    # Unknown names and bad filters raise here, with the nearest name as advice.
    asked = {daily.resolve(name) for name in (*query.by, *query.metric)}
    asked |= daily.filter(query.filter).columns
    reads_measure = bool(daily.filter(query.filter).columns & set(SUMMED))
    if asked <= _DAILY and not reads_measure:
        return daily
    return state.bills.open_dataset(workspace, bill)
