"""What the sheets and the catalog cover: service × kinds × priced meters × regions × models.

Regions are counted by the price rows a meter's usage type can name; a zone of a region is none.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from costmodel.catalog.catalog import PriceCatalog
from costmodel.catalog.sheet import Meter, ResourceSheet, ServiceSheet
from costmodel.engine.formula.template import Template
from costmodel.report.table import ReportColumn, ReportTable

_MODELS = {"Reserved": "reserved", "SavingsPlan": "savings plan", "Spot": "spot"}
_FREE_KINDS = {"always": "always", "first-year": "first year"}
ANYWHERE = "global"


@dataclass(frozen=True, slots=True)
class MeterCoverage:
    """One meter and the regions in which a price row can carry its usage type."""

    meter: Meter
    regions: frozenset[str]


@dataclass(frozen=True, slots=True)
class ServiceCoverage:
    """One sheet: its kinds with their meters, and what the catalog holds for them.

    Attributes:
        sheet: the service sheet.
        kinds: kinds a user names, hidden parts left out.
        meters: kind → its meters (hidden parts included).
        regions: regions in which at least one meter has a price.
        models: on-demand and what else a meter can be bought as.
        free_tier: how the service gives something free, each way once.
    """

    sheet: ServiceSheet
    kinds: tuple[ResourceSheet, ...]
    meters: Mapping[str, tuple[MeterCoverage, ...]]
    regions: frozenset[str]
    models: tuple[str, ...]
    free_tier: tuple[str, ...]

    @property
    def meter_count(self) -> int:
        """How many meters the sheet has."""
        return sum(len(meters) for meters in self.meters.values())

    @property
    def priced_count(self) -> int:
        """How many of them have a price somewhere."""
        return sum(bool(one.regions) for meters in self.meters.values() for one in meters)


def cover_services(catalog: PriceCatalog) -> list[ServiceCoverage]:
    """Return the coverage of every sheet, by the service's name."""
    prices = _Prices(catalog)
    covered = [_cover(sheet, prices) for sheet in catalog.sheets.services]
    return sorted(covered, key=lambda one: (one.sheet.service_name, one.sheet.file))


def coverage_table(services: Iterable[ServiceCoverage]) -> ReportTable:
    """Return one row per service, its name a link to its page."""
    rows = [
        [
            f"[{one.sheet.service_name}]({page_name(one.sheet)})",
            ", ".join(f"`{kind.type}`" for kind in one.kinds) or "–",
            f"{one.priced_count} of {one.meter_count}"
            if one.meter_count
            else "those of its parts",
            describe_regions(one.regions) if one.meter_count else "those of its parts",
            ", ".join(one.models) or "–",
            ", ".join(one.free_tier) or "–",
        ]
        for one in services
    ]
    heads = ("service", "kinds", "meters with a price", "regions", "pricing models", "free tier")
    return ReportTable("", [ReportColumn(head) for head in heads], rows)


def page_name(sheet: ServiceSheet) -> str:
    """Return the file name of a service's page."""
    return sheet.file.removesuffix(".toml") + ".md"


def describe_regions(regions: frozenset[str]) -> str:
    """Return how many regions, and whether some price holds wherever it is used."""
    local = len(regions - {ANYWHERE})
    if ANYWHERE not in regions:
        return str(local)
    return f"{local} and global" if local else ANYWHERE


class _Prices:
    """The usage types of the catalog, region by region, read once for each service."""

    def __init__(self, catalog: PriceCatalog) -> None:
        self.catalog = catalog
        self.regions = frozenset(catalog.regions) | {ANYWHERE}
        self.usage_types = cache(self._usage_types)
        self.tiers_begin_free = cache(self._tiers_begin_free)

    def _usage_types(self, service_code: str) -> Mapping[str, frozenset[str]]:
        if service_code not in self.catalog.services:
            return {}
        rates = self.catalog.rates(service_code).select(["x_UsageType", "RegionId"])
        found: dict[str, set[str]] = {}
        distinct = rates.group_by(["x_UsageType", "RegionId"]).aggregate([])
        for usage_type, region in zip(*(c.to_pylist() for c in distinct.columns), strict=True):
            if usage_type and region in self.regions:
                found.setdefault(usage_type, set()).add(region)
        return {usage_type: frozenset(regions) for usage_type, regions in found.items()}

    def _tiers_begin_free(self, service_code: str) -> frozenset[str]:
        """Return the usage types whose first tier is free and a further one is not."""
        if service_code not in self.catalog.services:
            return frozenset()
        rates = self.catalog.rates(service_code).select(
            ["x_UsageType", "x_TermType", "BeginRange", "ListUnitPrice"]
        )
        columns = [column.to_pylist() for column in rates.columns]
        usual = [row for row in zip(*columns, strict=True) if row[0] and row[1] == "OnDemand"]
        free = {name for name, _, begin, price in usual if begin == 0 and price == 0}
        return frozenset(name for name, _, begin, price in usual if begin > 0 and price > 0) & free

    def regions_of(self, meter: Meter) -> frozenset[str]:
        """Return the regions in which a row of the service can be the meter's."""
        pattern = _pattern(meter.usage_type)
        matching = (
            regions
            for usage_type, regions in self.usage_types(meter.service_code).items()
            if pattern.fullmatch(usage_type)
        )
        return frozenset().union(*matching)


def _cover(sheet: ServiceSheet, prices: _Prices) -> ServiceCoverage:
    meters = {
        kind.type: tuple(MeterCoverage(meter, prices.regions_of(meter)) for meter in kind.meters)
        for kind in sheet.resources.values()
    }
    every = [one for of_kind in meters.values() for one in of_kind]
    return ServiceCoverage(
        sheet=sheet,
        kinds=tuple(kind for kind in sheet.resources.values() if not kind.hidden),
        meters=meters,
        regions=frozenset().union(*(one.regions for one in every)),
        models=_models(every),
        free_tier=_free_tier(every, prices),
    )


def _models(meters: Iterable[MeterCoverage]) -> tuple[str, ...]:
    priced = [one.meter for one in meters if one.regions]
    texts = [meter.purchase.model.text for meter in priced if meter.purchase is not None]
    bought = [word for model, word in _MODELS.items() if any(model in text for text in texts)]
    return ("on-demand", *bought) if priced else ()


def _free_tier(meters: Iterable[MeterCoverage], prices: _Prices) -> tuple[str, ...]:
    used: set[tuple[str, str]] = set()
    for one in meters:
        pattern = _pattern(one.meter.usage_type)
        used |= {
            (one.meter.service_code, usage_type)
            for usage_type in prices.usage_types(one.meter.service_code)
            if pattern.fullmatch(usage_type)
        }
    kinds = {
        item["kind"]
        for item in prices.catalog.free_allowances
        for service_code, usage_type in used
        if service_code == item["service_code"]
        and any(fnmatchcase(usage_type, glob) for glob in item["usage_types"])
    }
    ways = [word for kind, word in _FREE_KINDS.items() if kind in kinds]
    if any(usage_type in prices.tiers_begin_free(code) for code, usage_type in used):
        ways.append("first tier")
    return tuple(ways)


def _pattern(usage_type: Template) -> re.Pattern[str]:
    """Return what the template's texts can be: its fixed parts with anything between."""
    return re.compile(".*".join(re.escape(part) for part in usage_type.literals))
