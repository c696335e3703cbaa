"""The working of a resource's cost as an indented tree and as tables."""

from typing import TYPE_CHECKING, Any

from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from costmodel.estimate.explain import ExplainedLine, Explanation

_COLUMNS = (
    ReportColumn("Step"),
    ReportColumn("Value"),
)


def tables(explanation: "Explanation") -> list[ReportTable]:
    """Return one table per line: how its cost came about, step by step."""
    return [
        ReportTable(
            title=f"{explanation.address}: {' / '.join([*line.line['path'], line.line['name']])}",
            columns=_COLUMNS,
            rows=_steps(line),
        )
        for line in explanation
    ]


def page(explanation: "Explanation") -> str:
    """Return the working as a self-contained page."""
    title = f"Working: {explanation.address}"
    return html_page(title, "How each number came about.", tables(explanation))


def _steps(line: "ExplainedLine") -> list[list[Any]]:
    cost, quantity = line.line, line.line["quantity"]
    steps: list[list[Any]] = [
        ["List cost", f"{format_cell(cost['list_cost'], 'money')} USD a month"],
    ]
    if cost["effective_cost"] != cost["list_cost"]:
        steps.append(["Effective cost", f"{format_cell(cost['effective_cost'], 'money')} USD"])
    steps += [
        ["Quantity", f"{format_cell(quantity, 'quantity')} {cost['unit']}"],
        ["  formula", line.formula],
    ]
    steps += [
        [f"  {name}", "not given" if v is None else str(v)] for name, v in line.readings.items()
    ]
    if line.count != 1:
        steps.append(["  × resources", format_cell(line.count, "quantity")])
    steps.append(
        [
            "Price key",
            f"{cost['service_code']} {cost['usage_type']} {cost['operation'] or ''}".strip(),
        ]
    )
    steps += [["  tier", _tier_text(part, cost["unit"])] for part in line.slices]
    if line.slices and quantity is not None and line.pool_quantity != quantity:
        pooled = format_cell(line.pool_quantity, "quantity")
        steps.append(["  pooled", f"the account uses {pooled} {cost['unit']} of this SKU"])
    steps += [
        ["SKU", f"{cost['sku_price_id'] or '–'} {line.description}".strip()],
        ["Source", f"published {line.published or '–'}, {cost['basis'] or 'no price'}"],
    ]
    return steps


def _tier_text(part: Any, unit: str) -> str:
    end = "∞" if part.end_range == float("inf") else format_cell(part.end_range, "quantity")
    return (
        f"{format_cell(part.quantity, 'quantity')} {unit} at "
        f"{format_cell(part.unit_price, 'price')} = {format_cell(part.cost, 'money')} "
        f"({format_cell(part.begin_range, 'quantity')} to {end})"
    )
