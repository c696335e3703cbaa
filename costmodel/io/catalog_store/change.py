"""Changing and comparing stored catalogs: new offer files in, price changes out."""

import json
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from costmodel.catalog.tables import RATE_COLUMNS, RATE_KEY, RATE_ORDER
from costmodel.io.catalog_store.read import MANIFEST, CatalogFiles
from costmodel.io.catalog_store.write import write_table


def update_rates(folder: Path, rows: pa.Table) -> dict[str, int]:
    """Replace the rates of the services and regions in ``rows``; return rows by service.

    Regions and services not in ``rows`` stay. Files are written aside, then renamed; the manifest
    comes last.
    """
    files = CatalogFiles(folder)
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    written = {}
    with tempfile.TemporaryDirectory(dir=folder, prefix=".update-") as name:
        aside = Path(name)
        for service in sorted(set(rows["x_ServiceCode"].to_pylist())):
            new = rows.filter(pc.equal(rows["x_ServiceCode"], service))
            table = _merged(files, service, new)
            entry = write_table(aside, f"rates/{service}", table)
            manifest["tables"][f"rates/{service}"] = entry
            written[service] = new.num_rows
        days = [day for day in rows["x_Published"].to_pylist() if day]
        manifest["published"] = max([manifest["published"], *days])
        manifest["version"] = manifest["published"].replace("-", ".")
        manifest["tables"] = dict(sorted(manifest["tables"].items()))
        text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
        (aside / MANIFEST).write_text(text, encoding="utf-8")
        for service in written:
            path = f"rates/{service}.parquet"
            (aside / path).replace(folder / path)
        (aside / MANIFEST).replace(folder / MANIFEST)
    return written


def _merged(files: CatalogFiles, service: str, new: pa.Table) -> pa.Table:
    if service not in files.services():
        return new
    old = files.rates(service, None).select(list(RATE_COLUMNS)).cast(new.schema)
    replaced = pc.is_in(old["RegionId"], value_set=pc.unique(new["RegionId"]))
    kept = old.filter(pc.invert(replaced))
    order = [(name, "ascending") for name in RATE_ORDER]
    return pa.concat_tables([kept, new]).combine_chunks().sort_by(order)


class ServiceChange(NamedTuple):
    """How a service's prices differ between two catalogs."""

    service: str
    added: int
    removed: int
    raised: int
    lowered: int
    median_change: float  # of the changed prices, relative; NaN where none changed


_ROW = [
    *RATE_KEY, "x_TermType", "LeaseContractLength", "PurchaseOption", "OfferingClass",
    "PricingUnit", "x_Variant", "BeginRange",
]  # fmt: skip


def diff_catalogs(before: Path, after: Path) -> list[ServiceChange]:
    """Return the services whose rates differ, with counts of price rows."""
    old, new = CatalogFiles(before), CatalogFiles(after)
    hashes = [
        {name: entry["sha256"] for name, entry in files.manifest()["tables"].items()}
        for files in (old, new)
    ]
    services = sorted({*old.services(), *new.services()})
    changes = [
        _service_change(service, old, new)
        for service in services
        if hashes[0].get(f"rates/{service}") != hashes[1].get(f"rates/{service}")
    ]
    return [change for change in changes if any(change[1:5])]


def _service_change(service: str, old: CatalogFiles, new: CatalogFiles) -> ServiceChange:
    frames = [_prices(files, service) for files in (old, new)]
    both = frames[0].merge(frames[1], how="outer", on=[*_ROW, "number"], indicator=True)
    here = both[both["_merge"] == "both"]
    before, after = here["ListUnitPrice_x"], here["ListUnitPrice_y"]
    changed = (before != after) & ~(before.isna() & after.isna())
    relative = (after[changed] / before[changed] - 1.0).replace([np.inf], np.nan)
    return ServiceChange(
        service,
        int((both["_merge"] == "right_only").sum()),
        int((both["_merge"] == "left_only").sum()),
        int((after > before).sum()),
        int((after < before).sum()),
        float(relative.median()),
    )


def _prices(files: CatalogFiles, service: str) -> pd.DataFrame:
    if service not in files.services():
        return pd.DataFrame({name: [] for name in [*_ROW, "ListUnitPrice", "number"]})
    rows: pd.DataFrame = files.rates(service, None).select([*_ROW, "ListUnitPrice"]).to_pandas()
    # Unnamed rows may repeat a key: number them, so that each meets one row of the other side.
    return rows.assign(number=rows.groupby(_ROW, dropna=False).cumcount())
