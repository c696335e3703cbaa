"""What instances would cost elsewhere: on the Spot market, or in another region."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from costmodel.catalog.catalog import PriceCatalog
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Columns, column, objects
from costmodel.optimize.rightsizing.market import Market, instance_markets, price_matrix

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Tags by which owners say that an instance may be taken away.
_INTERRUPTIBLE: Final = ("costmodel:interruptible", "interruptible", "spot-ok", "preemptible")
_YES: Final = frozenset(("true", "yes", "1"))
_NO: Final = frozenset(("false", "no", "0"))
# Regions of a continent by the first word of their code; partitions of their own stay alone.
_CONTINENTS: Final = {"us": "north america", "ca": "north america", "mx": "north america"}
_OWN_PARTITION: Final = ("us-gov-", "us-iso", "cn-", "eu-isoe-", "eusc-")


def market_columns(inventory: Inventory, catalog: PriceCatalog) -> dict[str, Columns]:
    """Return columns of ``ec2_instances``: may it be interrupted, Spot price, cheapest region.

    ``spot_share`` is the Spot price as a share of the on-demand price, ``region_share`` the price
    in ``cheapest_region``; unknown where the price data have none.
    """
    kind = "ec2_instances"
    if not inventory.has(kind) or not inventory.table(kind).num_rows:
        return {}
    types = column(inventory, kind, "instance_type")
    names = sorted({name for name in types if name})
    place = {name: row for row, name in enumerate(names)}
    at = np.array([place.get(name, -1) for name in types])
    markets, market = instance_markets(inventory)
    prices = _at(price_matrix(catalog, markets, names), market, at)
    spot = _at(_spot_matrix(catalog, markets, names), market, at)
    region, elsewhere = _cheapest(catalog, markets, names)
    return {
        kind: {
            "is_interruptible": objects(map(_interruptible, column(inventory, kind, "tags"))),
            "spot_share": spot / prices,
            "cheapest_region": objects(
                [region[m][a] if a >= 0 else None for m, a in zip(market, at, strict=True)]
            ),
            "region_share": _at(elsewhere, market, at) / prices,
        }
    }


def _at(matrix: Floats, market: Ints, place: Ints) -> Floats:
    """Return the price of every instance; NaN where its type is not known."""
    values = matrix[market, np.maximum(place, 0)] if matrix.size else np.full(len(place), np.nan)
    return np.where(place < 0, np.nan, values)


def _interruptible(pairs: Any) -> bool | None:
    """Return what a tag says; None where none says anything."""
    for key, value in pairs or ():
        if str(key).lower() in _INTERRUPTIBLE:
            text = str(value or "").strip().lower()
            return True if text in _YES else (False if text in _NO else None)
    return None


def _spot_matrix(catalog: PriceCatalog, markets: list[Market], names: list[str]) -> Floats:
    prices = np.full((len(markets), len(names)), np.nan)
    for row, market in enumerate(markets):
        if market.region_id in catalog.regions:
            known = _spot_prices(catalog, market.region_id, market.operation)
            prices[row] = [known.get(name, np.nan) for name in names]
    return prices


def _spot_prices(catalog: PriceCatalog, region_id: str, operation: str) -> Mapping[str, float]:
    rows = catalog.spot(region_id).to_pylist()
    return {
        row["x_InstanceType"]: row["ListUnitPrice"]
        for row in rows
        if row["x_Operation"] == operation
    }


def _cheapest(
    catalog: PriceCatalog, markets: list[Market], names: list[str]
) -> tuple[list[list[str | None]], Floats]:
    """Return, per market and type, the cheapest other region of the continent and its price."""
    regions: list[list[str | None]] = []
    prices = np.full((len(markets), len(names)), np.nan)
    for row, market in enumerate(markets):
        others = _neighbours(market.region_id, catalog)
        matrix = price_matrix(
            catalog, [market._replace(region_id=other) for other in others], names
        )
        filled = np.where(np.isnan(matrix), np.inf, matrix)
        found: list[str | None] = [None] * len(names)
        if len(others):
            best = filled.argmin(axis=0)
            least = filled.min(axis=0)
            prices[row] = np.where(np.isinf(least), np.nan, least)
            found = [
                others[b] if np.isfinite(p) else None for b, p in zip(best, least, strict=True)
            ]
        regions.append(found)
    return regions, prices


def _neighbours(region_id: str, catalog: PriceCatalog) -> list[str]:
    if region_id not in catalog.regions or region_id.startswith(_OWN_PARTITION):
        return []
    mine = _continent(region_id)
    return [
        other
        for other in sorted(catalog.regions)
        if other != region_id
        and not other.startswith(_OWN_PARTITION)
        # Local and Wavelength Zones are no regions: us-east-1-bos-1.
        and other.count("-") == 2
        and _continent(other) == mine
    ]


def _continent(region_id: str) -> str:
    start = region_id.split("-")[0]
    return _CONTINENTS.get(start, start)
