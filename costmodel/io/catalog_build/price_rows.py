"""The rates of every other service: rates.parquet of the source as rate rows."""

from pathlib import Path

import pandas as pd

from costmodel.catalog.tables import GLOBAL_REGION
from costmodel.io.catalog_build.frames import rate_frame
from costmodel.io.catalog_build.names import service_codes

_TEXTS = (
    "usage_type_base", "operation", "description", "rate_code", "attributes", "name_basis",
    "price_map", "lease", "payment_option", "product_family", "unit",
)  # fmt: skip


def read_price_rows(source: Path) -> pd.DataFrame:
    """Return rates.parquet as given, absent text as "" and usage-type bases filled in."""
    given = pd.read_parquet(source / "rates.parquet")
    given[list(_TEXTS)] = given[list(_TEXTS)].fillna("")
    return given


def to_rates(given: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Return the source's rows as rate rows."""
    frame = rate_frame(
        {
            "x_ServiceCode": given["service_code"].replace(service_codes()),
            "RegionId": _region_ids(given),
            "x_UsageType": _base_usage_types(given, regions),
            "x_Operation": given["operation"],
            "x_ProductFamily": given["product_family"],
            "x_SkuDescription": given["description"],
            "PricingUnit": given["unit"],
            "x_TermType": given["term_type"],
            "LeaseContractLength": given["lease"],
            "PurchaseOption": given["payment_option"],
            "BeginRange": given["begin_range"],
            "EndRange": given["end_range"],
            "ListUnitPrice": given["usd_per_unit"],
            "SkuPriceId": given["rate_code"],
            "x_Basis": given["basis"],
            "x_NameBasis": given["name_basis"],
            "x_Published": given["published"],
        }
    )
    frame["x_Map"] = given["price_map"]
    frame["x_Attributes"] = given["attributes"]
    return frame


def _region_ids(given: pd.DataFrame) -> pd.Series:
    """Return the AWS region or zone; edge geographies are global."""
    region = given["region"]
    return region.where(region.str.match(r"^[a-z]{2}(-gov)?-[a-z]+-\d"), GLOBAL_REGION)


def _base_usage_types(given: pd.DataFrame, regions: pd.DataFrame) -> pd.Series:
    """Return usage types without the paying region's prefix.

    Traffic between regions keeps the other region (``EUC1-AWS-Out-Bytes``); rows the source gives
    no base for (derived ones) lose the prefix of their own region.
    """
    base = given["usage_type_base"].copy()
    between = base == "AWS-Out-Bytes"
    base[between] = given.loc[between, "usage_type"].str.split("-", n=1).str[1]
    prefix_of = regions.set_index("region")["usage_type_prefix"].fillna("")
    missing = (base == "") & (given["usage_type"] != "")
    rows = given[missing]
    base[missing] = [
        usage.removeprefix(f"{prefix_of[region]}-")
        for usage, region in zip(rows["usage_type"], rows["region"], strict=True)
    ]
    return base
