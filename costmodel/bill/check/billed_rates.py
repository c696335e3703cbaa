"""A bill's on-demand usage found again in the price catalog, key by key.

Distinct price keys are few (hundreds in a month of 300,000 rows): each is looked up once, by rate
code first, else by service, region, usage type and operation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from costmodel.bill.check.identities import Relation
from costmodel.bill.normalize.raw import quote
from costmodel.catalog.catalog import PriceCatalog, RateMatch
from costmodel.errors import IssueReason

if TYPE_CHECKING:
    import pyarrow as pa

# A billed rate within half a percent of a catalog price is that price.
TOLERANCE: Final = 0.005
_KEYS: Final = ("x_ServiceCode", "RegionId", "x_UsageType", "x_Operation", "SkuPriceId",
                "PricingUnit")  # fmt: skip

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ServiceShare:
    """How much of one service's on-demand usage cost the catalog re-prices."""

    service_code: str
    cost: float
    matched_cost: float
    keys: int
    matched_keys: int

    @property
    def share(self) -> float:
        """Share of the cost within the tolerance; 1 where there is no cost."""
        return self.matched_cost / self.cost if self.cost else 1.0


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A price key whose billed rate the catalog does not have."""

    service_code: str
    region_id: str
    usage_type: str
    operation: str
    cost: float
    billed_rate: float
    catalog_price: float  # nearest tier; NaN where there is no price
    reason: str


@dataclass(frozen=True, slots=True)
class BilledRates:
    """The rates of on-demand usage as billed, against the catalog."""

    services: Sequence[ServiceShare]  # largest cost first
    unmatched: Sequence[Unmatched]  # largest cost first

    @property
    def cost(self) -> float:
        """On-demand usage cost looked at."""
        return sum(service.cost for service in self.services)

    @property
    def share(self) -> float:
        """Share of that cost re-priced within the tolerance."""
        matched = sum(service.matched_cost for service in self.services)
        return matched / self.cost if self.cost else 1.0

    def to_json(self) -> dict[str, Any]:
        """Return the reconciliation as a JSON object."""
        return {
            "tolerance": TOLERANCE,
            "cost": self.cost,
            "share": self.share,
            "services": [
                {"x_ServiceCode": s.service_code, "cost": s.cost, "matched_cost": s.matched_cost,
                 "share": s.share, "keys": s.keys, "matched_keys": s.matched_keys}
                for s in self.services
            ],
            "unmatched": [
                {"x_ServiceCode": u.service_code, "RegionId": u.region_id,
                 "x_UsageType": u.usage_type, "x_Operation": u.operation, "cost": u.cost,
                 "billed_rate": u.billed_rate, "catalog_price": u.catalog_price,
                 "reason": u.reason}
                for u in self.unmatched
            ],
        }  # fmt: skip


def check_billed_rates(bill: Relation, catalog: PriceCatalog) -> BilledRates:
    """Return how much of a bill's on-demand usage cost the catalog re-prices within 0.5 %."""
    keys = _price_keys(bill)
    cost, quantity = (_floats(keys, name) for name in ("cost", "quantity"))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(quantity > 0, cost / quantity, np.nan)
    by_key = catalog.match(*(_texts(keys, name) for name in _KEYS[:4]))
    by_code = catalog.match_rate_codes(_texts(keys, "SkuPriceId"))
    price = _nearest_price(by_code, rate)
    price = np.where(np.isnan(price), _nearest_price(by_key, rate), price)
    price = np.where(_close(rate, price), price, _nearest(rate, price, by_key))
    matched = _close(rate, price) | (cost == 0)
    return BilledRates(
        _shares(_texts(keys, "x_ServiceCode"), cost, matched),
        _unmatched(keys, cost, rate, price, matched, by_key),
    )


def _price_keys(bill: Relation) -> "pa.Table":
    """Return cost and quantity of on-demand usage by price key and rate."""
    needed = [*_KEYS, "PricingQuantity", "BilledCost", "ContractedUnitPrice", "ChargeCategory",
              "PricingCategory", "ChargeClass"]  # fmt: skip
    keys = ", ".join(map(quote, _KEYS))
    query = (
        f"SELECT {keys}, ContractedUnitPrice, CAST(SUM(BilledCost) AS DOUBLE) AS cost,"
        f" CAST(SUM(PricingQuantity) AS DOUBLE) AS quantity"
        f" FROM ({bill.relation_sql(needed)}) AS bill"
        " WHERE ChargeCategory = 'Usage' AND PricingCategory = 'Standard'"
        " AND ChargeClass IS NULL"
        f" GROUP BY {keys}, ContractedUnitPrice ORDER BY cost DESC, {keys}, ContractedUnitPrice"
    )
    answer: pa.Table = bill.arrow(query)
    return answer


def _texts(table: "pa.Table", name: str) -> npt.NDArray[np.object_]:
    return np.array([value or "" for value in table[name].to_pylist()], dtype=object)


def _floats(table: "pa.Table", name: str) -> Floats:
    return np.array([np.nan if v is None else v for v in table[name].to_pylist()], dtype=float)


def _close(rate: Floats, price: Floats) -> Bools:
    near: Bools = np.abs(rate - price) <= TOLERANCE * np.abs(price)
    return near


def _nearest_price(match: RateMatch, rate: Floats) -> Floats:
    """Return the tier price nearest to each rate (n,); NaN where there is no SKU."""
    result = np.full(len(rate), np.nan)
    for row in np.flatnonzero(match.sku >= 0):
        sku = match.sku[row]
        prices = match.tiers.unit_price[match.tiers.first[sku] : match.tiers.first[sku + 1]]
        gap = np.abs(prices - rate[row])
        result[row] = prices[0] if np.isnan(gap).all() else prices[int(np.nanargmin(gap))]
    return result


def _nearest(rate: Floats, price: Floats, by_key: RateMatch) -> Floats:
    """Return the key's price where it is nearer than the rate code's, which may be of old."""
    other = _nearest_price(by_key, rate)
    return np.where(np.abs(other - rate) < np.abs(price - rate), other, price)


def _shares(services: npt.NDArray[np.object_], cost: Floats, matched: Bools) -> list[ServiceShare]:
    shares = [
        ServiceShare(
            str(code),
            float(cost[mine].sum()),
            float(cost[mine & matched].sum()),
            int(mine.sum()),
            int((mine & matched).sum()),
        )
        for code in dict.fromkeys(services)
        if (mine := services == code) is not None
    ]
    return sorted(shares, key=lambda share: -share.cost)


def _unmatched(
    keys: "pa.Table",
    cost: Floats,
    rate: Floats,
    price: Floats,
    matched: Bools,
    by_key: RateMatch,
) -> list[Unmatched]:
    columns = [_texts(keys, name) for name in _KEYS[:4]]
    return [
        Unmatched(
            service_code=str(columns[0][row]),
            region_id=str(columns[1][row]),
            usage_type=str(columns[2][row]),
            operation=str(columns[3][row]),
            cost=float(cost[row]),
            billed_rate=float(rate[row]),
            catalog_price=float(price[row]),
            reason=_reason(price[row], by_key.reason[row]),
        )
        for row in np.flatnonzero(~matched)
    ]


def _reason(price: float, reason: IssueReason | None) -> str:
    if not np.isnan(price):
        return "the catalog's price differs"
    return str(reason or IssueReason.NO_SKU)
