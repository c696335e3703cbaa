"""A store as sources: the files of its manifest, and their daily sums."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from costmodel.bill.normalize.raw import literal
from costmodel.bill.source import BillFormat, BillSource
from costmodel.errors import BillError, Issue, IssueReason
from costmodel.io.bills.store_manifest import EXACT_FILE, Unit, read_manifest
from costmodel.io.bills.tabular import describe


def store_sources(store: Path) -> list[BillSource]:
    """Return a store's months as sources: one of exact amounts, one of doubles.

    Raises:
        BillError: the store is empty or damaged.
    """
    units = read_manifest(store).units
    if not units:
        raise BillError(f"{store}: the store is empty: import a bill first")
    issues = tuple(_counted_twice(store, units))
    sources = [_source(store, units, is_exact) for is_exact in (_is_exact, _is_double)]
    found = [source for source in sources if source is not None]
    return [replace(found[0], issues=issues), *found[1:]]


def _is_exact(name: str) -> bool:
    return PurePosixPath(name).name.startswith(EXACT_FILE)


def _is_double(name: str) -> bool:
    return not _is_exact(name)


def _source(
    store: Path, units: Sequence[Unit], belongs: Callable[[str], bool]
) -> BillSource | None:
    def scan(names: Iterable[str]) -> str:
        return _scan(store, [name for name in names if belongs(name)])

    rows = scan(name for unit in units for name in unit.files)
    if not rows:
        return None
    daily = scan(name for unit in units for name in unit.daily)
    split = scan(name for unit in units for name in unit.split)
    payers = {unit.payer for unit in units if any(map(belongs, unit.files))}
    return BillSource(
        format=BillFormat.STORE,
        scan=rows,
        columns=describe(rows, str(store)),
        paths=(str(store),),
        constants={"BillingAccountId": min(payers)} if len(payers) == 1 and all(payers) else {},
        daily_scan=daily,
        daily_columns=describe(daily, str(store)),
        split_scan=split,
        split_columns=describe(split, str(store)) if split else {},
    )


def _counted_twice(store: Path, units: Sequence[Unit]) -> Iterable[Issue]:
    """Say which months come from several reports: what is in two of them counts twice."""
    months: dict[tuple[str, str], list[str]] = {}
    for unit in units:
        name = f"{unit.report} ({unit.format})"
        months.setdefault((unit.payer, unit.period), []).append(name)
    for (payer, period), reports in months.items():
        if len(reports) > 1:
            yield Issue(
                IssueReason.DATA_QUALITY,
                str(store),
                f"{period} of payer {payer or '(none)'} is from {len(reports)} reports "
                f"({', '.join(reports)}): a charge that is in two of them counts twice",
            )


def _scan(store: Path, names: Sequence[str]) -> str:
    if not names:
        return ""
    paths = ", ".join(literal(str(store / name)) for name in names)
    return f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
