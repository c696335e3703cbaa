"""A catalog of one service, AmazonEC2, in two regions, for re-pricing."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from costmodel.catalog.catalog import PriceCatalog
from tests.builders import FakeLoader, Rate, rate_table

RATES: Sequence[Rate] = (
    ("BoxUsage:m5.large", "RunInstances", "Hrs", [(0, 0.10)]),
    ("BoxUsage:m8g.large", "RunInstances", "Hrs", [(0, 0.08)]),
    ("EBS:VolumeUsage.gp2", "", "GB-Mo", [(0, 0.10)]),
    ("EBS:VolumeUsage.gp3", "", "GB-Mo", [(0, 0.08)]),
    ("Bytes", "", "GB", [(0, 0.10), (100, 0.05)]),
)
# Ireland has no m8g, and is a quarter dearer.
IRELAND: Sequence[Rate] = [
    (usage_type, operation, unit, [(begin, price * 1.25) for begin, price in tiers])
    for usage_type, operation, unit, tiers in RATES
    if "m8g" not in usage_type
]
PLAN_RATES = (("BoxUsage:m5.large", 0.06), ("BoxUsage:m8g.large", 0.05))


class EC2Loader(FakeLoader):
    """The tables of the catalog."""

    def services(self) -> Sequence[str]:
        return ("AmazonEC2",)

    def rates(self, service_code: str, regions: Sequence[str] | None) -> pa.Table:
        rows = self.rate_rows
        return rows.filter(pc.is_in(rows["RegionId"], pa.array(list(regions or ()), pa.string())))

    def find_rate_codes(self, codes: pa.Array) -> pa.Table:
        return self.rate_rows.filter(pc.is_in(self.rate_rows["SkuPriceId"], codes)).slice(0, 1)

    def table(self, name: str, regions: Sequence[str] | None) -> pa.Table:
        rows: list[Mapping[str, Any]] = [
            {
                "RegionId": region, "x_UsageType": usage_type, "x_Operation": "RunInstances",
                "LeaseContractLength": "1yr", "PurchaseOption": "No Upfront",
                "ListUnitPrice": price,
            }
            for region in regions or ()
            for usage_type, price in (PLAN_RATES if name.endswith("Compute") else ())
        ]  # fmt: skip
        names = ("RegionId", "x_UsageType", "x_Operation", "LeaseContractLength", "PurchaseOption")
        schema = pa.schema([(name, pa.string()) for name in names])
        return pa.Table.from_pylist(rows, schema.append(pa.field("ListUnitPrice", pa.float64())))


class Successor(NamedTuple):
    intel: str = ""
    amd: str = ""
    graviton: str = ""


SUCCESSORS = {"AmazonEC2": {"m5": Successor(intel="m7i", graviton="m8g")}}


def small_catalog(factor: float = 1.0) -> PriceCatalog:
    """Return the catalog; its prices times a factor."""
    tables = [
        rate_table("AmazonEC2", region, _times(rates, factor))
        for region, rates in (("us-east-1", RATES), ("eu-west-1", IRELAND))
    ]
    return PriceCatalog(EC2Loader(pa.concat_tables(tables)))


def _times(rates: Sequence[Rate], factor: float) -> list[Rate]:
    return [
        (usage_type, operation, unit, [(begin, price * factor) for begin, price in tiers])
        for usage_type, operation, unit, tiers in rates
    ]
