"""Spot advice for reading."""

from typing import TYPE_CHECKING, Any

from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.optimize.spot import SpotPlan


def tables(plan: "SpotPlan") -> list[ReportTable]:
    """Return one row per pool."""
    rows = [
        [p.instance_type, p.share, p.spot_price, p.on_demand_price, p.effective_price,
         p.mean_price, p.volatility, p.interruption]
        for p in plan.pools
    ]  # fmt: skip
    return [
        ReportTable(
            title=f"Spot pools in {plan.region}",
            columns=(
                ReportColumn("Instance type"), ReportColumn("Share of spot", "percent"),
                ReportColumn("Spot USD/h", "price"), ReportColumn("On demand USD/h", "price"),
                ReportColumn("Useful hour USD", "price"), ReportColumn("Mean of history", "price"),
                ReportColumn("Volatility a month", "percent"),
                ReportColumn("Interrupted a month"),
            ),
            rows=rows,
            notes=[_summary(plan), *(f"{i.address}: {i.message}" for i in plan.issues)],
        )
    ]  # fmt: skip


def figure(plan: "SpotPlan") -> Any:
    """Return spot, useful-hour and on-demand price per vCPU as bars."""
    import plotly.graph_objects as go

    names = [pool.instance_type for pool in plan.pools]
    drawn = go.Figure()
    columns = {"spot": "spot_price", "useful hour": "effective_price"}
    for label, attribute in {**columns, "on demand": "on_demand_price"}.items():
        prices = [getattr(pool, attribute) / pool.vcpus for pool in plan.pools]
        drawn.add_bar(x=names, y=prices, name=label)
    return drawn.update_layout(title="USD per vCPU-hour", barmode="group", template="plotly_white")


def page(plan: "SpotPlan") -> str:
    """Return the advice as a self-contained HTML page."""
    return html_page("Spot fleet", _summary(plan), [*tables(plan), figure(plan)])


def _summary(plan: "SpotPlan") -> str:
    share = format_cell(plan.fleet.share, "percent")
    cost, full = (format_cell(c, "price") for c in (plan.fleet.cost, plan.fleet.on_demand_cost))
    return f"Run {share} on spot: {cost} USD per vCPU-hour against {full} on demand."
