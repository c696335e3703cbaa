"""The price catalog: every public price as immutable tables, read service by service when asked.

The catalog never touches files: a loader of ``io.catalog_store`` is handed in. What a service's
bills call things (product codes) and what the price list calls them differ; ``aliases`` says how.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costmodel.catalog.aliases import MOST_ALIASES, price_list_service
from costmodel.catalog.arrow import (
    empty_rates,
    is_text,
    numbers,
    places,
    plain_text,
    repeated,
    row_array,
    text_array,
)
from costmodel.catalog.library import SheetLibrary
from costmodel.catalog.lookup import LookupTables
from costmodel.catalog.match import (
    AMBIGUOUS,
    NO_SKU,
    Ints,
    Keys,
    ServiceRates,
    index_rates,
    match_keys,
)
from costmodel.catalog.tables import GLOBAL_REGION
from costmodel.catalog.usage_type import Texts, strip_prefixes, usage_type_prefixes
from costmodel.engine.tiers import TierTable, build_tier_table
from costmodel.errors import BadInputError, IssueReason
from costmodel.result import Shown

_Derived = TypeVar("_Derived")


class CatalogLoader(Protocol):
    """Reads the tables of one stored catalog; see ``io.catalog_store``."""

    def manifest(self) -> Mapping[str, Any]:
        """Return the manifest."""

    def regions(self) -> Sequence[Mapping[str, str]]:
        """Return RegionId, RegionName, x_Prefix and x_RegionKind of every region and zone."""

    def services(self) -> Sequence[str]:
        """Return the service codes that have rates."""

    def rates(self, service_code: str, regions: Sequence[str] | None) -> pa.Table:
        """Return a service's rate rows in catalog order; None is every region."""

    def find_rate_codes(self, codes: pa.Array) -> pa.Table:
        """Return the rate rows of the rate codes that exist, one each."""

    def reserved(self, service_code: str, regions: Sequence[str] | None) -> pa.Table:
        """Return a service's reserved offers, one row each."""

    def table(self, name: str, regions: Sequence[str] | None) -> pa.Table:
        """Return another table by its name in the manifest."""

    def sheet_texts(self) -> Mapping[str, str]:
        """Return the text of every service sheet by its file name."""

    def free_resources(self) -> Sequence[str]:
        """Return the resource types that cost nothing by themselves."""

    def free_allowances(self) -> Sequence[Mapping[str, Any]]:
        """Return the free allowances a month."""


class RateMatch(NamedTuple):
    """What a set of keys resolved to; ``n`` keys, ``s`` matched SKUs."""

    sku: Ints  # (n,) SKU number, -1 where there is none
    tiers: TierTable  # tiers of the matched SKUs
    skus: pa.Table  # (s,) first tier row of each matched SKU, rate columns
    reason: Texts  # (n,) IssueReason, or None where matched


