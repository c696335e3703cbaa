"""A store as a source: the files of its manifest, and their daily sums."""

from collections.abc import Sequence
from pathlib import Path

from costmodel.bill.normalize.raw import literal
from costmodel.bill.source import BillFormat, BillSource
from costmodel.errors import BillError
from costmodel.io.bills.store_manifest import read_manifest
from costmodel.io.bills.tabular import describe


def store_source(store: Path) -> BillSource:
    """Return a store's months as one source.

    Raises:
        BillError: the store is empty or damaged.
    """
    units = read_manifest(store).units
    if not units:
        raise BillError(f"{store}: the store is empty: import a bill first")
    rows = _scan(store, [name for unit in units for name in unit.files])
    daily = _scan(store, [name for unit in units for name in unit.daily])
    split = _scan(store, [name for unit in units for name in unit.split])
    return BillSource(
        format=BillFormat.STORE,
        scan=rows,
        columns=describe(rows, str(store)),
        paths=(str(store),),
        daily_scan=daily,
        daily_columns=describe(daily, str(store)),
        split_scan=split,
        split_columns=describe(split, str(store)) if split else {},
    )


def _scan(store: Path, names: Sequence[str]) -> str:
    if not names:
        return ""
    paths = ", ".join(literal(str(store / name)) for name in names)
    return f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
