"""The templates a generated bill's rows are cut from: every text of a row hangs on its line.

A *line* is what stays the same from hour to hour: a stream, a fee of a lease, an account's tax.
Letters in shapes: ``i`` lines, ``o`` offers, ``r`` rates.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.bill.generate.plan import BillPlan, Ints, Purchase, SavingsPlans, negation_key
from costmodel.bill.generate.prices import Offer, PriceTable

Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]


class LineKind(IntEnum):
    """What kind of charge a line is; the first four are Purchase's."""

    ON_DEMAND = 0
    SPOT = 1
    RESERVED = 2
    PLANNED = 3
    NEGATION = 4
    RESERVATION_FEE = 5
    RESERVATION_UPFRONT = 6
    PLAN_FEE = 7
    PLAN_UPFRONT = 8
    SUPPORT = 9
    TAX = 10
    CREDIT = 11
    REFUND = 12
    # FOCUS only: what of a commitment nobody used, split off its fee row.
    UNUSED_RESERVATION = 13
    UNUSED_PLAN = 14


# CUR lineItem/LineItemType of each kind a CUR has.
LINE_ITEM_TYPES = (
    "Usage", "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation",
    "RIFee", "Fee", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee", "Fee", "Tax", "Credit",
    "Refund",
)  # fmt: skip


class Rates(NamedTuple):
    """The distinct unit prices and texts of rows."""

    unblended: Floats  # (r,) USD per unit
    public: Floats  # (r,) USD per unit
    rate_code: Texts  # (r,) "" where a charge has none
    description: Texts  # (r,)
    has_rate: npt.NDArray[np.bool_]  # (r,) False for fees, taxes, credits


class Lines(NamedTuple):
    """All lines of a plan; streams keep their numbers."""

    offer: Ints  # (i,) number in the plan's offers, then FEE_OFFERS
    account: Ints  # (i,)
    zone: Ints  # (i,) -1 none
    kind: npt.NDArray[np.int8]  # (i,) LineKind
    commitment: Ints  # (i,) -1 none
    team: Ints  # (i,) -1 untagged
    environment: Ints  # (i,) -1 untagged
    rate_row: Ints  # (i,) row of Rates (of the first tier)
    negation: Ints  # (streams,) line that takes a covered stream back, -1 none
    first: dict[LineKind, int]  # number of the first line of each kind of fee
    rates: Rates


class FeeOffer(NamedTuple):
    """What a fee without a meter is for."""

    product_code: str
    usage_type: str


FEE_OFFERS = (
    FeeOffer("ComputeSavingsPlans", "ComputeSP:1yrNoUpfront"),
    FeeOffer("AWSSupportBusiness", "Dollar"),
)
_TAX_RATE_TEXT = "VAT of 10 %"


def build_lines(plan: BillPlan) -> Lines:
    """Return every line of a plan."""
    streams, offers = plan.streams, len(plan.prices.offers)
    groups, negation = _negation_groups(plan)
    leases, plans = plan.reservations, plan.savings_plans
    accounts = np.arange(plan.settings.accounts, dtype=np.int32)
    new_leases = np.flatnonzero(leases.is_new)
    new_plans = np.flatnonzero(plans.is_new)
    parts = [
        _part(streams.purchase, streams.offer, streams.account, streams.commitment,
              streams.zone, streams.team, streams.environment),
        _part(LineKind.NEGATION, streams.offer[groups], streams.account[groups],
              streams.commitment[groups], streams.zone[groups]),
        _part(LineKind.RESERVATION_FEE, leases.offer, leases.account,
              np.arange(len(leases.offer))),
        _part(LineKind.RESERVATION_UPFRONT, leases.offer[new_leases], leases.account[new_leases],
              new_leases),
        _part(LineKind.PLAN_FEE, np.full(len(plans.account), offers), plans.account,
              np.arange(len(plans.account))),
        _part(LineKind.PLAN_UPFRONT, np.full(len(new_plans), offers), plans.account[new_plans],
              new_plans),
        _part(LineKind.SUPPORT, np.array([offers + 1]), accounts[:1], np.array([-1])),
        _part(LineKind.TAX, np.zeros(len(accounts)), accounts, np.full(len(accounts), -1)),
        _part(LineKind.CREDIT, np.zeros(1), accounts[:1], np.array([-1])),
        _part(LineKind.REFUND, np.zeros(1), accounts[:1], np.array([-1])),
    ]  # fmt: skip
    sizes = np.cumsum([0, *(len(part[0]) for part in parts)])
    first = dict(zip(list(LineKind)[4:13], sizes[1:-1].tolist(), strict=True))
    columns = [np.concatenate(values) for values in zip(*parts, strict=True)]
    kind, offer, account, commitment, zone, team, environment = columns
    rates, rate_row = _rates(plan.prices, kind, offer, commitment, plans)
    return Lines(
        offer, account, zone, kind.astype(np.int8), commitment, team, environment, rate_row,
        negation, first, rates,
    )  # fmt: skip


