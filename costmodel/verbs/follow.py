"""The public verbs on advice over time: what became of it, and what it saved."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from costmodel.bill.query import Bill
from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import BadInputError
from costmodel.io.recommendation_files import read_state, write_state
from costmodel.optimize.lifecycle import follow_up
from costmodel.optimize.realised import (
    RealisedSavings,
    daily_costs,
    measure_realised,
    resources_of,
)
from costmodel.optimize.recommendation import Recommendations
from costmodel.verbs.bills import read_bill

State = Mapping[str, Mapping[str, Any]]


def follow_recommendations(
    result: Recommendations, state: str | Path, today: date
) -> Recommendations:
    """Return a run's advice as new, open or reappeared, and what is done since the last run.

    Args:
        result: this run.
        state: file kept between runs; it is made, or brought up to date.
        today: day of this run.

    Raises:
        BadInputError: the file is not a state file.
    """
    path = Path(state)
    found, kept = follow_up(result, read_state(path), today)
    write_state(path, kept)
    return found


def realised_savings(
    state: State | str | Path, *bills: Bill | str | Path, catalog: PriceCatalog | None = None
) -> RealisedSavings:
    """Return what the advice that is done saved, by bills from before and after.

    Args:
        state: file kept between runs, or its records.
        bills: bills with resource ids that hold days before the change and after it.
        catalog: names the regions of usage types; the embedded catalog by default.

    Raises:
        BadInputError: a file cannot be understood, or there is no bill or no earlier advice.
    """
    if not bills:
        raise BadInputError("no bill: name bills from before the changes and after")
    records = state if isinstance(state, Mapping) else read_state(Path(state))
    if not records:
        raise BadInputError(
            f"{'the state' if isinstance(state, Mapping) else state}: holds no advice of earlier "
            "runs: there is nothing to measure; run 'recommend --state' with advice first"
        )
    names = [name for record in records.values() for name in resources_of(record)]
    paths = [bill for bill in bills if not isinstance(bill, Bill)]
    opened = [bill for bill in bills if isinstance(bill, Bill)]
    if paths:
        opened.append(read_bill(*paths, catalog=catalog))
    costs: dict[str, dict[date, float]] = {}
    for bill in opened:
        for name, days in daily_costs(bill, names).items():
            costs.setdefault(name, {}).update(days)
    return measure_realised(records, costs)
