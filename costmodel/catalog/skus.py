"""SKUs of price keys as plain records, remembered: what a small estimate asks again and again.

``PriceCatalog.match`` answers thousands of keys in one go on Arrow columns; for the forty keys of
one architecture its fixed cost is most of an estimate.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from costmodel.catalog.catalog import PriceCatalog, RateMatch
from costmodel.catalog.usage_type import Texts
from costmodel.engine.tiers import TierTable
from costmodel.errors import IssueReason
from costmodel.recent import Recent

# service code, region, usage type without region prefix, operation, variant
PriceKey = tuple[str, str, str, str, str | None]

_KEYS: Final = 8192
# What tells one matched SKU from another, and what is told of it.
_IDENTITY: Final = ("x_ServiceCode", "RegionId", "x_UsageType", "x_Operation", "x_Variant",
                    "SkuPriceId")  # fmt: skip
_SAID: Final = ("SkuPriceId", "PricingUnit", "x_SkuDescription", "x_Basis", "x_NameBasis",
                "x_Published")  # fmt: skip


class Sku(NamedTuple):
    """One price: its tiers, and what its first tier's row says.

    Attributes:
        identity: the same for two keys that lead to one SKU, which share its tiers.
        begin_range: lower bound of each tier [PricingUnit].
        unit_price: price of each tier [USD per PricingUnit].
        base_cost, next_begin, flat_price: as in ``TierTable``.
    """

    identity: tuple[str, ...]
    begin_range: tuple[float, ...]
    unit_price: tuple[float, ...]
    base_cost: tuple[float, ...]
    next_begin: tuple[float, ...]
    flat_price: float
    sku_price_id: str
    pricing_unit: str
    description: str
    basis: str
    name_basis: str
    published: str


class SkuFinder:
    """Finds the SKU of each key in one catalog."""

    def __init__(self, catalog: PriceCatalog) -> None:
        self._catalog = catalog
        self._known: Recent[PriceKey, Sku | IssueReason] = Recent(_KEYS)

    def find(self, keys: Sequence[PriceKey]) -> list[Sku | IssueReason]:
        """Return the SKU of each key, or why it has none."""
        found = [self._known.get(key) for key in keys]
        missing = list(dict.fromkeys(k for k, sku in zip(keys, found, strict=True) if sku is None))
        if missing:
            new = dict(zip(missing, self._match(missing), strict=True))
            for key, sku in new.items():
                self._known.put(key, sku)
            found = [
                new[key] if sku is None else sku for key, sku in zip(keys, found, strict=True)
            ]
        return [sku for sku in found if sku is not None]

    def _match(self, keys: Sequence[PriceKey]) -> list[Sku | IssueReason]:
        match = self._catalog.match(*(_column(keys, part) for part in range(5)))
        skus = _records(match)
        return [
            skus[number] if number >= 0 else reason
            for number, reason in zip(match.sku.tolist(), match.reason.tolist(), strict=True)
        ]


def _column(keys: Sequence[PriceKey], part: int) -> Texts:
    values = np.empty(len(keys), dtype=object)
    values[:] = [key[part] for key in keys]
    return values


def _records(match: RateMatch) -> list[Sku]:
    tiers, rows = match.tiers, match.skus
    bounds = tiers.first.tolist()
    columns = [[value or "" for value in rows[name].to_pylist()] for name in (*_IDENTITY, *_SAID)]
    begin, price, base, following = (
        column.tolist()
        for column in (tiers.begin_range, tiers.unit_price, tiers.base_cost, tiers.next_begin)
    )
    flat = tiers.flat_price.tolist()
    return [
        Sku(
            texts[: len(_IDENTITY)],
            tuple(begin[first:end]),
            tuple(price[first:end]),
            tuple(base[first:end]),
            tuple(following[first:end]),
            flat[number],
            *texts[len(_IDENTITY) :],
        )
        for number, (first, end, texts) in enumerate(
            zip(bounds, bounds[1:], zip(*columns, strict=True), strict=False)
        )
    ]


def tier_table(skus: Sequence[Sku]) -> TierTable:
    """Return the tiers of several SKUs as one table; each SKU's were checked when it was read."""
    first = [0]
    for sku in skus:
        first.append(first[-1] + len(sku.unit_price))
    return TierTable(
        np.array(first, dtype=np.intp),
        np.array([bound for sku in skus for bound in sku.begin_range], dtype=np.float64),
        np.array([price for sku in skus for price in sku.unit_price], dtype=np.float64),
        np.array([cost for sku in skus for cost in sku.base_cost], dtype=np.float64),
        np.array([bound for sku in skus for bound in sku.next_begin], dtype=np.float64),
        np.array([sku.flat_price for sku in skus], dtype=np.float64),
    )
