"""Budgets for reading: where each stands, and what is new."""

from typing import TYPE_CHECKING, Any

from costmodel.report.figures_budget import draw_burn_down
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.budget.check import BudgetReport

_CAUSES = 2


def tables(report: "BudgetReport") -> list[ReportTable]:
    """Return the budgets, and the new alerts with their main causes."""
    budgets = ReportTable(
        title="Budgets",
        columns=(
            ReportColumn("Budget"), ReportColumn("State"), ReportColumn("Period from"),
            ReportColumn("Limit", "money"), ReportColumn("Actual", "money"),
            ReportColumn("Used", "percent"), ReportColumn("Expected", "money"),
            ReportColumn("P90", "money"), ReportColumn("Unit"),
        ),
        rows=[
            [s.budget.name, s.state, s.period.label, s.limit, s.actual, s.used, s.forecast_mean,
             s.forecast_p90, s.budget.currency]
            for s in report.statuses
        ],
        notes=[f"{issue.address}: {issue.message}" for issue in report.issues],
    )  # fmt: skip
    return [budgets, _alert_table(report)] if report.alerts else [budgets]


def _alert_table(report: "BudgetReport") -> ReportTable:
    return ReportTable(
        title="New alerts",
        columns=(
            ReportColumn("Severity"), ReportColumn("Kind"), ReportColumn("What"),
            ReportColumn("Main causes"),
        ),
        rows=[
            [a.severity.value, a.kind.value, a.summary,
             "; ".join(f"{c.value} {c.amount:+,.2f}" for c in a.cause[:_CAUSES])]
            for a in report.alerts
        ],
    )  # fmt: skip


def figure(report: "BudgetReport") -> Any:
    """Return the burn-down of every budget with its forecast."""
    return draw_burn_down(report)


def page(report: "BudgetReport") -> str:
    """Return the report as a self-contained page."""
    alarms = sum(status.state == "ALARM" for status in report.statuses)
    lead = f"{len(report.statuses)} budgets, {alarms} in alarm, {len(report.alerts)} new alerts."
    return html_page("Budgets", lead, [*tables(report), figure(report)])
