"""A reconciliation with the catalog for reading."""

from typing import TYPE_CHECKING, Any

from costmodel.report.figures_bill import bars
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.bill.reprice.repricing import Repricing, ServiceReconciliation


def tables(repricing: "Repricing") -> list[ReportTable]:
    """Return services with their matched share, then why the rest has no price."""
    services = ReportTable(
        title=f"Usage at catalog prices ({repricing.catalog_version})",
        columns=(
            ReportColumn("Service"),
            ReportColumn("Rows", "integer"),
            ReportColumn("List cost billed", "money"),
            ReportColumn("Matched", "percent"),
            ReportColumn("Matched, billed", "money"),
            ReportColumn("Matched, catalog", "money"),
            ReportColumn("Difference", "money"),
        ),
        rows=[_cells(row) for row in repricing.services],
        total=_cells(repricing.total),
        notes=(
            "Usage only, at list prices; spot and usage without a list cost are not compared.",
        ),
    )
    rest = ReportTable(
        title="Without a price",
        columns=(
            ReportColumn("Service"),
            ReportColumn("Reason"),
            ReportColumn("Rows", "integer"),
            ReportColumn("List cost billed", "money"),
            ReportColumn("Example"),
        ),
        rows=[
            [row.service, str(row.reason), row.rows, row.list_cost, row.example]
            for row in repricing.unmatched
        ],
    )
    return [services, rest] if repricing.unmatched else [services]


def _cells(row: "ServiceReconciliation") -> list[Any]:
    return [row.service, row.rows, row.list_cost, row.matched_share, row.matched_list_cost,
            row.catalog_cost, row.difference]  # fmt: skip


def figure(repricing: "Repricing") -> Any:
    """Return the difference by service as bars."""
    rows = repricing.services[:25]
    return bars([row.service for row in rows], [row.difference for row in rows],
                "Catalog - billed list cost, of what has a price")  # fmt: skip


def page(repricing: "Repricing") -> str:
    """Return a page with bars and tables."""
    total = repricing.total
    lead = (
        f"{format_cell(total.matched_share, 'percent')} of {format_cell(total.list_cost, 'money')}"
        f" has a price; by the catalog it costs {format_cell(total.difference, 'money')} more."
    )
    return html_page("The bill at catalog prices", lead, [figure(repricing), *tables(repricing)])
