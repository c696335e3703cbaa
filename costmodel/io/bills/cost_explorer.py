"""Cost Explorer GetCostAndUsage answers: pages, groups and tags.

One file may hold one answer, a list of pages, or one JSON object per line. Groups of one period
may be spread over pages; keys add up there.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from costmodel.bill.normalize.services import SERVICE_CODE_BY_NAME, SERVICES
from costmodel.bill.source import BillFormat, BillSource
from costmodel.errors import BillError, Issue, IssueReason
from costmodel.io.bills.rows import amount, read_bytes, rounded, table_source

# Cost Explorer dimension → column of ``bill``.
_DIMENSIONS: Final = {
    "SERVICE": "ServiceName", "SERVICE_CODE": "x_ServiceCode", "LINKED_ACCOUNT": "SubAccountId",
    "LINKED_ACCOUNT_NAME": "SubAccountName", "PAYER_ACCOUNT": "BillingAccountId",
    "REGION": "RegionId", "AZ": "AvailabilityZone", "USAGE_TYPE": "SkuMeter",
    "OPERATION": "x_Operation", "INSTANCE_TYPE": "x_InstanceType",
    "RECORD_TYPE": "x_LineItemType", "RESOURCE_ID": "ResourceId", "TENANCY": "x_Tenancy",
    "OPERATING_SYSTEM": "x_OperatingSystem", "PLATFORM": "x_OperatingSystem",
    "DATABASE_ENGINE": "x_DatabaseEngine", "DEPLOYMENT_OPTION": "x_DeploymentOption",
    "LEGAL_ENTITY_NAME": "PublisherName", "INVOICING_ENTITY": "InvoiceIssuerName",
    "BILLING_ENTITY": "PublisherName", "SAVINGS_PLAN_ARN": "CommitmentDiscountId",
    "RESERVATION_ID": "CommitmentDiscountId", "PURCHASE_TYPE": "CommitmentDiscountType",
    "SAVINGS_PLANS_TYPE": "x_CommitmentOffering", "PAYMENT_OPTION": "PurchaseOption",
}  # fmt: skip
# Metric of an answer → columns of ``bill`` it fills.
_METRICS: Final = {
    "UnblendedCost": ("x_UnblendedCost",),
    "BlendedCost": ("x_BlendedCost",),
    "AmortizedCost": ("x_AmortizedCost",),
    "NetUnblendedCost": ("x_NetUnblendedCost",),
    "NetAmortizedCost": ("x_NetEffectiveCost",),
    "UsageQuantity": ("ConsumedQuantity",),
}
_CHARGES: Final = {
    "Usage": "Usage", "Discounted usage": "Usage", "DiscountedUsage": "Usage",
    "SavingsPlanCoveredUsage": "Usage", "Savings Plan Covered Usage": "Usage",
    "SavingsPlanNegation": "Usage", "Savings Plan Negation": "Usage",
    "Recurring reservation fee": "Purchase", "Savings Plan Recurring Fee": "Purchase",
    "SavingsPlanRecurringFee": "Purchase", "SavingsPlanUpfrontFee": "Purchase",
    "Savings Plan Upfront Fee": "Purchase", "Upfront reservation fee": "Purchase",
    "Fee": "Purchase", "RIFee": "Purchase", "Support fee": "Purchase",
    "Other out-of-cycle charges": "Purchase",
    "Tax": "Tax", "Credit": "Credit", "Discount": "Credit", "Refund": "Adjustment",
}  # fmt: skip
_NO_RESOURCE = ("NoResourceId", "No Resource ID")
_MONTH_DAYS = 28
_LONG_NUMBER = 1000


def cost_explorer_source(path: Path) -> BillSource:
    """Return the answers in a file as a source.

    Raises:
        BillError: not JSON, not Cost Explorer, no results, or mixed periods.
    """
    pages = list(_pages(path))
    groups: Sequence[Mapping[str, str]] = next(
        (page["GroupDefinitions"] for page in pages if page.get("GroupDefinitions")), []
    )
    sums: dict[tuple[Any, ...], dict[str, tuple[Decimal, str]]] = {}
    issues: list[Issue] = []
    for page in pages:
        for period in _members(path, page, "ResultsByTime", list):
            _add_period(path, period, sums, issues)
    if not sums:
        raise BillError(f"{path}: the answer holds no costs (ResultsByTime is empty)")
    _check_lengths(path, sums)
    rows = [
        _row(path, key, metrics, groups or _assumed_groups(key)) for key, metrics in sums.items()
    ]
    if any(page.get("NextPageToken") for page in pages[-1:]):
        issues.append(_issue(path, "the last page has a NextPageToken: later pages are missing"))
    return table_source(rows, BillFormat.COST_EXPLORER, path, dict.fromkeys(issues))


def _pages(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BillError(
            f"{path}: byte {error.start + 1} is not UTF-8: save it as UTF-8"
        ) from error
    try:
        document = _parsed(text)
        found = document if isinstance(document, list) else [document]
    except json.JSONDecodeError as error:
        found = _json_lines(path, text, error)
    except RecursionError as error:
        raise _too_deep(path) from error
    for page in found:
        if not isinstance(page, dict) or "ResultsByTime" not in page:
            raise BillError(
                f"{path}: JSON without ResultsByTime: give the answer of GetCostAndUsage"
            )
        yield page


def _json_lines(path: Path, text: str, error: json.JSONDecodeError) -> list[Any]:
    try:
        return [_parsed(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError:
        raise BillError(f"{path}: line {error.lineno}: not JSON ({error.msg})") from error
    except RecursionError:
        raise _too_deep(path) from error


def _parsed(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=_whole_number)


def _whole_number(digits: str) -> int | Decimal:
    # Decimal reads any number of digits; int refuses more than 4,300.
    return int(digits) if len(digits) < _LONG_NUMBER else Decimal(digits)


def _too_deep(path: Path) -> BillError:
    return BillError(f"{path}: nested too deeply to be an answer of GetCostAndUsage")


def _members(path: Path, owner: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return a list or an object of an answer."""
    found = _member(path, owner, name)
    if not isinstance(found, kind):
        raise BillError(f"{path}: {name} is {found!r:.40}: is this GetCostAndUsage?")
    return found


