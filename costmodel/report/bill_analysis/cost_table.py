"""Figures by group for reading."""

from typing import TYPE_CHECKING, Any

from costmodel.report.figures_bill import bars
from costmodel.report.html import html_page
from costmodel.report.table import ColumnKind, ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.bill.analysis.cost_table import CostTable


def tables(costs: "CostTable") -> list[ReportTable]:
    """Return the rows as they are, figures to the right."""
    return [
        ReportTable(
            title=costs.title,
            columns=[ReportColumn(name, _kind(costs, name)) for name in costs.columns],
            rows=costs.rows,
            notes=[f"! {issue.address}: {issue.message}" for issue in costs.issues],
        )
    ]


def _kind(costs: "CostTable", name: str) -> ColumnKind:
    if name not in costs.columns[-costs.figures :]:
        return "text"
    if name in costs.shares:
        return "percent"
    if name in costs.quantities:
        return "quantity"
    return "price" if name == "x_UnitCost" else "money"


def figure(costs: "CostTable") -> Any:
    """Return the first figure of each group as bars."""
    first = len(costs.columns) - costs.figures
    labels = [" · ".join(map(str, row[:first])) for row in costs.rows[:30]]
    return bars(labels, [row[first] for row in costs.rows[:30]], costs.columns[first])


def page(costs: "CostTable") -> str:
    """Return a page with bars and the table."""
    return html_page(costs.title, f"{len(costs.rows)} rows.", [figure(costs), *tables(costs)])
