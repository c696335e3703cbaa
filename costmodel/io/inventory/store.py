"""An inventory on disk: one Parquet file per table and a manifest; written whole or not at all."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from costmodel.errors import BadInputError, Issue, IssueReason
from costmodel.optimize.inventory import Inventory, arrow_schema
from costmodel.optimize.inventory_tables import INVENTORY_TABLES

MANIFEST: Final = "manifest.json"
_FORMAT: Final = "costmodel-inventory-1"


def write_inventory(inventory: Inventory, out: Path, about: Mapping[str, Any]) -> None:
    """Write an inventory to a folder: aside first, then renamed.

    Args:
        inventory: what to write.
        out: folder to make; an inventory that stands there is replaced, anything else is refused.
        about: further entries of the manifest (account, regions, requests).
    """
    check_target(out)
    aside = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        for kind, table in inventory.tables.items():
            pq.write_table(table, aside / f"{kind}.parquet", compression="zstd")
        (aside / MANIFEST).write_text(
            json.dumps(_manifest(inventory, about), indent=1) + "\n", encoding="utf-8"
        )
        aside.chmod(0o755)
        _replace(aside, out)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def check_target(out: Path) -> None:
    """Refuse a target that is not a new folder, an empty one or an inventory."""
    if not out.parent.is_dir():
        raise BadInputError(f"--out {out}: the folder {out.parent} does not exist; create it")
    if out.is_file():
        raise BadInputError(f"--out {out}: is a file; name a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise BadInputError(
            f"--out {out}: holds files that are not an inventory; name a new folder"
        )


def _replace(aside: Path, out: Path) -> None:
    if not out.exists():
        aside.replace(out)
        return
    old = aside.with_name(f"{aside.name}.old")
    out.replace(old)
    aside.replace(out)
    shutil.rmtree(old)


def _manifest(inventory: Inventory, about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "collected_at": inventory.collected_at.isoformat(),
        **about,
        "tables": {kind: table.num_rows for kind, table in inventory.tables.items()},
        "issues": [issue.to_json() for issue in inventory.issues],
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of an inventory folder, or say what is wrong with it."""
    path = folder / MANIFEST
    if not path.is_file():
        raise BadInputError(
            f"{folder}: is not an inventory (no {MANIFEST}); make one with "
            "'costmodel inventory collect --out DIR'"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"{path}: is not JSON ({error}); collect the inventory again"
        ) from None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise BadInputError(f"{path}: is not of format {_FORMAT}; collect the inventory again")
    return manifest


def read_inventory(folder: Path) -> Inventory:
    """Read an inventory from its folder."""
    manifest = read_manifest(folder)
    try:
        collected_at = datetime.fromisoformat(manifest["collected_at"])
        issues = tuple(
            Issue(IssueReason[row["reason"]], row["address"], row["message"])
            for row in manifest.get("issues", [])
        )
    except (KeyError, ValueError, TypeError) as error:
        raise BadInputError(f"{folder / MANIFEST}: entry {error} is missing or wrong") from None
    tables = {
        kind: _read_table(folder / f"{kind}.parquet", kind)
        for kind in manifest.get("tables", {})
        if kind in INVENTORY_TABLES
    }
    return Inventory(tables, collected_at, issues, (str(folder),))


def _read_table(path: Path, kind: str) -> pa.Table:
    """Read one table; columns an older version did not write are null."""
    try:
        stored = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise BadInputError(f"{path}: cannot be read ({error}); collect again") from None
    schema = arrow_schema(kind)
    columns = [
        stored[field.name].cast(field.type)
        if field.name in stored.column_names
        else pa.nulls(stored.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
