"""What a scenario changes: every line before and after, by service and by resource."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from costmodel.bill.analysis.dialect import QueryEngine
from costmodel.bill.query import Bill
from costmodel.bill.reprice.lines import Floats, Texts, UsageLines, read_lines
from costmodel.bill.reprice.plans import PlanEffect, plan_effect
from costmodel.bill.reprice.price import LinePrices, price_lines
from costmodel.bill.reprice.scenario import (
    BillScenario,
    Successors,
    changed_lines,
    move_lines,
)
from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import Issue, IssueReason
from costmodel.result import Result

_MOST_RESOURCES = 1000


class EffectRow(NamedTuple):
    """One service or resource at list prices [USD]."""

    name: str
    service: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """After - before."""
        return self.after - self.before


@dataclass(frozen=True)
class WhatIf(Result):
    """A bill's usage before and after a scenario.

    Attributes:
        services: by service, largest change first; add up to the total.
        resources: the resources that change most.
        plans: what other commitments do, None where the scenario leaves them alone.
        unpriced_cost: list cost as billed of usage that has no price before or after.
        issues: what stayed as it was for want of a price, and assumptions.
    """

    report_module: ClassVar[str] = "costmodel.report.bill_analysis.what_if"

    services: Sequence[EffectRow]
    resources: Sequence[EffectRow]
    plans: PlanEffect | None
    unpriced_cost: float
    issues: Sequence[Issue]

    def __repr__(self) -> str:
        return f"WhatIf({self.total.before:,.2f} to {self.total.after:,.2f} USD at list)"

    @property
    def total(self) -> EffectRow:
        """All services."""
        before, after = (
            sum(row.before for row in self.services),
            sum(row.after for row in self.services),
        )
        return EffectRow("Total", "", before, after)

    @property
    def table(self) -> Any:
        """Services as a pandas DataFrame."""
        return _frame(self.services)

    @property
    def resource_table(self) -> Any:
        """Resources as a pandas DataFrame."""
        return _frame(self.resources)

    def to_json(self) -> dict[str, Any]:
        """Return totals, services, resources, plans and issues."""
        return {
            "total": _json(self.total),
            "services": [_json(row) for row in self.services],
            "resources": [_json(row) for row in self.resources],
            "commitments": None if self.plans is None else self.plans.to_json(),
            "unpriced_list_cost": self.unpriced_cost,
            "issues": [issue.to_json() for issue in self.issues],
        }


def _json(row: EffectRow) -> dict[str, Any]:
    return row._asdict() | {"change": row.change}


def _frame(rows: Sequence[EffectRow]) -> Any:
    import pandas as pd

    columns = ["x_Name", "x_ServiceCode", "x_Before", "x_After"]
    frame = pd.DataFrame([tuple(row) for row in rows], columns=columns)
    frame["x_Change"] = frame["x_After"] - frame["x_Before"]
    return frame


def what_if(
    bill: Bill,
    catalog: PriceCatalog,
    scenario: BillScenario,
    *,
    successors: Mapping[str, Mapping[str, Successors]] | None = None,
    new_catalog: PriceCatalog | None = None,
    filter_text: str | None = None,
    engine: QueryEngine | None = None,
) -> WhatIf:
    """Return what a scenario does to a whole bill, at list prices less its discounts.

    Usage without a price where it would go keeps its kind and moves to the region only, or stays;
    an issue says how much.

    Args:
        bill: the bill.
        catalog: prices before.
        scenario: what is different.
        successors: service code → family → newest families, for ``processor``.
        new_catalog: prices after, such as a price list of another date; the same by default.
        filter_text: expression of the filter language.
        engine: where to add up; the bill's DuckDB by default.
    """
    prices = new_catalog or catalog
    lines = read_lines(bill, catalog, by=("ResourceId",), filter_text=filter_text, engine=engine)
    before = price_lines(lines, catalog)
    moved = move_lines(lines, scenario, successors or {})
    after = price_lines(moved, prices).cost
    stuck = np.isnan(after) & ~np.isnan(before.cost)
    # What has no price as asked moves to the region only; what has none there stays.
    for less in (BillScenario(regions=scenario.regions), BillScenario()):
        open_lines = np.flatnonzero(np.isnan(after) & ~np.isnan(before.cost))
        rest = move_lines(lines.take(open_lines), less, {})
        after[open_lines] = price_lines(rest, prices).cost
    known = ~np.isnan(before.cost) & ~np.isnan(after)
    discounted = after * (1.0 - _discount(lines.service, scenario.discount_percent))
    costs = (np.where(known, before.cost, 0.0), np.where(known, discounted, 0.0))
    plans = None
    if scenario.commitments is not None:
        plans = plan_effect(
            bill, prices, scenario, successors or {}, scenario.commitments, filter_text
        )
    return WhatIf(
        _effects(lines.service, lines.service, costs),
        _effects(lines.resource, lines.service, costs)[:_MOST_RESOURCES],
        plans,
        float(np.nansum(lines.list_cost[~known])),
        _issues(lines, moved, stuck, before, scenario),
    )


def _discount(service: Texts, percent: Mapping[str, float]) -> Floats:
    everywhere = percent.get("*", 0.0)
    return np.array([percent.get(code, everywhere) for code in service]) / 100.0


def _effects(name: Texts, service: Texts, costs: tuple[Floats, Floats]) -> list[EffectRow]:
    names, first, group = np.unique(name.astype(str), return_index=True, return_inverse=True)
    sums = [np.bincount(group, weights=cost, minlength=len(names)) for cost in costs]
    services = service[first]
    rows = [
        EffectRow(str(label), str(services[place]), float(sums[0][place]), float(sums[1][place]))
        for place, label in enumerate(names)
        if label
    ]
    return sorted(rows, key=lambda row: (-abs(row.change), row.name))


def _issues(
    lines: UsageLines, moved: UsageLines, stuck: Any, before: LinePrices, scenario: BillScenario
) -> list[Issue]:
    stuck = changed_lines(lines, moved) & stuck
    found = []
    for service in dict.fromkeys(lines.service[stuck].tolist()):
        members = np.flatnonzero(stuck & (lines.service == service))
        dearest = members[int(np.argmax(before.cost[members]))]
        found.append(
            Issue(
                IssueReason.NO_SKU,
                service,
                f"{before.cost[members].sum():,.2f} does not change as asked: "
                f"{moved.usage_type[dearest]} has no price in {moved.region[dearest]}",
            )
        )
    if "gp3" in scenario.volumes.values():
        found.append(
            Issue(
                IssueReason.APPROXIMATION,
                "AmazonEC2",
                "gp3 volumes are priced with their included 3,000 IOPS and 125 MiB/s",
            )
        )
    return found
