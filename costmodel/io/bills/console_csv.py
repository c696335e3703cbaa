"""Cost Explorer's console download: one dimension across the top, periods down the side.

Totals rows and columns are no data: they are dropped, and what is read is added up against them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from costmodel.bill.normalize.services import SERVICE_CODE_BY_NAME, SERVICES
from costmodel.bill.source import BillFormat, BillSource
from costmodel.errors import BillError, Issue, IssueReason
from costmodel.io.bills.rows import amount, read_csv_rows, rounded, table_source

# First header cell → column of ``bill``.
_DIMENSIONS: Final = {
    "service": "ServiceName", "linked account": "SubAccountId", "region": "RegionId",
    "usage type": "SkuMeter", "instance type": "x_InstanceType", "api operation": "x_Operation",
    "availability zone": "AvailabilityZone", "charge type": "x_LineItemType",
    "purchase option": "CommitmentDiscountType", "legal entity": "PublisherName",
    "billing entity": "PublisherName", "resource": "ResourceId", "platform": "x_OperatingSystem",
    "tenancy": "x_Tenancy", "database engine": "x_DatabaseEngine",
}  # fmt: skip
_SYMBOLS: Final = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "A$": "AUD",
                   "C$": "CAD", "R$": "BRL", "CHF": "CHF", "US$": "USD", "kr": "SEK"}  # fmt: skip
_TOTAL_COLUMN = re.compile(r"^total costs? ?\(.{1,3}\)$|^total costs?$", re.IGNORECASE)
_CURRENCY = re.compile(r"\s*\(([^()]{1,4})\)$")
# Untouched files agree with their totals to 1e-11.
TOLERANCE: Final = Decimal("1e-9")


class ConsoleTable(NamedTuple):
    """The cells of a console download, totals apart."""

    dimension: str
    names: list[str]  # one per column
    labels: list[str]  # second header row, or empty
    currency: str
    periods: list[datetime]
    cells: list[list[Decimal | None]]  # one row per period
    column_totals: list[Decimal | None]
    row_totals: list[Decimal | None]


def console_source(path: Path) -> BillSource:
    """Return a console download as a source.

    Raises:
        BillError: no periods, a cell is no amount, or a date cannot be read.
    """
    table = read_console_csv(path)
    column = _DIMENSIONS.get(table.dimension.lower())
    rows = [
        _row(table, column, period, place, value)
        for period, cells in zip(table.periods, table.cells, strict=True)
        for place, value in enumerate(cells)
        if value is not None
    ]
    if not rows:
        raise BillError(f"{path}: the file holds no costs")
    source = table_source(rows, BillFormat.CONSOLE_CSV, path, _sum_issues(table, path))
    names = ("column sums", "row sums")
    residuals = zip(names, sum_residuals(table), strict=True)
    return replace(source, sums=tuple((name, gap, TOLERANCE) for name, gap in residuals))


def read_console_csv(path: Path) -> ConsoleTable:
    """Return the cells of a console download, whichever of its two header layouts it has."""
    rows = [row for row in read_csv_rows(path) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise BillError(f"{path}: the file holds no costs")
    header, body = rows[0], rows[1:]
    has_labels = body[0][0].strip().lower().endswith(" name")
    labels = body.pop(0) if has_labels else []
    shown = labels if has_labels else header
    total_at = next(
        (place for place, cell in enumerate(shown) if _TOTAL_COLUMN.match(cell.strip())), None
    )
    data = [
        place for place, cell in enumerate(header)
        if place and place != total_at and (cell.strip() or (has_labels and shown[place].strip()))
    ]  # fmt: skip
    totals = next((row for row in body if row[0].strip().lower().endswith("total")), [])
    periods = [row for row in body if not row[0].strip().lower().endswith("total")]
    _check_width(path, header, periods)

    def read(row: Sequence[str], place: int | None) -> Decimal | None:
        text = row[place] if place is not None and place < len(row) else None
        return amount(text, path, f"row {row[0]}, column {shown[place or 0]}") if row else None

    return ConsoleTable(
        dimension=header[0].strip(),
        names=[_CURRENCY.sub("", header[place]).strip() for place in data],
        labels=[_CURRENCY.sub("", labels[place]).strip() for place in data] if has_labels else [],
        currency=_currency(path, [shown[place] for place in data]),
        periods=[_date(path, row[0]) for row in periods],
        cells=[[read(row, place) for place in data] for row in periods],
        column_totals=[read(totals, place) for place in data],
        row_totals=[read(row, total_at) for row in periods],
    )


def _check_width(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        if len(row) > len(header):
            raise BillError(f"{path}: row {row[0]} has {len(row)} cells, the header {len(header)}")


def _currency(path: Path, headers: Sequence[str]) -> str:
    symbols = {found.group(1) for cell in headers if (found := _CURRENCY.search(cell))}
    if len(symbols) > 1:
        raise BillError(f"{path}: the header mixes currencies: {', '.join(sorted(symbols))}")
    symbol = symbols.pop() if symbols else "$"
    return _SYMBOLS.get(symbol, symbol)


def _date(path: Path, text: str) -> datetime:
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%d-%m-%Y", "%Y-%m"):
        try:
            return datetime.strptime(text.strip(), form)  # noqa: DTZ007 - UTC without zone
        except ValueError:
            continue
    raise BillError(f"{path}: {text!r} is not a date: expected 2026-01-31 or 31-01-2026")


def _row(
    table: ConsoleTable, column: str | None, period: datetime, place: int, value: Decimal
) -> dict[str, Any]:
    name = table.names[place]
    row: dict[str, Any] = {
        "ChargePeriodStart": period,
        "ChargePeriodEnd": _end(table.periods, period),
        "BillingPeriodStart": period.replace(day=1, hour=0),
        "BillingPeriodEnd": _next_month(period),
        "BillingCurrency": table.currency,
        "ProviderName": "AWS",
        "x_BillFormat": str(BillFormat.CONSOLE_CSV),
        "BilledCost": rounded(value, "BilledCost"),
        "x_UnblendedCost": rounded(value, "x_UnblendedCost"),
    }
    if column is None:
        # Any other first cell is a tag key or a cost category.
        row["Tags"] = [(table.dimension, name)] if not name.lower().startswith("no tag") else None
        return row
    row[column] = None if column == "RegionId" and name.lower() in ("global", "noregion") else name
    if table.labels:
        row["SubAccountName"] = table.labels[place]
    if column == "ServiceName":
        row |= _service(name)
    return row


def _service(name: str) -> Mapping[str, Any]:
    plain = " ".join(name.split())
    if plain == "Tax":
        return {"ServiceName": plain, "ChargeCategory": "Tax"}
    code = SERVICE_CODE_BY_NAME.get(plain)
    if code is None:
        return {"ServiceName": plain}
    return {
        "ServiceName": plain,
        "x_ServiceCode": code,
        "ServiceCategory": SERVICES[code].category,
    }


def _end(periods: Sequence[datetime], period: datetime) -> datetime:
    """Return the end of a period: days where two periods are a day apart, else months."""
    later = [other - period for other in periods if other > period]
    earlier = [period - other for other in periods if other < period]
    step = min([*later, *earlier], default=timedelta(days=31))
    if step < timedelta(days=1):
        return period + step
    is_daily = step < timedelta(days=28) or period.day != 1
    return period + timedelta(days=1) if is_daily else _next_month(period)


def _next_month(day: datetime) -> datetime:
    return (day.replace(day=28, hour=0) + timedelta(days=4)).replace(day=1)


def sum_residuals(table: ConsoleTable) -> tuple[Decimal, Decimal]:
    """Return the largest difference of a column total and of a row total."""
    zero = Decimal(0)
    columns = [
        abs(total - sum((row[place] or zero for row in table.cells), zero))
        for place, total in enumerate(table.column_totals)
        if total is not None
    ]
    rows = [
        abs(total - sum((value or zero for value in cells), zero))
        for cells, total in zip(table.cells, table.row_totals, strict=True)
        if total is not None
    ]
    return max(columns, default=zero), max(rows, default=zero)


def _sum_issues(table: ConsoleTable, path: Path) -> list[Issue]:
    return [
        Issue(
            IssueReason.DATA_QUALITY,
            str(path),
            f"the {kind} totals differ from the cells by up to {residual:.2f}: edited by hand?",
        )
        for kind, residual in zip(("column", "row"), sum_residuals(table), strict=True)
        if residual > TOLERANCE
    ]
