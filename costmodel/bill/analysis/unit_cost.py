"""What one unit costs: an order, a user, an hour, a gigabyte-month."""

from collections.abc import Sequence
from typing import NamedTuple

from costmodel.bill.analysis.cost_table import CostTable
from costmodel.bill.analysis.dialect import (
    QueryEngine,
    Sql,
    ask,
    metric,
    named,
    places,
    quote,
    source,
)
from costmodel.bill.query import Bill
from costmodel.errors import BadInputError


class Units(NamedTuple):
    """A business figure a month's cost is divided by."""

    month: str  # 2026-01
    name: str  # orders
    quantity: float


def unit_costs(
    bill: Bill,
    units: Sequence[Units],
    *,
    cost: str | None = None,
    filter_text: str | None = None,
) -> CostTable:
    """Return the cost of one order, user, request … in each month.

    Args:
        bill: the bill.
        units: figures by billing month.
        cost: a cost metric; the bill's default without it.
        filter_text: expression of the filter language.

    Raises:
        BadInputError: the bill has no such month.
    """
    cost = metric(bill, cost, filter_text)
    summary = bill.summarize(metric=[cost], granularity="monthly", filter=filter_text)
    months = {f"{start:%Y-%m}": float(amount) for start, amount in summary.rows}
    rows = []
    for unit in units:
        if unit.month not in months:
            raise BadInputError(
                f"units for {unit.month}: the bill has {', '.join(sorted(months)) or 'no month'}"
            )
        amount = months[unit.month]
        per_unit = amount / unit.quantity if unit.quantity else float("nan")
        rows.append((unit.month, unit.name, amount, unit.quantity, per_unit))
    columns = ("x_Month", "x_Unit", cost, "x_Quantity", "x_UnitCost")
    return CostTable("Cost per unit", columns, rows, 3, quantities=("x_Quantity",))


def paid_unit_prices(
    bill: Bill,
    by: Sequence[str],
    *,
    cost: str | None = None,
    filter_text: str | None = None,
    engine: QueryEngine | None = None,
) -> CostTable:
    """Return what a unit of usage really cost: hours, GB-months, requests, by group.

    Args:
        bill: the bill.
        by: columns or ``tag:KEY`` to group by.
        cost: a cost metric; the bill's default without it.
        filter_text: expression of the filter language.
        engine: where to run it; the bill's DuckDB by default.
    """
    groups = [bill.resolve(name) for name in by]
    cost = metric(bill, cost, filter_text)
    table = ask(bill, usage_unit_query(bill, groups, cost, filter_text), engine)
    rows = []
    for row in table.to_pylist():
        amount, quantity = float(row["cost"] or 0.0), float(row["quantity"] or 0.0)
        names = (row[f"g{place}"] or "" for place in range(len(by)))
        per_unit = amount / quantity if quantity else float("nan")
        rows.append((*names, row["unit"] or "", amount, quantity, per_unit))
    columns = (*groups, "PricingUnit", cost, "PricingQuantity", "x_UnitCost")
    return CostTable("Cost per unit of usage", columns, rows, 3, quantities=("PricingQuantity",))


def usage_unit_query(
    bill: Bill, groups: Sequence[str], cost: str, filter_text: str | None = None
) -> Sql:
    """Return cost and quantity of usage by some columns and the unit."""
    keys = [(quote(name), f"g{place}") for place, name in enumerate(groups)]
    keys.append((quote("PricingUnit"), "unit"))
    sums = [(f"SUM({quote(cost)})", "cost"), (f"SUM({quote('PricingQuantity')})", "quantity")]
    read = source(
        bill, [*groups, "PricingUnit", cost, "PricingQuantity", "ChargeCategory"], filter_text
    )
    return (
        f"SELECT {named([*keys, *sums])} FROM {read.sql}"
        f" WHERE {quote('ChargeCategory')} = 'Usage' AND {read.condition}"
        f" GROUP BY {places(len(keys))}"
        f" ORDER BY {quote('cost')} DESC, {places(len(keys))}"
    )
