"""A forecast for reading: the total to month, quarter and year end, then its parts."""

from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.report.figures_budget import draw_outlook
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.budget.outlook import HorizonEnd, Outlook

_LARGEST = 25  # parts shown


def tables(outlook: "Outlook") -> list[ReportTable]:
    """Return the total at each horizon, and the largest parts at the end of the month."""
    return [_total_table(outlook), *_part_tables(outlook)]


def _total_table(outlook: "Outlook") -> ReportTable:
    middle = outlook.ahead.levels.index(0.8)
    rows = [
        [
            end.name, end.start.isoformat(), end.end.isoformat(), end.actual[0], end.mean[0],
            end.lower[middle][0], end.upper[middle][0],
        ]
        for end in outlook.ends
    ]  # fmt: skip
    return ReportTable(
        title=f"Forecast of {outlook.metric}, {outlook.currency}",
        columns=(
            ReportColumn("Period"), ReportColumn("From"), ReportColumn("To (exclusive)"),
            ReportColumn("Actual so far", "money"), ReportColumn("Expected", "money"),
            ReportColumn("80 % from", "money"), ReportColumn("80 % to", "money"),
        ),
        rows=rows,
        notes=[*_backtest_note(outlook), *(issue.message for issue in outlook.issues)],
    )  # fmt: skip


def _backtest_note(outlook: "Outlook") -> list[str]:
    if outlook.tested is None:
        return ["No backtest: it needs 60 days of history."]
    test, middle = outlook.tested, outlook.tested.levels.index(0.8)
    return [
        f"Backtest of the total, {len(test.origins)} origins, 30 days ahead: MASE "
        f"{test.mase[0]:.2f} (repeating last week: {test.seasonal_naive_mase[0]:.2f}), the 80 % "
        f"interval held {format_cell(float(test.coverage[middle][0]), 'percent')} of the days, "
        f"the 30-day sum was off by {format_cell(float(test.total_error[0]), 'percent')} (median)."
    ]


def _part_tables(outlook: "Outlook") -> list[ReportTable]:
    month = outlook.ends[0]
    levels = dict.fromkeys(node.level for node in outlook.tree.nodes if node.values)
    return [_part_table(outlook, level, month) for level in levels]


def _part_table(outlook: "Outlook", level: str, month: "HorizonEnd") -> ReportTable:
    middle = outlook.ahead.levels.index(0.8)
    numbers = [i for i, node in enumerate(outlook.tree.nodes) if node.level == level]
    numbers.sort(key=lambda i: -np.nan_to_num(month.mean[i]))
    rest = len(numbers) - _LARGEST
    return ReportTable(
        title=f"{month.name.capitalize()} by {level}",
        columns=(
            ReportColumn(level), ReportColumn("Actual so far", "money"),
            ReportColumn("Expected", "money"), ReportColumn("80 % from", "money"),
            ReportColumn("80 % to", "money"),
        ),
        rows=[
            [outlook.tree.nodes[i].name, month.actual[i], month.mean[i], month.lower[middle][i],
             month.upper[middle][i]]
            for i in numbers[:_LARGEST]
        ],
        notes=[f"{rest} smaller ones are in the JSON output."] if rest > 0 else (),
    )  # fmt: skip


def figure(outlook: "Outlook") -> Any:
    """Return the daily total with its forecast as a fan."""
    return draw_outlook(outlook)


def page(outlook: "Outlook") -> str:
    """Return the forecast as a self-contained page."""
    month = outlook.ends[0]
    lead = (
        f"{format_cell(float(month.mean[0]), 'money')} {outlook.currency} expected for the month "
        f"from {month.start}; data up to {outlook.data_end}."
    )
    return html_page("Forecast", lead, [figure(outlook), *tables(outlook)])
