"""A simulation of commitments for reading: use, waste and saving of each."""

from typing import TYPE_CHECKING, Any

from costmodel.report.figures_commitments import coverage_over_time, hour_of_week
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.optimize.commitments.simulate import CommitmentSimulation


def tables(simulation: "CommitmentSimulation") -> list[ReportTable]:
    """Return one row per commitment and their sum."""
    frame = simulation.table
    names = ("committed", "used", "unused", "utilization", "covered_on_demand", "savings")
    rows = [
        [row.CommitmentDiscountId, row.plan_type, *(getattr(row, name) for name in names)]
        for row in frame.itertuples()
    ]
    sums = frame[list(names)].sum(skipna=False)
    utilization = sums["used"] / sums["committed"] if sums["committed"] else 1.0
    total = ["", "", *sums[["committed", "used", "unused"]], utilization,
             *sums[["covered_on_demand", "savings"]]]  # fmt: skip
    return [
        ReportTable(
            title="Commitments over the hours of the bill, USD",
            columns=(
                ReportColumn("Commitment"), ReportColumn("Type"),
                ReportColumn("Committed", "money"), ReportColumn("Used", "money"),
                ReportColumn("Unused", "money"), ReportColumn("Utilisation", "percent"),
                ReportColumn("Covers on demand", "money"), ReportColumn("Saving", "money"),
            ),
            rows=rows,
            total=total,
            notes=[_summary(simulation), *(issue.message for issue in simulation.issues)],
        )
    ]  # fmt: skip


def coverage_table(simulation: "CommitmentSimulation") -> ReportTable:
    """Return coverage and utilisation by day."""
    hours = simulation.hours
    daily = hours.assign(day=hours["ChargePeriodStart"].dt.strftime("%Y-%m-%d")).groupby("day")
    sums = daily[["on_demand_value", "covered_value"]].sum()
    rows = [
        [
            day, row.on_demand_value, row.covered_value,
            row.covered_value / row.on_demand_value if row.on_demand_value else 0.0, used,
        ]
        for (day, row), used in zip(
            sums.iterrows(), daily["utilization"].mean(), strict=True
        )
    ]  # fmt: skip
    return ReportTable(
        title="Coverage and utilisation by day",
        columns=(
            ReportColumn("Day"), ReportColumn("On-demand value", "money"),
            ReportColumn("Covered", "money"), ReportColumn("Coverage", "percent"),
            ReportColumn("Utilisation", "percent"),
        ),
        rows=rows,
        notes=[_summary(simulation)],
    )  # fmt: skip


def figure(simulation: "CommitmentSimulation") -> Any:
    """Return coverage and utilisation over time."""
    return coverage_over_time(simulation.hours)


def page(simulation: "CommitmentSimulation") -> str:
    """Return the simulation as a self-contained HTML page."""
    parts: list[Any] = [*tables(simulation), figure(simulation)]
    if not simulation.usage.is_daily:
        parts.append(hour_of_week(simulation.hours))
    parts.append(coverage_table(simulation))
    return html_page("Commitments simulated", _summary(simulation), parts)


def _summary(simulation: "CommitmentSimulation") -> str:
    saving = simulation.on_demand_cost - simulation.cost
    share = saving / simulation.on_demand_cost if simulation.on_demand_cost else 0.0
    return (
        f"Usage is worth {simulation.on_demand_cost:,.2f} USD on demand and costs "
        f"{format_cell(simulation.cost, 'money')} USD with the commitments: "
        f"{format_cell(share, 'percent')} saved."
    )
