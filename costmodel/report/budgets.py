"""Budgets for reading: where each stands, and what is new."""

from typing import TYPE_CHECKING, Any

from costmodel.report.figures_budget import draw_burn_down
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.budget.alert import Alert
    from costmodel.budget.check import BudgetReport


def tables(report: "BudgetReport") -> list[ReportTable]:
    """Return the budgets, and the new alerts with the largest rise behind each."""
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
            ReportColumn("Severity"), ReportColumn("Kind"), ReportColumn("Budget"),
            ReportColumn("Period from"), ReportColumn("Threshold"),
            ReportColumn("That is", "money"), ReportColumn("Actual", "money"),
            ReportColumn("Expected", "money"), ReportColumn("Largest rise"),
        ),
        rows=[
            [a.severity.value, a.kind.value, a.budget, str(a.period_start.date()), a.threshold,
             a.threshold_value, a.actual, a.forecast_mean, _largest_rise(a)]
            for a in report.alerts
        ],
        notes=["A rise is against as many days of the period before; all are in the JSON output."],
    )  # fmt: skip


def _largest_rise(alert: "Alert") -> str:
    if not alert.cause or alert.cause[0].amount <= 0.0:
        return ""
    return f"{alert.cause[0].value} {alert.cause[0].amount:+,.2f}"


def figure(report: "BudgetReport") -> Any:
    """Return the burn-down of every budget with its forecast."""
    return draw_burn_down(report)


def page(report: "BudgetReport") -> str:
    """Return the report as a self-contained page."""
    alarms = sum(status.state == "ALARM" for status in report.statuses)
    lead = f"{len(report.statuses)} budgets, {alarms} in alarm, {len(report.alerts)} new alerts."
    return html_page("Budgets", lead, [*tables(report), figure(report)])
