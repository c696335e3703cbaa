"""An estimate for reading: its lines, its services, its issues, a figure and a page."""

from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.estimate.result import rows_of, unit_price
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.estimate.result import Estimate

_LINE_COLUMNS = (
    ReportColumn("Resource"),
    ReportColumn("Quantity", "quantity"),
    ReportColumn("Unit"),
    ReportColumn("Unit price", "price"),
    ReportColumn("List cost", "money"),
    ReportColumn("Effective cost", "money"),
)


def tables(estimate: "Estimate") -> list[ReportTable]:
    """Return the lines by resource, then the sums by service."""
    return [line_table(estimate), service_table(estimate)]


def line_table(estimate: "Estimate") -> ReportTable:
    """Return every line beneath its resource."""
    rows: list[list[Any]] = []
    for number, lines in enumerate(rows_of(estimate)):
        if not lines:
            continue
        rows.append([estimate.spec.resources[number].address, "", "", "", "", ""])
        rows += [_line_row(estimate, line) for line in lines]
    return ReportTable(
        title="Monthly cost (USD)",
        columns=_LINE_COLUMNS,
        rows=rows,
        total=["Total", "", "", "", estimate.list_total, estimate.effective_total],
        notes=[*coverage_notes(estimate), *issue_notes(estimate)],
    )


def _line_row(estimate: "Estimate", line: int) -> list[Any]:
    usage = estimate.usage
    label = " / ".join([*usage.path[line], usage.name[line]])
    quantity = float(usage.quantity[line])
    return [
        f"  {label}",
        None if np.isnan(quantity) else quantity,
        usage.unit[line],
        unit_price(estimate, line),
        float(estimate.list_cost[line]),
        float(estimate.effective_cost[line]),
    ]


def coverage_notes(estimate: "Estimate") -> list[str]:
    """Return how much of the spec the total covers, and which prices it uses."""
    coverage = estimate.coverage
    waiting = int(estimate.usage.is_usage_based.sum())
    with_lines = len(set(estimate.usage.resource.tolist()))
    unbilled = coverage.resources - coverage.free - coverage.unsupported - with_lines
    notes = [
        f"{coverage.priced} of {coverage.resources} resources priced, {coverage.free} free, "
        f"{coverage.unsupported} unsupported; {_lines(coverage.unpriced_lines)} without a price."
    ]
    if unbilled > 0:
        have = "resource has" if unbilled == 1 else "resources have"
        notes.append(
            f"{unbilled} {have} no billed line with these inputs: the service's page in "
            "docs/services says which input decides."
        )
    if waiting:
        depend = "depends" if waiting == 1 else "depend"
        notes.append(f"{_lines(waiting)} {depend} on usage nobody gave: a unit price, no cost.")
    notes.append(
        f"Prices: catalog {estimate.catalog.version}, published {estimate.catalog.published}; "
        "730 hours a month."
    )
    return notes


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number} lines"


def issue_notes(estimate: "Estimate", most: int = 20) -> list[str]:
    """Return the first issues, one line each."""
    lines = [f"! {issue.address}: {issue.message}" for issue in estimate.issues[:most]]
    more = len(estimate.issues) - most
    return [*lines, f"! … and {more} more issues (see --format json)"] if more > 0 else lines


def service_table(estimate: "Estimate") -> ReportTable:
    """Return list and effective cost by service, dearest first."""
    services = sorted(set(estimate.usage.service_code))
    sums = [
        (
            service,
            float(np.nansum(estimate.list_cost[estimate.usage.service_code == service])),
            float(np.nansum(estimate.effective_cost[estimate.usage.service_code == service])),
        )
        for service in services
    ]
    total = estimate.effective_total or 1.0
    rows = [[*row, row[2] / total] for row in sorted(sums, key=lambda row: -row[2])]
    return ReportTable(
        title="By service",
        columns=(
            ReportColumn("Service"),
            ReportColumn("List cost", "money"),
            ReportColumn("Effective cost", "money"),
            ReportColumn("Share", "percent"),
        ),
        rows=rows,
        total=["Total", estimate.list_total, estimate.effective_total, ""],
    )


def figure(estimate: "Estimate") -> Any:
    """Return the effective cost as a treemap: service, resource, meter."""
    import plotly.graph_objects as go

    nodes: dict[str, tuple[str, str, float]] = {"all": ("", "Total", estimate.effective_total)}
    for row, cost in enumerate(estimate.effective_cost):
        if not cost > 0:
            continue
        service = estimate.usage.service_code[row]
        address = estimate.spec.resources[estimate.usage.resource[row]].address
        meter = " / ".join([*estimate.usage.path[row], estimate.usage.name[row]])
        steps = [(service, service), (f"{service}|{address}", address)]
        steps.append((f"{service}|{address}|{meter}", meter))
        parent = "all"
        for key, label in steps:
            value = nodes.get(key, ("", "", 0.0))[2] + float(cost)
            nodes[key] = (parent, label, value)
            parent = key
    chart = go.Figure(
        go.Treemap(
            ids=list(nodes),
            parents=[parent for parent, _, _ in nodes.values()],
            labels=[label for _, label, _ in nodes.values()],
            values=[value for _, _, value in nodes.values()],
            branchvalues="total",
            texttemplate="%{label}<br>$%{value:,.2f}",
            hovertemplate="%{label}<br>$%{value:,.2f} a month, %{percentRoot:.1%}<extra></extra>",
        )
    )
    chart.update_layout(margin={"l": 0, "r": 0, "t": 30, "b": 0}, title="Where the money goes")
    return chart


def page(estimate: "Estimate") -> str:
    """Return the estimate as a self-contained page."""
    lead = (
        f"{format_cell(estimate.effective_total, 'money')} USD a month "
        f"({format_cell(estimate.list_total, 'money')} at list prices)."
    )
    return html_page(
        "Cost estimate", lead, [figure(estimate), service_table(estimate), line_table(estimate)]
    )
