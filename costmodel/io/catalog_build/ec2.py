"""EC2: instances on demand, reserved, under Savings Plans and on the spot market.

Usage types follow AWS's bills: BoxUsage:TYPE on shared hardware, DedicatedUsage:TYPE for dedicated
instances, HostUsage:FAMILY for dedicated hosts; the operating system is in the operation.
"""

from pathlib import Path

import pandas as pd

from costmodel.io.catalog_build.frames import rate_frame

EC2 = "AmazonEC2"
_USAGE_OF_TENANCY = {"Shared": "BoxUsage:", "Dedicated": "DedicatedUsage:"}


def on_demand_rates(source: Path) -> pd.DataFrame:
    """Return the on-demand rates of EC2 instances."""
    given = pd.read_parquet(source / "ec2_on_demand.parquet")
    return rate_frame(
        {
            "x_ServiceCode": EC2,
            "RegionId": given["region"],
            "x_UsageType": given["tenancy"].map(_USAGE_OF_TENANCY) + given["instance_type"],
            "x_Operation": given["operation"],
            "x_ProductFamily": "Compute Instance",
            "x_SkuDescription": given["os"] + " " + given["instance_type"],
            "PricingUnit": "Hrs",
            "ListUnitPrice": given["usd_per_hour"],
            "x_NameBasis": "rule",
            "x_Published": given["published"],
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
