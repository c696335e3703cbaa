"""Writing a catalog: tables aside, then renamed; the same tables give the same bytes."""

import csv
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from costmodel.catalog.tables import CURRENCY, SCHEMA_VERSION

# One region of EC2 is about 9,000 rows: a look-up in two regions reads few groups.
_ROWS_PER_GROUP = 8192

# The folders a build replaces; service sheets live beside them and are never touched.
_FOLDERS = ("rates", "reserved", "savings_plans", "spot", "hardware")


def write_catalog(
    folder: Path,
    tables: Mapping[str, pa.Table],
    *,
    version: str,
    sources: Sequence[Mapping[str, Any]],
    notes: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """Write every table and the manifest; return the manifest.

    The folder's service sheets stay as they are; the other folders are replaced at the end, each
    by a rename, so that an interrupted build leaves the old catalog.
    """
    folder.mkdir(parents=True, exist_ok=True)
    published = _newest(tables)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as name:
        aside = Path(name)
        entries = {table: write_table(aside, table, tables[table]) for table in tables}
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "version": version or published.replace("-", "."),
            "published": published,
            "currency": CURRENCY,
            "sources": list(sources),
            "tables": entries,
            "notes": list(notes),
        }
        text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
        (aside / "manifest.json").write_text(text, encoding="utf-8")
        for part in (*_FOLDERS, "regions.csv", "manifest.json"):
            _replace(aside / part, folder / part)
    return manifest


def _replace(new: Path, old: Path) -> None:
    if old.is_dir():
        shutil.rmtree(old)
    if new.exists():
        new.replace(old)


def write_table(folder: Path, name: str, table: pa.Table) -> dict[str, Any]:
    """Write one table under its name; return its manifest entry."""
    path = folder / (f"{name}.csv" if name == "regions" else f"{name}.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    if name == "regions":
        _write_csv(path, table)
    else:
        pq.write_table(
            table,
            path,
            compression="zstd",
            compression_level=15,
            row_group_size=_ROWS_PER_GROUP,
            use_dictionary=True,
            write_statistics=["RegionId"] if "RegionId" in table.column_names else False,
            store_schema=False,
        )
    entry: dict[str, Any] = {"rows": table.num_rows, "sha256": sha256(path)}
    if "x_Published" in table.column_names:
        days = pc.min_max(table["x_Published"].filter(pc.not_equal(table["x_Published"], "")))
        entry["published"] = [days["min"].as_py(), days["max"].as_py()]
    if "SkuPriceId" in table.column_names:
        entry["rate_codes"] = pc.sum(pc.not_equal(table["SkuPriceId"], "")).as_py()
    return entry


def sha256(path: Path) -> str:
    """Return the hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_csv(path: Path, table: pa.Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table.column_names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table.to_pylist())


def _newest(tables: Mapping[str, pa.Table]) -> str:
    days: list[str] = [
        pc.max(table["x_Published"]).as_py()
        for name, table in tables.items()
        if name.startswith("rates/")
    ]
    return max(day for day in days if day)