@dataclass
class PriceCatalog(Shown):
    """Prices by (service, region, usage type, operation) and by rate code."""

    report_module: ClassVar[str] = "costmodel.report.catalog"

    loader: CatalogLoader
    _rates: "dict[str, _Loaded]" = field(default_factory=dict)
    _prefixes: dict[str, str] = field(default_factory=dict)
    _derived: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def sheets(self) -> SheetLibrary:
        """Every service sheet, parsed when a resource of it is met."""
        free = dict.fromkeys(self.loader.free_resources(), "no charge of its own")
        return SheetLibrary(self.loader.sheet_texts(), free)

    @cached_property
    def free_allowances(self) -> Sequence[Mapping[str, Any]]:
        """Free allowances a month: service_code, usage_types, quantity, kind."""
        return self.loader.free_allowances()

    @cached_property
    def lookup_tables(self) -> LookupTables:
        """The look-up tables every sheet may read."""
        return LookupTables(self.hardware, self.regions, self.zones)

    def derived(self, make: "Callable[[PriceCatalog], _Derived]") -> _Derived:
        """Return what a higher layer makes of this catalog and keeps with it, made once."""
        if make not in self._derived:
            self._derived[make] = make(self)
        made: _Derived = self._derived[make]
        return made

    def __repr__(self) -> str:
        return f"PriceCatalog(version={self.version!r}, published={self.published!r})"

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What the catalog holds: sources, tables with hashes, notes."""
        return self.loader.manifest()

    @property
    def version(self) -> str:
        """Catalog version, CalVer."""
        return str(self.loader.manifest()["version"])

    @property
    def published(self) -> str:
        """Newest publication date of the on-demand prices."""
        return str(self.loader.manifest()["published"])

    @property
    def currency(self) -> str:
        """Currency of every price."""
        return str(self.loader.manifest()["currency"])

    @property
    def services(self) -> Sequence[str]:
        """Service codes that have rates."""
        return self.loader.services()

    @cached_property
    def regions(self) -> Mapping[str, str]:
        """Region → usage-type prefix (``us-east-1`` → "", ``eu-west-1`` → "EU")."""
        return {
            row["RegionId"]: row["x_Prefix"]
            for row in self.loader.regions()
            if row["x_RegionKind"] == "region"
        }

    @cached_property
    def zones(self) -> Sequence[str]:
        """Local and wavelength zones that have prices of their own."""
        rows = self.loader.regions()
        return [row["RegionId"] for row in rows if row["x_RegionKind"] == "zone"]

    @property
    def prefixes(self) -> dict[str, str]:
        """Every usage-type prefix and the region or zone it names."""
        if not self._prefixes:
            self._prefixes.update(usage_type_prefixes(self.regions, self.zones))
        return self._prefixes

    def strip_region_prefix(self, usage_types: Any, service_code: str = "") -> tuple[Texts, Texts]:
        """Return region (None where not named) and base of billed usage types, both (n,)."""
        return strip_prefixes(usage_types, self.prefixes, service_code)

    def match(
        self,
        service_code: Any,
        region_id: Any,
        usage_type: Any,
        operation: Any,
        variant: Any = None,
    ) -> RateMatch:
        """Find the SKU of each distinct key; see ``catalog.match`` for the ladder.

        Args:
            service_code: (n,) price-list service codes or bill product codes.
            region_id: (n,) AWS region or zone codes.
            usage_type: (n,) usage types without region prefix.
            operation: (n,) operation codes; "" is any, unless that is ambiguous.
            variant: (n,) x_Variant to pick among products that share a key; None or "" is none.
        """
        services = np.asarray(service_code, dtype=object)
        asked = Keys(
            *(
                _texts(values, len(services))
                for values in (region_id, usage_type, operation, variant)
            )
        )
        found = _Found(len(services))
        for rank in range(MOST_ALIASES):
            for code, keys in _keys_by_service(services, found.open_keys(), rank).items():
                if code in self.loader.services():
                    part = Keys(*(values.take(row_array(keys)) for values in asked))
                    found.add(keys, self._service_rates(code, part.region), part)
        return found.result()

    def match_rate_codes(self, codes: Any) -> RateMatch:
        """Find the price of each rate code (``SkuPriceId``, CUR ``pricing/RateCode``).

        A rate code names one tier, so each is a SKU with that one price.
        """
        asked = _texts(codes, len(codes))
        rows = self.loader.find_rate_codes(pc.unique(asked))
        sku = places(asked, plain_text(rows["SkuPriceId"])).astype(np.intp)
        one_tier = build_tier_table(
            np.arange(len(rows) + 1), np.zeros(len(rows)), numbers(rows["ListUnitPrice"])
        )
        return RateMatch(sku, one_tier, rows, _reasons(sku))

    def rates(self, service_code: str, regions: Sequence[str] | None = None) -> pa.Table:
        """Return every rate row of a service: on-demand, free tier and reserved."""
        return self.loader.rates(service_code, regions)

    def find_prices(
        self,
        service_code: str,
        *,
        region_id: str | None = None,
        usage_type: str = "*",
        operation: str | None = None,
    ) -> pa.Table:
        """Return the rate rows of a service whose usage type matches a pattern (* and ?).

        Raises:
            BadInputError: the service or region is not one the catalog knows.
        """
        _check_known("service", service_code, self.services)
        regions = None
        if region_id is not None:
            known = [*self.regions, *self.zones, GLOBAL_REGION]
            _check_known("region", region_id, known)
            regions = [region_id]
        rows = self.loader.rates(service_code, regions)
        usage = plain_text(rows["x_UsageType"])
        rows = rows.filter(pc.match_substring_regex(usage, pattern=_glob_pattern(usage_type)))
        if operation is not None:
            rows = rows.take(row_array(np.flatnonzero(is_text(rows["x_Operation"], operation))))
        return rows

    def reserved(self, service_code: str, region_id: str | None = None) -> pa.Table:
        """Return the reserved offers of a service; columns in ``catalog.reserved``."""
        regions = None if region_id is None else [region_id]
        return self.loader.reserved(service_code, regions)

    def savings_plan_rates(self, plan_type: str, region_id: str | None = None) -> pa.Table:
        """Return the rates of a plan type: EC2Instance, Compute or Database."""
        regions = None if region_id is None else [region_id]
        return self.loader.table(f"savings_plans/{plan_type}", regions)

    def spot(self, region_id: str | None = None) -> pa.Table:
        """Return the current spot prices."""
        regions = None if region_id is None else [region_id]
        return self.loader.table("spot/current", regions)

    def spot_history(self, region_id: str | None = None) -> pa.Table:
        """Return monthly mean, minimum and maximum spot prices."""
        regions = None if region_id is None else [region_id]
        return self.loader.table("spot/history_monthly", regions)

    def spot_interruption(self, region_id: str | None = None) -> pa.Table:
        """Return the interruption-frequency bucket and usual saving per instance type."""
        regions = None if region_id is None else [region_id]
        return self.loader.table("spot/interruption", regions)

    def hardware(self) -> pa.Table:
        """Return the instance types: vCPU, memory, network and EBS limits, burst model."""
        return self.loader.table("hardware/instance_types", None)

    def _service_rates(self, service_code: str, regions: pa.Array) -> ServiceRates:
        """Return the service's index over at least the regions asked for."""
        known = self._rates.get(service_code)
        loaded = known.regions if known else frozenset()
        wanted = loaded | set(pc.unique(regions).to_pylist()) | {GLOBAL_REGION}
        if known is not None and wanted == loaded:
            return known.rates
        rows = self.loader.rates(service_code, sorted(wanted))
        named = is_text(rows["x_TermType"], "OnDemand") & ~is_text(rows["x_UsageType"], "")
        rates = index_rates(rows.take(row_array(np.flatnonzero(named))))
        # One assignment: another thread finds an index with the regions it holds, or none.
        self._rates[service_code] = _Loaded(wanted, rates)
        return rates


