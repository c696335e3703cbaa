"""Which of the files lying about are the bill: manifests, current assemblies, newest executions.

A month is delivered many times; old assemblies stay in the bucket, and taking files by pattern
would count them twice. Works on names alone, so that a folder and a bucket are treated alike.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from posixpath import dirname
from typing import Any, Final

from costmodel.errors import BillError

ReadText = Callable[[str], str]

_DATA: Final = (".csv", ".tsv", ".gz", ".zip", ".parquet", ".json", ".jsonl")
# Athena and Hive name what they write without an ending: 000000_0, 20260101_101112_00013_abcde_…
_BARE: Final = re.compile(r"(^|/)(\d{6}_\d+|\d{8}_\d{6}_\d{5}_[\w-]+)$")
_ARTEFACT = re.compile(r"(^|/)([._][^/]*|cost_and_usage_data_status/.*|metadata/.*)$")
_MANIFEST = re.compile(r"-?manifest\.(json|csv)$", re.IGNORECASE)
# …/20181001-20181101/<assembly>/report-1.csv.gz
_LEGACY = re.compile(r"^(?P<period>(?:.*/)?\d{8}-\d{8})/(?:(?P<assembly>[^/]+)/)?[^/]+$")
# …/BILLING_PERIOD=2024-03/<time>-<execution>/x.parquet
_EXECUTION = re.compile(
    r"^(?P<period>(?:.*/)?BILLING_PERIOD=\d{4}-\d{2})/"
    r"(?P<run>\d{4}-\d{2}-\d{2}T[\d:.]+Z-[^/]+)/[^/]+$",
    re.IGNORECASE,
)


def is_manifest(name: str) -> bool:
    """Return whether a file is a delivery manifest by its name."""
    return _MANIFEST.search(name) is not None


def current_files(names: Sequence[str], read_text: ReadText) -> list[str]:
    """Return the files that make up the bill, in order.

    Args:
        names: all files, as paths with "/" relative to the folder or bucket.
        read_text: reads one of them, for manifests.

    Raises:
        BillError: a manifest is wrong, or two assemblies of a month and nothing says which counts.
    """
    data = [name for name in sorted(names) if is_data(name)]
    manifests = [name for name in sorted(names) if is_manifest(name)]
    data = _newest_executions(data)
    return _current_assemblies(data, manifests, read_text)


def is_data(name: str) -> bool:
    """Return whether a file may hold rows of a bill, by its name."""
    is_named = name.lower().endswith(_DATA) or _BARE.search(name) is not None
    return is_named and not is_manifest(name) and not _ARTEFACT.search(name)


def _newest_executions(names: Sequence[str]) -> list[str]:
    newest: dict[str, str] = {}
    for name in names:
        found = _EXECUTION.match(name)
        if found:
            newest[found["period"]] = max(newest.get(found["period"], ""), found["run"])
    return [name for name in names if _is_newest(name, newest)]


def _is_newest(name: str, newest: dict[str, str]) -> bool:
    found = _EXECUTION.match(name)
    return found is None or newest[found["period"]] == found["run"]


def _current_assemblies(
    names: Sequence[str], manifests: Sequence[str], read_text: ReadText
) -> list[str]:
    assemblies: dict[str, dict[str, list[str]]] = {}
    kept = []
    for name in names:
        found = _LEGACY.match(name)
        if found is None:
            kept.append(name)
        else:
            of_period = assemblies.setdefault(found["period"], {})
            of_period.setdefault(found["assembly"] or "", []).append(name)
    for period, files in assemblies.items():
        top = [name for name in manifests if dirname(name) == period]
        if top:
            kept += manifest_files(
                top[0], read_text(top[0]), [n for f in files.values() for n in f]
            )
        elif len(files) > 1:
            raise BillError(
                f"{period}: {len(files)} assemblies and no manifest that says which is current: "
                "name one of the folders, or fetch the manifest"
            )
        else:
            kept += next(iter(files.values()))
    return sorted(kept)


def manifest_files(manifest: str, text: str, names: Iterable[str]) -> list[str]:
    """Return the files a manifest names.

    Args:
        manifest: its name, for messages.
        text: its content.
        names: the files there are.

    Raises:
        BillError: no manifest, or a file it names is not there.
    """
    there = list(names)
    found = []
    for key in manifest_keys(manifest, text):
        match = _longest_match(key, there)
        if match is None:
            raise BillError(f"{manifest}: names {key}, which is not there: fetch it too")
        found.append(match)
    return found


def manifest_keys(manifest: str, text: str) -> list[str]:
    """Return the object keys of a manifest.

    They are ``reportKeys``, or ``dataFiles`` of a data export, or the lines of Athena's CSV.
    """
    if manifest.lower().endswith(".csv"):
        return [line.strip().strip('"') for line in text.splitlines() if line.strip()]
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise BillError(f"{manifest}: line {error.lineno}: not JSON ({error.msg})") from error
    keys: Any = None
    if isinstance(content, dict):
        keys = content.get("reportKeys") or content.get("dataFiles")
    if not isinstance(keys, list) or not all(isinstance(key, str | dict) for key in keys):
        raise BillError(f"{manifest}: no reportKeys: is this the manifest of a report?")
    return [key if isinstance(key, str) else str(key.get("key", key)) for key in keys]


def _longest_match(key: str, names: Sequence[str]) -> str | None:
    """Return the file that shares the most trailing parts with a key."""
    parts = key.split("/")
    for first in range(len(parts)):
        tail = "/".join(parts[first:])
        for name in names:
            if (name == tail or name.endswith("/" + tail)) and not _other_assembly(name, parts):
                return name
    return None


def _other_assembly(name: str, key_parts: Sequence[str]) -> bool:
    """Return whether a file lies in the folder of an assembly that a key does not name."""
    found = _LEGACY.match(name)
    return (
        found is not None and found["assembly"] is not None and found["assembly"] not in key_parts
    )
