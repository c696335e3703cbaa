"""Small reports, parsed in Python, as a table that already has the columns of ``bill``."""

import csv
import io
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from costmodel.bill.normalize.raw import THOUSANDS
from costmodel.bill.normalize.relation import BILL_COLUMNS
from costmodel.bill.source import BillFormat, BillSource
from costmodel.errors import BillError, Issue
from costmodel.io.bills.unpack import gunzip

_numbers = itertools.count()
_LARGEST_EXPONENT = 15  # with the digits after the point, as many as decimal keeps


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, unpacked if it is gzip."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gunzip(path) if packed else path.read_bytes()


def read_csv_rows(path: Path) -> list[list[str]]:
    """Return the rows of a small CSV file in UTF-8, with or without byte-order mark."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BillError(
            f"{path}: byte {error.start + 1} is not UTF-8: save the file as UTF-8"
        ) from error
    return list(csv.reader(io.StringIO(text, newline="")))


def amount(text: str | None, path: Path, place: str) -> Decimal | None:
    """Return an amount as a report writes it; empty is None.

    Raises:
        BillError: the text is no number.
    """
    if text is None or not text.strip():
        return None
    try:
        spelled = text.strip().lstrip("$")
        grouped = re.match(THOUSANDS, spelled)
        value = Decimal(spelled.replace(",", "") if grouped else spelled)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value.adjusted() > _LARGEST_EXPONENT:
        raise BillError(f"{path}: {place}: {text!r:.60} is not an amount")
    return value


def table_source(
    rows: Sequence[Mapping[str, Any]],
    bill_format: BillFormat,
    path: Path,
    issues: Iterable[Issue] = (),
) -> BillSource:
    """Return rows keyed by columns of ``bill`` as a source.

    Args:
        rows: one mapping per row; columns nobody fills are absent from the source.
        bill_format: format of the file.
        path: the file.
        issues: what the reader noticed.
    """
    import pyarrow as pa

    used = {name for row in rows for name, value in row.items() if value is not None}
    names = [name for name in BILL_COLUMNS if name in used]
    columns = {
        name: pa.array([row.get(name) for row in rows], _arrow_type(name)) for name in names
    }
    name = f"report_{next(_numbers)}"
    return BillSource(
        format=bill_format,
        scan=name,
        columns={column: BILL_COLUMNS[column] for column in names},
        paths=(str(path),),
        tables={name: pa.table(columns)},
        issues=tuple(issues),
    )


def _arrow_type(name: str) -> Any:
    import pyarrow as pa

    kind = BILL_COLUMNS[name]
    if kind.startswith("DECIMAL"):
        return pa.decimal128(38, int(kind.rstrip(")").rsplit(",", 1)[1]))
    if kind.startswith("MAP"):
        return pa.map_(pa.string(), pa.string())
    return pa.timestamp("us") if kind == "TIMESTAMP" else pa.string()


def rounded(value: Decimal | None, column: str) -> Decimal | None:
    """Return an amount with the digits its column keeps."""
    if value is None:
        return None
    scale = int(BILL_COLUMNS[column].rstrip(")").rsplit(",", 1)[1])
    return value.quantize(Decimal(1).scaleb(-scale))
