"""Which price each line of usage has, and what is said of lines that have none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from costmodel.catalog.catalog import PriceCatalog
from costmodel.catalog.skus import PriceKey, Sku, SkuFinder, tier_table
from costmodel.engine.tiers import TierTable
from costmodel.errors import Issue, IssueReason
from costmodel.estimate.remedy import Remedies
from costmodel.usage.spec import ArchitectureSpec
from costmodel.usage.table import Floats, Ints, Texts, UsageTable


@dataclass(frozen=True, slots=True)
class LinePrices:
    """The SKUs of n lines.

    Attributes:
        sku: (n,) number in ``skus``; -1 where there is none.
        skus: the s distinct SKUs.
        tiers: their tiers.
        reason: (n,) IssueReason of a key without a SKU; None where there is one, or no key.
    """

    sku: Ints
    skus: Sequence[Sku]
    tiers: TierTable
    reason: Texts


def find_prices(usage: UsageTable, catalog: PriceCatalog) -> LinePrices:
    """Return the price of each line; each distinct key is looked up once."""
    keys: dict[PriceKey, int] = {}
    columns = (usage.service_code, usage.region_id, usage.usage_type, usage.operation,
               usage.variant)  # fmt: skip
    row_key = [
        -1 if None in key[1:4] else keys.setdefault(key, len(keys))
        for key in zip(*(column.tolist() for column in columns), strict=True)
    ]
    found = catalog.derived(SkuFinder).find(list(keys))
    # Two keys may lead to one SKU: they fill its tiers together.
    numbers: dict[tuple[str, ...], int] = {}
    skus: list[Sku] = []
    key_sku = []
    for sku in found:
        if isinstance(sku, IssueReason):
            key_sku.append(-1)
            continue
        number = numbers.setdefault(sku.identity, len(skus))
        if number == len(skus):
            skus.append(sku)
        key_sku.append(number)
    reasons = [sku if isinstance(sku, IssueReason) else None for sku in found]
    # One more entry at the end answers key -1.
    key_sku.append(-1)
    reasons.append(None)
    reason = np.empty(len(row_key), dtype=object)
    reason[:] = [reasons[key] for key in row_key]
    sku_of = np.array([key_sku[key] for key in row_key], dtype=np.intp)
    return LinePrices(sku_of, skus, tier_table(skus), reason)


def price_issues(
    spec: ArchitectureSpec, usage: UsageTable, prices: LinePrices, catalog: PriceCatalog
) -> Iterator[Issue]:
    """Return what is to be said of keys without a price."""
    remedies = Remedies(catalog)
    for row in np.flatnonzero(prices.sku < 0):
        reason = prices.reason[row]
        if reason is None:  # no key at all: expansion has said why
            continue
        key = (usage.service_code[row], usage.region_id[row], usage.usage_type[row])
        operation = usage.operation[row]
        remedy = ""
        if reason is IssueReason.NO_SKU:
            remedy = remedies.say(*key, operation)
        elif reason is IssueReason.AMBIGUOUS_SKU:
            remedy = remedies.choices(*key, operation)
        text = " ".join([*key, operation] if operation else key)
        yield _issue(spec, usage, int(row), reason, f"{reason.value} ({text}){remedy}")


def open_tier_issues(
    spec: ArchitectureSpec, usage: UsageTable, prices: LinePrices, list_cost: Floats
) -> Iterator[Issue]:
    """Report quantities that reach a tier without a public price (Firehose above 5 PB)."""
    has_quantity = (prices.sku >= 0) & ~np.isnan(usage.quantity)
    for row in np.flatnonzero(has_quantity & np.isnan(list_cost)):
        amount = f"{usage.quantity[row]:,.0f} {usage.unit[row]}"
        says = f"AWS publishes no price for so much ({amount}, all the account's tiers filled)"
        yield _issue(spec, usage, int(row), IssueReason.NOT_PRICED, says)


def later_prices(
    spec: ArchitectureSpec, usage: UsageTable, prices: LinePrices, bought: Texts, as_of: date
) -> Iterator[Issue]:
    """Report prices and purchase rates (published on a day, (n,), or "") of after a day."""
    day = as_of.isoformat()
    for row, sku in enumerate(prices.sku):
        listed = prices.skus[sku].published if sku >= 0 else ""
        for what, published in (("price", listed), ("purchase rate", bought[row])):
            if published > day:
                says = (
                    f"the {what} was published on {published}, after {as_of}; "
                    "the catalog holds no earlier one"
                )
                yield _issue(spec, usage, row, IssueReason.NO_RATE_AT_DATE, says)


def _issue(
    spec: ArchitectureSpec, usage: UsageTable, row: int, reason: IssueReason, says: str
) -> Issue:
    address = spec.resources[usage.resource[row]].address
    return Issue(reason, address, f"{usage.name[row]}: {says}")