class _Loaded(NamedTuple):
    """The index of one service, and the regions it holds."""

    regions: frozenset[str]
    rates: ServiceRates


def _glob_pattern(glob: str) -> str:
    """Return a pattern with * and ? as an anchored regular expression."""
    return "^" + re.escape(glob).replace(r"\*", ".*").replace(r"\?", ".") + "$"


def _check_known(kind: str, name: str, known: Sequence[str]) -> None:
    if name in known:
        return
    folded = {text.casefold(): text for text in known}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.0)
    hint = f"; did you mean {folded[near[0]]}?" if near else ""
    raise BadInputError(f"no {kind} {name} in the catalog{hint}")


class _Found:
    """Collects the SKUs of keys service by service."""

    def __init__(self, count: int) -> None:
        self.sku = np.full(count, NO_SKU, dtype=np.intp)
        self._rows: list[pa.Table] = []
        self._widths: list[Ints] = []
        self._count = 0

    def open_keys(self) -> Ints:
        """Return the keys without a price so far; an ambiguous one stays ambiguous."""
        return np.flatnonzero(self.sku == NO_SKU)

    def add(self, keys: Ints, rates: ServiceRates, asked: Keys) -> None:
        """Match some keys in one service."""
        local = match_keys(rates, asked)
        self.sku[keys[local == AMBIGUOUS]] = AMBIGUOUS
        matched = local >= 0
        skus, number = np.unique(local[matched], return_inverse=True)
        self.sku[keys[matched]] = self._count + number
        width = rates.first[skus + 1] - rates.first[skus]
        self._rows.append(rates.rows.take(row_array(_ranges(rates.first[skus], width))))
        self._widths.append(width)
        self._count += len(skus)

    def result(self) -> RateMatch:
        """Return the matched SKUs of all services as one table and one tier table."""
        rows = pa.concat_tables(self._rows) if self._rows else empty_rates()
        first = np.concatenate([[0], *self._widths]).cumsum().astype(np.intp)
        tiers = build_tier_table(
            first, numbers(rows["BeginRange"]), numbers(rows["ListUnitPrice"])
        )
        sku = np.maximum(self.sku, NO_SKU)
        return RateMatch(sku, tiers, rows.take(row_array(first[:-1])), _reasons(self.sku))


def _ranges(start: Ints, width: Ints) -> Ints:
    """Return start, start + 1, … for each width, end to end."""
    ends = np.cumsum(width)
    inside = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - width, width)
    rows: Ints = np.repeat(start, width) + inside
    return rows


def _reasons(sku: Ints) -> Texts:
    reasons = np.full(len(sku), None, dtype=object)
    reasons[sku == NO_SKU] = IssueReason.NO_SKU
    reasons[sku == AMBIGUOUS] = IssueReason.AMBIGUOUS_SKU
    return reasons


def _texts(values: Any, count: int) -> pa.Array:
    if values is None:
        return repeated("", count)
    return text_array(values)


def _keys_by_service(services: Texts, open_keys: Ints, rank: int) -> dict[str, Ints]:
    """Return for each service to look in at this rank the numbers of the open keys."""
    asked: dict[str, list[int]] = {}
    for key in open_keys.tolist():
        code = price_list_service(services[key] or "", rank)
        if code is not None:
            asked.setdefault(code, []).append(key)
    return {code: np.array(keys, dtype=np.intp) for code, keys in asked.items()}
