"""A bill against the catalog: by service, how much has a price, and why the rest has none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from costmodel.bill.analysis.dialect import QueryEngine
from costmodel.bill.query import Bill
from costmodel.bill.reprice.lines import Floats, Texts, UsageLines, read_lines
from costmodel.bill.reprice.price import LinePrices, price_lines
from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import Issue, IssueReason
from costmodel.result import Result


class ServiceReconciliation(NamedTuple):
    """One service [USD]; costs compare what has a price only."""

    service: str
    rows: int  # usage rows of the bill
    matched_rows: int
    list_cost: float  # of all usage, as billed
    matched_list_cost: float  # as billed, of what has a price
    catalog_cost: float  # the same usage at catalog prices

    @property
    def matched_share(self) -> float:
        """Share of the list cost that has a price; of the rows where nothing costs anything."""
        if self.list_cost:
            return self.matched_list_cost / self.list_cost
        return self.matched_rows / self.rows if self.rows else float("nan")

    @property
    def difference(self) -> float:
        """Catalog cost - billed list cost, of what has a price."""
        return self.catalog_cost - self.matched_list_cost


class Unmatched(NamedTuple):
    """Usage without a price."""

    service: str
    reason: IssueReason
    rows: int
    list_cost: float
    example: str  # a usage type


@dataclass(frozen=True)
class Repricing(Result):
    """The usage of a bill at catalog prices.

    Attributes:
        services: one row per service, dearest first.
        unmatched: the rest by service and reason, dearest first.
        catalog_version: which prices.
    """

    report_module: ClassVar[str] = "costmodel.report.bill_analysis.repricing"

    services: Sequence[ServiceReconciliation]
    unmatched: Sequence[Unmatched]
    catalog_version: str

    def __repr__(self) -> str:
        total = self.total
        return (
            f"Repricing({total.list_cost:,.2f} billed at list, {total.matched_share:.1%} matched, "
            f"difference {total.difference:+,.2f})"
        )

    @property
    def total(self) -> ServiceReconciliation:
        """All services."""
        return ServiceReconciliation(
            "Total",
            sum(row.rows for row in self.services),
            sum(row.matched_rows for row in self.services),
            sum(row.list_cost for row in self.services),
            sum(row.matched_list_cost for row in self.services),
            sum(row.catalog_cost for row in self.services),
        )

    @property
    def issues(self) -> list[Issue]:
        """What has no price."""
        return [
            Issue(
                row.reason,
                row.service,
                f"{row.rows} rows, {row.list_cost:,.2f} at list: {row.reason}, e.g. {row.example}",
            )
            for row in self.unmatched
        ]

    @property
    def table(self) -> Any:
        """One row per service as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(
            {
                "x_ServiceCode": [row.service for row in self.services],
                "x_Rows": [row.rows for row in self.services],
                "ListCost": [row.list_cost for row in self.services],
                "x_MatchedShare": [row.matched_share for row in self.services],
                "x_CatalogCost": [row.catalog_cost for row in self.services],
                "x_Difference": [row.difference for row in self.services],
            }
        )

    def to_json(self) -> dict[str, Any]:
        """Return totals, services and reasons."""
        return {
            "catalog": self.catalog_version,
            "total": _json(self.total),
            "services": [_json(row) for row in self.services],
            "unmatched": [
                {
                    "service": row.service,
                    "reason": row.reason.name,
                    "rows": row.rows,
                    "list_cost": row.list_cost,
                    "example": row.example,
                }
                for row in self.unmatched
            ],
        }


def _json(row: ServiceReconciliation) -> dict[str, Any]:
    return row._asdict() | {"matched_share": row.matched_share, "difference": row.difference}


def reconcile(
    bill: Bill,
    catalog: PriceCatalog,
    *,
    filter_text: str | None = None,
    engine: QueryEngine | None = None,
) -> Repricing:
    """Return the usage of a bill at catalog prices, beside its own list cost.

    Spot is priced as the on-demand usage it stands for: bills give it no list cost, so it is
    compared with nothing, and so is other usage without one.

    Args:
        bill: the bill.
        catalog: the prices.
        filter_text: expression of the filter language.
        engine: where to add up; the bill's DuckDB by default.
    """
    lines = read_lines(bill, catalog, filter_text=filter_text, engine=engine)
    return summarize_prices(lines, price_lines(lines, catalog), catalog.version)


def summarize_prices(lines: UsageLines, prices: LinePrices, version: str) -> Repricing:
    """Return the reconciliation of priced lines."""
    services, service = np.unique(lines.service.astype(str), return_inverse=True)
    # Bills give spot no list cost: a comparison needs both sides.
    is_compared = ~np.isnan(lines.list_cost) & (lines.category != "Dynamic")
    billed = np.where(is_compared, np.nan_to_num(lines.list_cost), 0.0)
    matched = ~np.isnan(prices.cost)

    def add_up(values: Floats) -> list[float]:
        sums: list[float] = np.bincount(service, weights=values, minlength=len(services)).tolist()
        return sums

    rows = [
        ServiceReconciliation(name, int(count), int(found), *costs)
        for name, count, found, *costs in zip(
            services.tolist(),
            add_up(lines.rows.astype(np.float64)),
            add_up(np.where(matched, lines.rows, 0).astype(np.float64)),
            add_up(billed),
            add_up(np.where(matched, billed, 0.0)),
            add_up(np.where(matched & is_compared, np.nan_to_num(prices.cost), 0.0)),
            strict=True,
        )
    ]
    rows.sort(key=lambda row: (-row.list_cost, row.service))
    return Repricing(rows, _unmatched(lines, prices.reason, billed, ~matched), version)


def _unmatched(lines: UsageLines, reason: Texts, billed: Floats, missing: Any) -> list[Unmatched]:
    groups: dict[tuple[str, IssueReason], list[int]] = {}
    for line in np.flatnonzero(missing).tolist():
        groups.setdefault((lines.service[line], reason[line]), []).append(line)
    found = []
    for (service, why), members in groups.items():
        cost = billed[members]
        dearest = members[int(np.argmax(cost))]
        example = lines.usage_type[dearest] or lines.rate_code[dearest]
        count = int(lines.rows[members].sum())
        found.append(Unmatched(service, why, count, float(cost.sum()), str(example)))
    return sorted(found, key=lambda row: (-row.list_cost, row.service, row.reason))
