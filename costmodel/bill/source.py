"""What a reader hands over: one table of raw rows of one format, and where it lies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from costmodel.errors import Issue


class BillFormat(StrEnum):
    """The formats of bills, by the names users see."""

    LEGACY_CUR = "legacy CUR"
    CUR_2 = "CUR 2.0"
    FOCUS = "FOCUS"
    COST_EXPLORER = "Cost Explorer JSON"
    CONSOLE_CSV = "Cost Explorer CSV"
    LEGACY_REPORT = "legacy report"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class BillSource:
    """Raw rows of one format as a DuckDB table expression.

    Attributes:
        format: what the rows are.
        scan: table expression: ``read_parquet([…])``, ``read_csv([…])`` or the name of a table
            in ``tables``.
        columns: raw column name → DuckDB type, as the scan has them.
        paths: the files, for messages.
        tables: Arrow tables to register before the scan can run.
        issues: what the reader noticed.
        daily_scan: daily sums of the same rows, or ''.
        daily_columns: their columns.
        split_scan: split-cost rows of a store, or ''.
        split_columns: their columns.
        constants: raw columns that have one and the same value in every row.
        sums: totals the file carries: name, how far its cells are from them, how far is allowed.
        keep: what must live as long as the bill, such as a folder of unpacked files.
    """

    format: BillFormat
    scan: str
    columns: Mapping[str, str]
    paths: tuple[str, ...]
    tables: Mapping[str, Any] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()
    keep: tuple[Any, ...] = ()
    daily_scan: str = ""
    daily_columns: Mapping[str, str] = field(default_factory=dict)
    split_scan: str = ""
    split_columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str | datetime] = field(default_factory=dict)
    sums: tuple[tuple[str, Decimal, Decimal], ...] = ()

    @property
    def label(self) -> str:
        """The first file and how many more, for messages."""
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"{self.paths[0] if self.paths else self.scan}{more}"
