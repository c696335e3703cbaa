"""A what-if for reading: before and after by service and resource."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from costmodel.report.figures_bill import waterfall
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.bill.reprice.what_if import EffectRow, WhatIf

_SHOWN_RESOURCES = 20


def tables(effect: "WhatIf") -> list[ReportTable]:
    """Return services, the resources that change most, and the plans."""
    total = effect.total
    services = ReportTable(
        title="Effect by service, at list prices less the scenario's discount",
        columns=(ReportColumn("Service"), *_amounts()),
        rows=[[row.name, *_cells(row)] for row in effect.services],
        total=["Total", *_cells(total)],
        notes=[issue.message for issue in effect.issues],
    )
    changed = [row for row in effect.resources if row.change]
    resources = ReportTable(
        title="Resources that change most",
        columns=(ReportColumn("Resource"), ReportColumn("Service"), *_amounts()),
        rows=[[row.name, row.service, *_cells(row)] for row in changed[:_SHOWN_RESOURCES]],
    )
    return [services, *([resources] if changed else []), *_plan_tables(effect)]


def _amounts() -> Sequence[ReportColumn]:
    return [ReportColumn(name, "money") for name in ("Before", "After", "Change")]


def _cells(row: "EffectRow") -> list[Any]:
    return [row.before, row.after, row.change]


def _plan_tables(effect: "WhatIf") -> list[ReportTable]:
    plans = effect.plans
    if plans is None:
        return []
    rows = [
        ["On demand", plans.on_demand_cost],
        ["With the scenario's plans", plans.cost],
        ["As billed, amortised", plans.billed_cost],
        ["Commitment", plans.commitment],
        ["Commitment used", plans.used_commitment],
    ]
    columns = (ReportColumn("Usage plans can cover"), ReportColumn("USD", "money"))
    return [ReportTable(title="Savings Plans", columns=columns, rows=rows)]


def figure(effect: "WhatIf") -> Any:
    """Return the waterfall by service."""
    total = effect.total
    shown = [(row.name, row.change) for row in effect.services[:10]]
    rest = sum(row.change for row in effect.services[10:])
    return waterfall("before", total.before, [*shown, ("other", rest)], "after", total.after)


def page(effect: "WhatIf") -> str:
    """Return a page with the waterfall and the tables."""
    total = effect.total
    lead = (
        f"{format_cell(total.before, 'money')} becomes {format_cell(total.after, 'money')}: "
        f"{format_cell(total.change, 'money')}."
    )
    return html_page("What if", lead, [figure(effect), *tables(effect)])
