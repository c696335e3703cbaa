"""What a bill says was used in its last full month, as inventory tables."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from costmodel.bill.query import Bill
from costmodel.errors import BillError
from costmodel.optimize.inventory import Inventory, build_table
from costmodel.units import check_year

# Charges of the last day may arrive late: a month whose charges reach its last day is full.
_LAST_DAY: Final = timedelta(days=1)
_KEY: Final = ("SubAccountId", "RegionId", "x_ServiceCode", "x_UsageType", "x_Operation")
_Rows = Mapping[tuple[Any, ...], tuple[float, float]]


def billed_inventory(bill: Bill) -> Inventory:
    """Return the tables ``billed_usage`` and ``billed_resources`` of a bill.

    Costs are those of the last full billing month; without a full month, of the last one.

    Args:
        bill: a bill of any format.
    """
    months = _months(bill)
    if not months:
        raise BillError(f"{bill.sources[0].label}: no row names its billing month")
    last = next((start for start, full in reversed(months) if full), months[-1][0])
    earlier = [start for start, full in months if start < last and full]
    previous = earlier[-1] if earlier else None
    tables = {"billed_usage": _table(bill, "billed_usage", _KEY, last, previous)}
    if "ResourceId" in bill.available:
        key = (*_KEY, "ResourceId")
        tables["billed_resources"] = _table(bill, "billed_resources", key, last, previous)
    labels = tuple(source.label for source in bill.sources)
    return Inventory(tables, issues=tuple(bill.issues), sources=labels)


def _months(bill: Bill) -> list[tuple[datetime, bool]]:
    """Return billing months in order, and whether charges reach the end of each."""
    rows = bill.sql(
        "SELECT BillingPeriodStart AS start, MAX(ChargePeriodStart) AS seen FROM bill "
        "WHERE BillingPeriodStart IS NOT NULL GROUP BY ALL ORDER BY start"
    ).to_pylist()
    if rows:
        check_year(rows[-1]["start"].year, "the last BillingPeriodStart of the bill")
    return [(r["start"], r["seen"] >= _next_month(r["start"]) - _LAST_DAY) for r in rows]


def _next_month(start: datetime) -> datetime:
    return (start.replace(day=28) + timedelta(days=4)).replace(day=1)


def _table(
    bill: Bill, kind: str, key: tuple[str, ...], month: datetime, previous: datetime | None
) -> Any:
    now = _sums(bill, key, month)
    before = {} if previous is None else _sums(bill, key, previous)
    rows = []
    for names, (quantity, cost) in now.items():
        account, region, service, usage, operation, *resource = names
        known = np.nan if previous is None else before.get(names, (0.0, 0.0))[1]
        rows.append(
            {
                "resource_id": resource[0] if resource else _name(*names[1:]),
                "account_id": account, "region_id": region, "service_code": service,
                "usage_type": usage, "operation": operation, "quantity": quantity, "cost": cost,
                "previous_cost": known,
            }
        )  # fmt: skip
    return build_table(kind, rows)


def _name(*parts: Any) -> str:
    return "/".join(str(part or "") for part in parts)


def _sums(bill: Bill, key: tuple[str, ...], month: datetime) -> _Rows:
    columns = ", ".join(key)
    lacking = " AND ResourceId IS NOT NULL" if "ResourceId" in key else ""
    rows = bill.sql(
        f"SELECT {columns}, SUM(ConsumedQuantity) AS quantity, "  # noqa: S608 - constants only
        f"SUM({bill.default_metric}) AS cost FROM bill "
        f"WHERE BillingPeriodStart = TIMESTAMP '{month:%Y-%m-%d}'{lacking} GROUP BY ALL"
    ).to_pylist()
    return {
        tuple(row[name] for name in key): (_number(row["quantity"]), _number(row["cost"]))
        for row in rows
    }


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)
