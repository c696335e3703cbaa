"""Figures of commitments: cost curve, coverage over time, hours of the week, ladder calendar."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from costmodel.optimize.commitments.result import CommitmentPlan

_LAYOUT = {"template": "plotly_white", "margin": {"l": 60, "r": 20, "t": 50, "b": 50}}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# A curve of a year has up to millions of corners; the eye sees a few hundred.
_CURVE_POINTS = 400


def cost_curve(plan: "CommitmentPlan", current: float = 0.0) -> Any:
    """Return cost over the commitment to the broadest plan, with optimum and current marked.

    Args:
        plan: a plan with a curve.
        current: commitment to this plan type held now [USD per hour], 0 for none.
    """
    import plotly.graph_objects as go

    from costmodel.engine.commitment import curve_cost

    figure = go.Figure()
    if plan.curve is None:
        figure.add_annotation(text="no Savings Plan covers this usage", showarrow=False)
        return figure.update_layout(**_LAYOUT)
    last = float(plan.curve.commitment[-1])
    at = np.linspace(0.0, max(last, 1e-9) * 1.05, _CURVE_POINTS)
    best = float(plan.curve.commitment[np.argmin(plan.curve.cost)])
    figure.add_scatter(x=at, y=curve_cost(plan.curve, at), name=plan.curve_label, mode="lines")
    for name, value, symbol in (("optimum", best, "star"), ("current", current, "circle")):
        figure.add_scatter(
            x=[value], y=curve_cost(plan.curve, [value]), name=name, mode="markers",
            marker={"size": 12, "symbol": symbol},
        )  # fmt: skip
    figure.add_hline(y=plan.cost, line_dash="dot", annotation_text="the whole plan")
    figure.add_hline(
        y=plan.lower_bound, line_dash="dash", annotation_text="lower bound",
        annotation_position="bottom left",
    )  # fmt: skip
    return figure.update_layout(
        title="Cost over the commitment",
        xaxis_title="commitment, USD/h",
        yaxis_title=f"USD in {plan.horizon_hours:,.0f} h",
        **_LAYOUT,
    )


def coverage_over_time(hours: "pd.DataFrame") -> Any:
    """Return daily coverage and utilisation as lines.

    Args:
        hours: columns ChargePeriodStart, on_demand_value, covered_value and, where known,
            utilization.
    """
    import plotly.graph_objects as go

    daily = hours.assign(day=hours["ChargePeriodStart"].dt.floor("D")).groupby("day")
    sums = daily[["on_demand_value", "covered_value"]].sum()
    coverage = sums["covered_value"] / sums["on_demand_value"].where(sums["on_demand_value"] > 0)
    figure = go.Figure()
    figure.add_scatter(x=sums.index, y=coverage, name="coverage", mode="lines")
    if "utilization" in hours:
        used = daily["utilization"].mean()
        figure.add_scatter(x=sums.index, y=used, name="utilisation", mode="lines")
    return figure.update_layout(
        title="Coverage and utilisation",
        yaxis={"tickformat": ".0%", "range": [0, 1.05]},
        **_LAYOUT,
    )


def hour_of_week(hours: "pd.DataFrame") -> Any:
    """Return the mean on-demand value of each hour of the week as a heat map.

    Args:
        hours: columns ChargePeriodStart and on_demand_value.
    """
    import plotly.graph_objects as go

    start = hours["ChargePeriodStart"].dt
    mean = (
        hours.assign(weekday=start.day_of_week, hour=start.hour)
        .pivot_table(index="weekday", columns="hour", values="on_demand_value", aggfunc="mean")
        .reindex(range(7))
    )
    figure = go.Figure(
        go.Heatmap(
            z=mean.to_numpy(), x=list(mean.columns), y=list(_WEEKDAYS), colorscale="Blues",
            colorbar={"title": "USD/h"},
        )
    )  # fmt: skip
    return figure.update_layout(
        title="Eligible usage by hour of the week (UTC)",
        yaxis={"autorange": "reversed"},
        **_LAYOUT,
    )


def ladder_calendar(plan: "CommitmentPlan") -> Any:
    """Return purchases and expiries by month as bars, the commitment in force as a line."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for name in dict.fromkeys(step.plan for step in plan.ladder):
        steps = [step for step in plan.ladder if step.plan == name]
        months = [step.month for step in steps]
        figure.add_bar(x=months, y=[step.purchase for step in steps], name=f"buy {name}")
        figure.add_bar(x=months, y=[-step.expiry for step in steps], name=f"ends {name}")
        figure.add_scatter(
            x=months, y=[step.commitment for step in steps], name=f"in force {name}", mode="lines"
        )
    return figure.update_layout(
        title="Purchase calendar", yaxis_title="USD/h", barmode="relative", **_LAYOUT
    )
