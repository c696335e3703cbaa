"""Where a file of a bill comes from: which report, which assembly of a month, which part.

AWS names parts ``<report>-<n>.csv.gz`` or ``<report>-<n>.snappy.parquet``, and the folders above
them say period and assembly. Files people renamed have their name as report.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from costmodel.errors import BillError
from costmodel.io.bills.sniff import Sniffed

_PERIOD: Final = re.compile(
    r"(\d{8}-\d{8})(?=/)|BILLING_PERIOD=(\d{4}-\d{2})|year=(\d{4})/month=(\d{1,2})", re.IGNORECASE
)
_ASSEMBLY: Final = re.compile(
    r"/\d{8}-\d{8}/([^/]+)/[^/]+$|/BILLING_PERIOD=\d{4}-\d{2}/(\d{4}-\d{2}-\d{2}T[^/]+)/[^/]+$",
    re.IGNORECASE,
)
_ENDINGS: Final = re.compile(
    r"(\.(csv|txt|json|jsonl|parquet|gz|zip|snappy|zst))+$", re.IGNORECASE
)
_PART: Final = re.compile(r"-\d{1,5}$")


class Origin(NamedTuple):
    """What the place of a file says about it; empty where it says nothing."""

    report: str
    period: str
    assembly: str
    place: str  # the folder, up to that of the period


def origin_of(path: Path) -> Origin:
    """Return what a file's place says; a manifest beside it names the assembly too."""
    text = path.as_posix()
    period, assembly = _PERIOD.search(text), _ASSEMBLY.search(text)
    report = _PART.sub("", _ENDINGS.sub("", path.name))
    return Origin(
        report,
        "-".join(filter(None, period.groups())) if period else "",
        next(filter(None, assembly.groups())) if assembly else _assembly_beside(path, report),
        text[: period.start()] if period else path.parent.as_posix(),
    )


def _assembly_beside(path: Path, report: str) -> str:
    manifest = path.parent / f"{report}-Manifest.json"
    try:
        assembly, keys = _delivery(manifest, manifest.stat().st_mtime_ns)
    except OSError:
        return ""
    return assembly if any(key.endswith(path.name) for key in keys) else ""


@lru_cache(maxsize=64)
def _delivery(manifest: Path, _changed: int) -> tuple[str, tuple[str, ...]]:
    """Return the assembly of a manifest and its keys; a folder of many parts asks for each."""
    try:
        content = json.loads(manifest.read_text(encoding="utf-8-sig"))
    except ValueError:  # a manifest that does not help: the files are read all the same
        return "", ()
    if not isinstance(content, dict):
        return "", ()
    return str(content.get("assemblyId", "")), tuple(map(str, content.get("reportKeys") or ()))


def fingerprint(part: Sniffed) -> str:
    """Return what tells one version of a file from another: name, size, time and first bytes."""
    state = part.named.stat()
    with part.path.open("rb") as file:
        head = hashlib.sha256(file.read(1 << 16)).hexdigest()[:16]
    name = part.named.name if part.named == part.path else f"{part.named.name}/{part.path.name}"
    return f"{name}:{state.st_size}:{state.st_mtime_ns}:{head}"


def file_names(fingerprints: Iterable[str]) -> frozenset[str]:
    """Return the names of the files of some fingerprints."""
    return frozenset(text.rsplit(":", 3)[0] for text in fingerprints)


def refuse_copies(parts: Iterable[Sniffed]) -> None:
    """Refuse a month that is there twice: as CSV and as Parquet, or in two assemblies.

    Raises:
        BillError: which files, and what to do.
    """
    seen: dict[tuple[object, ...], tuple[Sniffed, Origin]] = {}
    for part in parts:
        origin = origin_of(part.named)
        key = (part.format, origin.report, origin.period, origin.place)
        other, before = seen.setdefault(key, (part, origin))
        if other.container != part.container:
            raise BillError(
                f"{part.named}: the same report is there as {other.container} ({other.named}), "
                "and both would count twice: name one of them"
            )
        if origin.period and origin.assembly != before.assembly:
            raise BillError(
                f"{part.named}: another assembly of the month than {other.named}, and both would "
                "count twice: name one of them, or the folder with its manifest"
            )
