"""An allocation for reading: who pays what, directly and as a share of common cost."""

from typing import TYPE_CHECKING, Any

from costmodel.report.figures_bill import bars
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.bill.analysis.virtual_tags import Allocation


def tables(allocation: "Allocation") -> list[ReportTable]:
    """Return one row per owner."""
    direct = float(sum(row.direct for row in allocation.rows))
    return [
        ReportTable(
            title=f"{allocation.metric} by {allocation.name}",
            columns=[
                ReportColumn(allocation.name),
                *(ReportColumn(name, "money") for name in ("Direct", "Shared", "Total")),
            ],
            rows=[
                [row.value, float(row.direct), float(row.shared), float(row.total)]
                for row in allocation.rows
            ],
            total=["Total", direct, "", float(allocation.total)],
            notes=[f"! {issue.address}: {issue.message}" for issue in allocation.issues],
        )
    ]


def figure(allocation: "Allocation") -> Any:
    """Return what each owner pays as bars."""
    names = [row.value for row in allocation.rows]
    return bars(names, [float(row.total) for row in allocation.rows], allocation.metric)


def page(allocation: "Allocation") -> str:
    """Return a page with bars and the table."""
    lead = f"{format_cell(float(allocation.total), 'money')} in all; shares lose no cent."
    title = f"Cost by {allocation.name}"
    return html_page(title, lead, [figure(allocation), *tables(allocation)])
