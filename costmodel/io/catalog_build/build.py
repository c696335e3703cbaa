"""From the source folder to all tables of the catalog."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from costmodel.errors import CatalogError
from costmodel.io.catalog_build import ec2, hand
from costmodel.io.catalog_build.frames import plain_table, rate_table
from costmodel.io.catalog_build.names import name_reserved, name_rows
from costmodel.io.catalog_build.price_rows import read_price_rows, to_rates
from costmodel.io.catalog_build.products import tell_products_apart
from costmodel.io.catalog_build.tier_repair import mend_tiers
from costmodel.io.catalog_build.variants import drop_copies, separate

SOURCES = (
    "database_savings_plans.parquet",
    "ec2_hosts_and_credits_eu-west-1.parquet",
    "ec2_on_demand.parquet",
    "ec2_reserved.parquet",
    "ec2_savings_plans.parquet",
    "ec2_spot.parquet",
    "ec2_spot_history_monthly.parquet",
    "instance_types.parquet",
    "rates.parquet",
    "rates_compiled_by_hand.csv",
    "regions.csv",
    "sagemaker_instances.parquet",
    "spot_interruption.parquet",
)


@dataclass(frozen=True, slots=True)
class BuiltCatalog:
    """Every table by its name (path without suffix), and what the manifest says about them."""

    tables: dict[str, pa.Table]
    sources: list[dict[str, Any]]
    notes: list[dict[str, str]]


def build_catalog(source: Path) -> BuiltCatalog:
    """Return all tables of the catalog.

    Raises:
        CatalogError: the folder lacks a source table.
    """
    missing = [name for name in SOURCES if not (source / name).is_file()]
    if missing:
        raise CatalogError(f"{source}: lacks {', '.join(missing)}; give the price-data folder")
    regions = pd.read_csv(source / "regions.csv", keep_default_na=False)
    rates, notes = _rates(source, regions)
    tables = {f"rates/{code}": rate_table(rows) for code, rows in rates.groupby("x_ServiceCode")}
    tables["reserved/AmazonEC2"] = plain_table(ec2.reserved_rates(source))
    for plan, rows in ec2.savings_plan_rates(source).items():
        tables[f"savings_plans/{plan}"] = plain_table(rows)
    tables["savings_plans/Database"] = plain_table(
        hand.database_savings_plan_rates(source, regions)
    )
    for name, rows in ec2.spot_rates(source).items():
        tables[f"spot/{name}"] = plain_table(rows)
    tables["hardware/instance_types"] = _hardware(source)
    tables["regions"] = _region_table(regions, rates)
    sources = [
        {"file": name, "sha256": hashlib.sha256((source / name).read_bytes()).hexdigest()}
        for name in SOURCES
    ]
    return BuiltCatalog(dict(sorted(tables.items())), sources, notes)


def _rates(source: Path, regions: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Return every rate row, named, told apart and with sound tiers, and what was mended."""
    collected = to_rates(read_price_rows(source), regions)
    reserved = collected["x_TermType"] == "Reserved"
    by_hand = [
        hand.hand_compiled_rates(source, regions),
        hand.free_traffic_rates(regions),
        hand.ebs_optimized_rates(source),
        hand.host_rates(source),
        hand.sagemaker_rates(source),
    ]
    named = tell_products_apart(name_rows(collected[~reserved], regions))
    usage = separate(drop_copies(pd.concat([named, *by_hand], ignore_index=True)))
    instances = [ec2.on_demand_rates(source), ec2.host_rates(source)]
    every = [usage, *instances, name_reserved(collected[reserved], usage)]
    return mend_tiers(pd.concat(every, ignore_index=True))


def _region_table(regions: pd.DataFrame, rates: pd.DataFrame) -> pa.Table:
    """Return regions, and the local and wavelength zones that have prices of their own."""
    zones = sorted(set(rates["RegionId"]) - set(regions["region"]) - {"global"})
    rows: dict[str, list[Any]] = {
        "RegionId": [*regions["region"], *zones],
        "RegionName": [*regions["location"], *([""] * len(zones))],
        "x_Prefix": [*regions["usage_type_prefix"], *([""] * len(zones))],
        "x_RegionKind": [*(["region"] * len(regions)), *(["zone"] * len(zones))],
    }
    return pa.table(rows)


def _hardware(source: Path) -> pa.Table:
    """Return the instance types as given, with unknown flags and numbers null."""
    given = pq.read_table(source / "instance_types.parquet").sort_by("instance_type")
    return given.replace_schema_metadata(None)