def _member(path: Path, owner: Mapping[str, Any], name: str) -> Any:
    try:
        return owner[name]
    except (KeyError, TypeError) as error:
        raise BillError(f"{path}: {name} is missing: is this GetCostAndUsage?") from error


def _add_period(
    path: Path,
    period: Mapping[str, Any],
    sums: dict[tuple[Any, ...], dict[str, tuple[Decimal, str]]],
    issues: list[Issue],
) -> None:
    span = _member(path, period, "TimePeriod")
    start, end = (_time(path, _member(path, span, name)) for name in ("Start", "End"))
    if period.get("Estimated"):
        issues.append(_issue(path, f"{start:%Y-%m} is an estimate: the month is not closed"))
    groups = period.get("Groups") or []
    entries = [
        (tuple(_members(path, group, "Keys", list)), _members(path, group, "Metrics", dict))
        for group in groups
    ]
    if not entries and period.get("Total"):
        entries = [((), period["Total"])]
    for keys, metrics in entries:
        into = sums.setdefault((start, end, keys), {})
        for name in metrics:
            _add(path, into, name, _members(path, metrics, name, dict), issues)


def _add(
    path: Path,
    into: dict[str, tuple[Decimal, str]],
    name: str,
    value: Mapping[str, str],
    issues: list[Issue],
) -> None:
    unit = value.get("Unit", "")
    if name == "UsageQuantity" and unit in ("N/A", ""):
        issues.append(_issue(path, "UsageQuantity mixes units (N/A) and is left out"))
        return
    number = amount(str(value.get("Amount", "")), path, name)
    if number is not None:
        before, _ = into.get(name, (Decimal(0), unit))
        into[name] = (before + number, unit)


