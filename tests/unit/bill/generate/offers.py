"""A small price table: two regions, instances that can be committed, one tiered meter."""

from costmodel.bill.generate.menu import Meter, Rhythm
from costmodel.bill.generate.prices import Offer, PriceTable, build_price_table

INSTANCE = Meter("AmazonEC2", "BoxUsage:m5.large", "RunInstances", "Compute Instance",
                 Rhythm.INSTANCE, 1.0, 6.0, "i-0")  # fmt: skip
DATABASE = Meter("AmazonRDS", "InstanceUsage:db.m5.large", "CreateDBInstance:0014",
                 "Database Instance", Rhythm.INSTANCE, 1.0, 2.0, "db:")  # fmt: skip
VOLUME = Meter("AmazonEC2", "EBS:VolumeUsage.gp3", "CreateVolume-Gp3", "Storage", Rhythm.STORED,
               200.0, 4.0, "vol-0")  # fmt: skip
EGRESS = Meter("AWSDataTransfer", "DataTransfer-Out-Bytes", "RunInstances", "Data Transfer",
               Rhythm.TRAFFIC, 8.0, 4.0, "i-0")  # fmt: skip


def small_prices() -> PriceTable:
    """Return eight offers; egress in us-east-1 falls from 0.09 to 0.05 at 500 and 0.01 at 2,000."""
    offers = []
    for region, name, prefix, factor in (
        ("us-east-1", "US East (N. Virginia)", "", 1.0),
        ("eu-west-1", "EU (Ireland)", "EU-", 1.25),
    ):
        offers += [
            _offer(INSTANCE, region, name, prefix, (0.0,), (0.096 * factor,))._replace(
                reserved_hourly=0.03, reserved_upfront=0.0301234 * 8760,
                savings_plan_rate=0.0653, spot_price=0.0371,
            ),
            _offer(DATABASE, region, name, prefix, (0.0,), (0.178 * factor,)),
            _offer(VOLUME, region, name, prefix, (0.0,), (0.08 * factor,)),
            _offer(EGRESS, region, name, prefix, (0.0, 500.0, 2000.0), (0.09, 0.05, 0.01)),
        ]  # fmt: skip
    return build_price_table(offers)


def _offer(
    meter: Meter, region: str, name: str, prefix: str, begin: tuple[float, ...],
    price: tuple[float, ...],
) -> Offer:  # fmt: skip
    sku = f"SKU{meter.usage_type[:3]}{region[:2]}".upper()
    codes = tuple(f"{sku}.JRTCKXETXF.{tier}" for tier in range(len(price)))
    return Offer(meter, region, name, prefix + meter.usage_type, "Hrs", sku, begin, price, codes)
