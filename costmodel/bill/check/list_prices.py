"""List prices of a bill by rate code: one price per code, and the catalog's price for it."""

import numpy as np

from costmodel.bill.check.figure import MOST_ROWS, CheckFigure, Verdict
from costmodel.bill.check.identities import Relation
from costmodel.catalog.catalog import PriceCatalog

_NEEDS = {"SkuPriceId", "ListUnitPrice"}
# List prices are exact decimals; only the way through floats may differ.
_RELATIVE = 1e-9


def check_list_prices(bill: Relation, catalog: PriceCatalog) -> list[CheckFigure]:
    """Return whether each rate code has one list price, and which differ from the catalog's.

    A price may have changed since the bill, so a difference is a note.
    """
    one, known = "one list price per rate code", "list prices of rate codes in the catalog"
    if not bill.available >= _NEEDS:
        return [CheckFigure(name, "the bill has no rate codes", Verdict.SKIPPED)
                for name in (one, known)]  # fmt: skip
    inner = bill.relation_sql(["SkuPriceId", "ListUnitPrice", "BillingPeriodStart", "ListCost"])
    rows = bill.run(
        "SELECT SkuPriceId, ListUnitPrice, SUM(ListCost) AS cost, BillingPeriodStart"
        f" FROM ({inner}) AS bill WHERE SkuPriceId IS NOT NULL AND ListUnitPrice IS NOT NULL"
        " GROUP BY SkuPriceId, ListUnitPrice, BillingPeriodStart ORDER BY cost DESC, SkuPriceId"
    ).fetchall()
    codes = [str(row[0]) for row in rows]
    prices = np.array([float(row[1]) for row in rows])
    return [
        _one_price(one, [(code, row[3]) for code, row in zip(codes, rows, strict=True)]),
        _known_prices(known, codes, prices, catalog),
    ]


def _one_price(name: str, keys: list[tuple[str, object]]) -> CheckFigure:
    seen: dict[tuple[str, object], int] = {}
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
    several = [(code, count) for (code, _), count in seen.items() if count > 1]
    return CheckFigure(
        name=name,
        meaning="a rate code has one list price in a month",
        verdict=Verdict.NOTE if several else Verdict.PASS,
        tested=len(seen),
        broken=len(several),
        columns=("SkuPriceId", "prices"),
        rows=several[:MOST_ROWS],
    )


def _known_prices(
    name: str, codes: list[str], prices: np.ndarray, catalog: PriceCatalog
) -> CheckFigure:
    match = catalog.match_rate_codes(np.array(codes, dtype=object))
    held = match.sku >= 0
    catalog_price = np.full(len(codes), np.nan)
    catalog_price[held] = match.tiers.unit_price[match.tiers.first[match.sku[held]]]
    differs = held & ~(np.abs(catalog_price - prices) <= _RELATIVE * np.abs(prices))
    rows = [(codes[row], float(prices[row]), float(catalog_price[row]))
            for row in np.flatnonzero(differs)]  # fmt: skip
    return CheckFigure(
        name=name,
        meaning=f"{int(held.sum())} of {len(codes)} rate codes are in the catalog, at that price",
        verdict=Verdict.NOTE if rows else Verdict.PASS,
        tested=int(held.sum()),
        broken=len(rows),
        columns=("SkuPriceId", "ListUnitPrice", "catalog price"),
        rows=rows,
    )
