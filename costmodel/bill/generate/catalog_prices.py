"""The offers of a generated bill from the price catalog."""

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from costmodel.bill.generate.menu import METERS, Meter
from costmodel.bill.generate.plan import HOURS_IN_TERM
from costmodel.bill.generate.prices import NONE, Offer, PriceTable, build_price_table
from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import BadInputError

# The regions a generated organisation uses, largest first.
USUAL_REGIONS: Final = (
    "us-east-1", "eu-west-1", "us-west-2", "eu-central-1", "ap-southeast-1", "us-east-2",
    "ap-northeast-1", "ap-south-1",
)  # fmt: skip
_RESERVED_SERVICES = ("AmazonEC2",)
_Key = tuple[str, str, str]  # region, usage type, operation


def catalog_price_table(
    catalog: PriceCatalog, regions: Sequence[str] = USUAL_REGIONS
) -> PriceTable:
    """Return the offers of the menu that the catalog sells in some regions.

    Raises:
        BadInputError: a region is not one of the catalog's.
    """
    prefixes = catalog.regions
    for region in regions:
        if region not in prefixes:
            raise BadInputError(f"region {region} is not in the catalog: choose an AWS region")
    names = _region_names(catalog)
    services = dict.fromkeys(meter.service_code for meter in METERS)
    tiers = {service: _tiers(catalog, service, regions) for service in services}
    reserved = _reserved_rates(catalog, regions)
    planned, spot = _plan_rates(catalog, regions), _spot_prices(catalog, regions)
    offers = []
    for region in regions:
        for meter in METERS:
            key = (region, meter.usage_type, meter.operation)
            rows = tiers[meter.service_code].get(key) or tiers[meter.service_code].get(
                (region, meter.usage_type, "")
            )
            if rows:
                offer = _offer(meter, region, names[region], prefixes[region], rows)
                effective = reserved.get(key, NONE)
                offers.append(
                    offer._replace(
                        # Partial upfront: half of the year is paid at the start.
                        reserved_hourly=effective / 2,
                        reserved_upfront=effective / 2 * HOURS_IN_TERM,
                        savings_plan_rate=planned.get(key, NONE),
                        spot_price=spot.get(key, NONE),
                    )
                )
    return build_price_table(offers)


def _region_names(catalog: PriceCatalog) -> dict[str, str]:
    return {row["RegionId"]: row["RegionName"] for row in catalog.loader.regions()}


def _offer(
    meter: Meter, region: str, region_name: str, prefix: str, rows: list[dict[str, Any]]
) -> Offer:
    code = [row["SkuPriceId"] or "" for row in rows]
    return Offer(
        meter=meter,
        region_id=region,
        region_name=region_name,
        usage_type=f"{prefix}-{meter.usage_type}" if prefix else meter.usage_type,
        pricing_unit=rows[0]["PricingUnit"] or "Units",
        sku=code[0].partition(".")[0],
        begin_range=tuple(row["BeginRange"] for row in rows),
        unit_price=tuple(row["ListUnitPrice"] for row in rows),
        rate_code=tuple(code),
    )


def _tiers(
    catalog: PriceCatalog, service: str, regions: Sequence[str]
) -> dict[_Key, list[dict[str, Any]]]:
    """Return the tier rows of each key that has one price; keys with several are left out."""
    wanted = pa.array([meter.usage_type for meter in METERS if meter.service_code == service])
    rows = catalog.rates(service, regions)
    is_menu = pc.is_in(rows["x_UsageType"], value_set=wanted)
    rows = rows.filter(pc.and_(pc.equal(rows["x_TermType"], "OnDemand"), is_menu))
    ladders: dict[_Key, dict[str, list[dict[str, Any]]]] = {}
    for row in rows.to_pylist():
        key = (row["RegionId"], row["x_UsageType"], row["x_Operation"])
        ladders.setdefault(key, {}).setdefault(row["x_Variant"], []).append(row)
    return {key: _one_price(list(variants.values())) for key, variants in ladders.items()}


def _one_price(ladders: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the tiers all products of a key share, or none where they differ."""
    shapes = {tuple((row["BeginRange"], row["ListUnitPrice"]) for row in rows) for rows in ladders}
    if len(shapes) > 1:
        return []
    # Of products with one price take the one whose unit is known.
    return max(ladders, key=lambda rows: bool(rows[0]["PricingUnit"]))


def _reserved_rates(catalog: PriceCatalog, regions: Sequence[str]) -> dict[_Key, float]:
    """Return effective hourly rates: standard, one year, partial upfront."""
    found: dict[_Key, float] = {}
    for service in _RESERVED_SERVICES:
        for region in regions:
            rows = _only(
                catalog.reserved(service, region),
                LeaseContractLength="1yr",
                PurchaseOption="Partial Upfront",
                OfferingClass="standard",
            )
            found |= _by_key(rows, "x_EffectiveUnitPrice")
    return found


def _plan_rates(catalog: PriceCatalog, regions: Sequence[str]) -> dict[_Key, float]:
    found: dict[_Key, float] = {}
    for region in regions:
        rows = _only(
            catalog.savings_plan_rates("Compute", region),
            LeaseContractLength="1yr",
            PurchaseOption="No Upfront",
        )
        found |= _by_key(rows, "ListUnitPrice")
    return found


def _spot_prices(catalog: PriceCatalog, regions: Sequence[str]) -> dict[_Key, float]:
    return {
        (row["RegionId"], f"BoxUsage:{row['x_InstanceType']}", row["x_Operation"]): row[
            "ListUnitPrice"
        ]
        for region in regions
        for row in catalog.spot(region).to_pylist()
    }


def _only(table: pa.Table, **values: str) -> list[dict[str, Any]]:
    for column, value in values.items():
        table = table.filter(pc.equal(table[column], value))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _by_key(rows: list[dict[str, Any]], price: str) -> dict[_Key, float]:
    return {(row["RegionId"], row["x_UsageType"], row["x_Operation"]): row[price] for row in rows}
