"""Figures of recommendations: savings by check, cost before and after, cash over a year."""

from typing import TYPE_CHECKING, Any

from costmodel.report.figures_bill import waterfall

if TYPE_CHECKING:
    from costmodel.optimize.recommendation import Recommendations

_LAYOUT = {"template": "plotly_white", "margin": {"l": 60, "r": 20, "t": 50, "b": 80}}
_MOST_BARS = 12


def savings_waterfall(result: "Recommendations") -> Any:
    """Return the cost before, the saving of each check in order, and the cost after."""
    by_check: dict[str, float] = {}
    for r in result.accepted:
        by_check[r.rule.id] = by_check.get(r.rule.id, 0.0) + r.list_saving
    large = sorted(by_check, key=lambda check: -by_check[check])[:_MOST_BARS]
    steps = [(check, -by_check[check]) for check in by_check if check in large]
    total = sum(by_check.values())
    rest = total + sum(value for _, value in steps)
    if rest > 0:
        steps.append(("other checks", -rest))
    figure = waterfall("now", result.cost_before, steps, "after", result.cost_before - total)
    return figure.update_layout(
        title="Savings by check", yaxis_title="USD a month, list prices", **_LAYOUT
    )


def before_after(result: "Recommendations") -> Any:
    """Return the cost of the advised resources before and after, by kind of resource."""
    import plotly.graph_objects as go

    before: dict[str, float] = {}
    after: dict[str, float] = {}
    for r in result.accepted:
        before[r.resource_type] = before.get(r.resource_type, 0.0) + r.cost_before
        left = r.cost_before - r.list_saving
        after[r.resource_type] = after.get(r.resource_type, 0.0) + left
    kinds = sorted(before, key=lambda kind: -before[kind])
    figure = go.Figure()
    figure.add_bar(name="before", x=kinds, y=[before[kind] for kind in kinds])
    figure.add_bar(name="after", x=kinds, y=[after[kind] for kind in kinds])
    return figure.update_layout(
        title="Advised resources before and after",
        yaxis_title="USD a month, list prices",
        **_LAYOUT,
    )


def cash_over_a_year(result: "Recommendations") -> Any:
    """Return the cash saved so far, one-off costs paid first, beside the amortised sum."""
    import plotly.graph_objects as go

    months = list(range(13))
    cash = [month * result.cash_saving - result.one_off for month in months]
    amortised = [month * result.effective_saving for month in months]
    figure = go.Figure()
    figure.add_scatter(name="cash", x=months, y=cash, mode="lines+markers")
    figure.add_scatter(name="amortised", x=months, y=amortised, mode="lines")
    return figure.update_layout(
        title="Saved so far", xaxis_title="months after the changes", yaxis_title="USD", **_LAYOUT
    )
