"""Small bills made of FOCUS rows, and the generated ones, as ``Bill`` objects."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from costmodel.bill.query import Bill
from costmodel.bill.source import BillFormat, BillSource

PREFIXES = {"EU": "eu-west-1", "USW2": "us-west-2"}
_MONEY = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
_TEXT = {
    "BillingAccountId": "000000000001", "SubAccountId": "000000000011", "BillingCurrency": "USD",
    "ChargeCategory": "Usage", "ChargeFrequency": "Usage-Based", "PricingCategory": "Standard",
    "ServiceName": "Amazon Elastic Compute Cloud", "ServiceCategory": "Compute",
    "x_ServiceCode": "AmazonEC2", "RegionId": "us-east-1", "RegionName": "US East (N. Virginia)",
    "x_UsageType": "BoxUsage:m5.large", "x_Operation": "RunInstances", "PricingUnit": "Hrs",
    "SkuPriceId": None, "ResourceId": None, "ChargeDescription": "", "ChargeClass": None,
    "CommitmentDiscountId": None, "CommitmentDiscountStatus": None, "SkuId": None,
    "CommitmentDiscountType": None, "CommitmentDiscountCategory": None, "ProviderName": "AWS",
    "PublisherName": "AWS", "InvoiceIssuerName": "AWS",
}  # fmt: skip


def row(month: str = "2026-01", cost: float = 1.0, **values: Any) -> dict[str, Any]:
    """Return a usage row of one hour at the start of a month; every cost is ``cost``."""
    start = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    times = {
        "BillingPeriodStart": start, "BillingPeriodEnd": end, "ChargePeriodStart": start,
        "ChargePeriodEnd": start.replace(hour=1),
    }  # fmt: skip
    amounts = dict.fromkeys(_MONEY, cost) | {"PricingQuantity": 1.0, "ConsumedQuantity": 1.0}
    return _TEXT | times | amounts | {"Tags": {}} | values


def focus_bill(rows: Sequence[Mapping[str, Any]]) -> Bill:
    """Return rows made by ``row`` as a bill."""
    names = {name: None for entry in rows for name in entry}
    columns = {name: [entry.get(name) for entry in rows] for name in names}
    arrays = {name: _array(name, values) for name, values in columns.items()}
    rows_table = pa.table(arrays)
    described = duckdb.sql("DESCRIBE SELECT * FROM rows_table").fetchall()
    types = {name: kind for name, kind, *_ in described}
    return Bill(
        [
            BillSource(
                BillFormat.FOCUS, "small_bill", types, ("small",), {"small_bill": rows_table}
            )
        ],
        PREFIXES,
    )


def _array(name: str, values: list[Any]) -> pa.Array:
    if name == "Tags":
        pairs = [list(value.items()) for value in values]
        return pa.array(pairs, pa.map_(pa.string(), pa.string()))
    if isinstance(next((v for v in values if v is not None), ""), str):
        return pa.array(values, pa.string())
    return pa.array(values)
