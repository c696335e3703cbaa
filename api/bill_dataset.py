"""Writes a bill of any format into the bill store: whole, and summed by day.

Both are Parquet in FOCUS columns with our own beside them, so that they are bills again. They are
written aside and swapped in by renaming: a crash leaves the old state or the new one.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api.bill_seal import FILE, write_seal

if TYPE_CHECKING:
    from costmodel import Bill

# What the pages group and filter by; resources, tags and hours are asked of the whole bill.
DAILY_COLUMNS: Final = (
    "BillingCurrency", "BillingPeriodStart", "BillingAccountId", "SubAccountId", "SubAccountName",
    "ChargeCategory", "ChargeClass", "ChargeFrequency", "PricingCategory", "ServiceCategory",
    "ServiceName", "x_ServiceCode", "x_UsageType", "x_Operation", "RegionId", "RegionName",
    "AvailabilityZone", "PricingUnit", "ConsumedUnit", "CommitmentDiscountStatus",
    "CommitmentDiscountCategory", "CommitmentDiscountType", "InvoiceIssuerName", "ProviderName",
    "PublisherName", "x_LineItemType", "x_ProductFamily", "x_InstanceType",
)  # fmt: skip
SUMMED: Final = (
    "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity",
    "PricingQuantity", "x_UnblendedCost", "x_NetUnblendedCost", "x_AmortizedCost",
    "x_BlendedCost",
)  # fmt: skip

Report = Callable[[float, str], None]


def write_dataset(bill: "Bill", folder: Path, report: Report) -> dict[str, Any]:
    """Write a bill into its folder and return what is known of it."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = sorted(bill.available)
    try:
        report(0.15, "writing the bill")
        whole = _copy(bill, _ordered(bill.relation_sql(columns)), folder / "dataset.new")
        report(0.7, "summing by day")
        _copy(bill, _daily_sql(bill), folder / "daily.new")
        report(0.9, "checking")
        facts = _facts(bill, whole)
    except BaseException:
        # What is half written would keep a full disk full.
        for name in ("dataset.new", "daily.new"):
            shutil.rmtree(folder / name, ignore_errors=True)
        raise
    for name in ("dataset", "daily"):
        shutil.rmtree(folder / f"{name}.old", ignore_errors=True)
        if (folder / name).exists():
            (folder / name).rename(folder / f"{name}.old")
        (folder / f"{name}.new").rename(folder / name)
        shutil.rmtree(folder / f"{name}.old", ignore_errors=True)
    return facts


def _ordered(relation: str) -> str:
    return f"SELECT * FROM ({relation}) AS bill"  # noqa: S608 - our own expressions


def _copy(bill: "Bill", query: str, folder: Path) -> int:
    """Write a query as Parquet into a new folder; return its rows."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file = str(folder / FILE).replace("'", "''")
    found = bill.run(
        f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
    ).fetchone()
    write_seal(folder)
    return int(found[0]) if found else 0


def _daily_sql(bill: "Bill") -> str:
    groups = [name for name in DAILY_COLUMNS if name in bill.available]
    sums = [name for name in SUMMED if name in bill.available]
    inner = bill.relation_sql([*groups, *sums, "ChargePeriodStart"])
    day = "DATE_TRUNC('day', ChargePeriodStart)"
    columns = [
        *(f'"{name}"' for name in groups),
        f"{day} AS ChargePeriodStart",
        f"{day} + INTERVAL 1 DAY AS ChargePeriodEnd",
        *(f'SUM("{name}") AS "{name}"' for name in sums),
    ]
    return (
        f"SELECT {', '.join(columns)} FROM ({inner}) AS bill"  # noqa: S608 - our own expressions
        " GROUP BY ALL ORDER BY ChargePeriodStart"
    )


def _facts(bill: "Bill", rows: int) -> dict[str, Any]:
    inner = bill.relation_sql(["ChargePeriodStart", "ChargePeriodEnd"])
    first, last = bill.run(
        f"SELECT MIN(ChargePeriodStart), MAX(ChargePeriodEnd) FROM ({inner}) AS bill"  # noqa: S608 - constants
    ).fetchone() or (None, None)
    total = bill.summarize(metric=bill.metrics).total if len(bill.currencies) == 1 else {}
    return {
        "rows": rows,
        "first": first.isoformat() if first else None,
        "last": last.isoformat() if last else None,
        "formats": sorted({source.format for source in bill.sources}),
        "currencies": bill.currencies,
        "metrics": bill.metrics,
        "columns": sorted(bill.available),
        "total": {name: float(value) for name, value in total.items()},
        "issues": [issue.to_json() for issue in bill.issues[:100]],
    }
