"""The map from instance families to their successors (pricing_data/family_successors.csv)."""

import csv
from pathlib import Path
from typing import Final

from costmodel.errors import CatalogError
from costmodel.optimize.rightsizing.sizes import FamilySuccessor

_FILE: Final = "family_successors.csv"
_COLUMNS: Final = (
    "service_code", "family", "processor", "generation",
    "latest_intel", "latest_amd", "latest_graviton",
)  # fmt: skip


def read_family_successors(folder: Path) -> dict[str, dict[str, FamilySuccessor]]:
    """Return service code → family → successors.

    Args:
        folder: the catalog's folder.
    """
    path = folder / _FILE
    if not path.is_file():
        raise CatalogError(f"{path}: is missing; restore the catalog's folder")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(line for line in file if not line.startswith("#"))
        if tuple(reader.fieldnames or ()) != _COLUMNS:
            raise CatalogError(f"{path}: its columns must be {', '.join(_COLUMNS)}")
        services: dict[str, dict[str, FamilySuccessor]] = {}
        for row in reader:
            families = services.setdefault(row["service_code"], {})
            families[row["family"]] = FamilySuccessor(*(row[name] for name in _COLUMNS[2:]))
    return services
