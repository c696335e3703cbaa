"""Small catalogs and specs made by hand, for tests that must not depend on the price data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from costmodel.catalog.catalog import PriceCatalog
from costmodel.catalog.tables import RATE_COLUMNS, RATE_NUMBERS
from costmodel.errors import IssueReason
from costmodel.estimate.result import Estimate
from costmodel.usage.spec import ArchitectureSpec, Resource

SHEET = """
service_code = "Widgets"
service_name = "Widgets"
[table.size]
small = "Small"
large = "Large"
[resource.aws_widget.inputs]
size = { default = "small", values = ["small", "large"] }
hours = { unit = "Hrs", usage = true, default = 730 }
gb = { unit = "GB", description = "stored" }
requests = { unit = "Requests", usage = true }
term = { kind = "text", usage = true }
plan = { kind = "text", usage = true }
option = { default = "No Upfront", usage = true }
spot = { default = false }
[[resource.aws_widget.meter]]
name = "Hours ({size})"
usage_type = "Widget:{lookup(size, size)}"
unit = "Hrs"
quantity = "hours"
purchase = { model = "{'Spot' if spot else ('Reserved' if given(term) else ('SavingsPlan' if given(plan) else 'OnDemand'))}", lease = "{coalesce(term, plan)}", plan_type = "Compute", option = "{option}", class = "standard" }
[[resource.aws_widget.meter]]
name = "Storage"
usage_type = "Storage"
unit = "GB-Mo"
when = "given(gb)"
quantity = "gb"
[[resource.aws_widget.meter]]
name = "Requests"
usage_type = "Requests"
unit = "Requests"
quantity = "requests"
[[resource.aws_widget.child]]
path = "part"
block = "part"
resource = "aws_part"
count = "2"
fields = { weight = { unit = "kg", default = 3 } }
inputs = { kg = "weight" }
[[resource.aws_widget.child]]
path = "template"
reference = "template_id"
resource = "aws_part"
fields = { weight = { unit = "kg" } }
inputs = { kg = "weight" }
[resource.aws_part]
[resource.aws_part.inputs]
kg = { unit = "kg", from_reference = "widget.kilos" }
links = { referenced_by = "aws_link" }
names = { counts = true, path = "nest.names" }
[[resource.aws_part.meter]]
name = "Weight"
usage_type = "Weight"
unit = "kg"
quantity = "kg"
tier_scope = "resource"
[alias]
aws_gadget = "aws_widget"
[free]
aws_link = "a link costs nothing"
"""

# usage type, operation, unit, tiers (begin, price)
Rate = tuple[str, str, str, Sequence[tuple[float, float]]]
RATES: Sequence[Rate] = (
    ("Widget:Small", "", "Hrs", [(0, 0.10)]),
    ("Widget:Large", "", "Hrs", [(0, 0.25)]),
    ("Storage", "", "GB-Mo", [(0, 0.02), (100, 0.01)]),
    ("Requests", "", "Requests", [(0, 0.001)]),
    ("Weight", "", "kg", [(0, 5.0), (4, 1.0)]),
)


def rate_table(service: str, region: str, rates: Sequence[Rate]) -> pa.Table:
    rows = []
    for usage_type, operation, unit, tiers in sorted(rates, key=lambda rate: rate[:2]):
        ends = [begin for begin, _ in tiers[1:]] + [float("inf")]
        for (begin, price), end in zip(tiers, ends, strict=True):
            row: dict[str, Any] = dict.fromkeys(RATE_COLUMNS, "")
            row |= {
                "x_ServiceCode": service, "RegionId": region, "x_UsageType": usage_type,
                "x_Operation": operation, "PricingUnit": unit, "x_TermType": "OnDemand",
                "PricingCategory": "Standard", "BeginRange": float(begin), "EndRange": end,
                "ListUnitPrice": price, "SkuPriceId": f"{usage_type}.{begin}",
                "x_Basis": "published", "x_Published": "2026-01-01",
                "x_SkuDescription": f"{usage_type} in {region}",
            }  # fmt: skip
            rows.append(row)
    schema = pa.schema(
        [(name, pa.float64() if name in RATE_NUMBERS else pa.string()) for name in RATE_COLUMNS]
    )
    return pa.Table.from_pylist(rows, schema=schema)


@dataclass
class FakeLoader:
    """Tables in memory, as ``io.catalog_store`` would read them."""

    rate_rows: pa.Table
    reserved_rows: Sequence[Mapping[str, Any]] = ()
    spot_rows: Sequence[Mapping[str, Any]] = ()
    sheet: str = SHEET
    allowances: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def manifest(self) -> Mapping[str, Any]:
        return {"version": "2026.1", "published": "2026-01-01", "currency": "USD"}

    def regions(self) -> Any:
        return [
            {"RegionId": "us-east-1", "RegionName": "Virginia", "x_Prefix": "", "x_RegionKind": "region"},
            {"RegionId": "eu-west-1", "RegionName": "Ireland", "x_Prefix": "EU", "x_RegionKind": "region"},
            {"RegionId": "us-west-2-lax-1", "RegionName": "", "x_Prefix": "", "x_RegionKind": "zone"},
        ]  # fmt: skip

    def services(self) -> Sequence[str]:
        return ("Widgets",)

    def rates(self, service_code: str, regions: Sequence[str] | None) -> pa.Table:
        return self.rate_rows

    def find_rate_codes(self, codes: pa.Array) -> pa.Table:
        return self.rate_rows.slice(0, 0)

    def reserved(self, service_code: str, regions: Sequence[str] | None) -> pa.Table:
        return pa.Table.from_pylist(list(self.reserved_rows))

    def table(self, name: str, regions: Sequence[str] | None) -> pa.Table:
        if name == "hardware/instance_types":
            return pa.table({"instance_type": ["m5.large"], "vcpus": [2.0]})
        return pa.Table.from_pylist(list(self.spot_rows))

    def sheet_texts(self) -> Mapping[str, str]:
        return {"widgets.toml": self.sheet}

    def free_resources(self) -> Sequence[str]:
        return ["aws_iam_role"]

    def free_allowances(self) -> Sequence[Mapping[str, Any]]:
        return self.allowances


def catalog(**options: Any) -> PriceCatalog:
    """Return a catalog of one service, Widgets, in us-east-1."""
    return PriceCatalog(FakeLoader(rate_table("Widgets", "us-east-1", RATES), **options))


def widget(name: str = "a", **inputs: Any) -> Resource:
    return Resource(f"aws_widget.{name}", "aws_widget", inputs=inputs)


def spec(*resources: Resource) -> ArchitectureSpec:
    return ArchitectureSpec(list(resources), region="us-east-1")


def lines_of(estimate: Estimate) -> dict[tuple[str, str], tuple[float, float]]:
    """Return (address, line) → (quantity, list cost)."""
    return {
        (estimate.spec.resources[n].address, " / ".join([*p, name])): (q, c)
        for n, p, name, q, c in zip(
            estimate.usage.resource,
            estimate.usage.path,
            estimate.usage.name,
            estimate.usage.quantity.tolist(),
            estimate.list_cost.tolist(),
            strict=True,
        )
    }


def reasons_of(estimate: Estimate) -> set[IssueReason]:
    """Return the reasons of an estimate's issues."""
    return {issue.reason for issue in estimate.issues}
