"""What a bill was read from, and what can be asked of it."""

from typing import TYPE_CHECKING

from costmodel.report.table import ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.bill.query import Bill


def tables(bill: "Bill") -> list[ReportTable]:
    """Return the sources of a bill; nothing is scanned for it."""
    rows = [(source.label, source.format, len(source.paths)) for source in bill.sources]
    columns = (ReportColumn("Bill"), ReportColumn("Format"), ReportColumn("Files", "integer"))
    notes = [
        f"Cost metrics: {', '.join(bill.metrics)}.",
        f"{len(bill.available)} columns to group and filter by: see .available; tags are tag:KEY.",
    ]
    return [ReportTable("", columns, rows, notes=notes)]
