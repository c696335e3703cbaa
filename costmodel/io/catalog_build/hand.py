"""Small tables the price list does not give per region: compiled by hand, hosts, SageMaker.

A hand-compiled row may speak for many regions and several usage types at once (``all commercial``,
``<PFX->CPUCredits:t2|t3|t3a``, ``a / b``); each becomes one row per region and usage type.
"""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from costmodel.catalog.tables import GLOBAL_REGION
from costmodel.catalog.usage_type import strip_prefixes, usage_type_prefixes
from costmodel.io.catalog_build.frames import rate_frame

_ALL = {"all": "", "per region": "", "all commercial": "us-gov-"}


def hand_compiled_rates(source: Path, regions: pd.DataFrame) -> pd.DataFrame:
    """Return rates_compiled_by_hand.csv as rate rows; the confidence is in x_Basis."""
    with (source / "rates_compiled_by_hand.csv").open(encoding="utf-8", newline="") as file:
        given = list(csv.DictReader(file))
    prefix_of = dict(zip(regions["region"], regions["usage_type_prefix"], strict=True))
    rows = [
        row for line in given if not _is_in_price_list(line) for row in _expand(line, prefix_of)
    ]
    return rate_frame({name: [row[name] for row in rows] for name in rows[0]})


def _is_in_price_list(line: dict[str, str]) -> bool:
    """Return whether the line only repeats a tier the price list has, or is too unsure to price.

    Rows "in the region tier table" repeat the free first tier of DynamoDB and SNS; the S3
    Transfer Acceleration row has low confidence and the price list has those usage types.
    """
    return line["region"] == "per region" or line["confidence"] == "low"


def _expand(line: dict[str, str], prefix_of: dict[str, str]) -> Iterator[dict[str, Any]]:
    free_tier = line["term"].startswith("FreeTier")
    excluded = _ALL.get(line["region"], "never")
    many = [name for name in prefix_of if not (excluded and name.startswith(excluded))]
    regions = many if line["region"] in _ALL else [line["region"]]
    prefixes = usage_type_prefixes(prefix_of)
    for usage in _usage_types(line["usage_type"]):
        base = strip_prefixes([usage], prefixes, line["service_code"])[1][0]
        for region in regions:
            yield {
                "x_ServiceCode": line["service_code"],
                "RegionId": region,
                "x_UsageType": base,
                "x_Operation": _operation(line),
                "x_ProductFamily": line["product_family"],
                "x_SkuDescription": line["description"],
                "PricingUnit": line["unit"],
                "x_TermType": "FreeTier" if free_tier else "OnDemand",
                "BeginRange": float(line["tier_begin"]),
                "EndRange": math.inf if line["tier_end"] == "Inf" else float(line["tier_end"]),
                "ListUnitPrice": float(line["usd_per_unit"]),
                "x_Basis": f"compiled ({line['confidence']})",
                "x_NameBasis": "rule",
                "x_Published": line["effective_date"],
            }


def _operation(line: dict[str, str]) -> str:
    """Return the operation; the credits of Windows instances carry Windows's code."""
    windows = (
        line["usage_type"].startswith("<PFX->CPUCredits") and "Windows" in line["description"]
    )
    return "RunInstances:0002" if windows else str(line["operation"])


def _usage_types(text: str) -> list[str]:
    """Return the usage types a hand-compiled name stands for, without the prefix mark.

    ``<gateway endpoint>`` and the like become plain names: ``VpcEndpoint-Gateway``.
    """
    if text in _NAMES:
        return [_NAMES[text]]
    alternatives = []
    for part in text.removeprefix("<PFX->").split(" / "):
        head, mark, tail = part.strip().removeprefix("<PFX->").partition(":")
        names = tail.split("|") if "|" in tail else [tail]
        alternatives += [head + mark + name for name in names]
    return alternatives


_NAMES = {
    "<gateway endpoint>": "VpcEndpoint-Gateway-Hours",
    "<public certificate>": "PublicCertificate",
}


def free_traffic_rates(regions: pd.DataFrame) -> pd.DataFrame:
    """Return rows of price 0 for traffic AWS does not charge and does not list.

    Traffic that arrives from another region (``USE1-AWS-In-Bytes`` seen from eu-central-1, so the
    base ``USE1-AWS-In-Bytes``) is free and has no row in the price list.
    """
    prefix_of = dict(zip(regions["region"], regions["usage_type_prefix"], strict=True))
    pairs = [
        (region, f"{prefix_of[other] or 'USE1'}-AWS-In-Bytes")
        for region in prefix_of
        for other in prefix_of
        if other != region
    ]
    return rate_frame(
        {
            "x_ServiceCode": "AWSDataTransfer",
            "RegionId": [region for region, _ in pairs],
            "x_UsageType": [usage for _, usage in pairs],
            "x_ProductFamily": "Data Transfer",
            "x_SkuDescription": "Traffic arriving from another region is free",
            "PricingUnit": "GB",
            "ListUnitPrice": 0.0,
            "x_Basis": "documented free",
            "x_NameBasis": "rule",
        }
    )


