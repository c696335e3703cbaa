"""The manifest of a store: which files hold which month of whom. Written aside, then renamed.

Readers take the files of one manifest; files it no longer names stay one import longer, for
readers that began before.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from costmodel.errors import BillError

NAME: Final = "bill-store.json"
# What the names of files begin with whose amounts are decimals, not doubles: read together they
# would all be doubles.
EXACT_FILE: Final = "exact-"
_VERSION: Final = 2

Key = tuple[str, str, str, str]  # payer, period, format, report


@dataclass(frozen=True, slots=True)
class Unit:
    """One payer's billing period from one report; replaced as a whole.

    Attributes:
        payer: BillingAccountId, empty where the bill has none.
        period: billing period, YYYY-MM.
        files: its rows, relative to the store.
        daily: its daily sums.
        split: its split-cost rows.
        rows: number of rows.
        sources: fingerprint of each file it was read from.
        format: format of those files.
        report: name of the report or export they are of.
        assembly: which delivery of the month; empty where nothing says.
    """

    payer: str
    period: str
    files: tuple[str, ...]
    daily: tuple[str, ...]
    split: tuple[str, ...]
    rows: int
    sources: tuple[str, ...]
    format: str = ""
    report: str = ""
    assembly: str = ""

    @property
    def key(self) -> Key:
        """What a later delivery of the same has in common with it."""
        return self.payer, self.period, self.format, self.report

    def with_parts_of(self, other: "Unit") -> "Unit":
        """Return the unit with the parts another has of the same month and report."""
        return replace(
            self,
            files=other.files + self.files,
            daily=other.daily + self.daily,
            split=other.split + self.split,
            rows=other.rows + self.rows,
            sources=other.sources + self.sources,
            assembly=self.assembly or other.assembly,
        )

    @property
    def everything(self) -> tuple[str, ...]:
        """All files of the unit."""
        return (*self.files, *self.daily, *self.split)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a store holds."""

    units: tuple[Unit, ...] = ()
    retired: tuple[str, ...] = ()
    generation: int = 0
    version: int = field(default=_VERSION)

    def sources(self) -> frozenset[str]:
        """Fingerprints of all files that were imported."""
        return frozenset(source for unit in self.units for source in unit.sources)


def is_store(folder: Path) -> bool:
    """Return whether a folder is a store."""
    return (folder / NAME).is_file()


def read_manifest(store: Path) -> Manifest:
    """Return the manifest of a store; an empty one where there is none yet.

    Raises:
        BillError: the file is damaged or of a later version.
    """
    if not is_store(store):
        return Manifest()
    try:
        content: dict[str, Any] = json.loads((store / NAME).read_text(encoding="utf-8"))
        if content["version"] != _VERSION:
            raise BillError(
                f"{store}: store of version {content['version']}, and this is version {_VERSION}: "
                "import the bills into a new folder"
            )
        units = tuple(map(_unit, content["units"]))
        return Manifest(units, tuple(content["retired"]), content["generation"])
    except (KeyError, TypeError, ValueError) as error:
        raise BillError(f"{store / NAME}: the manifest is damaged: import again") from error


def _unit(content: Mapping[str, Any]) -> Unit:
    lists = ("files", "daily", "split", "sources")
    fields: dict[str, Any] = {n: tuple(v) if n in lists else v for n, v in content.items()}
    return Unit(**fields)


def commit(store: Path, units: list[Unit]) -> Manifest:
    """Put units in the place of those of the same key; return the new manifest."""
    before = read_manifest(store)
    keys = {unit.key for unit in units}
    replaced = [unit for unit in before.units if unit.key in keys]
    kept = [unit for unit in before.units if unit.key not in keys]
    in_use = {file for unit in units for file in unit.everything}
    after = Manifest(
        units=tuple(sorted([*kept, *units], key=lambda unit: unit.key)),
        retired=tuple(file for unit in replaced for file in unit.everything if file not in in_use),
        generation=before.generation + 1,
    )
    handle, aside = tempfile.mkstemp(dir=store, prefix=NAME, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(after), file, indent=1)
    Path(aside).chmod(0o644)
    Path(aside).replace(store / NAME)
    for name in before.retired:
        (store / name).unlink(missing_ok=True)
    return after


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Let one import at a time write to a store.

    Raises:
        BillError: another import is running.
    """
    import fcntl

    store.mkdir(parents=True, exist_ok=True)
    with (store / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BillError(f"{store}: another import is running: wait for it") from error
        yield
