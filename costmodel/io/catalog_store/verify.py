"""Does a stored catalog hold what its manifest says, and is every price usable?"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costmodel.catalog.arrow import is_text, numbers, plain_text, row_array
from costmodel.catalog.match import AMBIGUOUS, index_rates
from costmodel.catalog.tables import RATE_KEY
from costmodel.io.catalog_store.read import CatalogFiles
from costmodel.io.catalog_store.write import sha256


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked and what failed; ambiguous keys are reported, they are not a failure."""

    tables: int
    rows: int
    skus: int
    failures: tuple[str, ...]
    ambiguous: dict[str, int]
    resolved: dict[str, int]
    notes: tuple[dict[str, str], ...]

    def summary(self) -> dict[str, int]:
        """Return the counts."""
        return {
            "tables": self.tables,
            "rows": self.rows,
            "on-demand SKUs": self.skus,
            "keys with several prices, left ambiguous": sum(self.ambiguous.values()),
            "keys with several prices, resolved by a documented default": sum(
                self.resolved.values()
            ),
            "failures": len(self.failures),
        }

    def to_json(self) -> dict[str, object]:
        """Return everything as a JSON object."""
        return {
            "summary": self.summary(),
            "failures": list(self.failures),
            "ambiguous": self.ambiguous,
            "resolved": self.resolved,
            "notes": list(self.notes),
        }


def verify_catalog(folder: Path) -> Verification:
    """Check hashes, row counts, tiers, prices and ambiguous keys of a stored catalog."""
    files = CatalogFiles(folder)
    entries = files.manifest()["tables"]
    failures, ambiguous, resolved, skus = [], Counter[str](), Counter[str](), 0
    for name, entry in entries.items():
        path = folder / (f"{name}.csv" if name == "regions" else f"{name}.parquet")
        if not path.is_file() or sha256(path) != entry["sha256"]:
            failures.append(f"{name}: missing or changed since the build (sha256)")
            continue
        if name == "regions":
            continue
        rows = files.table(name, None)
        if rows.num_rows != entry["rows"]:
            failures.append(f"{name}: {rows.num_rows} rows, the manifest says {entry['rows']}")
        failures += _bad_prices(name, rows)
        if name.startswith("rates/"):
            service = name.removeprefix("rates/")
            failures += _bad_tiers(name, rows)
            usable = _on_demand(rows)
            skus += int(np.sum(numbers(usable["BeginRange"]) == 0.0))
            ambiguous[service], resolved[service] = _shared_keys(usable)
    return Verification(
        tables=len(entries),
        rows=sum(entry["rows"] for entry in entries.values()),
        skus=skus,
        failures=tuple(failures),
        ambiguous={service: count for service, count in ambiguous.items() if count},
        resolved={service: count for service, count in resolved.items() if count},
        notes=tuple(files.manifest()["notes"]),
    )


def _on_demand(rows: pa.Table) -> pa.Table:
    named = is_text(rows["x_TermType"], "OnDemand") & ~is_text(rows["x_UsageType"], "")
    return rows.take(row_array(np.flatnonzero(named)))


def _bad_prices(name: str, rows: pa.Table) -> list[str]:
    if "ListUnitPrice" not in rows.column_names:
        return []
    negative = int(np.sum(numbers(rows["ListUnitPrice"]) < 0))
    return [f"{name}: {negative} negative prices"] if negative else []


def _bad_tiers(name: str, rows: pa.Table) -> list[str]:
    """Name the keys whose tiers do not begin at 0 or do not follow each other."""
    usable = _on_demand(rows)
    begin, end = numbers(usable["BeginRange"]), numbers(usable["EndRange"])
    starts = begin == 0.0
    previous_end = np.append(0.0, end[:-1])
    last = np.append(starts[1:], True)
    wrong = ~starts & (begin != previous_end) | last & np.isfinite(end)
    key = pc.binary_join_element_wise(
        *(plain_text(usable[column]) for column in (*RATE_KEY, "x_Variant")), "|"
    )
    if len(key) == 0:
        return []
    # A tier belongs to the SKU above it only if its key is the same.
    same_key = np.append(False, numbers(pc.equal(key[1:], key[:-1]).cast(pa.uint8())).astype(bool))
    wrong |= ~starts & ~same_key
    return [f"{name}: tiers of {key[row].as_py()}" for row in np.flatnonzero(wrong).tolist()]


def _shared_keys(usable: pa.Table) -> tuple[int, int]:
    """Count keys that several prices share: left ambiguous, and resolved by a default."""
    index = index_rates(usable)
    ambiguous = int(np.sum(index.exact.sku == AMBIGUOUS))
    head = usable.take(row_array(index.first[:-1]))
    has_variant = ~is_text(head["x_Variant"], "")
    chosen = index.exact.sku[index.exact.sku >= 0]
    key = [plain_text(head[column]) for column in RATE_KEY]
    joined = pc.binary_join_element_wise(*key, "|")
    keys_with_variants = pc.unique(joined.take(row_array(np.flatnonzero(has_variant))))
    default = joined.take(row_array(chosen[~has_variant[chosen]]))
    resolved = pc.sum(pc.is_in(default, value_set=keys_with_variants)).as_py() or 0
    return ambiguous, int(resolved)
