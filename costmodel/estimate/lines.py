"""The lines of an estimate as JSON and as a table with FOCUS columns."""

import math
from typing import Any

import numpy as np

from costmodel.estimate.estimate import Estimate
from costmodel.units import HOURS_PER_MONTH


def unit_price(estimate: Estimate, row: int) -> float:
    """Return the list price of one unit: averaged over the tiers used, else the first tier's."""
    quantity, cost = estimate.usage.quantity[row], estimate.list_cost[row]
    if quantity > 0 and not math.isnan(cost):
        return float(cost / quantity)
    return _first_price(estimate, row)


def _first_price(estimate: Estimate, row: int) -> float:
    sku = estimate.sku[row]
    if sku < 0:
        return float("nan")
    return float(estimate.match.tiers.unit_price[estimate.match.tiers.first[sku]])


def _sku_text(estimate: Estimate, row: int, column: str) -> str | None:
    sku = int(estimate.sku[row])
    if sku < 0:
        return None
    value: str | None = estimate.match.skus[column][sku].as_py()
    return value or None


def line_json(estimate: Estimate, row: int) -> dict[str, Any]:
    """Return one line as the JSON object of the design page."""
    usage = estimate.usage
    return {
        "name": usage.name[row],
        "path": list(usage.path[row]),
        "service_code": usage.service_code[row],
        "usage_type": usage.usage_type[row],
        "operation": usage.operation[row],
        "unit": usage.unit[row],
        "quantity": known(usage.quantity[row]),
        "list_unit_price": known(unit_price(estimate, row)),
        "list_cost": known(estimate.list_cost[row]),
        "effective_cost": known(estimate.effective_cost[row]),
        "upfront_cost": known(estimate.purchased.upfront_cost[row]),
        "pricing_category": estimate.purchased.pricing_category[row],
        "sku_price_id": _sku_text(estimate, row, "SkuPriceId"),
        "basis": _sku_text(estimate, row, "x_Basis"),
        "usage_based": bool(estimate.usage.is_usage_based[row] or _reads_usage(estimate, row)),
    }


def _reads_usage(estimate: Estimate, row: int) -> bool:
    """Return whether a line's quantity comes from usage, given or not."""
    return estimate.usage.workings[row].reads_usage


def known(value: float) -> float | None:
    """Return a number JSON can carry; unknown is null."""
    return None if math.isnan(value) else float(value)


def rows_of(estimate: Estimate) -> list[list[int]]:
    """Return the line numbers of each resource of the spec, in order."""
    rows: list[list[int]] = [[] for _ in estimate.spec.resources]
    for row, resource in enumerate(estimate.usage.resource):
        rows[resource].append(row)
    return rows


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """Return the whole estimate as the JSON object of the design page."""
    resources = []
    for number, rows in enumerate(rows_of(estimate)):
        resource = estimate.spec.resources[number]
        resources.append(
            {
                "address": resource.address,
                "type": resource.type,
                "region": resource.region or estimate.spec.region,
                "list_cost": _total(estimate.list_cost, rows),
                "effective_cost": _total(estimate.effective_cost, rows),
                "lines": [line_json(estimate, row) for row in rows],
            }
        )
    return {
        "currency": estimate.catalog.currency,
        "hours": int(HOURS_PER_MONTH),
        "catalog": {
            "version": estimate.catalog.version,
            "published": estimate.catalog.published,
        },
        "total": {
            "list_cost": estimate.list_total,
            "effective_cost": estimate.effective_total,
            "upfront_cost": float(np.nansum(estimate.purchased.upfront_cost)),
        },
        "coverage": estimate.coverage.to_json(),
        "resources": resources,
        "issues": [issue.to_json() for issue in estimate.issues],
    }


def _total(costs: Any, rows: list[int]) -> float | None:
    """Return the known cost of some lines; null where lines exist and none has a cost."""
    values = costs[rows]
    if len(rows) and np.isnan(values).all():
        return None
    return float(np.nansum(values))


def line_frame(estimate: Estimate) -> Any:
    """Return the lines as a pandas DataFrame with FOCUS columns."""
    import pandas as pd

    usage, spec = estimate.usage, estimate.spec
    rows = range(len(usage))
    owners = [spec.resources[number] for number in usage.resource]
    return pd.DataFrame(
        {
            "ResourceId": [owner.address for owner in owners],
            "ResourceType": [owner.type for owner in owners],
            "x_Path": [" / ".join(path) for path in usage.path],
            "x_MeterName": list(usage.name),
            "x_ServiceCode": list(usage.service_code),
            "RegionId": list(usage.region_id),
            "x_UsageType": list(usage.usage_type),
            "x_Operation": list(usage.operation),
            "PricingUnit": list(usage.unit),
            "PricingQuantity": usage.quantity,
            "ListUnitPrice": [unit_price(estimate, row) for row in rows],
            "ListCost": estimate.list_cost,
            "EffectiveCost": estimate.effective_cost,
            "x_UpfrontCost": estimate.purchased.upfront_cost,
            "PricingCategory": list(estimate.purchased.pricing_category),
            "SkuPriceId": [_sku_text(estimate, row, "SkuPriceId") for row in rows],
            "x_Basis": [_sku_text(estimate, row, "x_Basis") for row in rows],
        }
    )
