"""A comparison for reading: what changes, dearest first; markdown fit for a pull request."""

from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.compare import Comparison

_MARK = {"added": "+", "removed": "-", "changed": "~", "unchanged": " "}


def tables(comparison: "Comparison") -> list[ReportTable]:
    """Return the lines that differ, the largest change first."""
    changed = [d for d in comparison.differences if d.status != "unchanged"]
    changed.sort(key=lambda d: -abs(np.nan_to_num(d.change)))
    rows = [
        [_MARK[d.status], d.address, d.line, d.before, d.after, _signed(d.change)] for d in changed
    ]
    unknown = sum(1 for d in changed if np.isnan(d.change))
    notes = [
        f"Monthly cost goes from {format_cell(comparison.before.effective_total, 'money')} to "
        f"{format_cell(comparison.after.effective_total, 'money')} USD."
    ]
    if unknown:
        notes.append(f"{unknown} of the lines have no known cost: the total leaves them out.")
    return [
        ReportTable(
            title=f"Monthly cost change: {_signed(comparison.change)} USD",
            columns=(
                ReportColumn(""),
                ReportColumn("Resource"),
                ReportColumn("Line"),
                ReportColumn("Before", "money"),
                ReportColumn("After", "money"),
                ReportColumn("Change"),
            ),
            rows=rows,
            total=[
                "",
                "Total",
                "",
                comparison.before.effective_total,
                comparison.after.effective_total,
                _signed(comparison.change),
            ],
            notes=notes,
        )
    ]


def _signed(amount: float) -> str | None:
    if np.isnan(amount):
        return None
    return ("+" if amount > 0 else "") + format_cell(amount, "money")


def figure(comparison: "Comparison") -> Any:
    """Return a waterfall from the cost before to the cost after, by resource."""
    import plotly.graph_objects as go

    by_address: dict[str, float] = {}
    for d in comparison.differences:
        by_address[d.address] = by_address.get(d.address, 0.0) + float(np.nan_to_num(d.change))
    steps = sorted(
        ((a, c) for a, c in by_address.items() if abs(c) > 0.005), key=lambda item: -abs(item[1])
    )
    names = ["Before", *(address for address, _ in steps), "After"]
    values = [comparison.before.effective_total, *(change for _, change in steps), 0.0]
    chart = go.Figure(
        go.Waterfall(
            x=names,
            y=values,
            measure=["absolute", *["relative"] * len(steps), "total"],
            hovertemplate="%{x}<br>%{y:,.2f} USD a month<extra></extra>",
        )
    )
    chart.update_layout(title="What the change costs a month", yaxis_title="USD a month")
    return chart


def page(comparison: "Comparison") -> str:
    """Return the comparison as a self-contained page."""
    lead = f"{_signed(comparison.change)} USD a month."
    return html_page("Cost change", lead, [figure(comparison), *tables(comparison)])
