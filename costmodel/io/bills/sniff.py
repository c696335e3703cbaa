"""Which format a file is, from its first bytes and its columns; names of files do not count."""

import codecs
import csv
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from costmodel.bill.normalize.raw import snake_case
from costmodel.bill.source import BillFormat
from costmodel.errors import BillError
from costmodel.io.bills.column_lists import columns_beside

Container = Literal["parquet", "csv", "json"]
_HEAD = 1 << 16
_SUPPORTED = (
    "a bill is a Cost and Usage Report (CSV or Parquet), a FOCUS export, Cost Explorer JSON or "
    "CSV, or a legacy monthly report"
)
_GZIP = b"\x1f\x8b"
_FIELD_LIMIT = 1 << 22
_MOST_BESIDE = 50
# No bill is narrower: text with commas and fewer fields is something else.
_LEAST_FIELDS = 10
ATHENA_SEPARATOR = "\x01"
# What some columns must look like, to tell a list of columns that is of another table.
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"-?\d*\.?\d+([eE][+-]?\d+)?$")
_SHAPES = {
    "line_item_usage_start_date": _TIME,
    "line_item_unblended_cost": _NUMBER,
    "line_item_line_item_type": re.compile(r"[A-Z]\w+$"),
    "chargeperiodstart": _TIME,
    "billedcost": _NUMBER,
}
_TOTAL = re.compile(r"total costs? ?(\([^()]{1,4}\))?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file turned out to be."""

    path: Path
    container: Container
    format: BillFormat
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    gzipped: bool = False
    skip: int = 0  # lines before the header
    has_header: bool = True  # if not, columns are from a list
    constants: Mapping[str, str | datetime] = field(default_factory=dict)
    archive: Path | None = None  # the zip file it was unpacked from

    @property
    def named(self) -> Path:
        """The file as the user knows it."""
        return self.archive or self.path

    @property
    def label(self) -> str:
        """The file for messages: a member of an archive after its name."""
        return f"{self.archive}/{self.path.name}" if self.archive else str(self.path)


def sniff(path: Path, named_columns: Sequence[str] = (), beside: Path | None = None) -> Sniffed:
    """Return the format of a file.

    Args:
        path: the file.
        named_columns: its columns, should it be text without a header.
        beside: where to look for such a list, if not where the file lies.

    Raises:
        BillError: the file is empty, damaged, not text in UTF-8, or no bill.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise BillError(f"{path}: the file is empty")
    if head.startswith(b"PAR1"):
        return _sniff_parquet(path)
    gzipped = head.startswith(_GZIP)
    text = _decode(path, _gunzip_head(path, head) if gzipped else head)
    if not text.strip():
        raise BillError(f"{path}: the file is empty")
    if text.lstrip()[:1] in "{[":
        return Sniffed(path, "json", BillFormat.COST_EXPLORER, gzipped=gzipped)
    found = _sniff_csv(path, text, gzipped)
    return found or _sniff_bare(path, text, gzipped, named_columns, beside or path)


def _sniff_parquet(path: Path) -> Sniffed:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
        names = metadata.schema.to_arrow_schema().names
    except (pa.ArrowInvalid, OSError) as error:
        raise BillError(f"{path}: the Parquet file is damaged: download it again") from error
    found = format_of(names)
    if found is None:
        raise BillError(f"{path}: columns of no bill this package knows; {_SUPPORTED}")
    return Sniffed(path, "parquet", found, tuple(names), constants=_constants(metadata))


def _constants(metadata: Any) -> dict[str, str | datetime]:
    """Return the columns that have one value in all rows, as far as the file's statistics say."""
    found: dict[str, str | datetime] = {}
    for column in range(metadata.num_columns if metadata.num_row_groups else 0):
        first = metadata.row_group(0).column(column)
        value = _only_value(first)
        if value is not None and all(
            _only_value(metadata.row_group(group).column(column)) == value
            for group in range(1, metadata.num_row_groups)
        ):
            found[first.path_in_schema] = value
    return found


def _only_value(chunk: Any) -> str | datetime | None:
    known = chunk.statistics
    if known is None or not known.has_min_max or not known.has_null_count or known.null_count:
        return None
    value = known.min
    return value if isinstance(value, str | datetime) and value == known.max else None


def _gunzip_head(path: Path, head: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head, _HEAD)
    except zlib.error as error:
        raise BillError(f"{path}: the gzip file is damaged: download it again") from error


def _decode(path: Path, head: bytes) -> str:
    for mark, name in ((codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16")):
        if head.startswith(mark):
            raise BillError(f"{path}: the file is {name}: save it as UTF-8")
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        return decoder.decode(head)
    except UnicodeDecodeError as error:
        raise BillError(
            f"{path}: byte {error.start + 1} is not UTF-8: save the file as UTF-8"
        ) from error


def _sniff_csv(path: Path, text: str, gzipped: bool) -> Sniffed | None:  # noqa: FBT001 - one fact of many
    """Return what text with a header is; None where the first line is none of a bill."""
    csv.field_size_limit(_FIELD_LIMIT)
    delimiter = _delimiter(text)
    rows = list(_first_rows(text, delimiter, 3))
    header = tuple(rows[0]) if rows else ()
    found = format_of(header)
    if found is not None:
        _check_unique(path, header)
        return Sniffed(path, "csv", found, header, delimiter, gzipped)
    # The cost allocation report begins with a line of free text.
    if len(rows) > 1 and format_of(rows[1]) is BillFormat.LEGACY_REPORT:
        return Sniffed(path, "csv", BillFormat.LEGACY_REPORT, tuple(rows[1]), ",", gzipped, skip=1)
    if is_console_csv(rows):
        return Sniffed(path, "csv", BillFormat.CONSOLE_CSV, header, ",", gzipped)
    return None


def _check_unique(path: Path, header: Sequence[str]) -> None:
    twice = [name for name, count in Counter(header).items() if count > 1 and name]
    if twice:
        raise BillError(f"{path}: the column {twice[0]} stands twice in the header: remove one")


def _delimiter(text: str) -> str:
    line = text.split("\n", 1)[0]
    return next((mark for mark in (ATHENA_SEPARATOR, "\t") if mark in line), ",")


def _sniff_bare(
    path: Path,
    text: str,
    gzipped: bool,  # noqa: FBT001 - one fact of many
    named_columns: Sequence[str],
    beside: Path,
) -> Sniffed:
    """Return what text without a header is, by a list of its columns.

    Raises:
        BillError: there is no such list, or none fits.
    """
    delimiter = _delimiter(text)
    row = next(iter(_first_rows(text, delimiter, 1)), [])
    if named_columns:
        misfit = misfit_of(named_columns, row)
        if misfit:
            raise BillError(f"{path}: the columns named do not fit: {misfit}")
        return _bare(path, named_columns, delimiter, gzipped)
    misfits = []
    for file, columns in (*columns_beside(beside), *_headers_beside(path)):
        misfit = misfit_of(columns, row)
        if not misfit:
            return _bare(path, columns, delimiter, gzipped)
        misfits.append(f"; the columns of {file.name} do not fit: {misfit}")
    if delimiter == "," and len(row) < _LEAST_FIELDS:
        raise BillError(f"{path}: {_SUPPORTED}; the first line is {_shown(text)}")
    raise BillError(
        f"{path}: text without a header ({len(row)} fields), and nothing says what its columns "
        "are: put the manifest or the create-table.sql of the report beside it, or name a file "
        f"that lists them with --columns{''.join(misfits[:1])}"
    )


def _headers_beside(path: Path) -> Iterable[tuple[Path, Sequence[str]]]:
    """Return the headers of other files in a folder: one of them may be of the same report."""
    for file in sorted(path.parent.iterdir())[:_MOST_BESIDE]:
        if file == path or not file.is_file():
            continue
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
        try:
            text = _decode(file, _gunzip_head(file, head) if head[:2] == _GZIP else head)
        except BillError:
            continue
        found = _sniff_csv(file, text, head[:2] == _GZIP)
        if found is not None and found.columns:
            yield file, found.columns


def _bare(path: Path, columns: Sequence[str], delimiter: str, gzipped: bool) -> Sniffed:  # noqa: FBT001 - one fact of many
    known = format_of(columns)
    if known is None:
        raise BillError(f"{path}: the columns named are of no bill this package knows")
    return Sniffed(path, "csv", known, tuple(columns), delimiter, gzipped, has_header=False)


def misfit_of(columns: Sequence[str], row: Sequence[str]) -> str:
    """Return why a row cannot have these columns; '' where it can."""
    if len(columns) != len(row):
        return f"{len(columns)} columns, and the first line has {len(row)} fields"
    values = {snake_case(name): value for name, value in zip(columns, row, strict=True)}
    values |= {name.lower(): value for name, value in zip(columns, row, strict=True)}
    for name, pattern in _SHAPES.items():
        value = values.get(name, "")
        if value not in ("", "\\N") and not pattern.match(value):
            return f"{name} would be {value[:40]!r}"
    return ""


def _first_rows(text: str, delimiter: str, count: int) -> Iterable[list[str]]:
    lines = io.StringIO(text)
    if delimiter == ATHENA_SEPARATOR:  # Hive quotes nothing
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(lines, delimiter=delimiter)
    for _ in range(count):
        try:
            yield next(reader)
        except (StopIteration, csv.Error):
            return


def _shown(text: str) -> str:
    line = text.lstrip().splitlines()[0]
    return repr(line[:60] + ("…" if len(line) > 60 else ""))


def format_of(columns: Sequence[str]) -> BillFormat | None:
    """Return the format that has these columns, or None."""
    lower = {name.strip().lower() for name in columns}
    snake = {snake_case(name) for name in columns}
    if "line_item_line_item_type" in snake or "line_item_unblended_cost" in snake:
        is_new = "product" in lower or "resource_tags" in lower or "cost_category" in lower
        return BillFormat.CUR_2 if is_new else BillFormat.LEGACY_CUR
    if "billedcost" in lower:
        return BillFormat.FOCUS
    if {"payeraccountid", "recordtype"} <= lower:
        return BillFormat.LEGACY_REPORT
    return None


def is_console_csv(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first rows are those of a Cost Explorer console download."""
    if not rows or not rows[0]:
        return False
    # A download whose totals row somebody cut off still has the totals column.
    ends_in_total = len(rows[0]) > 1 and _TOTAL.match(rows[0][-1].strip()) is not None
    return ends_in_total or (len(rows) > 1 and _names_second_row(rows[1]))


def _names_second_row(row: Sequence[str]) -> bool:
    return bool(row) and row[0].strip().lower().endswith((" total", " name"))
