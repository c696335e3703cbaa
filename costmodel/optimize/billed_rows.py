"""A bill as recommend reads it: usage by resource and price key, and how much of it was paid."""

import math
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from costmodel.optimize.billed_share import BilledShare, Share
from costmodel.units import HOURS_PER_MONTH

if TYPE_CHECKING:
    from costmodel.bill.query import Bill

_KEYS: Final = (
    "SubAccountId", "RegionId", "ResourceId", "x_ServiceCode", "x_UsageType", "x_Operation",
)  # fmt: skip
_OPTIONAL: Final = ("PricingQuantity", "ListCost", "EffectiveCost")
_COMMITTED: Final = "Committed"


def billed_rows(bill: "Bill") -> pa.Table:
    """Return usage summed by resource, price key and pricing category.

    Columns: the keys, ``PricingCategory``, PricingQuantity, ListCost, EffectiveCost (NaN where the
    bill has none), ``hours`` (length of the bill), ``quiet``
    (hours of the bill after the last use).
    """
    read = [*_KEYS, "PricingCategory", "ChargeCategory", "CommitmentDiscountStatus", *_OPTIONAL]
    inner = bill.relation_sql([*read, "ChargePeriodStart", "ChargePeriodEnd"])
    keys = ", ".join((*_KEYS, "PricingCategory"))
    sums = ", ".join(f"CAST(SUM({name}) AS DOUBLE) AS {name}" for name in _OPTIONAL)
    length = "DATE_DIFF('hour', MIN(ChargePeriodStart), MAX(ChargePeriodEnd))"
    whole = f"(SELECT {length} FROM ({inner}) AS bill)"  # noqa: S608 - constants of this package
    # Charges of a whole month end after the last hour that starts: they are not quiet.
    last = f"(SELECT MAX(ChargePeriodStart) FROM ({inner}) AS bill)"  # noqa: S608 - as above
    quiet = f"GREATEST(DATE_DIFF('hour', MAX(ChargePeriodEnd), {last}), 0)"
    return bill.arrow(
        f"SELECT {keys}, {sums}, CAST({whole} AS DOUBLE) AS hours, "  # noqa: S608 - constants
        f"CAST({quiet} AS DOUBLE) AS quiet FROM ({inner}) AS bill "
        "WHERE ChargeCategory = 'Usage' AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused' "
        f"GROUP BY {keys}"
    )


def read_shares(rows: pa.Table) -> BilledShare:
    """Return what part of each resource's usage drops off the bill when it ends.

    Usage a commitment covers is paid all the same: it counts 0. Discounts lower the rest.
    """
    sums: dict[tuple[str, str], list[float]] = {}
    for row in rows.to_pylist():
        if not row["ResourceId"]:
            continue
        covered = row["PricingCategory"] == _COMMITTED
        for name in _names(str(row["ResourceId"])):
            total = sums.setdefault((name, row["x_UsageType"] or ""), [0.0, 0.0, 0.0, 0.0])
            quantity = row["PricingQuantity"] or 0.0
            total[0] += quantity
            total[1] += 0.0 if covered else quantity
            if not covered:
                total[2] += row["EffectiveCost"] or 0.0
                total[3] += row["ListCost"] or 0.0
    hours = billed_hours(rows)
    shares = {}
    for key, (quantity, open_quantity, effective, listed) in sums.items():
        if quantity > 0:
            discount = effective / listed if listed > 0 else 1.0
            paid = open_quantity / quantity * discount
            shares[key] = Share(paid, quantity / hours * HOURS_PER_MONTH)
    return BilledShare(shares)


def billed_hours(rows: pa.Table) -> float:
    """Return the length of the bill; a month where it does not say [h]."""
    first = rows["hours"][0].as_py() if rows.num_rows else None
    return max(float(first), 1.0) if first else HOURS_PER_MONTH


def short_name(resource_id: str) -> str:
    """Return the id inside an ARN: ``arn:aws:rds:us-east-1:1:db:shop`` → ``shop``."""
    if resource_id.startswith("arn:") and "/" not in resource_id:
        return resource_id.rsplit(":", 1)[-1]
    return resource_id.rsplit("/", 1)[-1]


def _names(resource_id: str) -> set[str]:
    """Return the ids by which an inventory may know a billed resource: ARN and short id."""
    return {resource_id, short_name(resource_id)}


def bill_usage_table(rows: pa.Table) -> pa.Table:
    """Return one row per resource and price key, quantities scaled to a month of 730 h."""
    scale = HOURS_PER_MONTH / billed_hours(rows)
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows.to_pylist():
        key = tuple(row[name] for name in _KEYS)
        entry = merged.setdefault(key, _entry(row))
        for column, name in (("quantity", "PricingQuantity"), ("list_cost", "ListCost"),
                             ("effective_cost", "EffectiveCost")):  # fmt: skip
            value = row[name]
            entry[column] += math.nan if value is None else value * scale
        quiet = math.nan if row["quiet"] is None else row["quiet"]
        entry["quiet_hours"] = min(entry["quiet_hours"], quiet)
    return pa.Table.from_pylist(list(merged.values()), schema=_SCHEMA)


_SCHEMA: Final = pa.schema(
    [(n, pa.string()) for n in ("resource_id", "arn", "name", "account_id", "region_id",
                                "service_code", "usage_type", "operation")]
    + [(n, pa.float64()) for n in ("quantity", "list_cost", "effective_cost", "quiet_hours")]
)  # fmt: skip


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    billed = row["ResourceId"] or ""
    about = f"{row['x_ServiceCode']}/{row['RegionId']}/{row['x_UsageType']}"
    return {
        "resource_id": billed or f"{row['SubAccountId']}/{about}",
        "arn": billed if billed.startswith("arn:") else "",
        "name": "",
        "account_id": row["SubAccountId"],
        "region_id": row["RegionId"] or "global",
        "service_code": row["x_ServiceCode"],
        "usage_type": row["x_UsageType"],
        "operation": row["x_Operation"] or "",
        "quantity": 0.0,
        "list_cost": 0.0,
        "effective_cost": 0.0,
        "quiet_hours": math.inf,
    }
