"""Open bills: from paths to sources, whatever the format."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from costmodel.bill.query import Bill
from costmodel.bill.source import BillSource
from costmodel.errors import BillError
from costmodel.io.bills.sniff import Sniffed, sniff
from costmodel.io.bills.tabular import tabular_source


def open_bill(paths: Sequence[str | Path], prefixes: Mapping[str, str]) -> Bill:
    """Return bills as one relation.

    Args:
        paths: files or folders.
        prefixes: usage-type prefix → region or zone, from the catalog.

    Raises:
        BillError: a path does not exist or is no bill; the message says what to do.
    """
    return Bill(find_sources(paths), prefixes)


def find_sources(paths: Sequence[str | Path]) -> list[BillSource]:
    """Return the sources behind paths, one per format and kind of file."""
    files = [file for path in paths for file in _files(Path(path))]
    groups: dict[tuple[object, ...], list[Sniffed]] = {}
    for file in dict.fromkeys(files):
        part = sniff(file)
        key = (part.format, part.container, part.delimiter, part.gzipped, part.skip)
        groups.setdefault(key, []).append(part)
    return [tabular_source(parts) for parts in groups.values()]


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise BillError(f"{path}: no such file or folder")
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file())
