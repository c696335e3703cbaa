"""A change of a bill for reading: largest first, effects side by side, a waterfall."""

from typing import TYPE_CHECKING, Any

from costmodel.report.figures_bill import waterfall
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.bill.analysis.change import BillChange, ChangeRow

_EFFECTS = ("Price", "Quantity", "Mix", "Fees")


def tables(change: "BillChange") -> list[ReportTable]:
    """Return the groups with their effects."""
    headings = (change.before, change.after, "Change", *_EFFECTS)
    return [
        ReportTable(
            title=f"{change.metric}: {change.before} to {change.after}",
            columns=[
                *(ReportColumn(name) for name in change.by),
                *(ReportColumn(heading, "money") for heading in headings),
            ],
            rows=[_cells(row) for row in change.rows],
            total=["Total", *[""] * (len(change.by) - 1), *_cells(change.total)[len(change.by) :]],
            notes=(
                "Price: unit prices moved. Quantity: more or less was used. "
                "Mix: dearer or cheaper kinds were used. Fees: charges without a quantity.",
            ),
        )
    ]


def _cells(row: "ChangeRow") -> list[Any]:
    effects = (row.price, row.quantity, row.mix, row.fees)
    return [*row.group, row.before, row.after, row.change, *effects]


def figure(change: "BillChange") -> Any:
    """Return the waterfall from one period to the other."""
    total = change.total
    steps = [("Price", total.price), ("Quantity", total.quantity), ("Mix", total.mix),
             ("Fees", total.fees)]  # fmt: skip
    return waterfall(change.before, total.before, steps, change.after, total.after)


def page(change: "BillChange") -> str:
    """Return a page with the waterfalls by effect and by group, and the table."""
    total = change.total
    lead = (
        f"{change.metric} went from {format_cell(total.before, 'money')} to "
        f"{format_cell(total.after, 'money')}: {format_cell(total.change, 'money')}."
    )
    named = [(" · ".join(row.group), row.change) for row in change.rows[:12]]
    rest = sum(row.change for row in change.rows[12:])
    steps = [*named, ("other", rest)] if len(change.rows) > 12 else named
    by_group = waterfall(change.before, total.before, steps, change.after, total.after)
    return html_page("Why the bill changed", lead, [figure(change), by_group, *tables(change)])
