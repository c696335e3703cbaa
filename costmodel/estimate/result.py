"""A priced architecture: its lines as arrays, as JSON and as a table with FOCUS columns."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from costmodel.catalog.catalog import RateMatch
from costmodel.errors import Issue
from costmodel.estimate.purchase import Purchased
from costmodel.result import Result
from costmodel.units import HOURS_PER_MONTH
from costmodel.usage.spec import ArchitectureSpec
from costmodel.usage.table import Floats, Ints, UsageTable


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
        sku: (n,) number of the SKU in ``match.skus``; -1 where there is none.
        match: the SKUs and their tiers.
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
    sku: Ints
    match: RateMatch
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
    quantity, cost = estimate.usage.quantity[row], estimate.list_cost[row]
    if quantity > 0 and not math.isnan(cost):
        return float(cost / quantity)
    return _first_price(estimate, row)


def _first_price(estimate: Estimate, row: int) -> float:
    sku = estimate.sku[row]
    if sku < 0:
        return float("nan")
    tiers = estimate.match.tiers
    prices = tiers.unit_price[tiers.first[sku] : tiers.first[sku + 1]]
    return float(next((price for price in prices if price != 0), prices[0]))


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
        "free_quantity": known(estimate.free_quantity[row]),
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
