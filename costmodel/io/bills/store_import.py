"""``bill import``: bills into a store, month by month, whole or not at all."""

import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from costmodel.bill import engine
from costmodel.bill.source import BillFormat
from costmodel.bill.store.chunk import ChunkNormalizer
from costmodel.bill.store.rollup import daily_sums, merged
from costmodel.errors import BillError, one_line
from costmodel.io.bills.origin import file_names
from costmodel.io.bills.raw_chunks import Task
from costmodel.io.bills.store_manifest import (
    EXACT_FILE,
    Key,
    Manifest,
    Unit,
    commit,
    locked,
    read_manifest,
)

Progress = Callable[[float], None]
PayerMonth = tuple[str, str]  # payer, period
Change = Literal["new", "added", "replaced"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Files of one month of one report, to be imported together.

    Attributes:
        format: format of the rows.
        label: for messages.
        tasks: how they are read.
        sources: fingerprint of each file.
        report: name of the report or export.
        assembly: which delivery of the month; empty where nothing says.
    """

    format: BillFormat
    label: str
    tasks: Sequence[Task]
    sources: tuple[str, ...]
    report: str = ""
    assembly: str = ""


class Imported(NamedTuple):
    """One payer's month of one report, as an import left it."""

    payer: str
    period: str
    rows: int  # of the month, after the import
    report: str
    change: Change
    rows_before: int


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did.

    Attributes:
        store: the store's folder.
        imported: each month written, and whether it is new, replaced or has more parts now.
        unchanged: labels of deliveries the store had already.
        empty: labels of deliveries without rows.
    """

    store: Path
    imported: Sequence[Imported]
    unchanged: Sequence[str]
    empty: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON object."""
        return {
            "store": str(self.store),
            "imported": [
                {"BillingAccountId": month.payer, **month._asdict()} for month in self.imported
            ],
            "unchanged": list(self.unchanged),
            "empty": list(self.empty),
        }


@dataclass
class _Written:
    """What the workers have written of one unit."""

    files: list[str] = field(default_factory=list)
    split: list[str] = field(default_factory=list)
    daily: list[pa.Table] = field(default_factory=list)
    rows: int = 0


def import_deliveries(
    store: Path, deliveries: Sequence[Delivery], prefixes: Mapping[str, str], progress: Progress
) -> ImportResult:
    """Write deliveries to a store; those it has already are left alone.

    Args:
        store: folder, made if need be.
        deliveries: what to import; each is committed when it is complete.
        prefixes: usage-type prefix → region or zone.
        progress: called with the share done, 0 to 1.

    Raises:
        BillError: a file is wrong; what was committed before stays, nothing of it is half there.
    """
    imported: list[Imported] = []
    unchanged: list[str] = []
    empty: list[str] = []
    touched: set[Key] = set()
    with locked(store):
        for stale in store.glob(".staging-*"):
            shutil.rmtree(stale, ignore_errors=True)
        for number, delivery in enumerate(deliveries):
            manifest = read_manifest(store)
            if set(delivery.sources) <= manifest.sources():
                unchanged.append(delivery.label)
                continue
            share = partial(_part_of, progress, number, len(deliveries))
            units = _import_one(store, delivery, prefixes, share)
            if not units:
                empty.append(delivery.label)
                continue
            try:
                settled = [_settled(unit, manifest, touched, delivery.label) for unit in units]
            except BillError:
                for name in (name for unit in units for name in unit.everything):
                    (store / name).unlink()
                raise
            commit(store, [unit for unit, _ in settled])
            touched |= {unit.key for unit in units}
            imported += [done for _, done in settled]
    return ImportResult(store, imported, unchanged, empty)


def _part_of(progress: Progress, number: int, count: int, share: float) -> None:
    progress((number + share) / count)


def _settled(
    unit: Unit, manifest: Manifest, touched: set[Key], label: str
) -> tuple[Unit, Imported]:
    """Return a unit as it will stand, and what that does to the month the store has.

    More parts of an assembly add to it; a month delivered again takes its place whole. Files of
    a name the store has are delivered again, and so is another assembly.

    Raises:
        BillError: this import has the same month of the same report twice.
    """
    before = next((other for other in manifest.units if other.key == unit.key), None)
    if before is None:
        return unit, _imported(unit, "new", 0)
    is_more = _is_more_of(unit, before)
    if unit.key in touched and not is_more:
        twice = ", ".join(sorted(file_names(unit.sources) & file_names(before.sources))[:3])
        raise BillError(
            f"{label}: {unit.period} of payer {unit.payer or '(none)'} is in two files of one "
            f"name ({twice}): name one of them, or rename the other if both count"
        )
    if is_more:
        return unit.with_parts_of(before), _imported(unit, "added", before.rows)
    return unit, _imported(unit, "replaced", before.rows)


def _is_more_of(unit: Unit, before: Unit) -> bool:
    if unit.assembly and before.assembly and unit.assembly != before.assembly:
        return False
    return not file_names(unit.sources) & file_names(before.sources)


def _imported(unit: Unit, change: Change, rows_before: int) -> Imported:
    kept = rows_before if change == "added" else 0
    return Imported(unit.payer, unit.period, unit.rows + kept, unit.report, change, rows_before)


def _import_one(
    store: Path, delivery: Delivery, prefixes: Mapping[str, str], progress: Progress
) -> list[Unit]:
    staging = store / f".staging-{uuid.uuid4().hex[:12]}"
    staging.mkdir()
    try:
        writer = _Writer(staging, delivery.format, prefixes)
        workers = max(os.cpu_count() or 1, 1)
        with (
            engine.naming(delivery.label),
            engine.said_in_one_line(),
            _kept_memory(),
            ThreadPoolExecutor(workers) as pool,
        ):
            for number, _ in enumerate(pool.map(writer.run, delivery.tasks)):
                progress((number + 1) / len(delivery.tasks))
        return writer.finish(store, delivery)
    except pa.ArrowException as error:
        raise BillError(f"{delivery.label}: cannot be imported: {one_line(error)}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _kept_memory() -> Iterator[None]:
    """Let Arrow allocate from the system meanwhile, which keeps the memory of chunk after chunk.

    Arrow's own allocator hands it back at once; getting it again costs up to a fifth of the time.
    """
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


class _Writer:
    """Normalises and writes the pieces of one delivery, from several threads."""

    def __init__(
        self, staging: Path, bill_format: BillFormat, prefixes: Mapping[str, str]
    ) -> None:
        self._staging = staging
        self._format = bill_format
        self._prefixes = prefixes
        self._local = threading.local()
        self._lock = threading.Lock()
        self._written: dict[PayerMonth, _Written] = {}
        self._fees: dict[pa.Schema, list[pa.Table]] = {}
        self._names = 0
        self._has_doubles = False

    def run(self, task: Task) -> None:
        """Read, normalise and write one piece."""
        normalizer = self._normalizer()
        for chunk in task():
            raw = normalizer.arranged(chunk)
            self._write(normalizer.normalize(raw))
            fees = normalizer.fee_rows(raw)
            if len(fees):
                with self._lock:
                    self._fees.setdefault(fees.schema, []).append(fees)
            split = normalizer.split_rows(raw)
            if split is not None:
                self._write_split(split)

    def finish(self, store: Path, delivery: Delivery) -> list[Unit]:
        """Write unused commitment and daily sums, move all to its place; return the units."""
        for fees in self._fees.values():
            unused = self._normalizer().unused_rows(pa.concat_tables(fees))
            if unused is not None:
                self._write(unused)
        connection = engine.connect()
        units = []
        for (payer, period), written in sorted(self._written.items()):
            daily = self._name(f"daily-{period}")
            pq.write_table(merged(connection, written.daily), self._staging / daily)
            folder = Path("data") / f"payer={payer or 'none'}" / f"period={period}"
            (store / folder).mkdir(parents=True, exist_ok=True)
            unit = Unit(
                payer, period, self._moved(written.files, store, folder),
                self._moved([daily], store, folder), self._moved(written.split, store, folder),
                written.rows, delivery.sources, str(delivery.format), delivery.report,
                delivery.assembly,
            )  # fmt: skip
            units.append(unit)
        connection.close()
        return units

    def _moved(self, names: Iterable[str], store: Path, folder: Path) -> tuple[str, ...]:
        mark = "" if self._has_doubles else EXACT_FILE
        found = {name: folder / f"{mark}{name}" for name in names}
        for name, place in found.items():
            (self._staging / name).replace(store / place)
        return tuple(place.as_posix() for place in found.values())

    def _normalizer(self) -> ChunkNormalizer:
        if not hasattr(self._local, "normalizer"):
            self._local.connection = connection = engine.connect()
            connection.execute("SET threads = 1")
            connection.execute("SET preserve_insertion_order = true")
            self._local.normalizer = ChunkNormalizer(connection, self._format, self._prefixes)
        found: ChunkNormalizer = self._local.normalizer
        return found

    def _name(self, stem: str) -> str:
        with self._lock:
            self._names += 1
            return f"{stem}-{self._names:05d}-{uuid.uuid4().hex[:8]}.parquet"

    def _write(self, rows: pa.Table) -> None:
        for key, part in _by_unit(rows):
            name = self._name("rows")
            write_rows(part, self._staging / name)
            daily = daily_sums(self._local.connection, part)
            with self._lock:
                written = self._written.setdefault(key, _Written())
                written.files.append(name)
                written.daily.append(daily)
                written.rows += len(part)
                self._has_doubles |= any(pa.types.is_floating(kind) for kind in part.schema.types)

    def _write_split(self, rows: pa.Table) -> None:
        for key, part in _by_unit(rows):
            name = self._name("split")
            write_rows(part, self._staging / name)
            with self._lock:
                self._written.setdefault(key, _Written()).split.append(name)


def write_rows(rows: pa.Table, path: Path) -> None:
    """Write rows with text dictionary-encoded and statistics on what is filtered by."""
    pq.write_table(
        rows, path, compression="lz4",  # zstd is a sixth smaller and a third slower to write
        use_dictionary=[f.name for f in rows.schema if pa.types.is_dictionary(f.type)],
        write_statistics=["ChargePeriodStart", "x_ServiceCode", "SubAccountId"],
        store_schema=False,
    )  # fmt: skip


def _by_unit(rows: pa.Table) -> Iterable[tuple[PayerMonth, pa.Table]]:
    """Return rows by payer and billing period."""
    if not len(rows):
        return []
    period = rows["BillingPeriodStart"] if "BillingPeriodStart" in rows.column_names else None
    if period is None or period.null_count == len(rows):
        period = rows["ChargePeriodStart"]
    months = pc.strftime(pc.cast(pc.unique(period), pa.timestamp("s"), safe=False), "%Y-%m")
    month = pc.take(months, pc.index_in(period, value_set=pc.unique(period)))
    payer = rows["BillingAccountId"] if "BillingAccountId" in rows.column_names else None
    payers = [None] if payer is None else pc.unique(payer).to_pylist()
    found = []
    for name in payers:
        for label in pc.unique(month).to_pylist():
            mine = pc.equal(month, label)
            if payer is not None and len(payers) > 1:
                same = pc.is_null(payer) if name is None else pc.equal(payer, name)
                mine = pc.and_(mine, pc.fill_null(same, fill_value=False))
            part = rows.filter(mine) if len(payers) > 1 or len(pc.unique(month)) > 1 else rows
            if len(part):
                found.append(((name or "", label or "unknown"), part))
    return found
