"""Usage × catalog → cost: what an architecture costs a month, line by line, unknowns shown.

Distinct price keys are matched once; tiers are filled by the whole account (``pool_tiers``), as
AWS bills them. A row without a price keeps NaN and an issue; it is never given a default.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Literal

import numpy as np

from costmodel.catalog.catalog import PriceCatalog
from costmodel.catalog.tables import GLOBAL_REGION
from costmodel.engine.tiers import pooled_cost
from costmodel.errors import IncompleteEstimateError, Issue, IssueReason
from costmodel.estimate.free_tier import FreeTier, free_quantity
from costmodel.estimate.line_prices import (
    find_prices,
    later_prices,
    open_tier_issues,
    price_issues,
)
from costmodel.estimate.purchase import buy
from costmodel.estimate.result import CatalogStamp, Coverage, Estimate
from costmodel.usage.expand import Expander
from costmodel.usage.spec import ArchitectureSpec, Resource
from costmodel.usage.table import Floats, Ints, UsageTable

Pooling = Literal["account", "resource"]
# us-esat-1 is us-east-1 misspelt; xx-north-1 is not eu-north-1.
_ALIKE = 0.85
# Terraform providers whose resources are files, random numbers or clocks: never on an AWS bill.
_LOCAL_PROVIDERS = ("random_", "null_", "local_", "tls_", "time_", "archive_", "external_",
                    "template_", "terraform_", "http_")  # fmt: skip


def estimate_spec(
    spec: ArchitectureSpec,
    catalog: PriceCatalog,
    *,
    pool_tiers: Pooling = "account",
    as_of: date | None = None,
    free_tier: FreeTier = "none",
    discount_percent: float = 0.0,
) -> Estimate:
    """Return what an architecture costs a month.

    Args:
        spec: resources; every one needs a region, its own or the spec's.
        catalog: the prices.
        pool_tiers: ``account`` fills one tier ladder per SKU with all resources, as AWS does;
            ``resource`` prices each resource as if it were alone.
        as_of: the month to price (extended support depends on it); prices published later are
            reported, since the catalog holds one date per price. The catalog's date by default.
        free_tier: subtract the account's free allowances once.
        discount_percent: private discount on the effective cost of every line.
    """
    regions, issues = _regions(spec, catalog)
    known = {*catalog.regions, *catalog.zones, GLOBAL_REGION}
    for region in sorted({r for r in regions if r is not None and r not in known}):
        issues.append(_unknown_region(region, known))
    month = as_of or date.fromisoformat(catalog.published)
    usage, expand_issues = catalog.derived(_expander).expand(spec.resources, regions, month)
    prices = find_prices(usage, catalog)
    if pool_tiers == "resource":
        usage = replace(usage, pools_tiers=np.zeros(len(usage), dtype=bool))
    free = free_quantity(usage, catalog.free_allowances, free_tier)
    list_cost = pooled_cost(prices.tiers, prices.sku, usage.quantity - free, _pools(usage))
    purchased = buy(usage, list_cost, catalog).discounted(discount_percent)
    all_issues = [*spec.issues, *issues, *expand_issues]
    all_issues += price_issues(spec, usage, prices, catalog)
    all_issues += open_tier_issues(spec, usage, prices, list_cost)
    all_issues += [
        Issue(reason, spec.resources[usage.resource[row]].address, message)
        for row, reason, message in purchased.issues
    ]
    if as_of is not None:
        all_issues += later_prices(spec, usage, prices, purchased.published, as_of)
    coverage, type_issues = _coverage(
        spec, usage, prices.sku, list_cost + purchased.effective_cost, catalog
    )
    return Estimate(
        spec=spec,
        usage=usage,
        prices=prices,
        list_cost=list_cost,
        free_quantity=free,
        purchased=purchased,
        issues=list(dict.fromkeys([*all_issues, *type_issues])),
        coverage=coverage,
        catalog=CatalogStamp(catalog.version, catalog.published, catalog.currency),
    )


def _expander(catalog: PriceCatalog) -> Expander:
    return Expander(catalog.sheets, catalog.lookup_tables)


def require_complete(estimate: Estimate) -> Estimate:
    """Return the estimate if every line has a price and every type and value is known.

    Raises:
        IncompleteEstimateError: something has no price or was not understood; the message names
            the first of it.
    """
    coverage = estimate.coverage
    refused = [i for i in estimate.issues if i.reason is IssueReason.UNKNOWN_VALUE]
    lacking = [
        _counted(number, one, several)
        for number, one, several in (
            (coverage.unpriced_lines, "line has no price", "lines have no price"),
            (coverage.unsupported, "resource is not known", "resources are not known"),
            (len(refused), "value is not valid", "values are not valid"),
        )
        if number
    ]
    if lacking:
        first = next((f"{i.address}: {i.message}" for i in estimate.issues), "see the issues")
        raise IncompleteEstimateError(f"{', '.join(lacking)}; {first}")
    return estimate


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _regions(
    spec: ArchitectureSpec, catalog: PriceCatalog
) -> tuple[list[str | None], list[Issue]]:
    regions = [resource.region or spec.region for resource in spec.resources]
    lacking = [
        resource.address
        for resource, region in zip(spec.resources, regions, strict=True)
        if region is None and resource.type in catalog.sheets
    ]
    if not lacking:
        return regions, []
    return regions, [
        Issue(
            IssueReason.MISSING_INPUT,
            lacking[0],
            f"no region given for {_counted(len(lacking), 'resource', 'resources')}: set it in "
            "the spec or with --region",
        )
    ]


def _unknown_region(region: str, known: Collection[str]) -> Issue:
    from difflib import get_close_matches

    close = get_close_matches(region.strip().lower(), sorted(known), 1, _ALIKE)
    hint = f"; did you mean {close[0]}?" if close else ""
    if region.startswith("cn-"):
        hint = "; the catalog has no prices of AWS China, which sells in CNY"
    return Issue(IssueReason.UNKNOWN_REGION, region, f"region {region!r} is not known{hint}")


def _pools(usage: UsageTable) -> Ints:
    """Return the tier pool of each row (n,): 0 the account, above it one per resource."""
    return np.where(usage.pools_tiers, 0, usage.resource + 1).astype(np.intp)


def _coverage(
    spec: ArchitectureSpec,
    usage: UsageTable,
    sku: Ints,
    costs: Floats,
    catalog: PriceCatalog,
) -> tuple[Coverage, list[Issue]]:
    """Return what has a price, and the types nobody knows; ``costs`` is NaN where unknown."""
    has_price = np.zeros(len(spec.resources), dtype=bool)
    has_price[usage.resource[sku >= 0]] = True
    free = unsupported = 0
    issues: list[Issue] = []
    for number, resource in enumerate(spec.resources):
        if has_price[number]:
            continue
        if _is_free(resource, catalog):
            free += 1
        elif resource.type not in catalog.sheets:
            unsupported += 1
            issues.append(_unknown_type(resource, catalog))
    # No price, no rate for how it is bought, or no quantity: the total lacks it.
    unpriced = int(np.sum(np.isnan(costs) & ~usage.is_usage_based))
    coverage = Coverage(len(spec.resources), int(has_price.sum()), free, unsupported, unpriced)
    return coverage, issues


def _is_free(resource: Resource, catalog: PriceCatalog) -> bool:
    if resource.type.startswith(_LOCAL_PROVIDERS):
        return True
    if catalog.sheets.free_reason(resource.type) is not None:
        return True
    kind = catalog.sheets.get_kind(resource.type)
    return kind is not None and not kind.sheet.meters and not kind.sheet.children


def _unknown_type(resource: Resource, catalog: PriceCatalog) -> Issue:
    close = catalog.sheets.nearest(resource.type)
    hint = f"; did you mean {close}?" if close else ""
    return Issue(
        IssueReason.UNKNOWN_RESOURCE_TYPE,
        resource.address,
        f"resource type {resource.type!r} has no service sheet{hint}",
    )
