"""Finds, reads, writes and verifies a stored catalog (the folder pricing_data)."""

from costmodel.io.catalog_store.read import CatalogFiles, find_catalog, load_catalog
from costmodel.io.catalog_store.verify import Verification, verify_catalog
from costmodel.io.catalog_store.write import write_catalog

__all__ = [
    "CatalogFiles",
    "Verification",
    "find_catalog",
    "load_catalog",
    "verify_catalog",
    "write_catalog",
]
