"""Lines of usage at the catalog's prices: distinct keys, then pooled tiers, then gather.

Letters in shapes: ``n`` lines, ``k`` distinct keys.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from costmodel.bill.reprice.lines import Floats, Ints, Texts, UsageLines, on_demand_usage_type
from costmodel.catalog.catalog import PriceCatalog, RateMatch
from costmodel.engine.tiers import pooled_cost
from costmodel.errors import IssueReason
from costmodel.units import UNIT_ALIASES, canonical_unit

_SEPARATOR = "\x1f"
_KNOWN_UNITS = frozenset(UNIT_ALIASES.values())


class LinePrices(NamedTuple):
    """What the lines cost by the catalog."""

    cost: Floats  # (n,) [USD] NaN where there is no price
    reason: Texts  # (n,) IssueReason, None where priced


def price_lines(lines: UsageLines, catalog: PriceCatalog) -> LinePrices:
    """Return list costs; what the key does not find is looked up by the bill's rate code."""
    usage_type = on_demand_usage_type(lines.usage_type)
    cost, reason = _by_key(lines, lines.price_service, usage_type, catalog)
    again = np.flatnonzero(np.isnan(cost) & (lines.service != lines.price_service))
    rest = lines.take(again)
    _fill(cost, reason, again, *_by_key(rest, rest.service, usage_type[again], catalog))
    # The bill's own rate code names one tier's price: right for the row, not for a new quantity.
    again = np.flatnonzero(np.isnan(cost) & (lines.rate_code != ""))
    _fill(cost, reason, again, *_by_rate_code(lines.take(again), catalog))
    return LinePrices(cost, reason)


def _by_key(
    lines: UsageLines, service: Texts, usage_type: Texts, catalog: PriceCatalog
) -> tuple[Floats, Texts]:
    keys = (service, lines.region, usage_type, lines.operation)
    first, key = _distinct(*keys, lines.unit)
    match = catalog.match(*(column[first] for column in keys))
    reason = np.array(match.reason, dtype=object)
    sku = _without_mismatch(match, lines.unit[first], reason)
    return pooled_cost(match.tiers, sku[key], lines.quantity, lines.pool), reason[key]


def _by_rate_code(lines: UsageLines, catalog: PriceCatalog) -> tuple[Floats, Texts]:
    if not len(lines):
        return np.empty(0), np.empty(0, dtype=object)
    match = catalog.match_rate_codes(lines.rate_code)
    reason = np.array(match.reason, dtype=object)
    sku = _without_mismatch(match, lines.unit, reason)
    return pooled_cost(match.tiers, sku, lines.quantity, lines.pool), reason


def _without_mismatch(match: RateMatch, unit: Texts, reason: Texts) -> Ints:
    """Return SKUs (k,), -1 where the bill counts in another unit than the price; note why."""
    priced_in = np.array(match.skus["PricingUnit"].to_pylist() or [""], dtype=object)
    mismatch = np.array(
        [
            number >= 0 and _differ(billed, priced_in[number] or "")
            for number, billed in zip(match.sku.tolist(), unit.tolist(), strict=True)
        ],
        dtype=bool,
    )
    reason[mismatch] = IssueReason.UNIT_MISMATCH
    return np.where(mismatch, -1, match.sku).astype(np.intp)


def _differ(billed: str, priced: str) -> bool:
    """Return whether both are units with one known spelling, and not the same."""
    units = canonical_unit(billed), canonical_unit(priced)
    return units[0] != units[1] and _KNOWN_UNITS.issuperset(units)


def _distinct(*columns: Texts) -> tuple[Ints, Ints]:
    """Return the first line of each distinct key (k,), and the key of each line (n,)."""
    joined = [_SEPARATOR.join(parts) for parts in zip(*columns, strict=True)]
    encoded = pa.array(joined, pa.string()).dictionary_encode()
    key = encoded.indices.to_numpy().astype(np.intp)
    first = np.zeros(len(encoded.dictionary), dtype=np.intp)
    first[key[::-1]] = np.arange(len(key))[::-1]
    return first, key


def _fill(cost: Floats, reason: Texts, rows: Ints, new_cost: Floats, new_reason: Texts) -> None:
    """Put what was found where nothing was; the first reason stays where still nothing is."""
    found = ~np.isnan(new_cost)
    cost[rows[found]] = new_cost[found]
    reason[rows[found]] = new_reason[found]
