"""A commitment plan for reading: what to buy, the proof, the alternatives, the risk."""

from typing import TYPE_CHECKING, Any

from costmodel.report.figures_commitments import (
    cost_curve,
    coverage_over_time,
    hour_of_week,
    ladder_calendar,
)
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.optimize.commitments.result import CommitmentPlan

_MOST_OPTIONS = 12


def tables(plan: "CommitmentPlan") -> list[ReportTable]:
    """Return purchases first, then alternatives, risk, stress, terms and calendar."""
    every = (_purchases, _options, _risk, _stress, _terms, _ladder)
    made = [make(plan) for make in every]
    return [made[0], *(table for table in made[1:] if table.rows)]


def figure(plan: "CommitmentPlan") -> Any:
    """Return the cost curve."""
    return cost_curve(plan)


def page(plan: "CommitmentPlan") -> str:
    """Return the plan as a self-contained HTML page."""
    first, *rest = tables(plan)
    parts: list[Any] = [first, cost_curve(plan), coverage_over_time(plan.hour_cost)]
    if not plan.usage.is_daily:
        parts.append(hour_of_week(plan.hour_cost))
    if plan.ladder:
        parts.append(ladder_calendar(plan))
    return html_page("Commitment plan", _summary(plan), [*parts, *rest])


def _summary(plan: "CommitmentPlan") -> str:
    if not plan.purchases:
        return "Nothing to buy."
    rate = format_cell(plan.effective_savings_rate, "percent")
    return (
        f"Saves {plan.savings:,.2f} USD ({rate}) of "
        f"{plan.on_demand_cost:,.2f} USD in {plan.horizon_hours:,.0f} hours; no plan can save "
        f"more than {plan.on_demand_cost - plan.lower_bound:,.2f} USD "
        f"(gap {format_cell(plan.gap, 'percent')})."
    )


def _purchases(plan: "CommitmentPlan") -> ReportTable:
    rows = [
        [
            p.offer.label, p.quantity, "instances" if p.offer.is_reservation else "USD/h",
            p.hourly_price, p.upfront_fee, p.utilization, p.break_even_utilization,
            p.tolerated_fall, p.payback_month, p.earned_month,
            p.hourly_saving * plan.horizon_hours,
        ]
        for p in plan.purchases
    ]  # fmt: skip
    notes = [
        _summary(plan),
        f"Cost with the plan {plan.cost:,.2f} USD ≥ lower bound {plan.lower_bound:,.2f} USD.",
        *(issue.message for issue in plan.issues),
    ]
    if plan.ineligible_cost > 0.0:
        cost = f"{plan.ineligible_cost:,.2f} USD on demand"
        text = f"{cost} is of usage that no committed rate of the catalog covers."
        notes.append(text)
    return ReportTable(
        title="Commitments to buy",
        columns=(
            ReportColumn("Commitment"), ReportColumn("Quantity", "quantity"),
            ReportColumn("Unit"), ReportColumn("USD/h", "price"),
            ReportColumn("Upfront", "money"), ReportColumn("Utilisation", "percent"),
            ReportColumn("Pays from", "percent"), ReportColumn("Usage may fall", "percent"),
            ReportColumn("Payback month", "quantity"), ReportColumn("Earned by month", "quantity"),
            ReportColumn("Saving", "money"),
        ),
        rows=rows,
        notes=notes,
    )  # fmt: skip


def _options(plan: "CommitmentPlan") -> ReportTable:
    rows = [
        [o.offer.label, o.commitment, o.on_demand_cost - o.cost, o.utilization, o.coverage]
        for o in plan.options[:_MOST_OPTIONS]
    ]
    more = len(plan.options) - len(rows)
    return ReportTable(
        title="Each Savings Plan alone",
        columns=(
            ReportColumn("Plan"), ReportColumn("Optimal USD/h", "quantity"),
            ReportColumn("Saving", "money"), ReportColumn("Utilisation", "percent"),
            ReportColumn("Coverage", "percent"),
        ),
        rows=rows,
        notes=[f"{more} more are in the JSON output."] if more > 0 else (),
    )  # fmt: skip


def _risk(plan: "CommitmentPlan") -> ReportTable:
    rows = [
        [p.share, p.commitment, p.mean_saving, p.worst_saving, p.utilization,
         "chosen" if p.is_chosen else ""]
        for p in plan.risk
    ]  # fmt: skip
    return ReportTable(
        title="Buying less or more, over possible futures",
        columns=(
            ReportColumn("Share of the plan", "percent"), ReportColumn("USD/h", "quantity"),
            ReportColumn("Mean saving", "percent"), ReportColumn("Worst tenth", "percent"),
            ReportColumn("Utilisation", "percent"), ReportColumn("Choice"),
        ),
        rows=rows,
    )  # fmt: skip


def _stress(plan: "CommitmentPlan") -> ReportTable:
    return ReportTable(
        title="If something happens",
        columns=(
            ReportColumn("Event"), ReportColumn("On demand", "money"),
            ReportColumn("With the plan", "money"), ReportColumn("Saving", "money"),
            ReportColumn("Utilisation", "percent"),
        ),
        rows=[list(point) for point in plan.stress],
    )  # fmt: skip


def _terms(plan: "CommitmentPlan") -> ReportTable:
    return ReportTable(
        title="One- or three-year terms, over three years",
        columns=(
            ReportColumn("Share for three years", "percent"), ReportColumn("Mean cost", "money"),
            ReportColumn("Cost in the worst tenth", "money"),
        ),
        rows=[list(term) for term in plan.terms],
    )  # fmt: skip


def _ladder(plan: "CommitmentPlan") -> ReportTable:
    return ReportTable(
        title="Purchase calendar: a third of the gap each month",
        columns=(
            ReportColumn("Month"), ReportColumn("Plan"), ReportColumn("Buy USD/h", "quantity"),
            ReportColumn("Ends USD/h", "quantity"), ReportColumn("In force USD/h", "quantity"),
        ),
        rows=[
            list(step) for step in plan.ladder if step.purchase > 0.0 or step.expiry > 0.0
        ],
    )  # fmt: skip
