"""Anomalies for reading: what rose, by how much, and why."""

from typing import TYPE_CHECKING, Any

from costmodel.report.figures_budget import draw_anomalies
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.budget.anomalies import Anomaly, AnomalyReport


def tables(report: "AnomalyReport") -> list[ReportTable]:
    """Return one row per anomaly, the largest impact first."""
    notes = [f"{len(report.tree.nodes)} series of {report.tree.leaf.shape[1]} days were watched."]
    if report.ignored:
        notes.append(f"{report.ignored} are left out by feedback.")
    return [
        ReportTable(
            title=f"Unexpected rises of {report.metric}, {report.currency}",
            columns=(
                ReportColumn("From"), ReportColumn("Days", "integer"), ReportColumn("Series"),
                ReportColumn("Severity"), ReportColumn("Actual", "money"),
                ReportColumn("Expected", "money"), ReportColumn("Impact", "money"),
                ReportColumn("Kind"), ReportColumn("Largest rise"),
            ),
            rows=[_row(anomaly) for anomaly in report.anomalies],
            notes=notes,
        )
    ]  # fmt: skip


def _row(anomaly: "Anomaly") -> list[Any]:
    kind = "new level" if anomaly.is_new_level else "spike"
    return [
        anomaly.start.isoformat(), (anomaly.end - anomaly.start).days, anomaly.node.name,
        anomaly.severity.value, anomaly.actual, anomaly.expected, anomaly.impact,
        f"{kind}, confirmed" if anomaly.verdict == "confirm" else kind, _largest_rise(anomaly),
    ]  # fmt: skip


def _largest_rise(anomaly: "Anomaly") -> str:
    """Return the first cause without what the row already says."""
    if not anomaly.causes:
        return ""
    own = {value for _, value in anomaly.node.values}
    parts = [part for part in anomaly.causes[0].value.split(" · ") if part not in own]
    return f"{' · '.join(parts)} {anomaly.causes[0].amount:+,.2f}".strip()


def figure(report: "AnomalyReport") -> Any:
    """Return the daily total with a mark for every anomaly."""
    return draw_anomalies(report)


def page(report: "AnomalyReport") -> str:
    """Return the report as a self-contained page."""
    impact = sum(anomaly.impact for anomaly in report.anomalies)
    lead = f"{len(report.anomalies)} unexpected rises, {impact:,.2f} {report.currency} in all."
    return html_page("Anomalies", lead, [figure(report), *tables(report)])
