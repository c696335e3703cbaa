"""A catalog of a few committed rates, and usage to go with it: numbers to work with by hand."""

import pandas as pd
import pyarrow as pa

from costmodel.errors import CatalogError

# On demand 0.10 per m5.large hour, 0.20 per xlarge, 0.08 per c5.large.
ON_DEMAND = {"BoxUsage:m5.large": 0.10, "BoxUsage:m5.xlarge": 0.20, "BoxUsage:c5.large": 0.08}
COMPUTE = 0.75
INSTANCE = 0.65
RESERVED = 0.60


class FewRates:
    """The two tables of a price catalog that the planner reads."""

    def savings_plan_rates(self, plan_type, region):
        share = {"Compute": COMPUTE, "EC2Instance": INSTANCE, "Database": 0.8}.get(plan_type)
        if share is None:
            raise CatalogError(f"the catalog has no table savings_plans/{plan_type}")
        prices = {"DatabaseUsage:x": 0.5} if plan_type == "Database" else ON_DEMAND
        service = "AmazonRDS" if plan_type == "Database" else "AmazonEC2"
        return _table(
            [
                {
                    "x_ServiceCode": service, "RegionId": region, "x_UsageType": usage_type,
                    "x_Operation": "RunInstances", "LeaseContractLength": term,
                    "PurchaseOption": payment,
                    "ListUnitPrice": price * share * discount,
                }
                for usage_type, price in prices.items()
                for term, payment, discount in (
                    ("1yr", "No Upfront", 1.0), ("1yr", "All Upfront", 0.9),
                    ("3yr", "No Upfront", 0.7),
                )
            ]
        )  # fmt: skip

    def reserved(self, service_code, region):
        if service_code != "AmazonEC2":
            return _table([])
        return _table(
            [
                {
                    "x_ServiceCode": service_code, "RegionId": region, "x_UsageType": usage_type,
                    "x_Operation": "RunInstances", "LeaseContractLength": "1yr",
                    "PurchaseOption": payment, "OfferingClass": "standard",
                    "x_EffectiveUnitPrice": price * RESERVED,
                    "x_UpfrontFee": price * RESERVED * 8760 * share,
                }
                for usage_type, price in ON_DEMAND.items()
                for payment, share in (("No Upfront", 0.0), ("Partial Upfront", 0.5))
            ]
        )  # fmt: skip


def _table(rows):
    return pa.Table.from_pandas(pd.DataFrame(rows))


def charges(usage, *, start="2026-01-01", freq="h", **columns):
    """Return a table of charges: usage type → quantities of successive hours."""
    frames = [
        pd.DataFrame(
            {
                "ChargePeriodStart": pd.date_range(
                    start, periods=len(quantity), freq=freq, tz="UTC"
                ),
                "ChargeCategory": "Usage",
                "PricingCategory": "Standard",
                "x_ServiceCode": "AmazonEC2",
                "RegionId": "us-east-1",
                "x_UsageType": usage_type,
                "x_Operation": "RunInstances",
                "PricingQuantity": quantity,
                "ContractedUnitPrice": ON_DEMAND.get(usage_type, 1.0),
                **columns,
            }
        )
        for usage_type, quantity in usage.items()
    ]
    return pd.concat(frames, ignore_index=True)
