"""Raw rows in chunks of Arrow, text as dictionaries: what an import reads."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from costmodel.bill.normalize.raw import scan_names
from costmodel.bill.source import BillSource
from costmodel.bill.store.chunk import chunk_mapping, duckdb_types
from costmodel.errors import BillError
from costmodel.io.bills.csv_chunks import CHUNK_ROWS, csv_chunks
from costmodel.io.bills.sniff import Sniffed

# One piece of reading that a worker does from end to end.
Task = Callable[[], Iterator[pa.Table]]


def tasks_of(part: Sniffed, prefixes: Mapping[str, str]) -> list[Task]:
    """Return the pieces a file is read in: row groups of Parquet, or a CSV file whole."""
    if part.container == "parquet":
        return _parquet_tasks(part, prefixes)
    return [partial(csv_chunks, part, prefixes)]


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
            raise BillError(f"{part.label}: damaged: download it again ({error})") from error
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
