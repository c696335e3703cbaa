"""Coverage and utilisation as billed, for reading."""

from typing import TYPE_CHECKING, Any

from costmodel.report.figures_commitments import coverage_over_time, hour_of_week
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.optimize.commitments.billed import BilledCoverage


def tables(coverage: "BilledCoverage") -> list[ReportTable]:
    """Return utilisation by commitment, then coverage by day."""
    from costmodel.optimize.commitments.billed import daily_rows

    return [
        ReportTable(
            title="Commitments on the bill, USD",
            columns=(
                ReportColumn("Commitment"), ReportColumn("Type"),
                ReportColumn("Committed", "money"), ReportColumn("Used", "money"),
                ReportColumn("Unused", "money"), ReportColumn("Utilisation", "percent"),
            ),
            rows=[
                [row.CommitmentDiscountId, row.CommitmentDiscountType, row.committed, row.used,
                 row.unused, row.utilization]
                for row in coverage.table.itertuples()
            ],
            notes=[_summary(coverage), *(issue.message for issue in coverage.issues)],
        ),
        ReportTable(
            title="Coverage by day",
            columns=(
                ReportColumn("Day"), ReportColumn("On-demand value", "money"),
                ReportColumn("Covered", "money"), ReportColumn("Coverage", "percent"),
            ),
            rows=[list(row.values()) for row in daily_rows(coverage.hours)],
        ),
    ]  # fmt: skip


def figure(coverage: "BilledCoverage") -> Any:
    """Return coverage over time."""
    return coverage_over_time(coverage.hours)


def page(coverage: "BilledCoverage") -> str:
    """Return the coverage as a self-contained HTML page."""
    parts: list[Any] = [figure(coverage), hour_of_week(coverage.hours), *tables(coverage)]
    return html_page("Coverage by commitments", _summary(coverage), parts)


def _summary(coverage: "BilledCoverage") -> str:
    covered = format_cell(coverage.coverage, "percent")
    used = format_cell(coverage.utilization, "percent")
    return f"{covered} of what commitments could cover is covered; they are used to {used}."