def _check_lengths(path: Path, sums: Mapping[tuple[Any, ...], Any]) -> None:
    kinds = {_length(start, end) for start, end, _ in sums}
    if len(kinds) > 1:
        raise BillError(
            f"{path}: mixed granularities ({', '.join(sorted(kinds))}): periods would be counted "
            "twice; ask for one granularity at a time"
        )


def _length(start: datetime, end: datetime) -> str:
    if end - start <= timedelta(hours=1):
        return "hourly"
    return "daily" if end - start <= timedelta(days=1) else "monthly"


def _assumed_groups(key: tuple[Any, ...]) -> list[dict[str, str]]:
    """Return group definitions of an answer that lost them: tags say so, services are known."""
    found = []
    for text in key[2]:
        if "$" in text and not text.startswith("$"):
            found.append({"Type": "TAG", "Key": text.split("$", 1)[0]})
        else:
            found.append({"Type": "DIMENSION", "Key": "SERVICE"})
    return found


def _row(
    path: Path,
    key: tuple[Any, ...],
    metrics: Mapping[str, tuple[Decimal, str]],
    groups: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    start, end, keys = key
    row: dict[str, Any] = {
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "BillingPeriodStart": start.replace(day=1, hour=0),
        "BillingPeriodEnd": _next_month(start),
        "ProviderName": "AWS",
        "x_BillFormat": str(BillFormat.COST_EXPLORER),
    }
    for text, group in zip(keys, groups, strict=False):
        _put_group(path, row, text, group)
    _complete_service(row)
    for name, (value, unit) in metrics.items():
        for column in _METRICS.get(name, ()):
            row[column] = rounded(value, column)
        if name == "UsageQuantity":
            row["ConsumedUnit"] = unit
        elif name in _METRICS:
            row["BillingCurrency"] = unit
    row["BilledCost"] = row.get("x_NetUnblendedCost", row.get("x_UnblendedCost"))
    row["EffectiveCost"] = row.get("x_NetEffectiveCost", row.get("x_AmortizedCost"))
    return row


def _put_group(path: Path, row: dict[str, Any], text: str, group: Mapping[str, str]) -> None:
    kind, name = group.get("Type", "DIMENSION"), group.get("Key", "SERVICE")
    if kind in ("TAG", "COST_CATEGORY"):
        # "team$" is untagged.
        value = text.removeprefix(f"{name}$")
        column = "Tags" if kind == "TAG" else "x_CostCategories"
        row[column] = [*(row.get(column) or []), (name, value)] if value else row.get(column)
        return
    if name not in _DIMENSIONS:
        raise BillError(f"{path}: groups by {name}, which no column of a bill holds")
    row[_DIMENSIONS[name]] = None if text in _NO_RESOURCE or not text else text
    if name == "REGION" and text in ("global", "NoRegion"):
        row["RegionId"] = None


def _complete_service(row: dict[str, Any]) -> None:
    """Fill what the service and the record type say: code, category, charge category."""
    name, code = row.get("ServiceName"), row.get("x_ServiceCode")
    code = code or SERVICE_CODE_BY_NAME.get(" ".join(str(name).split())) if name else code
    if code:
        row["x_ServiceCode"] = code
        service = SERVICES.get(code)
        row["ServiceName"] = name or (service.name if service else code)
        row["ServiceCategory"] = service.category if service else "Other"
    record = row.get("x_LineItemType")
    if record or name == "Tax":
        row["ChargeCategory"] = _CHARGES.get(record or "Tax", "Adjustment")


def _time(path: Path, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=None)
    except (ValueError, AttributeError) as error:
        raise BillError(f"{path}: {text!r} is not a date") from error


def _next_month(day: datetime) -> datetime:
    return (day.replace(day=_MONTH_DAYS, hour=0) + timedelta(days=4)).replace(day=1)


def _issue(path: Path, message: str) -> Issue:
    return Issue(IssueReason.DATA_QUALITY, str(path), message)
