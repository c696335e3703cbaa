"""The columns of text that has no header: from a manifest, a table definition or a list.

Athena writes what it unloads without one: fields apart by Ctrl-A, a tab or a comma. The order of
the columns stands in the manifest of the report, in its ``create-table.sql`` (or the SELECT of the
UNLOAD), or in a list somebody wrote.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from costmodel.errors import BillError

_BESIDE: Final = ("*anifest.json", "*.sql", "*.ddl")
_FOLDERS_UP: Final = 3
_TABLE: Final = re.compile(r"create\s+(?:external\s+)?table\b[^(]*\(", re.IGNORECASE)
_SELECT: Final = re.compile(r"\bselect\s+(.*?)\s+from\b", re.IGNORECASE | re.DOTALL)
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/|\bcomment\s+'(?:[^']|'')*'", re.I | re.DOTALL)
_NAME: Final = re.compile(r"""[`"]([^`"]+)[`"]|([\w:/.-]+)""")


def read_columns(path: Path) -> list[str]:
    """Return the column names a file lists.

    Args:
        path: a manifest (JSON), SQL that creates the table or selects from it, or text with a
            name a line or all names in the first line.

    Raises:
        BillError: the file cannot be read, or names no columns.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BillError(f"{path}: cannot be read as a list of columns: {error}") from error
    names = _columns_in(text)
    if len(names) < 2:
        raise BillError(
            f"{path}: names no columns: give the manifest of the report, its create-table.sql, or "
            "a name a line"
        )
    return names


def columns_beside(path: Path) -> Iterable[tuple[Path, list[str]]]:
    """Return the lists of columns that lie near a file, the nearest first."""
    for folder in [path.parent, *path.parent.parents[: _FOLDERS_UP - 1]]:
        for pattern in _BESIDE:
            for file in sorted(folder.glob(pattern)):
                try:
                    yield file, read_columns(file)
                except BillError:  # a manifest of something else: not the list one looks for
                    continue


def _columns_in(text: str) -> list[str]:
    if text.lstrip().startswith("{"):
        return _manifest_columns(text)
    bare = _COMMENT.sub(" ", text)
    table, select = _TABLE.search(bare), _SELECT.search(bare)
    if table:
        return [_first_name(part) for part in _parts(bare[table.end() :])]
    if select:
        return [_last_name(part) for part in _parts(select.group(1) + ")")]
    lines = [line.strip().strip(",") for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        return lines
    separator = next((mark for mark in "\x01\t;" if mark in text), ",")
    return next(csv.reader(io.StringIO(text.strip()), delimiter=separator), [])


def _manifest_columns(text: str) -> list[str]:
    try:
        columns: Any = json.loads(text).get("columns")
        return [
            f"{column['category']}/{column['name']}" if column.get("category") else column["name"]
            for column in columns or ()
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        return []


def _parts(text: str) -> Sequence[str]:
    """Return what commas part up to the bracket that closes; commas in brackets part nothing."""
    depth, parts = 0, [""]
    for mark in text:
        depth += (mark in "(<") - (mark in ")>")
        if depth < 0:
            break
        if mark == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += mark
    return [part.strip() for part in parts if part.strip()]


def _first_name(part: str) -> str:
    found = _NAME.match(part)
    return (found.group(1) or found.group(2)) if found else part


def _last_name(part: str) -> str:
    found = _NAME.findall(part)
    return (found[-1][0] or found[-1][1]).rsplit(".", 1)[-1] if found else part
