"""Realised savings for reading: promised beside measured."""

from typing import TYPE_CHECKING, Any

from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.optimize.realised import RealisedSavings


def tables(result: "RealisedSavings") -> list[ReportTable]:
    """Return one row per recommendation that was carried out."""
    columns = [
        ReportColumn("Check"), ReportColumn("Resource"), ReportColumn("Done"),
        ReportColumn("Before USD/month", "money"), ReportColumn("After", "money"),
        ReportColumn("Realised", "money"), ReportColumn("Promised", "money"),
        ReportColumn("Days after", "integer"), ReportColumn("Verdict"),
    ]  # fmt: skip
    rows = [
        [r.check_id, r.resource, r.done.isoformat(), r.before, r.after, r.realised, r.promised,
         r.days_after, r.verdict]
        for r in result.rows
    ]  # fmt: skip
    total = ["total", "", "", None, None, result.realised, result.promised, None, ""]
    return [ReportTable("Realised savings", columns, rows, total, [_summary(result)])]


def figure(result: "RealisedSavings") -> Any:
    """Return promised and realised saving of each recommendation."""
    import plotly.graph_objects as go

    names = [f"{row.check_id} {row.resource}" for row in result.measured]
    drawn = go.Figure()
    drawn.add_bar(name="promised", x=names, y=[row.promised for row in result.measured])
    drawn.add_bar(name="realised", x=names, y=[row.realised for row in result.measured])
    return drawn.update_layout(
        title="Promised and realised", yaxis_title="USD a month", template="plotly_white"
    )


def page(result: "RealisedSavings") -> str:
    """Return the savings as a self-contained HTML page."""
    return html_page("Realised savings", _summary(result), [figure(result), *tables(result)])


def _summary(result: "RealisedSavings") -> str:
    return (
        f"{len(result.measured)} of {len(result.rows)} changes carried out are on the bills: they "
        f"save {result.realised:,.2f} USD a month of {result.promised:,.2f} promised."
    )