def _part(
    kind: npt.ArrayLike,
    offer: npt.ArrayLike,
    account: npt.ArrayLike,
    commitment: npt.ArrayLike,
    *rest: npt.ArrayLike,
) -> tuple[Ints, ...]:
    """Return the columns of some lines; zone, team and environment are -1 unless given."""
    size = len(np.asarray(offer))
    columns = [kind, offer, account, commitment, *rest, *[-1] * (3 - len(rest))]
    return tuple(np.broadcast_to(column, size).astype(np.int32) for column in columns)


def _negation_groups(plan: BillPlan) -> tuple[Ints, Ints]:
    """Return one stream of each negation group, and every stream's negation line."""
    streams = plan.streams
    covered = np.flatnonzero(streams.purchase == Purchase.SAVINGS_PLAN)
    keys = np.stack([column[covered] for column in negation_key(streams)], axis=1)
    _, sample, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    negation = np.full(len(streams.offer), -1, dtype=np.int32)
    negation[covered] = group + len(streams.offer)
    return covered[sample].astype(np.int32), negation


def _rates(
    prices: PriceTable, kind: Ints, offer: Ints, commitment: Ints, plans: SavingsPlans
) -> tuple[Rates, Ints]:
    """Return the distinct rates, and each line's: tiers first, then spot, reserved, the rest."""
    tiers, count = prices.tiers, len(prices.offers)
    tier_count = len(tiers.unit_price)
    first_tier = tiers.first[:-1]
    fees = _fee_descriptions()
    zeros, blank = np.zeros(len(fees)), np.full(len(fees), "", dtype=object)
    spot_text, reserved_text = (
        np.array([text(offer_) for offer_ in prices.offers], dtype=object)
        for text in (_spot_description, _reserved_description)
    )
    first_code = prices.rate_code[first_tier]
    rates = Rates(
        unblended=np.concatenate([tiers.unit_price, prices.spot_price, np.zeros(count), zeros]),
        public=np.concatenate(
            [tiers.unit_price, np.zeros(count), tiers.unit_price[first_tier], zeros]
        ),
        rate_code=np.concatenate(
            [prices.rate_code, np.full(count, "", dtype=object), first_code, blank]
        ),
        description=np.concatenate(
            [_tier_descriptions(prices), spot_text, reserved_text, np.array(list(fees.values()))]
        ),
        has_rate=np.concatenate([np.ones(tier_count + 2 * count), zeros]).astype(bool),
    )
    metered = np.minimum(offer, count - 1)
    row = first_tier[metered].astype(np.int32)
    row[kind == LineKind.SPOT] = (tier_count + metered)[kind == LineKind.SPOT]
    row[kind == LineKind.RESERVED] = (tier_count + count + metered)[kind == LineKind.RESERVED]
    for number, fee in enumerate(fees):
        row[kind == fee] = tier_count + 2 * count + number
    return rates, row


def _fee_descriptions() -> dict[LineKind, str]:
    return {
        LineKind.NEGATION: "SavingsPlanNegation used by AccountId",
        LineKind.RESERVATION_FEE: "USD hourly fee per reserved instance",
        LineKind.RESERVATION_UPFRONT: "Sign up charge for reserved instance subscription",
        LineKind.PLAN_FEE: "1 year Compute Savings Plan, hourly commitment",
        LineKind.PLAN_UPFRONT: "1 year Compute Savings Plan, upfront payment",
        LineKind.SUPPORT: "AWS Business Support, monthly fee",
        LineKind.TAX: f"Tax for product code AmazonEC2, {_TAX_RATE_TEXT}",
        LineKind.CREDIT: "AWS Migration Acceleration credit",
        LineKind.REFUND: "Refund of overcharged usage in the month before",
    }


def _tier_descriptions(prices: PriceTable) -> Texts:
    return np.array(
        [
            f"${price:.10g} per {offer.pricing_unit} of {offer.usage_type} in {offer.region_name}"
            for offer in prices.offers
            for price in offer.unit_price
        ],
        dtype=object,
    )


def _spot_description(offer: Offer) -> str:
    kind = offer.meter.usage_type.rpartition(":")[2]
    return f"{kind} Linux/UNIX Spot Instance-hour in {offer.region_name} in VPC Zone"


def _reserved_description(offer: Offer) -> str:
    kind = offer.meter.usage_type.rpartition(":")[2]
    return f"Linux/UNIX (Amazon VPC), {kind} reserved instance applied"
