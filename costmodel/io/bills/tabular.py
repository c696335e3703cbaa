"""CSV and Parquet parts of one format as a single scan: the schema is the union by name."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from costmodel.bill import engine
from costmodel.bill.normalize.raw import literal, quote, scan_names, snake_case
from costmodel.bill.source import BillFormat, BillSource
from costmodel.errors import BillError, Issue, IssueReason
from costmodel.io.bills.sniff import ATHENA_SEPARATOR, Sniffed

# What a format cannot do without; other columns may be absent.
_REQUIRED: Final = {
    BillFormat.LEGACY_CUR: (
        "lineItem/UnblendedCost", "lineItem/LineItemType", "lineItem/UsageStartDate",
    ),
    BillFormat.CUR_2: (
        "line_item_unblended_cost", "line_item_line_item_type", "line_item_usage_start_date",
    ),
    BillFormat.FOCUS: ("BilledCost", "ChargePeriodStart"),
}  # fmt: skip


# What the absence of a column disables; (column, only where this one is there, what).
_DISABLES: Final = (
    ("pricing/publicOnDemandCost", "", "list cost"),
    ("lineItem/UsageType", "", "usage types, regions by prefix and re-pricing"),
    ("lineItem/ResourceId", "", "costs by resource"),
    ("reservation/EffectiveCost", "reservation/ReservationARN",
     "effective cost of reserved usage"),
    ("savingsPlan/SavingsPlanEffectiveCost", "savingsPlan/SavingsPlanARN",
     "effective cost of usage under savings plans"),
)  # fmt: skip


def parquet_scan(parts: Sequence[Sniffed]) -> str:
    """Return the table expression of Parquet files of one format."""
    union = len({part.columns for part in parts}) > 1
    options = ", union_by_name = true" if union else ""
    scan = f"read_parquet({_paths(parts)}{options}, hive_partitioning = false)"
    names = scan_names(parts[0].columns)
    if names == list(parts[0].columns):
        return scan
    # DuckDB numbers columns that differ only in case; they get names one can tell apart.
    renamed = ", ".join(
        f"{quote(given)} AS {quote(name)}"
        for given, name in zip(describe(scan, str(parts[0].path)), names, strict=True)
        if given != name
    )
    return f"(SELECT * RENAME ({renamed}) FROM {scan})"


def csv_scan(parts: Sequence[Sniffed]) -> str:
    """Return the table expression of CSV files of one format: every column text."""
    first = parts[0]
    is_hive = first.delimiter == ATHENA_SEPARATOR
    nulls = ["\\N"] if is_hive or not first.has_header else []
    nulls += ["NULL", "null"] if first.format is BillFormat.FOCUS else []
    names = scan_names(first.columns)
    is_told_apart = names != list(first.columns) or not first.has_header
    options = [
        "all_varchar = true",
        f"names = [{', '.join(map(literal, names))}]" if is_told_apart else "union_by_name = true",
        "hive_partitioning = false",
        f"header = {str(first.has_header).lower()}",
        f"delim = {literal(first.delimiter)}",
        "quote = ''" if is_hive else "quote = '\"'",
        "escape = ''" if is_hive else "escape = '\"'",
        f"nullstr = [{', '.join(map(literal, ['', *nulls]))}]",
        f"compression = '{'gzip' if first.gzipped else 'none'}'",
        "max_line_size = 16777216",
        # The default, sixteen such lines, would unpack whole files to learn their columns.
        "buffer_size = 33554432",
        f"skip = {first.skip}",
    ]
    return f"read_csv({_paths(parts)}, {', '.join(options)})"


def tabular_source(parts: Sequence[Sniffed], keep: tuple[Any, ...] = ()) -> BillSource:
    """Return files of one format and container as one source.

    Raises:
        BillError: a file cannot be read, or lacks a column nothing works without.
    """
    scan = parquet_scan(parts) if parts[0].container == "parquet" else csv_scan(parts)
    columns = _described(parts, scan)
    _check_required(parts, columns)
    return BillSource(
        format=parts[0].format,
        scan=scan,
        columns=columns,
        paths=tuple(part.label for part in parts),
        issues=tuple(_disabled(parts, columns)),
        keep=keep,
        constants=_constants(parts),
    )


def _constants(parts: Sequence[Sniffed]) -> dict[str, str | datetime]:
    """Return the columns that have one and the same value in every file."""
    as_they_are = set(parts[0].columns) & set(scan_names(parts[0].columns))
    return {
        name: value
        for name, value in parts[0].constants.items()
        if name in as_they_are and all(part.constants.get(name) == value for part in parts)
    }


def _check_required(parts: Sequence[Sniffed], columns: Iterable[str]) -> None:
    names = {name.lower() for name in columns} | {snake_case(name) for name in columns}
    for header in _REQUIRED.get(parts[0].format, ()):
        if header.lower() not in names and snake_case(header) not in names:
            raise BillError(
                f"{parts[0].label}: the column {header} is missing, and without it there is no "
                "bill: export it too"
            )


def _disabled(parts: Sequence[Sniffed], columns: Iterable[str]) -> Iterable[Issue]:
    """Say which columns are missing and what that disables; the rest works."""
    if parts[0].format is BillFormat.FOCUS:
        return
    names = {snake_case(name) for name in columns}
    for header, beside, what in _DISABLES:
        is_wanted = not beside or snake_case(beside) in names
        if is_wanted and snake_case(header) not in names:
            message = f"the column {header} is missing: no {what}"
            yield Issue(IssueReason.DATA_QUALITY, parts[0].label, message)


def _described(parts: Sequence[Sniffed], scan: str) -> dict[str, str]:
    """Return the columns of files; where they cannot be read, say which one cannot."""
    try:
        return describe(scan, parts[0].label)
    except BillError:
        for part in parts if len(parts) > 1 else ():
            alone = parquet_scan([part]) if part.container == "parquet" else csv_scan([part])
            describe(alone, part.label)
        raise


def describe(scan: str, label: str) -> dict[str, str]:
    """Return the columns of a table expression and their types."""
    connection = engine.connect()
    try:
        return {
            str(row[0]): str(row[1])
            for row in engine.run(connection, f"DESCRIBE SELECT * FROM {scan}").fetchall()
        }
    except BillError as error:
        raise BillError(f"{label}: {error}") from error
    finally:
        connection.close()


def _paths(parts: Sequence[Sniffed]) -> str:
    return f"[{', '.join(literal(str(part.path)) for part in parts)}]"
