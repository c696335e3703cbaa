"""Raw rows in chunks of Arrow, text as dictionaries: what an import reads."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from costmodel.bill.normalize.raw import scan_names
from costmodel.bill.source import BillFormat, BillSource
from costmodel.bill.store.chunk import ChunkMapping, chunk_mapping, duckdb_types, references
from costmodel.errors import BillError
from costmodel.io.bills.sniff import ATHENA_SEPARATOR, Sniffed

CHUNK_ROWS: Final = 1 << 18
# Small enough for the cache, which is worth a third of the parsing time.
_CSV_BLOCK: Final = 1 << 23
_TEXT: Final = pa.dictionary(pa.int32(), pa.string())

# One piece of reading that a worker does from end to end.
Task = Callable[[], Iterator[pa.Table]]


def tasks_of(part: Sniffed, prefixes: Mapping[str, str]) -> list[Task]:
    """Return the pieces a file is read in: row groups of Parquet, or a CSV file whole."""
    if part.container == "parquet":
        return _parquet_tasks(part, prefixes)
    return [partial(_csv_chunks, part, prefixes)]


def table_tasks(source: BillSource) -> list[Task]:
    """Return the pieces of a small report that is a table already."""
    return [partial(iter, [table]) for table in source.tables.values()]


def _parquet_tasks(part: Sniffed, prefixes: Mapping[str, str]) -> list[Task]:
    file = pq.ParquetFile(part.path)
    schema = file.schema_arrow
    texts = [f.name for f in schema if pa.types.is_string(f.type) or _is_dictionary(f.type)]
    headers = dict(zip(scan_names(schema.names), schema.names, strict=True))
    types = dict(zip(headers, duckdb_types(schema).values(), strict=True))
    wanted = [headers[n] for n in chunk_mapping(part.format, types, prefixes).raw_columns]

    def rows_of(group: int) -> Iterator[pa.Table]:
        opened = pq.ParquetFile(part.path, read_dictionary=texts)
        try:
            table = opened.read_row_group(group, columns=wanted, use_threads=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise BillError(f"{part.path}: damaged: download it again ({error})") from error
        table = _renamed(table, headers)
        for first in range(0, len(table), CHUNK_ROWS):
            yield table.slice(first, CHUNK_ROWS)

    return [partial(rows_of, group) for group in range(file.num_row_groups)]


def _renamed(table: pa.Table, headers: Mapping[str, str]) -> pa.Table:
    """Return a table whose columns have the names of a scan."""
    names = {header: name for name, header in headers.items()}
    return table.rename_columns([names[header] for header in table.column_names])


def _is_dictionary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind))


def _csv_chunks(part: Sniffed, prefixes: Mapping[str, str]) -> Iterator[pa.Table]:
    headers = dict(zip(scan_names(part.columns), part.columns, strict=True))
    mapping = chunk_mapping(part.format, dict.fromkeys(headers, "VARCHAR"), prefixes)
    wanted = [headers[name] for name in mapping.raw_columns]
    numbers = [headers[name] for name in _numbers(mapping)]
    types = dict.fromkeys(wanted, _TEXT) | dict.fromkeys(numbers, pa.float64())
    is_hive = part.delimiter == ATHENA_SEPARATOR
    nulls = ["", "\\N"] if is_hive or not part.has_header else [""]
    nulls += ["NULL", "null"] if part.format is BillFormat.FOCUS else []
    try:
        reader = pyarrow.csv.open_csv(
            part.path,
            read_options=pyarrow.csv.ReadOptions(
                block_size=_CSV_BLOCK, column_names=None if part.has_header else part.columns
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=part.delimiter,
                quote_char=False if is_hive else '"',
                newlines_in_values=not is_hive,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=wanted, column_types=types, null_values=nulls,
                strings_can_be_null=True,
            ),
        )  # fmt: skip
        for chunk in _grouped(reader):
            yield _renamed(chunk, headers)
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BillError(f"{part.path}: cannot be read: {reason}") from error


def _grouped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Return batches together until they make a chunk."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= CHUNK_ROWS:
            yield pa.Table.from_batches(waiting).unify_dictionaries().combine_chunks()
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting).unify_dictionaries().combine_chunks()


def _numbers(mapping: ChunkMapping) -> Sequence[str]:
    """Return raw columns that only numbers are made of."""
    number = {name for name, sql in mapping.kept.items() if "TRY_CAST" in str(sql)}
    read: dict[str, set[bool]] = {}
    for name, sql in mapping.kept.items():
        for raw in references(sql or ""):
            as_number = f"TRY_CAST(NULLIF(\"{raw}\", '') AS DOUBLE)" in str(sql)
            read.setdefault(raw, set()).add(name in number and as_number)
    return [raw for raw, uses in read.items() if uses == {True}]
