"""The prices a generated bill is made with: one offer per meter and region.

Letters in shapes: ``o`` offers, ``t`` price tiers of all offers.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.bill.generate.menu import Meter
from costmodel.engine.tiers import TierTable, build_tier_table

Texts = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
NONE = float("nan")


class Offer(NamedTuple):
    """One meter in one region at its prices; NaN where AWS does not sell it that way."""

    meter: Meter
    region_id: str
    region_name: str
    usage_type: str  # as billed, with region prefix
    pricing_unit: str
    sku: str
    begin_range: tuple[float, ...]
    unit_price: tuple[float, ...]
    rate_code: tuple[str, ...]
    reserved_hourly: float = NONE  # partial upfront, one year: USD per hour …
    reserved_upfront: float = NONE  # … and USD up front
    savings_plan_rate: float = NONE  # Compute Savings Plan, one year, no upfront [USD per hour]
    spot_price: float = NONE  # [USD per hour]


class PriceTable(NamedTuple):
    """The offers a bill is generated from, as arrays."""

    offers: tuple[Offer, ...]
    tiers: TierTable
    rate_code: Texts  # (t,)
    weight: Floats  # (o,) share of resources
    rhythm: npt.NDArray[np.int8]  # (o,) menu.Rhythm
    median: Floats  # (o,) units per hour, or the stock
    reserved_hourly: Floats  # (o,) USD per hour
    reserved_upfront: Floats  # (o,) USD
    savings_plan_rate: Floats  # (o,) USD per hour
    spot_price: Floats  # (o,) USD per hour


def build_price_table(offers: Iterable[Offer]) -> PriceTable:
    """Return offers as arrays; region weights fall off in the order regions first appear."""
    rows = tuple(offers)
    if not rows:
        raise ValueError("a bill needs at least one offer")
    width = [len(offer.unit_price) for offer in rows]
    tiers = build_tier_table(
        np.concatenate([[0], np.cumsum(width)]),
        np.concatenate([offer.begin_range for offer in rows]),
        np.concatenate([offer.unit_price for offer in rows]),
    )
    regions = list(dict.fromkeys(offer.region_id for offer in rows))
    weight = [offer.meter.weight / (1 + regions.index(offer.region_id)) for offer in rows]
    return PriceTable(
        offers=rows,
        tiers=tiers,
        rate_code=np.array([code for offer in rows for code in offer.rate_code], dtype=object),
        weight=np.array(weight) / np.sum(weight),
        rhythm=np.array([offer.meter.rhythm for offer in rows], dtype=np.int8),
        median=np.array([offer.meter.median for offer in rows]),
        reserved_hourly=np.array([offer.reserved_hourly for offer in rows]),
        reserved_upfront=np.array([offer.reserved_upfront for offer in rows]),
        savings_plan_rate=np.array([offer.savings_plan_rate for offer in rows]),
        spot_price=np.array([offer.spot_price for offer in rows]),
    )
