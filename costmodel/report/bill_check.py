"""The checks of a bill for reading: figures, the rows that break them, the reconciliation."""

from typing import TYPE_CHECKING, Any

from costmodel.bill.check.figure import CheckFigure, Verdict
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.bill.check.billed_rates import BilledRates
    from costmodel.bill.check.report import BillCheck

_MOST_UNMATCHED = 20


def tables(check: "BillCheck") -> list[ReportTable]:
    """Return the figures, the totals, the rows that break a check, and the reconciliation."""
    found = [_figures(check), _totals(check)]
    found += [_rows(figure) for figure in check.figures if figure.rows]
    if check.reconciliation is not None:
        found += [_services(check.reconciliation), _unmatched(check.reconciliation)]
    return found


def _figures(check: "BillCheck") -> ReportTable:
    return ReportTable(
        title="Checks",
        columns=[
            ReportColumn("Verdict"),
            ReportColumn("Check"),
            ReportColumn("Tested", "integer"),
            ReportColumn("Broken", "integer"),
            ReportColumn("Residual"),
            ReportColumn("Allowed"),
        ],
        rows=[
            [
                str(figure.verdict),
                figure.name,
                figure.tested,
                figure.broken,
                _scientific(figure.residual),
                _scientific(figure.tolerance),
            ]
            for figure in check.figures
        ],
        notes=[f"! {issue.address}: {issue.message}" for issue in check.issues],
    )


def _scientific(value: float | None) -> str:
    return "" if value is None else f"{value:.1e}"


def _totals(check: "BillCheck") -> ReportTable:
    return ReportTable(
        title="Totals",
        columns=[ReportColumn("Metric"), ReportColumn("Sum", "price")],
        rows=[[name, round(value, 6)] for name, value in check.totals.items()],
    )


def _rows(figure: CheckFigure) -> ReportTable:
    return ReportTable(
        title=f"{'Breaks' if figure.verdict is Verdict.FAIL else 'See'}: {figure.name}",
        columns=[ReportColumn(name) for name in figure.columns],
        rows=[[_cell(value) for value in row] for row in figure.rows],
    )


def _cell(value: Any) -> str:
    return "(none)" if value is None else str(value)


def _services(found: "BilledRates") -> ReportTable:
    return ReportTable(
        title="On-demand usage re-priced from the catalog within 0.5 %",
        columns=[
            ReportColumn("Service"),
            ReportColumn("Cost", "money"),
            ReportColumn("Re-priced", "money"),
            ReportColumn("Share", "percent"),
            ReportColumn("Price keys", "integer"),
        ],
        rows=[[s.service_code, s.cost, s.matched_cost, s.share, s.keys] for s in found.services],
        total=[
            "Total",
            found.cost,
            found.cost * found.share,
            found.share,
            sum(service.keys for service in found.services),
        ],
    )


def _unmatched(found: "BilledRates") -> ReportTable:
    shown = found.unmatched[:_MOST_UNMATCHED]
    more = len(found.unmatched) - len(shown)
    return ReportTable(
        title="Not re-priced, largest cost first",
        columns=[
            ReportColumn("Service"),
            ReportColumn("Region"),
            ReportColumn("Usage type"),
            ReportColumn("Operation"),
            ReportColumn("Cost", "money"),
            ReportColumn("Billed rate", "price"),
            ReportColumn("Catalog price", "price"),
            ReportColumn("Reason"),
        ],
        rows=[
            [u.service_code, u.region_id, u.usage_type, u.operation, u.cost, u.billed_rate,
             u.catalog_price, u.reason]
            for u in shown
        ],
        notes=[f"{more} more in --format json"] if more > 0 else [],
    )  # fmt: skip


def figure(check: "BillCheck") -> Any:
    """Return the re-priced and the unmatched cost by service."""
    import plotly.graph_objects as go

    services = check.reconciliation.services if check.reconciliation else []
    names = [service.service_code for service in services]
    matched = [service.matched_cost for service in services]
    rest = [service.cost - service.matched_cost for service in services]
    bars = [go.Bar(name="re-priced", x=names, y=matched), go.Bar(name="not", x=names, y=rest)]
    return go.Figure(bars, {"barmode": "stack", "title": "Reconciliation with the catalog"})


def page(check: "BillCheck") -> str:
    """Return a self-contained HTML page."""
    lead = f"{len(check.figures)} checks, {len(check.failed)} broken."
    return html_page("Bill check", lead, [figure(check), *tables(check)])
