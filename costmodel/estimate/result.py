"""A priced architecture: its lines as arrays, as JSON and as a table with FOCUS columns."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from costmodel.catalog.skus import Sku
from costmodel.errors import Issue
from costmodel.estimate.line_prices import LinePrices
from costmodel.estimate.purchase import Purchased
from costmodel.result import Result
from costmodel.units import HOURS_PER_MONTH
from costmodel.usage.spec import ArchitectureSpec
from costmodel.usage.table import Floats, UsageTable, Working


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a spec has a price."""

    resources: int
    priced: int
    free: int
    unsupported: int
    unpriced_lines: int

    def to_json(self) -> dict[str, int]:
        """Return the object of the design page."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class CatalogStamp:
    """Which prices were used."""

    version: str
    published: str
    currency: str


@dataclass(frozen=True)
class Estimate(Result):
    """A priced architecture.

    Attributes:
        spec: what was priced.
        usage: its usage, n rows.
        prices: the SKU of each row, and their tiers.
        list_cost: (n,) USD a month at list prices; NaN unknown.
        free_quantity: (n,) how much of the quantity a free allowance covers.
        purchased: how rows were bought, with their effective cost and upfront payments.
        issues: everything that could not be priced as asked.
        coverage: how much of the spec has a price.
        catalog: which prices were used.
    """

    report_module: ClassVar[str] = "costmodel.report.estimate"

    spec: ArchitectureSpec
    usage: UsageTable
    prices: LinePrices
    list_cost: Floats
    free_quantity: Floats
    purchased: Purchased
    issues: Sequence[Issue]
    coverage: Coverage
    catalog: CatalogStamp

    @property
    def effective_cost(self) -> Floats:
        """(n,) USD a month with reservations, plans and spot, upfront fees amortised."""
        return self.purchased.effective_cost

    @property
    def list_total(self) -> float:
        """USD a month at list prices, over the lines that have a price."""
        return float(np.nansum(self.list_cost))

    @property
    def effective_total(self) -> float:
        """USD a month as bought, over the lines that have a price."""
        return float(np.nansum(self.effective_cost))

    @property
    def table(self) -> Any:
        """The lines as a pandas DataFrame with FOCUS columns."""
        return line_frame(self)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the design page."""
        return estimate_json(self)

    def __repr__(self) -> str:
        return (
            f"Estimate({self.list_total:,.2f} USD a month at list, "
            f"{self.effective_total:,.2f} effective; {self.coverage.priced} of "
            f"{self.coverage.resources} resources priced, {len(self.issues)} issues)"
        )


def unit_price(estimate: Estimate, row: int) -> float:
    """Return the list price of one unit: averaged over the tiers used, else the first price.

    A first tier that is free (DynamoDB's 25 GB) is passed over where no quantity is known.
    """
    sku = estimate.prices.sku[row]
    return _unit_price(
        float(estimate.usage.quantity[row]),
        float(estimate.list_cost[row]),
        estimate.prices.skus[sku] if sku >= 0 else None,
    )


def _unit_price(quantity: float, list_cost: float, sku: Sku | None) -> float:
    if quantity > 0 and not math.isnan(list_cost):
        return list_cost / quantity
    if sku is None:
        return math.nan
    return next((price for price in sku.unit_price if price != 0), sku.unit_price[0])


def line_json(estimate: Estimate, row: int) -> dict[str, Any]:
    """Return one line as the JSON object of the design page."""
    return _line_jsons(estimate, slice(row, row + 1))[0]


def _line_jsons(estimate: Estimate, rows: slice) -> list[dict[str, Any]]:
    """Return lines as JSON objects; arrays are left at once, since single elements are slow."""
    usage, prices, purchased = estimate.usage, estimate.prices, estimate.purchased
    columns = (
        usage.name, usage.path, usage.service_code, usage.usage_type, usage.operation,
        usage.unit, usage.quantity, estimate.free_quantity, estimate.list_cost,
        purchased.effective_cost, purchased.upfront_cost, purchased.pricing_category,
        usage.is_usage_based, prices.sku,
    )  # fmt: skip
    return [
        _line_json(working, None if line[-1] < 0 else prices.skus[line[-1]], line)
        for working, *line in zip(
            usage.workings[rows], *(column[rows].tolist() for column in columns), strict=True
        )
    ]


def _line_json(working: Working, sku: Sku | None, line: Sequence[Any]) -> dict[str, Any]:
    (name, path, service_code, usage_type, operation, unit, quantity, free_quantity, list_cost,
     effective_cost, upfront_cost, pricing_category, is_usage_based, _) = line  # fmt: skip
    return {
        "name": name,
        "path": list(path),
        "service_code": service_code,
        "usage_type": usage_type,
        "operation": operation,
        "unit": unit,
        "quantity": known(quantity),
        "free_quantity": known(free_quantity),
        "list_unit_price": known(_unit_price(quantity, list_cost, sku)),
        "list_cost": known(list_cost),
        "effective_cost": known(effective_cost),
        "upfront_cost": known(upfront_cost),
        "pricing_category": pricing_category,
        "sku_price_id": (sku.sku_price_id or None) if sku else None,
        "basis": (sku.basis or None) if sku else None,
        # Its quantity comes from usage, given or not.
        "usage_based": is_usage_based or working.reads_usage,
    }


def known(value: float) -> float | None:
    """Return a number JSON can carry; unknown is null."""
    return None if value != value else float(value)


def rows_of(estimate: Estimate) -> list[list[int]]:
    """Return the line numbers of each resource of the spec, in order."""
    rows: list[list[int]] = [[] for _ in estimate.spec.resources]
    for row, resource in enumerate(estimate.usage.resource.tolist()):
        rows[resource].append(row)
    return rows


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """Return the whole estimate as the JSON object of the design page."""
    resources = []
    lines = _line_jsons(estimate, slice(None))
    list_cost, effective_cost = estimate.list_cost.tolist(), estimate.effective_cost.tolist()
    for resource, rows in zip(estimate.spec.resources, rows_of(estimate), strict=True):
        resources.append(
            {
                "address": resource.address,
                "type": resource.type,
                "region": resource.region or estimate.spec.region,
                "list_cost": _total([list_cost[row] for row in rows]),
                "effective_cost": _total([effective_cost[row] for row in rows]),
                "lines": [lines[row] for row in rows],
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


def _total(costs: Sequence[float]) -> float | None:
    """Return the known cost of some lines; null where lines exist and none has a cost."""
    known_costs = [cost for cost in costs if cost == cost]
    if costs and not known_costs:
        return None
    if len(costs) > _FEW:
        return float(np.nansum(costs))
    total = 0.0
    for cost in known_costs:
        total += cost
    return total


# So many numbers numpy adds up one after another, too; an array of them would only take longer.
_FEW: Final = 7


def line_frame(estimate: Estimate) -> Any:
    """Return the lines as a pandas DataFrame with FOCUS columns."""
    import pandas as pd

    usage, spec = estimate.usage, estimate.spec
    rows = range(len(usage))
    owners = [spec.resources[number] for number in usage.resource]
    numbers = estimate.prices.sku.tolist()
    skus = [estimate.prices.skus[number] if number >= 0 else None for number in numbers]
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
            "SkuPriceId": [(sku.sku_price_id or None) if sku else None for sku in skus],
            "x_Basis": [(sku.basis or None) if sku else None for sku in skus],
        }
    )
