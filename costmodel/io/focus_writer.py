"""Write a bill as a FOCUS 1.2 dataset: Parquet by billing period, with its metadata."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costmodel.bill.focus_export import BILLING_PERIOD, FOCUS_1_2, focus_query, stand_ins
from costmodel.bill.normalize.raw import literal
from costmodel.bill.query import Bill
from costmodel.errors import BadInputError, Issue

FOCUS_VERSION = "1.2"


@dataclass(frozen=True, slots=True)
class FocusDataset:
    """What was written."""

    folder: Path
    files: tuple[Path, ...]
    rows: int
    issues: Sequence[Issue] = ()

    def to_json(self) -> dict[str, Any]:
        """Return rows and files."""
        return {
            "version": FOCUS_VERSION,
            "folder": str(self.folder),
            "rows": self.rows,
            "files": [str(file.relative_to(self.folder)) for file in self.files],
            "issues": [issue.to_json() for issue in self.issues],
        }


def write_focus(bill: Bill, folder: Path) -> FocusDataset:
    """Write a bill as FOCUS 1.2; a billing period already in the folder is replaced.

    Raises:
        BadInputError: the folder is a file.
        BillError: the bill cannot be read.
    """
    if folder.exists() and not folder.is_dir():
        raise BadInputError(f"{folder} is a file: name a folder with --out")
    inner = bill.relation_sql(["BillingPeriodStart", "ChargePeriodStart"])
    months = bill.run(
        f"SELECT DISTINCT {BILLING_PERIOD} FROM ({inner}) AS bill ORDER BY 1"  # noqa: S608 - constants
    ).fetchall()
    files, rows = [], 0
    for (start,) in months:
        if start is None:
            raise BadInputError("some rows have neither billing period nor time: nothing to date")
        file = folder / f"BILLING_PERIOD={start:%Y-%m}" / "focus-00001.parquet"
        rows += _write_month(bill, f"TIMESTAMP '{start:%Y-%m-%d %H:%M:%S}'", file)
        files.append(file)
    _write_metadata(folder)
    return FocusDataset(folder, tuple(files), rows, (*bill.issues, *stand_ins(bill)))


def _write_month(bill: Bill, month: str, file: Path) -> int:
    """Write one period aside, then put it in its place; return its rows."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".tmp")
    try:
        (count,) = bill.run(
            f"COPY ({focus_query(bill, month)}) TO {literal(str(aside))}"
            " (FORMAT parquet, COMPRESSION zstd)"
        ).fetchone() or (0,)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
    return int(count)


def _write_metadata(folder: Path) -> None:
    """Write the schema object a FOCUS dataset comes with."""
    metadata = {
        "DataGenerator": {"DataGenerator": "costmodel"},
        "Schema": {
            "SchemaId": f"costmodel-focus-{FOCUS_VERSION}",
            "FocusVersion": FOCUS_VERSION,
            "ColumnDefinition": [
                {"ColumnName": name, "DataType": kind} for name, kind in FOCUS_1_2.items()
            ],
        },
    }
    aside = folder / "focus-metadata.tmp"
    aside.write_text(json.dumps(metadata, indent=1) + "\n", encoding="utf-8")
    aside.replace(folder / "focus-metadata.json")
