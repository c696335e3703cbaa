"""EC2: instances on demand, reserved, under Savings Plans and on the spot market.

Usage types follow AWS's bills: BoxUsage:TYPE on shared hardware, HostUsage:FAMILY for dedicated
hosts; the operating system is in the operation.
"""

from pathlib import Path

import pandas as pd

from costmodel.io.catalog_build.frames import rate_frame

EC2 = "AmazonEC2"
_HOSTS_REGION = "eu-west-1"


def on_demand_rates(source: Path) -> pd.DataFrame:
    """Return the on-demand rates of EC2 instances on shared hardware.

    The source's "Dedicated" rows are not rates of dedicated instances: see ``host_rates``.
    """
    given = pd.read_parquet(source / "ec2_on_demand.parquet")
    given = given[given["tenancy"] == "Shared"]
    return rate_frame(
        {
            "x_ServiceCode": EC2,
            "RegionId": given["region"],
            "x_UsageType": "BoxUsage:" + given["instance_type"],
            "x_Operation": given["operation"],
            "x_ProductFamily": "Compute Instance",
            "x_SkuDescription": given["os"] + " " + given["instance_type"],
            "PricingUnit": "Hrs",
            "ListUnitPrice": given["usd_per_hour"],
            "x_NameBasis": "rule",
            "x_Published": given["published"],
        }
    )


def host_rates(source: Path) -> pd.DataFrame:
    """Return Dedicated Hosts by family and region, except the region with a table of its own.

    The source's "Dedicated" rows give every size of a family one price: that of a whole host
    (m5.large and m5.24xlarge both 5.65 in Ireland). Where the published host table of Ireland has
    the family at another price (c5d, c7g …: 17 of 77), the source took a sibling's: left out.
    """
    given = pd.read_parquet(source / "ec2_on_demand.parquet")
    given = given[given["tenancy"] == "Dedicated"]
    family = given["instance_type"].str.split(".").str[0]
    by_family = given.assign(family=family).groupby(["region", "family"], as_index=False).first()
    hosts = pd.read_parquet(source / "ec2_hosts_and_credits_eu-west-1.parquet")
    published = hosts[hosts["usage_type"].str.contains("HostUsage:")]
    price_of = dict(
        zip(published["usage_type"].str.split(":").str[1], published["usd_per_unit"], strict=True)
    )
    here = by_family[by_family["region"] == _HOSTS_REGION]
    sound = {
        name
        for name, price in zip(here["family"], here["usd_per_hour"], strict=True)
        if abs(price - price_of.get(name, -1.0)) < 0.0005
    }
    kept = by_family[by_family["family"].isin(sound) & (by_family["region"] != _HOSTS_REGION)]
    return rate_frame(
        {
            "x_ServiceCode": EC2,
            "RegionId": kept["region"],
            "x_UsageType": "HostUsage:" + kept["family"],
            "x_ProductFamily": "Dedicated Host",
            "x_SkuDescription": "Dedicated Host " + kept["family"],
            "PricingUnit": "Hrs",
            "ListUnitPrice": kept["usd_per_hour"],
            "x_NameBasis": "rule",
            "x_Published": kept["published"],
        }
    )


def reserved_rates(source: Path) -> pd.DataFrame:
    """Return reserved rates: effective USD per hour over the term, upfront fee included."""
    given = pd.read_parquet(source / "ec2_reserved.parquet")
    frame = pd.DataFrame(
        {
            "x_ServiceCode": EC2,
            "RegionId": given["region"],
            "x_UsageType": "BoxUsage:" + given["instance_type"],
            "x_Operation": given["operation"],
            "x_InstanceType": given["instance_type"],
            "LeaseContractLength": given["term_years"].astype(str) + "yr",
            "PurchaseOption": given["payment_option"],
            "OfferingClass": given["offering_class"],
            "x_EffectiveUnitPrice": given["effective_usd_per_hour"],
            "x_Basis": given["basis"],
            "x_Published": given["published"],
        }
    )
    return _ordered(frame)


def savings_plan_rates(source: Path) -> dict[str, pd.DataFrame]:
    """Return the rates of each plan type by its name."""
    given = pd.read_parquet(source / "ec2_savings_plans.parquet")
    frame = pd.DataFrame(
        {
            "x_ServiceCode": EC2,
            "RegionId": given["region"],
            "x_UsageType": "BoxUsage:" + given["instance_type"],
            "x_Operation": "RunInstances",
            "x_InstanceType": given["instance_type"],
            "LeaseContractLength": given["term_years"].astype(str) + "yr",
            "PurchaseOption": given["payment_option"],
            "ListUnitPrice": given["sp_usd_per_hour"],
            "PricingUnit": "Hrs",
            "x_Basis": given["basis"],
            "x_Published": given.get("published", "2026-05-12"),
        }
    )
    return {
        str(plan): _ordered(frame[given["plan_type"] == plan])
        for plan in ("EC2Instance", "Compute")
    }


def spot_rates(source: Path) -> dict[str, pd.DataFrame]:
    """Return current spot prices, their monthly history and the interruption buckets."""
    current = pd.read_parquet(source / "ec2_spot.parquet")
    history = pd.read_parquet(source / "ec2_spot_history_monthly.parquet")
    interruption = pd.read_parquet(source / "spot_interruption.parquet")
    return {
        "current": _ordered(
            pd.DataFrame(
                {
                    "RegionId": current["region"],
                    "x_InstanceType": current["instance_type"],
                    "x_Operation": current["operation"],
                    "ListUnitPrice": current["usd_per_hour"],
                    "x_Published": current["published"],
                }
            )
        ),
        "history_monthly": _ordered(
            pd.DataFrame(
                {
                    "RegionId": history["region"].astype(object),
                    "x_InstanceType": history["instance_type"].astype(object),
                    "x_Month": history["month"],
                    "x_MeanUnitPrice": history["mean_usd_per_hour"],
                    "x_MinUnitPrice": history["min_usd_per_hour"],
                    "x_MaxUnitPrice": history["max_usd_per_hour"],
                    "x_Snapshots": history["snapshots"],
                }
            )
        ),
        "interruption": _ordered(
            pd.DataFrame(
                {
                    "RegionId": interruption["region"],
                    "x_InstanceType": interruption["instance_type"],
                    "x_OperatingSystem": interruption["os"],
                    "x_SavingsPercent": interruption["savings_pct"],
                    "x_InterruptionBucket": interruption["interruption_index"],
                    "x_InterruptionLabel": interruption["interruption_label"],
                    "x_Published": interruption["as_of"],
                }
            )
        ),
    }


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    keys = [name for name in frame.columns if frame[name].dtype != "float64"]
    return frame.sort_values(keys, kind="stable", ignore_index=True)
