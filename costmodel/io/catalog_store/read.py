"""Finding and reading a stored catalog."""

import csv
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from costmodel.catalog.arrow import empty_rates, text_array
from costmodel.catalog.catalog import PriceCatalog
from costmodel.catalog.reserved import offers_of_effective_rates, offers_of_rates
from costmodel.catalog.tables import SCHEMA_VERSION
from costmodel.errors import CatalogError

ENVIRONMENT = "COSTMODEL_DATA"
MANIFEST = "manifest.json"
_PACKAGE = Path(__file__).parents[2]


def load_catalog(path: str | Path | None = None) -> PriceCatalog:
    """Return the price catalog; its tables load when they are first asked for.

    Args:
        path: the catalog's folder. Without it: the environment variable COSTMODEL_DATA, then the
            catalog inside the installed package, then pricing_data beside the package.

    Raises:
        CatalogError: there is no catalog, or it is of another schema.
    """
    return PriceCatalog(CatalogFiles(find_catalog(path)))


def find_catalog(path: str | Path | None = None) -> Path:
    """Return the folder of the catalog in use; see ``load_catalog`` for the order."""
    given = path or os.environ.get(ENVIRONMENT)
    if given:
        return _existing(Path(given))
    for place in (_PACKAGE / "_pricing_data", _PACKAGE.parent / "pricing_data"):
        if (place / MANIFEST).is_file():
            return place
    raise CatalogError(
        f"no price catalog beside the package; set {ENVIRONMENT} or run costmodel catalog build"
    )


def _existing(folder: Path) -> Path:
    if not (folder / MANIFEST).is_file():
        raise CatalogError(f"{folder}: no {MANIFEST} there; name a folder that holds a catalog")
    return folder


class CatalogFiles:
    """The tables of one catalog folder, read region by region."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        path = self.folder / MANIFEST
        try:
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CatalogError(f"{path}: cannot be read ({error}); rebuild the catalog") from error
        if manifest.get("schema_version") != SCHEMA_VERSION:
            raise CatalogError(
                f"{path}: schema version {manifest.get('schema_version')}, this program reads "
                f"{SCHEMA_VERSION}; rebuild the catalog"
            )
        return manifest

    def manifest(self) -> Mapping[str, Any]:
        """Return the manifest."""
        return self._manifest

    def services(self) -> Sequence[str]:
        """Return the service codes that have rates."""
        return self._services

    @cached_property
    def _services(self) -> tuple[str, ...]:
        names = (name for name in self._manifest["tables"] if name.startswith("rates/"))
        return tuple(name.removeprefix("rates/") for name in names)

    def regions(self) -> Sequence[Mapping[str, str]]:
        """Return RegionId, RegionName, x_Prefix and x_RegionKind of every region and zone."""
        path = self.folder / "regions.csv"
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def rates(self, service_code: str, regions: Sequence[str] | None) -> pa.Table:
        """Return a service's rate rows in catalog order; None is every region."""
        return self.table(f"rates/{service_code}", regions)

    def reserved(self, service_code: str, regions: Sequence[str] | None) -> pa.Table:
        """Return a service's reserved offers; no row where it has none."""
        if f"reserved/{service_code}" in self._manifest["tables"]:
            return offers_of_effective_rates(self.table(f"reserved/{service_code}", regions))
        return offers_of_rates(self.rates(service_code, regions))

    def table(self, name: str, regions: Sequence[str] | None) -> pa.Table:
        """Return a table by its name in the manifest, only the rows of the regions named."""
        file = self._open(name)
        if regions is None:
            return file.read()
        groups = _groups_with(file, regions)
        rows = file.read_row_groups(groups)
        return rows.filter(pc.is_in(rows["RegionId"], value_set=text_array(regions)))

    def sheet_texts(self) -> Mapping[str, str]:
        """Return the text of every service sheet by its file name."""
        files = sorted((self.folder / "services").glob("*.toml"))
        return {file.name: file.read_text(encoding="utf-8") for file in files}

    def free_resources(self) -> Sequence[str]:
        """Return the resource types that cost nothing by themselves."""
        lines = (self.folder / "free_resources.txt").read_text(encoding="utf-8").splitlines()
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]

    def free_allowances(self) -> Sequence[Mapping[str, Any]]:
        """Return the free allowances a month: service_code, usage_types, quantity, kind."""
        text = (self.folder / "free_tier.toml").read_text(encoding="utf-8")
        allowances: list[dict[str, Any]] = tomllib.loads(text)["allowance"]
        return allowances

    def _open(self, name: str) -> pq.ParquetFile:
        if name not in self._manifest["tables"]:
            raise CatalogError(f"the catalog has no table {name}")
        path = self.folder / f"{name}.parquet"
        try:
            return pq.ParquetFile(path, memory_map=True)
        except (OSError, pa.ArrowInvalid) as error:
            raise CatalogError(f"{path}: cannot be read ({error}); rebuild the catalog") from error

    def find_rate_codes(self, codes: pa.Array) -> pa.Table:
        """Return the rate rows of the rate codes that exist, one each."""
        found = [empty_rates()]
        for service in self._services:
            if not self._manifest["tables"][f"rates/{service}"].get("rate_codes", 0):
                continue
            file = self._open(f"rates/{service}")
            column = file.read(columns=["SkuPriceId"])["SkuPriceId"]
            rows = pc.indices_nonzero(pc.is_in(column, value_set=codes))
            if len(rows):
                found.append(file.read().take(rows))
        rows = pa.concat_tables(found)
        first = pc.index_in(pc.unique(rows["SkuPriceId"]), rows["SkuPriceId"])
        return rows.take(first)


def _groups_with(file: pq.ParquetFile, regions: Sequence[str]) -> list[int]:
    """Return the row groups whose span of RegionId holds one of the regions."""
    metadata = file.metadata
    column = file.schema_arrow.get_field_index("RegionId")
    spans = [
        metadata.row_group(group).column(column).statistics
        for group in range(metadata.num_row_groups)
    ]
    return [
        group
        for group, span in enumerate(spans)
        if span is None or any(span.min <= region <= span.max for region in regions)
    ]
