"""Where a text stands that is no amount or time: file, column and row."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from costmodel.bill import engine
from costmodel.bill.normalize.raw import Sql, header_of, literal, quote
from costmodel.bill.normalize.relation import Rows
from costmodel.bill.source import BillSource
from costmodel.errors import BillError

# The engine names the value and the type it should have had, and no place.
_AMOUNT: Final = re.compile(r'Could not convert string "(.*)" to DECIMAL')
_TIME: Final = re.compile(r'timestamp field format: "(.*?)"')
_WANTED: Final = {
    _AMOUNT: "is no amount: write a plain number below 10^20 such as 12.5, or leave it empty",
    _TIME: "is no time: write it as 2026-05-01T00:00:00Z",
}
_LONGEST: Final = 60  # characters of a value in a message


class _Place(NamedTuple):
    """One cell: row 1 is the first after the header, 0 one of several files."""

    file: str
    row: int
    column: str


@contextmanager
def placed(sources: Sequence[BillSource], rows: Sequence[Rows]) -> Iterator[None]:
    """Say in an error about a value where it stands.

    Args:
        sources: what was read.
        rows: the columns of each source.
    """
    try:
        yield
    except BillError as error:
        said = _said(str(error), sources, rows)
        if said is None:
            raise
        raise BillError(said) from error


def is_misread(error: BillError) -> bool:
    """Return whether an error is about a value that is no amount or time."""
    return any(pattern.search(str(error)) for pattern in _WANTED)


def _said(message: str, sources: Sequence[BillSource], rows: Sequence[Rows]) -> str | None:
    """Return the message with the place of its value, or None where there is none."""
    for pattern, wanted in _WANTED.items():
        match = pattern.search(message)
        if match is None:
            continue
        for source, mapped in zip(sources, rows, strict=True):
            place = _place(source, mapped, match.group(1))
            if place is not None:
                row = f"row {place.row}: " if place.row else ""
                value = match.group(1)[:_LONGEST]
                return f"{place.file}: {row}{place.column}: {value!r} {wanted}"
    return None


def _place(source: BillSource, rows: Rows, value: str) -> _Place | None:
    """Return the first cell of a source's files with a value, of those that are cast."""
    columns = _cast_columns(source, rows)
    if not columns or not source.scan.startswith(("read_csv(", "read_parquet(")):
        return None
    scan = f"{source.scan[:-1]}, filename = 'x_File')"
    fields = ", ".join(map(quote, columns))
    numbered = f"SELECT x_File, ROW_NUMBER() OVER () AS x_Row, {fields} FROM {scan}"
    holds = " OR ".join(f"{quote(name)} = {literal(value)}" for name in columns)
    connection = engine.connect()
    try:
        # One thread that keeps the order numbers rows as they stand.
        connection.execute("SET threads = 1; SET preserve_insertion_order = true")
        query = f"SELECT * FROM ({numbered}) WHERE {holds} LIMIT 1"
        found = engine.run(connection, query).fetchone()
    except BillError:
        return None  # another fault of the file: the first message stands
    finally:
        connection.close()
    if found is None:
        return None
    file, row, *cells = found
    is_one = len(source.paths) == 1
    name = next(name for name, cell in zip(columns, cells, strict=True) if cell == value)
    # A file unpacked aside goes by the name the user gave.
    label = file if file in source.paths else source.label
    return _Place(label, int(row) if is_one else 0, header_of(name))


def _cast_columns(source: BillSource, rows: Rows) -> list[str]:
    """Return the text columns some expression casts to an amount or a time."""
    expressions: list[Sql] = [
        expression
        for columns in (rows.columns, rows.unused, rows.folded, rows.split)
        for expression in columns.values()
        if expression is not None
    ]
    return [
        name
        for name in source.columns
        if any(f"TRY_CAST(NULLIF({quote(name)}, '') AS" in one for one in expressions)
    ]
