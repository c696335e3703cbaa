"""The price catalog as tables for reading."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from costmodel.report.table import ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.catalog.catalog import PriceCatalog

PRICE_COLUMNS = (
    ReportColumn("x_ServiceCode"),
    ReportColumn("RegionId"),
    ReportColumn("x_UsageType"),
    ReportColumn("x_Operation"),
    ReportColumn("PricingCategory"),
    ReportColumn("BeginRange", "quantity"),
    ReportColumn("EndRange"),
    ReportColumn("PricingUnit"),
    ReportColumn("ListUnitPrice", "price"),
    ReportColumn("SkuPriceId"),
    ReportColumn("x_Basis"),
)


def price_table(rows: Any) -> ReportTable:
    """Return rate rows (a pyarrow table) in the fixed columns scripts rely on."""
    columns = [rows[column.heading].to_pylist() for column in PRICE_COLUMNS]
    end = [column.heading for column in PRICE_COLUMNS].index("EndRange")
    columns[end] = ["Inf" if value == math.inf else value for value in columns[end]]
    return ReportTable("", PRICE_COLUMNS, list(zip(*columns, strict=True)))


def tables(catalog: "PriceCatalog") -> list[ReportTable]:
    """Return what a catalog holds, without its list of tables."""
    head = info_tables(catalog.manifest)[0]
    return [replace(head, rows=[*head.rows, ("regions", len(catalog.regions))])]


def info_tables(manifest: Mapping[str, Any]) -> list[ReportTable]:
    """Return what a catalog holds: version, tables and rows by folder."""
    entries = manifest["tables"]
    head = ReportTable(
        "Price catalog",
        (ReportColumn("Property"), ReportColumn("Value")),
        [
            ("version", manifest["version"]),
            ("newest price", manifest["published"]),
            ("currency", manifest["currency"]),
            ("schema version", manifest["schema_version"]),
            ("services", sum(name.startswith("rates/") for name in entries)),
        ],
    )
    rows = [
        (name, entry["rows"], *entry.get("published", ("", ""))) for name, entry in entries.items()
    ]
    total = ("total", sum(entry["rows"] for entry in entries.values()), "", "")
    columns = (
        ReportColumn("Table"),
        ReportColumn("Rows", "integer"),
        ReportColumn("Prices from"),
        ReportColumn("to"),
    )
    return [head, ReportTable("Tables", columns, rows, total)]


def verification_tables(
    summary: Mapping[str, int],
    failures: Sequence[str],
    ambiguous: Mapping[str, int],
    notes: Sequence[Mapping[str, str]],
) -> list[ReportTable]:
    """Return the outcome of a verification: counts, failures, ambiguous keys, known defects."""
    tables = [
        ReportTable(
            "Catalog verification",
            (ReportColumn("Check"), ReportColumn("Count", "integer")),
            list(summary.items()),
        )
    ]
    if failures:
        rows = [(failure,) for failure in failures]
        tables.append(ReportTable("Failures", (ReportColumn("What failed"),), rows))
    if ambiguous:
        tables.append(
            ReportTable(
                "Keys with several prices",
                (ReportColumn("Service"), ReportColumn("Keys", "integer")),
                list(ambiguous.items()),
                notes=["a match without a variant answers AMBIGUOUS_SKU for these keys"],
            )
        )
    if notes:
        defects = [
            (note["x_ServiceCode"], note["x_UsageType"], int(note["rows"]), note["reason"])
            for note in notes
        ]
        columns = (
            ReportColumn("Service"),
            ReportColumn("Usage type"),
            ReportColumn("Rows", "integer"),
            ReportColumn("What the build did"),
        )
        tables.append(ReportTable("Known defects of the source", columns, defects))
    return tables


def change_table(changes: Sequence[tuple[str, int, int, int, int, float]]) -> ReportTable:
    """Return price changes between two catalogs, one row per service."""
    columns = (
        ReportColumn("Service"),
        ReportColumn("Added", "integer"),
        ReportColumn("Removed", "integer"),
        ReportColumn("Raised", "integer"),
        ReportColumn("Lowered", "integer"),
        ReportColumn("Median change", "percent"),
    )
    return ReportTable("Price changes", columns, [tuple(change) for change in changes])
