"""Rows of a CSV file in chunks of Arrow: text as dictionaries, amounts as the decimals they are.

Amounts are read to the last digit, exponents included. AWS writes money with ten decimals, which
fit a narrow type that is quick to move and to add up; a column that needs more is read again from
where it was noticed, with a wider one, and at last as text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from costmodel.bill.normalize.raw import MONEY_TYPE, QUANTITY_TYPE, quote, scan_names
from costmodel.bill.source import BillFormat
from costmodel.bill.store.chunk import ChunkMapping, chunk_mapping, references
from costmodel.errors import BillError, one_line
from costmodel.io.bills.sniff import ATHENA_SEPARATOR, Sniffed

CHUNK_ROWS: Final = 1 << 18
# Small enough for the cache, which is worth a third of the parsing time.
_BLOCK: Final = 1 << 23
_TEXT: Final = pa.dictionary(pa.int32(), pa.string())


class _Try(NamedTuple):
    """A type to parse a column as, the type its values then have, and what they stay below."""

    parsed: pa.DataType
    kept: pa.DataType
    below: int | None = None


# Arrow refuses more digits than a type's precision, but not values that are too large once they
# have all decimals: with these precisions nothing leaves the 128 bits.
_AS_TEXT: Final = _Try(_TEXT, _TEXT)
_WIDE: Final = _Try(pa.decimal128(20, 18), pa.decimal128(38, 18))
_MONEY: Final = (_Try(pa.decimal128(18, 10), pa.decimal128(18, 10), 10**8), _WIDE, _AS_TEXT)
_QUANTITY: Final = (_Try(pa.decimal128(26, 12), pa.decimal128(38, 12)), _WIDE, _AS_TEXT)
_COLUMN = re.compile(r"In CSV column #(\d+):")

Types = dict[str, tuple[_Try, ...]]  # header → what to try, the first is the current one


def csv_chunks(part: Sniffed, prefixes: Mapping[str, str]) -> Iterator[pa.Table]:
    """Return the rows of a CSV file, columns named as a scan names them.

    Raises:
        BillError: the file is damaged, or a row does not fit its header.
    """
    headers = dict(zip(scan_names(part.columns), part.columns, strict=True))
    mapping = chunk_mapping(part.format, dict.fromkeys(headers, "VARCHAR"), prefixes)
    types: Types = {headers[name]: (_AS_TEXT,) for name in mapping.raw_columns}
    types |= {headers[name]: tries for name, tries in _numbers(mapping).items()}
    names = {header: name for name, header in headers.items()}
    done = 0
    while True:
        before = dict(types)
        for chunk in _read(part, types, done):
            done += len(chunk)
            yield chunk.rename_columns([names[header] for header in chunk.column_names])
        if types == before:
            return


def _read(part: Sniffed, types: Types, done: int) -> Iterator[pa.Table]:
    """Yield the rows after the first ones; a column that is too narrow is widened, and no more."""
    waiting: list[pa.RecordBatch] = []
    try:
        for batch in _batches(part, types):
            if _widened(batch, types):
                return
            waiting.append(_kept(batch, types))
            if sum(map(len, waiting)) >= CHUNK_ROWS:
                rows, waiting = _together(waiting), []
                if len(rows) > done:
                    yield rows.slice(done)
                done = max(done - len(rows), 0)
    except pa.ArrowInvalid as error:
        found = _COLUMN.search(str(error))
        header = part.columns[int(found.group(1))] if found else ""
        if len(types.get(header, ())) < 2:
            what = (
                f"the column {header} is not UTF-8: save the file so"
                if "UTF8" in str(error)
                else (f"cannot be read: {one_line(error)}")
            )
            raise BillError(f"{part.label}: {what}") from error
        types[header] = types[header][1:]
        return
    except (OSError, EOFError) as error:
        raise BillError(f"{part.label}: cannot be read: {one_line(error)}") from error
    if waiting:
        rows = _together(waiting)
        if len(rows) > done:
            yield rows.slice(done)


def _batches(part: Sniffed, types: Types) -> Iterable[pa.RecordBatch]:
    is_hive = part.delimiter == ATHENA_SEPARATOR
    nulls = ["", "\\N"] if is_hive or not part.has_header else [""]
    nulls += ["NULL", "null"] if part.format is BillFormat.FOCUS else []
    reader: Iterable[pa.RecordBatch] = pyarrow.csv.open_csv(
        part.path,
        read_options=pyarrow.csv.ReadOptions(
            block_size=_BLOCK, column_names=None if part.has_header else part.columns
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=part.delimiter,
            quote_char=False if is_hive else '"',
            newlines_in_values=not is_hive,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=list(types),
            column_types={header: tries[0].parsed for header, tries in types.items()},
            null_values=nulls,
            strings_can_be_null=True,
        ),
    )
    return reader


def _widened(batch: pa.RecordBatch, types: Types) -> bool:
    """Widen columns that hold more than their type has room for, which Arrow does not check."""
    too_large = []
    for header, (current, *_) in types.items():
        if current.below is not None:
            found = pc.min_max(batch[header])
            ends = (found["min"].as_py(), found["max"].as_py())
            if any(end is not None and abs(end) >= current.below for end in ends):
                too_large.append(header)
    types |= {header: types[header][1:] for header in too_large}
    return bool(too_large)


def _kept(batch: pa.RecordBatch, types: Types) -> pa.RecordBatch:
    columns = [
        column.cast(kept) if pa.types.is_decimal(column.type) and column.type != kept else column
        for column, kept in zip(
            batch.columns, (types[header][0].kept for header in batch.schema.names), strict=True
        )
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _together(batches: Sequence[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()


def _numbers(mapping: ChunkMapping) -> Types:
    """Return raw columns that only numbers are made of, with the types to try."""
    uses: dict[str, set[str]] = {}
    for sql in mapping.kept.values():
        for raw in references(sql or ""):
            uses.setdefault(raw, set()).add(_use(raw, sql or ""))
    return {
        raw: _MONEY if MONEY_TYPE in kinds else _QUANTITY
        for raw, kinds in uses.items()
        if kinds and "" not in kinds
    }


def _use(raw: str, sql: str) -> str:
    for kind in (MONEY_TYPE, QUANTITY_TYPE):
        if f"TRY_CAST(NULLIF({quote(raw)}, '') AS {kind})" in sql:
            return kind
    return ""
