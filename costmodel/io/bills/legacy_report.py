"""The monthly report and the cost allocation report of before the CUR.

Payer and linked rows repeat the same charges; linked rows are kept, for payer rows are rounded to
cents. Totals, rounding and disclaimer rows are no charges.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from costmodel.bill.normalize.services import SERVICES
from costmodel.bill.source import BillFormat, BillSource
from costmodel.errors import BillError
from costmodel.io.bills.rows import amount, read_csv_rows, rounded, table_source

_CHARGES: Final = ("LinkedLineItem", "PayerLineItem", "LineItem")
_TEXTS: Final = {
    "BillingAccountId": "PayerAccountId", "BillingAccountName": "PayerAccountName",
    "SubAccountId": "LinkedAccountId", "SubAccountName": "LinkedAccountName",
    "InvoiceId": "InvoiceID", "x_ServiceCode": "ProductCode", "ServiceName": "ProductName",
    "PublisherName": "SellerOfRecord", "InvoiceIssuerName": "SellerOfRecord",
    "SkuMeter": "UsageType", "x_Operation": "Operation",
    "ChargeDescription": "ItemDescription", "BillingCurrency": "CurrencyCode",
    "x_TaxType": "TaxType", "AvailabilityZone": "AvailabilityZone", "x_LineItemId": "RecordID",
    "x_LineItemType": "RecordType",
}  # fmt: skip
_COSTS: Final = ("TotalCost", "UnBlendedCost", "Cost")
_TAG = re.compile(r"^(user|aws):")


def legacy_report_source(path: Path, skip: int) -> BillSource:
    """Return a monthly or cost allocation report as a source.

    Args:
        path: the file.
        skip: lines before the header: 1 for the cost allocation report.

    Raises:
        BillError: a column or value is missing or wrong.
    """
    rows = read_csv_rows(path)[skip:]
    if len(rows) < 2:
        raise BillError(f"{path}: the report holds no rows")
    header = [name.strip() for name in rows[0]]
    missing = [name for name in ("RecordType", "UsageStartDate") if name not in header]
    if missing:
        raise BillError(f"{path}: the column {missing[0]} is missing: is the report complete?")
    records = [dict(zip(header, row, strict=False)) for row in rows[1:] if len(row) > 1]
    if any("RecordType" not in record for record in records):
        raise BillError(f"{path}: a row has fewer columns than the header: is the file cut short?")
    kinds = {record["RecordType"] for record in records}
    kept = next((kind for kind in _CHARGES if kind in kinds), None)
    if kept is None:
        raise BillError(f"{path}: no line items in the report (record types {sorted(kinds)})")
    tags = [name for name in header if _TAG.match(name)]
    charges = [
        row
        for record in records
        if record["RecordType"] == kept
        for row in _charges(path, record, tags)
    ]
    return table_source(charges, BillFormat.LEGACY_REPORT, path)


def _charges(path: Path, record: Mapping[str, str], tags: Sequence[str]) -> list[dict[str, Any]]:
    """Return the charge of a record, and its tax and credit as rows of their own."""
    base: dict[str, Any] = {
        column: (record.get(name) or "").strip() or None for column, name in _TEXTS.items()
    }
    base |= {
        "SubAccountId": base["SubAccountId"] or base["BillingAccountId"],
        "BillingPeriodStart": _time(path, record.get("BillingPeriodStartDate")),
        "BillingPeriodEnd": _time(path, record.get("BillingPeriodEndDate")),
        "ChargePeriodStart": _time(path, record.get("UsageStartDate")),
        "ChargePeriodEnd": _time(path, record.get("UsageEndDate")),
        "ProviderName": "AWS",
        "Tags": [(name, record[name]) for name in tags if record.get(name)] or None,
        "x_BillFormat": str(BillFormat.LEGACY_REPORT),
    }
    base["BillingPeriodStart"] = base["BillingPeriodStart"] or _month(base["ChargePeriodStart"])
    base["ChargePeriodStart"] = base["ChargePeriodStart"] or base["BillingPeriodStart"]
    service = SERVICES.get(base["x_ServiceCode"] or "")
    base["ServiceCategory"] = service.category if service else None
    quantity = amount(record.get("UsageQuantity"), path, "UsageQuantity")
    usage = {
        "ChargeCategory": "Usage" if base["SkuMeter"] else "Purchase",
        "ConsumedQuantity": rounded(quantity, "ConsumedQuantity"),
        "PricingQuantity": rounded(quantity, "PricingQuantity"),
    }
    parts: Sequence[tuple[str, Mapping[str, Any]]] = (
        ("CostBeforeTax", usage),
        ("Credits", {"ChargeCategory": "Credit"}),
        ("TaxAmount", {"ChargeCategory": "Tax"}),
    )
    if "CostBeforeTax" not in record:
        # The detailed billing report has the unblended cost alone.
        cost_name = next((name for name in _COSTS if name in record), None)
        if cost_name is None:
            raise BillError(
                f"{path}: the column CostBeforeTax is missing: is the report complete?"
            )
        parts = ((cost_name, usage), *parts[1:2])
    found: list[dict[str, Any]] = []
    for name, facts in parts:
        cost = rounded(amount(record.get(name), path, name), "BilledCost")
        if name == "Credits" and cost is not None:
            cost = -abs(cost)
        if cost is None or (cost == 0 and facts is not usage):
            continue
        money = dict.fromkeys(("BilledCost", "x_UnblendedCost"), cost)
        found.append({**base, **facts, **money})
    return found


def _time(path: Path, text: str | None) -> datetime | None:
    if not text or not text.strip():
        return None
    for form in ("%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d", "%Y-%m-%d",
                 "%d-%m-%Y %H:%M"):  # fmt: skip
        try:
            return datetime.strptime(text.strip(), form)  # noqa: DTZ007 - UTC without zone
        except ValueError:
            continue
    raise BillError(f"{path}: {text!r} is not a date")


def _month(day: datetime | None) -> datetime | None:
    return day.replace(day=1, hour=0, minute=0, second=0) if day else None
