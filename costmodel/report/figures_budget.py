"""Figures of budgets, forecasts and anomalies."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from costmodel.budget.anomalies import AnomalyReport
    from costmodel.budget.check import BudgetReport, BurnDown
    from costmodel.budget.outlook import Outlook
    from costmodel.engine.forecast import Forecast
    from costmodel.engine.smoothing import Floats

_ACTUAL = "#1f5fa8"
_AHEAD = "31,95,168"  # red, green, blue
_LIMIT = "#b3261e"
# Wider intervals are paler.
_OPACITY = {0.95: 0.10, 0.8: 0.18, 0.5: 0.28}
_HISTORY_DAYS = 180


def draw_burn_down(report: "BudgetReport") -> Any:
    """Return spend of every budget as share of its limit, with the forecast as a fan."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    drawn = [s for s in report.statuses if s.budget.name in report.burn_downs]
    if not drawn:
        return go.Figure(layout={"title": "No budget with a sum to draw"})
    chart = make_subplots(rows=len(drawn), cols=1, subplot_titles=[s.budget.name for s in drawn])
    for row, status in enumerate(drawn, start=1):
        curve = report.burn_downs[status.budget.name]
        for trace in _burn_down_traces(curve, show_names=row == 1):
            chart.add_trace(trace, row=row, col=1)
        if status.limit == status.limit:  # not NaN
            chart.add_hline(y=status.limit, line_color=_LIMIT, line_dash="dash", row=row, col=1)
        chart.update_yaxes(title_text=status.budget.currency, rangemode="tozero", row=row, col=1)
    chart.update_layout(
        title="Budgets: spent, expected, limit", height=120 + 260 * len(drawn), hovermode="x"
    )
    return chart


def _burn_down_traces(curve: "BurnDown", *, show_names: bool) -> list[Any]:
    days = _days(curve.first, len(curve.spent))
    traces = [_line(days, curve.spent, "spent", show_names=show_names)]
    if curve.ahead is not None:
        spent = float(curve.spent[-1]) if len(curve.spent) else 0.0
        # The fan opens at what is spent: before the first day nothing is added, surely.
        known = 1 if len(curve.spent) else 0
        opened = _with_known_days(curve.ahead, known)
        first = curve.first + timedelta(days=len(curve.spent) - known)
        ahead = _days(first, opened.mean.shape[1])
        traces = [*_fan(ahead, opened, 0, spent, show_names=show_names), *traces]
    return traces


def _with_known_days(ahead: "Forecast", days: int) -> "Forecast":
    """Return a running total that begins with days on which it is 0."""
    mean = np.pad(ahead.mean, ((0, 0), (days, 0)))
    lower, upper = (np.pad(a, ((0, 0), (0, 0), (days, 0))) for a in (ahead.lower, ahead.upper))
    return ahead._replace(mean=mean, lower=lower, upper=upper)


def draw_outlook(outlook: "Outlook") -> Any:
    """Return the daily total of the last half year and its forecast as a fan."""
    import plotly.graph_objects as go

    total = outlook.tree.daily[0][-_HISTORY_DAYS:]
    first = outlook.data_end - timedelta(days=len(total))
    ahead = _days(outlook.data_end, outlook.ahead.mean.shape[1])
    chart = go.Figure(
        [
            *_fan(ahead, outlook.ahead, 0, 0.0, show_names=True),
            _line(_days(first, len(total)), total, "actual", show_names=True),
        ]
    )
    for end in outlook.ends:
        chart.add_vline(x=end.end.isoformat(), line_dash="dot", line_color="#888")
    chart.update_layout(
        title=f"{outlook.metric} a day",
        yaxis={"title": outlook.currency, "rangemode": "tozero"},
        hovermode="x",
    )
    return chart


def draw_anomalies(report: "AnomalyReport") -> Any:
    """Return the daily total with a mark for every anomaly, its size by impact."""
    import plotly.graph_objects as go

    total = report.tree.daily[0]
    days = _days(report.tree.first, len(total))
    found = report.anomalies
    at = [total[(a.start - report.tree.first).days] for a in found]
    largest = max((a.impact for a in found), default=1.0)
    marks = go.Scatter(
        x=[a.start.isoformat() for a in found],
        y=at,
        mode="markers",
        name="anomaly",
        marker={
            "color": _LIMIT,
            "opacity": 0.7,
            "size": [8 + 22 * (a.impact / largest) ** 0.5 for a in found],
        },
        text=[f"{a.node.name}: +{a.impact:,.2f} {report.currency}" for a in found],
        hovertemplate="%{text}<br>%{x}<extra></extra>",
    )
    chart = go.Figure([_line(days, total, "total", show_names=True), marks])
    chart.update_layout(
        title="Unexpected rises",
        yaxis={"title": f"{report.currency} a day", "rangemode": "tozero"},
    )
    return chart


def _days(first: date, count: int) -> list[str]:
    return [(first + timedelta(days=i)).isoformat() for i in range(count)]


def _line(days: list[str], values: "Floats", name: str, *, show_names: bool) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=days, y=values, name=name, line={"color": _ACTUAL, "width": 2}, showlegend=show_names,
        hovertemplate="%{x}: %{y:,.2f}",
    )  # fmt: skip


def _fan(
    days: list[str], ahead: "Forecast", i: int, offset: float, *, show_names: bool
) -> list[Any]:
    """Return the intervals, widest first, and the mean of one series."""
    import plotly.graph_objects as go

    bands = []
    for k in np.argsort(ahead.levels)[::-1]:
        level = ahead.levels[k]
        edge = [*(offset + ahead.upper[k, i]), *(offset + ahead.lower[k, i])[::-1]]
        bands.append(
            go.Scatter(
                x=[*days, *days[::-1]],
                y=edge,
                fill="toself",
                line={"width": 0},
                fillcolor=f"rgba({_AHEAD},{_OPACITY.get(level, 0.15)})",
                name=f"{100 * level:.0f} % interval",
                hoverinfo="skip",
                showlegend=show_names,
            )
        )
    mean = go.Scatter(
        x=days, y=offset + ahead.mean[i], name="expected", showlegend=show_names,
        line={"color": _ACTUAL, "dash": "dot"}, hovertemplate="%{x}: %{y:,.2f}",
    )  # fmt: skip
    return [*bands, mean]
