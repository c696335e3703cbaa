"""Figures only the pages have; the others are the results' own."""

from typing import Any, Final

_PALETTE: Final = (
    "#1d5fa8", "#d9822b", "#2a8c6a", "#8a5fb0", "#c2453e", "#6c7a8a", "#b59a1d", "#3f9fc4",
    "#9c4f7c", "#5f8f2f", "#a8703a", "#7a7fd1",
)  # fmt: skip

_LABEL: Final = 30  # characters beneath a bar


def stacked(rows: list[tuple[Any, ...]], *, has_period: bool, unit: str) -> Any:
    """Return (period?, group, value) rows as stacked bars, or as bars by group."""
    import plotly.graph_objects as go

    if not has_period:
        shown = rows[:30][::-1]
        bars = go.Bar(
            x=[float(row[-1] or 0) for row in shown], y=[str(row[0]) for row in shown],
            orientation="h", marker_color=_PALETTE[0],
        )  # fmt: skip
        return go.Figure(bars, layout={"xaxis": {"title": unit}, "yaxis": {"type": "category"}})
    groups: dict[str, float] = {}
    for row in rows:
        groups[str(row[1])] = groups.get(str(row[1]), 0.0) + float(row[-1] or 0)
    names = sorted(groups, key=lambda name: -groups[name])
    traces = []
    for number, name in enumerate(names):
        mine = [row for row in rows if str(row[1]) == name]
        traces.append(
            go.Bar(
                x=[row[0].isoformat() for row in mine], y=[float(row[-1] or 0) for row in mine],
                name=name[:60], marker_color=_PALETTE[number % len(_PALETTE)],
            )
        )  # fmt: skip
    return go.Figure(traces, layout={"barmode": "relative", "yaxis": {"title": unit}})


def by_resource(estimate: dict[str, Any]) -> Any:
    """Return the cost of each resource of an estimate as bars."""
    import plotly.graph_objects as go

    priced = [r for r in estimate["resources"] if r["effective_cost"]]
    shown = sorted(priced, key=lambda r: r["effective_cost"])[-25:]
    if not shown:
        return None
    bars = go.Bar(
        x=[r["effective_cost"] for r in shown], y=[r["address"] for r in shown], orientation="h",
        marker_color=_PALETTE[0],
    )  # fmt: skip
    return go.Figure(bars, layout={"xaxis": {"title": "USD a month"}})


def waterfall(rows: list[dict[str, Any]]) -> Any:
    """Return savings as a waterfall, largest first."""
    import plotly.graph_objects as go

    shown = rows[:20]
    steps = go.Waterfall(
        x=[
            f"{n + 1}. {_short(row['title'])}<br>{_short(row['resource'])}"
            for n, row in enumerate(shown)
        ],
        y=[-row["saving"] for row in shown],
        decreasing={"marker": {"color": _PALETTE[2]}},
        connector={"line": {"color": _PALETTE[5]}},
    )
    return go.Figure(steps, layout={"yaxis": {"title": "USD a month"}})


def _short(text: str) -> str:
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"


def covered_days(days: list[dict[str, Any]]) -> Any:
    """Return eligible usage a day, covered and on demand, as stacked areas."""
    import plotly.graph_objects as go

    x = [day["day"] for day in days]
    traces = [
        go.Scatter(
            x=x, y=[day[name] for day in days], stackgroup="usage", mode="lines", name=label,
            line={"color": colour},
        )
        for name, label, colour in (
            ("covered_value", "covered", _PALETTE[2]),
            ("on_demand_value", "on demand", _PALETTE[1]),
        )
    ]  # fmt: skip
    return go.Figure(traces, layout={"yaxis": {"title": "USD a day at on-demand prices"}})
