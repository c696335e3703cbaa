"""Forecasts, anomalies, changes, commitments and what-ifs of stored bills, remembered."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import costmodel
from api.costs import SCANS
from api.state import State
from api.verdicts import feedback_of

if TYPE_CHECKING:
    from costmodel import Bill

Bill_ = Mapping[str, Any]


def remembered(
    state: State, workspace: str, bill: Bill_, key: tuple[Any, ...], ask: "Callable[[Bill], Any]"
) -> Any:
    """Return the answer to a question about a whole bill, asked once per version of it."""
    place = (workspace, bill["id"], bill["version"], *key)
    known = state.costs.get(place)
    if known is None:
        with SCANS, state.bills.asked(workspace, bill):
            known = ask(state.bills.open_dataset(workspace, bill))
        state.costs.put(place, known)
    return known


def until(bill: Bill_, as_of: datetime | None) -> datetime | None:
    """Return the time to look from: the one asked for, else now if the bill reaches further."""
    if as_of is not None:
        return as_of.astimezone(UTC)
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    last = bill["facts"].get("last")
    if last is None or datetime.fromisoformat(last).replace(tzinfo=UTC) <= now:
        return None
    return now


def forecast(
    state: State, workspace: str, bill: Bill_, by: tuple[str, ...], metric: str | None,
    filter_text: str | None, as_of: datetime | None,
) -> Any:  # fmt: skip
    """Return the outlook of a bill."""
    moment = until(bill, as_of)
    return remembered(
        state, workspace, bill, ("forecast", by, metric, filter_text, moment),
        lambda b: costmodel.forecast(b, by=by, metric=metric, filter=filter_text, as_of=moment),
    )  # fmt: skip


def anomalies(
    state: State, workspace: str, bill: Bill_, by: tuple[str, ...], metric: str | None,
    sensitivity: Any, as_of: datetime | None,
) -> Any:  # fmt: skip
    """Return the unexpected rises of a bill, but those that people said to ignore."""
    moment = until(bill, as_of)
    feedback = feedback_of(state.database, workspace)
    return remembered(
        state, workspace, bill, ("anomalies", by, metric, sensitivity, moment, feedback),
        lambda b: costmodel.anomalies(
            b, by=by, metric=metric, sensitivity=sensitivity, as_of=moment, feedback=feedback
        ),
    )  # fmt: skip


def change(
    state: State, workspace: str, bill: Bill_, before: str, after: str, by: tuple[str, ...],
    metric: str, filter_text: str | None,
) -> Any:  # fmt: skip
    """Return why one period costs more than another."""
    return remembered(
        state, workspace, bill, ("change", before, after, by, metric, filter_text),
        lambda b: costmodel.explain_change(
            b, before, after, by=by, cost=metric, filter_text=filter_text
        ),
    )  # fmt: skip


def plan(state: State, workspace: str, bill: Bill_, choice: Any, uncertainty: Any) -> Any:
    """Return which commitments to buy."""
    key = ("plan", repr(choice), repr(uncertainty))
    return remembered(
        state, workspace, bill, key,
        lambda b: costmodel.plan_commitments(
            b, state.catalog, choice=choice, uncertainty=uncertainty
        ),
    )  # fmt: skip


def coverage(state: State, workspace: str, bill: Bill_) -> Any:
    """Return how far commitments covered usage."""
    return remembered(
        state, workspace, bill, ("coverage",),
        lambda b: costmodel.measure_coverage(b, state.catalog),
    )  # fmt: skip


def simulate(state: State, workspace: str, bill: Bill_, held: list[Any], sharing: str) -> Any:
    """Return every hour of a bill's usage under given commitments."""
    return remembered(
        state, workspace, bill, ("simulate", repr(held), sharing),
        lambda b: costmodel.simulate_commitments(b, held, state.catalog, sharing=sharing),
    )  # fmt: skip


def what_if(state: State, workspace: str, bill: Bill_, scenario: Any) -> Any:
    """Return the bill under another scenario."""
    return remembered(
        state, workspace, bill, ("what-if", repr(scenario)),
        lambda b: costmodel.what_if(b, state.catalog, scenario),
    )  # fmt: skip