# Types that pay for EBS optimisation, by family:
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ebs-optimized.html
_PAY_FOR_EBS_OPTIMIZED = ("c1", "c3", "g2", "i2", "m1", "m2", "m3", "r3")


def ebs_optimized_rates(source: Path) -> pd.DataFrame:
    """Return price 0 for EBS optimisation of all types but the early families that pay for it."""
    types = pd.read_parquet(source / "instance_types.parquet", columns=["instance_type"])
    family = types["instance_type"].str.partition(".")[0]
    free = types.loc[~family.isin(_PAY_FOR_EBS_OPTIMIZED), "instance_type"]
    return rate_frame(
        {
            "x_ServiceCode": "AmazonEC2",
            "RegionId": GLOBAL_REGION,
            "x_UsageType": "EBSOptimized:" + free,
            "x_ProductFamily": "Compute Instance",
            "x_SkuDescription": "EBS optimisation is included in this instance type",
            "PricingUnit": "Hrs",
            "ListUnitPrice": 0.0,
            "x_Basis": "documented free",
            "x_NameBasis": "rule",
        }
    )


def host_rates(source: Path) -> pd.DataFrame:
    """Return dedicated hosts, T credits and fees; the source has eu-west-1 only.

    Credits and address remaps of EC2 are left out, the hand-compiled rows give them for every
    region; so are RDS's credits but SQL Server's, which the price list lacks.
    """
    given = pd.read_parquet(source / "ec2_hosts_and_credits_eu-west-1.parquet")
    base = given["usage_type"].str.removeprefix("EU-")
    ec2 = given["service_code"] == "AmazonEC2"
    known = (ec2 & base.str.match(r"CPUCredits|ElasticIP:Remap")) | (
        ~ec2 & ~given["description"].str.contains("SQL Server")
    )
    operation = _operations(given)
    return rate_frame(
        {
            "x_ServiceCode": given["service_code"],
            "RegionId": given["region"],
            "x_UsageType": base,
            "x_Operation": operation,
            "x_ProductFamily": given["product_family"],
            "x_SkuDescription": given["description"],
            "PricingUnit": given["unit"],
            "ListUnitPrice": given["usd_per_unit"],
            "x_NameBasis": "sku",
            "x_Published": given["published"],
        }
    )[~known.to_numpy()]


def _operations(given: pd.DataFrame) -> list[str]:
    """Return the operation of each row: the four editions of SQL Server in the order given."""
    editions = iter(_SQL_SERVER_EDITIONS)
    return [
        next(editions) if "SQL Server" in description else ""
        for description in given["description"]
    ]


# Express, Web, Standard, Enterprise: their credits cost the same.
_SQL_SERVER_EDITIONS = tuple(
    f"CreateDBInstance:{code}" for code in ("0010", "0011", "0012", "0015")
)


def sagemaker_rates(source: Path) -> pd.DataFrame:
    """Return SageMaker instances: one price for notebook, training and hosting of a type."""
    given = pd.read_parquet(source / "sagemaker_instances.parquet")
    return rate_frame(
        {
            "x_ServiceCode": "AmazonSageMaker",
            "RegionId": given["region"].where(given["region"].str.contains("-"), GLOBAL_REGION),
            "x_UsageType": "Instance:" + given["instance_type"],
            "x_ProductFamily": "ML Instance",
            "x_SkuDescription": given["instance_type"],
            "PricingUnit": "Hrs",
            "ListUnitPrice": given["usd_per_hour"],
            "x_NameBasis": "infer",
            "x_Published": given["published"],
        }
    )


def database_savings_plan_rates(source: Path, regions: pd.DataFrame) -> pd.DataFrame:
    """Return the Database Savings Plan rates with usage types without region prefix."""
    given = pd.read_parquet(source / "database_savings_plans.parquet")
    prefix_of = dict(zip(regions["region"], regions["usage_type_prefix"], strict=True))
    base = strip_prefixes(given["usage_type"].to_numpy(), usage_type_prefixes(prefix_of))[1]
    frame = pd.DataFrame(
        {
            "x_ServiceCode": given["service_code"],
            "RegionId": given["region"],
            "x_UsageType": base,
            "x_Operation": given["operation"],
            "x_InstanceType": given["description"],
            "LeaseContractLength": given["term"],
            "PurchaseOption": given["payment_option"],
            "ListUnitPrice": given["usd_per_unit"],
            "PricingUnit": given["unit"],
            "x_Basis": "published",
            "x_Published": given["published"],
        }
    )
    return frame.sort_values(list(frame.columns), kind="stable", ignore_index=True)
