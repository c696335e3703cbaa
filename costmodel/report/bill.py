"""A bill summary for reading: one table, one figure, a page."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from costmodel.bill.normalize.relation import BILL_COLUMNS
from costmodel.columns import COLUMNS
from costmodel.report.html import html_page
from costmodel.report.table import ColumnKind, ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.bill.summary import BillSummary

_FORMAT = {"hourly": "%Y-%m-%d %H:%M", "daily": "%Y-%m-%d", "monthly": "%Y-%m"}
_MOST_SERIES = 12


def tables(summary: "BillSummary") -> list[ReportTable]:
    """Return the groups and their sums."""
    keys = len(summary.columns)
    total = ["Total", *[""] * (keys - 1)] if keys else []
    return [
        ReportTable(
            title=_title(summary),
            columns=[
                *(ReportColumn(name) for name in summary.columns),
                *(ReportColumn(name, _kind(name)) for name in summary.metrics),
            ],
            rows=[[*map(_label(summary), row[:keys]), *row[keys:]] for row in summary.rows],
            total=[*total, *(None if v.is_nan() else v for v in summary.total.values())]
            if keys
            else None,
            notes=[f"! {issue.address}: {issue.message}" for issue in summary.issues],
        )
    ]


def _title(summary: "BillSummary") -> str:
    by = " by " + ", ".join(summary.columns) if summary.columns else ""
    currency = f" ({summary.currency})" if summary.currency else ""
    return f"{', '.join(summary.metrics)}{by}{currency}"


def _kind(name: str) -> ColumnKind:
    return "money" if name in BILL_COLUMNS and COLUMNS[name].kind == "money" else "quantity"


def _label(summary: "BillSummary") -> Any:
    time_format = _FORMAT.get(summary.granularity, "%Y-%m-%d %H:%M")

    def label(value: Any) -> str:
        if value is None:
            return "(none)"
        return value.strftime(time_format) if isinstance(value, datetime) else str(value)

    return label


def figure(summary: "BillSummary") -> Any:
    """Return stacked bars over time, or bars of the groups."""
    import plotly.graph_objects as go

    keys, metric = len(summary.columns), summary.metrics[0]
    label = _label(summary)
    layout = {"title": _title(summary), "yaxis_title": summary.currency or metric}
    if summary.granularity == "total":
        names = [" · ".join(map(label, row[:keys])) or "Total" for row in summary.rows]
        bars = [go.Bar(x=names[:50], y=[float(row[keys] or 0) for row in summary.rows[:50]])]
        return go.Figure(bars, layout)
    series: dict[str, dict[Any, float]] = {}
    for row in summary.rows:
        name = " · ".join(map(label, row[1:keys])) or metric
        series.setdefault(name, {})[row[0]] = float(row[keys] or 0)
    largest = sorted(series, key=lambda name: -sum(series[name].values()))[:_MOST_SERIES]
    bars = [go.Bar(name=n, x=list(series[n]), y=list(series[n].values())) for n in largest]
    return go.Figure(bars, layout | {"barmode": "stack"})


def page(summary: "BillSummary") -> str:
    """Return a self-contained HTML page."""
    sums = ", ".join(f"{name} {value:,.2f}" for name, value in summary.total.items())
    lead = f"{sums} {summary.currency}"
    return html_page("Bill", lead, [figure(summary), *tables(summary)])
