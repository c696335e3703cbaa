"""Builds the catalog's tables from the collected public price data.

``build_catalog`` reads a folder of source tables and returns every table of ``pricing_data/`` in
our schema, with the notes that go into the manifest; writing them is ``io.catalog_store``'s work.
"""

from costmodel.io.catalog_build.build import BuiltCatalog, build_catalog

__all__ = ["BuiltCatalog", "build_catalog"]
