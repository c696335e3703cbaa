"""DuckDB behind a bill: one connection, its settings, and its errors said in one line."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from costmodel.errors import BillError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def connect() -> "duckdb.DuckDBPyConnection":
    """Return a connection in UTC that may reorder rows (sums are exact, order is asked for)."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    # In Jupyter even turning the bar off needs ipywidgets; without them it is off already.
    # All rows are fetched: an unfinished result would hold the connection.
    ((shows,),) = connection.execute("SELECT current_setting('enable_progress_bar')").fetchall()
    if shows:
        connection.execute("SET enable_progress_bar = false")
    return connection


def run(
    connection: "duckdb.DuckDBPyConnection", query: str, tables: Mapping[str, Any] | None = None
) -> "duckdb.DuckDBPyConnection":
    """Run a query on a cursor of its own, which knows some Arrow tables by name.

    Raises:
        BillError: the data are not what their format says; the message names value or file.
    """
    with said_in_one_line():
        return _cursor(connection, tables).execute(query)


def arrow(
    connection: "duckdb.DuckDBPyConnection", query: str, tables: Mapping[str, Any] | None = None
) -> "pa.Table":
    """Return the answer of a query as an Arrow table.

    Raises:
        BillError: as ``run``.
    """
    with said_in_one_line():
        return _cursor(connection, tables).sql(query).to_arrow_table()


def _cursor(
    connection: "duckdb.DuckDBPyConnection", tables: Mapping[str, Any] | None
) -> "duckdb.DuckDBPyConnection":
    cursor = connection.cursor()
    for name, table in (tables or {}).items():
        cursor.register(name, table)
    return cursor


@contextmanager
def naming(label: str) -> Iterator[None]:
    """Name the bill in an error of the engine that names no file."""
    try:
        yield
    except BillError as error:
        if label in str(error):
            raise
        raise BillError(f"{label}: {error}") from error


@contextmanager
def said_in_one_line() -> Iterator[None]:
    """Turn an error of the engine into a ``BillError`` of one line."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise BillError(f"the bill cannot be read: {_one_line(str(error))}") from error


def _one_line(message: str) -> str:
    """Return the first sentence of an engine message, without hints, query and rows."""
    if "Error when sniffing file" in message:
        return "a row has other columns than the header: is the file cut short? download it again"
    if "GZIP" in message:
        return "the gzip file is truncated or damaged: download it again"
    line = re.search(r"CSV Error on Line: (\d+)", message)
    if line:
        is_text = "unicode" not in message.lower() and "utf-8" not in message.lower()
        what = "cannot be read as a row of the header" if is_text else "is not UTF-8: save it so"
        return f"line {line.group(1)} {what}"
    first = re.split(r"\n\s*\n|\nLINE \d|Possible fixes|\n\s*CSV options", message)[0]
    return " ".join(first.split())[:400]
