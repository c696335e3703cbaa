"""Figures of bills: stacked area, treemap, heat map of hours, waterfall, bars."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from costmodel.bill.summary import BillSummary

_LAYOUT = {"template": "plotly_white", "margin": {"l": 60, "r": 20, "t": 40, "b": 50}}
# Amounts are costs: plotly's own colours would draw a saving as a loss.
_RISE, _FALL = "#c0392b", "#2e8b57"
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def stacked_area(summary: "BillSummary") -> Any:
    """Return cost over time, one band per group, the largest at the bottom.

    Args:
        summary: by period and one or more columns, with a granularity.
    """
    import plotly.graph_objects as go

    keys = len(summary.columns)
    times = sorted({row[0] for row in summary.rows})
    bands: dict[str, dict[Any, float]] = {}
    for row in summary.rows:
        name = " · ".join(_text(value) for value in row[1:keys]) or "total"
        bands.setdefault(name, {})[row[0]] = float(row[keys] or 0)
    figure = go.Figure()
    for name, values in sorted(bands.items(), key=lambda band: -sum(band[1].values())):
        amounts = [values.get(time, 0.0) for time in times]
        figure.add_scatter(x=times, y=amounts, name=name, mode="lines", stackgroup="cost")
    figure.update_layout(title=summary.metrics[0], yaxis_title=_unit(summary), **_LAYOUT)
    return figure


def treemap(summary: "BillSummary") -> Any:
    """Return where the money is: a rectangle per group, nested by the summary's columns.

    Credits and refunds have no area: groups at or below zero are left out.
    """
    import plotly.graph_objects as go

    keys = len(summary.columns)
    nodes: dict[tuple[str, ...], float] = {}
    for row in summary.rows:
        path = tuple(_text(value) for value in row[:keys])
        amount = float(row[keys] or 0)
        if amount > 0:
            for depth in range(keys + 1):
                nodes[path[:depth]] = nodes.get(path[:depth], 0.0) + amount
    figure = go.Figure(
        go.Treemap(
            ids=["/".join(("total", *path)) for path in nodes],
            labels=[path[-1] if path else "total" for path in nodes],
            parents=["/".join(("total", *path[:-1])) if path else "" for path in nodes],
            values=list(nodes.values()),
            branchvalues="total",
            texttemplate="%{label}<br>%{value:,.2f}",
        )
    )
    figure.update_layout(title=summary.metrics[0], **_LAYOUT)
    return figure


def hour_heat_map(summary: "BillSummary") -> Any:
    """Return the mean cost of each hour of the week: seven rows, 24 columns.

    Args:
        summary: hourly, by nothing else.
    """
    import plotly.graph_objects as go

    total, count = np.zeros((7, 24)), np.zeros((7, 24))
    for time, *_, amount in summary.rows:
        total[time.weekday(), time.hour] += float(amount or 0)
        count[time.weekday(), time.hour] += 1
    with np.errstate(invalid="ignore"):
        mean = total / count
    figure = go.Figure(
        go.Heatmap(z=mean, x=[f"{hour:02d}" for hour in range(24)], y=list(_WEEKDAYS),
                   colorscale="Blues", colorbar_title=_unit(summary))
    )  # fmt: skip
    figure.update_layout(title=f"{summary.metrics[0]} by hour of the week (UTC)", **_LAYOUT)
    figure.update_yaxes(autorange="reversed")
    return figure


def waterfall(
    before: str, start: float, steps: Sequence[tuple[str, float]], after: str, end: float
) -> Any:
    """Return how one cost became another, step by step: what falls is green, what rises red."""
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Waterfall(
            x=[before, *(name for name, _ in steps), after],
            y=[start, *(amount for _, amount in steps), end],
            measure=["absolute", *["relative"] * len(steps), "total"],
            texttemplate="%{delta:,.2f}",
            increasing={"marker": {"color": _RISE}},
            decreasing={"marker": {"color": _FALL}},
        )
    )
    figure.update_layout(title=f"From {before} to {after}", **_LAYOUT)
    # "2026-05" is a name here: on plotly's own time axis the steps between would vanish.
    figure.update_xaxes(type="category")
    figure.update_yaxes(
        range=_step_range([start, *np.cumsum([start, *(a for _, a in steps)]), end])
    )
    return figure


def _step_range(levels: Sequence[float]) -> tuple[float, float]:
    """Return the range of an axis on which the steps can be seen beside the sums."""
    low, high = min(levels), max(levels)
    room = 1.5 * (high - low) or abs(high) or 1.0
    return (max(low - room, 0.0) if low >= 0 else low - room, high + 0.2 * room)


def bars(labels: Sequence[str], amounts: Sequence[float], title: str) -> Any:
    """Return horizontal bars, the first at the top."""
    import plotly.graph_objects as go

    figure = go.Figure(go.Bar(x=list(amounts), y=list(labels), orientation="h"))
    figure.update_layout(title=title, **_LAYOUT)
    figure.update_yaxes(autorange="reversed")
    return figure


def _text(value: Any) -> str:
    return "(none)" if value in (None, "") else str(value)


def _unit(summary: "BillSummary") -> str:
    return summary.currency or "mixed currencies"
