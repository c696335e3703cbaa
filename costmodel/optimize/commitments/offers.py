"""Everything on sale that could cover the usage: the plan types, and reservations by pool."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from costmodel.engine.amortization import TERM_HOURS, UPFRONT_SHARE
from costmodel.engine.coverage.normalization import (
    family_and_size,
    is_size_flexible,
    normalization_factor,
)
from costmodel.engine.coverage.reservations import DYNAMODB_BLOCK
from costmodel.engine.portfolio import Offers
from costmodel.engine.tiers import Floats, Ints
from costmodel.errors import CommitmentError
from costmodel.optimize.commitments.rates import CommittedRates
from costmodel.optimize.commitments.usage import HourlyUsage, platform_of

RESERVED = "Reserved"
# AWS's order: zonal reservations (not offered: they add capacity, not savings), regional ones,
# EC2 Instance plans, then the broad plans, which cover disjoint sets of usage.
STAGE = {RESERVED: 1, "EC2Instance": 2, "Compute": 3, "SageMaker": 3, "Database": 3}
PLAN_STEP = 0.001
# Units per normalised unit of size: Multi-AZ runs two instances, a cluster three, and Aurora
# I/O-Optimized takes 1.3. Caches of one engine only: how Redis and Valkey mix is not in a bill.
_FLEXIBLE_USAGE = {
    "AmazonEC2": {"BoxUsage": 1.0},
    "AmazonRDS": {
        "InstanceUsage": 1.0, "Multi-AZUsage": 2.0, "Multi-AZClusterUsage": 3.0,
        "InstanceUsageIOOptimized": 1.3,
    },
    "AmazonElastiCache": {"NodeUsage": 1.0},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """One commitment on sale.

    ``price`` is amortised; ``units`` are what one purchase holds: 0.001 USD per hour of a plan, or
    the normalised units of one instance.
    """

    plan_type: str
    term: str
    payment: str
    scope: str  # family or instance type
    region: str
    price: float  # USD per hour and unit
    upfront_share: float  # of the amortised price
    units: float
    service_code: str = ""  # of a reservation

    @property
    def is_reservation(self) -> bool:
        """Whether it reserves units rather than spend."""
        return self.plan_type == RESERVED

    @property
    def label(self) -> str:
        """Name for reading."""
        words = {"Compute": "Compute SP", "EC2Instance": "EC2 Instance SP", RESERVED: "RI"}
        kind = words.get(self.plan_type, f"{self.plan_type} SP")
        place = " ".join(part for part in (self.scope, self.region) if part)
        return " ".join(part for part in (kind, place, self.term, self.payment) if part)


class OfferTable(NamedTuple):
    """Offers and their arrays, in one order."""

    offers: list[Offer]
    arrays: Offers


def build_offers(
    rates: CommittedRates,
    *,
    plan_types: Sequence[str],
    terms: Sequence[str],
    payments: Sequence[str],
    offering_class: str | None,
) -> OfferTable:
    """Return the offers that cover at least one usage row below its on-demand rate.

    Args:
        rates: committed rates beside the usage.
        plan_types: Savings Plan types to consider.
        terms: 1yr, 3yr.
        payments: No Upfront, Partial Upfront, All Upfront.
        offering_class: standard or convertible reservations; None for no reservations.
    """
    found: list[tuple[Offer, Floats]] = []
    for term in terms:
        for payment in payments:
            for plan_type in plan_types:
                found += _plan_offers(rates, plan_type, term, payment)
            if offering_class is not None:
                found += _reserved_offers(rates, term, payment, offering_class)
    on_demand = rates.usage.on_demand_rate
    useful = [
        (offer, draw) for offer, draw in found if np.nanmin(offer.price * draw / on_demand) < 1.0
    ]
    return OfferTable([offer for offer, _ in useful], _arrays(useful, len(on_demand)))


def _arrays(found: list[tuple[Offer, Floats]], rows: int) -> Offers:
    offers = [offer for offer, _ in found]
    return Offers(
        np.array([draw for _, draw in found]).reshape(len(found), rows),
        np.array([offer.price for offer in offers], dtype=np.float64),
        np.array([STAGE[offer.plan_type] for offer in offers], dtype=np.intp),
        np.array([offer.is_reservation for offer in offers], dtype=bool),
        np.array([offer.units for offer in offers], dtype=np.float64),
    )


def _plan_offers(
    rates: CommittedRates, plan_type: str, term: str, payment: str
) -> list[tuple[Offer, Floats]]:
    draw = rates.plan(plan_type, term, payment)
    share = UPFRONT_SHARE[payment]
    if np.isnan(draw).all():
        return []
    if plan_type != "EC2Instance":
        return [(Offer(plan_type, term, payment, "", "", 1.0, share, PLAN_STEP), draw)]
    result = []
    for (family, region), rows in family_pools(rates.usage).items():
        pool = _only(draw, rows)
        if not np.isnan(pool).all():
            offer = Offer(plan_type, term, payment, family, region, 1.0, share, PLAN_STEP)
            result.append((offer, pool))
    return result


def family_pools(usage: HourlyUsage) -> dict[tuple[str, str], Ints]:
    """Return the EC2 rows of each (family, region)."""
    pools: dict[tuple[str, str], list[int]] = {}
    rows = usage.rows
    for row, (service, region, instance_type) in enumerate(
        zip(rows["x_ServiceCode"], rows["RegionId"], rows["x_InstanceType"], strict=True)
    ):
        if service == "AmazonEC2" and instance_type:
            pools.setdefault((family_and_size(instance_type)[0], region), []).append(row)
    return {key: np.array(rows, dtype=np.intp) for key, rows in sorted(pools.items())}


def _only(draw: Floats, rows: Ints) -> Floats:
    result = np.full(len(draw), np.nan)
    result[rows] = draw[rows]
    return result


def _reserved_offers(
    rates: CommittedRates, term: str, payment: str, offering_class: str
) -> list[tuple[Offer, Floats]]:
    price, upfront = rates.reserved(term, payment, offering_class)
    result = []
    for (region, _), rows in reservation_pools(rates.usage).items():
        sold = rows[~np.isnan(price[rows])]
        if not len(sold):
            continue
        units = unit_draw(rates.usage, rows)
        # Sizes of a family cost nearly the same per unit: buy the cheapest, of those the smallest.
        per_unit = np.round(price[sold] / units[sold], 9)
        best = int(sold[np.lexsort((units[sold], per_unit))[0]])
        share = float(np.clip(upfront[best] / (price[best] * TERM_HOURS[term]), 0.0, 1.0))
        offer = Offer(
            RESERVED,
            term,
            payment,
            _scope(rates.usage, best),
            region,
            float(price[best] / units[best]),
            share,
            _purchase_units(rates.usage, best, float(units[best])),
            str(rates.usage.rows["x_ServiceCode"][best]),
        )
        result.append((offer, _only(units, rows)))
    return result


def _scope(usage: HourlyUsage, row: int) -> str:
    """Return what a reservation is bought for; the operation tells platforms apart."""
    what = str(usage.rows["x_InstanceType"][row] or usage.rows["x_UsageType"][row])
    operation = str(usage.rows["x_Operation"][row])
    return what if operation in ("", "RunInstances") else f"{what} {operation}"


def _purchase_units(usage: HourlyUsage, row: int, units: float) -> float:
    is_block = usage.rows["x_ServiceCode"][row] == "AmazonDynamoDB"
    return DYNAMODB_BLOCK if is_block else units


def reservation_pools(usage: HourlyUsage) -> dict[tuple[str, str], Ints]:
    """Return the rows one reservation can reach, by (region, pool).

    Size-flexible families of one platform or engine are one pool; anything else needs the same
    usage type and operation.
    """
    pools: dict[tuple[str, str], list[int]] = {}
    for row, (service, region, usage_type, operation, instance_type) in enumerate(
        usage.rows[
            ["x_ServiceCode", "RegionId", "x_UsageType", "x_Operation", "x_InstanceType"]
        ].itertuples(index=False)
    ):
        pool = f"{service} {usage_type} {operation}"
        if flexible_units(service, usage_type, operation, instance_type) is not None:
            pool = f"{service} {operation} {family_and_size(instance_type)[0]}"
        pools.setdefault((region, pool), []).append(row)
    return {key: np.array(rows, dtype=np.intp) for key, rows in sorted(pools.items())}


def flexible_units(
    service: str, usage_type: str, operation: str, instance_type: str
) -> float | None:
    """Return the units an hour takes from a size-flexible reservation; None for an exact match."""
    name = usage_type.partition(":")[0]
    is_instance = name in _FLEXIBLE_USAGE.get(service, {})
    if not instance_type or not is_instance:
        return None
    platform = platform_of(service, operation)
    if not is_size_flexible(service, instance_type, platform=platform):
        return None
    try:
        return normalization_factor(instance_type) * _FLEXIBLE_USAGE[service][name]
    except CommitmentError:
        return None


def unit_draw(usage: HourlyUsage, rows: Ints) -> Floats:
    """Return normalised units of the rows of a flexible pool, 1 for an exact one; else NaN."""
    units = np.full(len(usage.rows), np.nan)
    columns = [
        usage.rows[name].to_numpy()
        for name in ("x_ServiceCode", "x_UsageType", "x_Operation", "x_InstanceType")
    ]
    for row in rows:
        flexible = flexible_units(*(str(column[row]) for column in columns))
        units[row] = 1.0 if flexible is None else flexible
    return units
