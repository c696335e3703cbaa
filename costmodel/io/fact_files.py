"""Facts the user adds to an inventory: a CSV file with resource_id and the names known."""

import csv
import io
import math
from pathlib import Path
from typing import Any

from costmodel.errors import BadInputError

_FLAGS = {"true": True, "false": False}


def read_facts(path: Path) -> dict[str, dict[str, Any]]:
    """Read resource id or ARN → name → number, true, false or text; empty cells say nothing."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    heads = [str(name).strip() for name in reader.fieldnames or ()]
    if "resource_id" not in heads:
        raise BadInputError(
            f"{path}: has no column resource_id; facts are a CSV file such as "
            "'resource_id,s3_gb' / 'nat-0abc,1200'"
        )
    reader.fieldnames = heads
    facts: dict[str, dict[str, Any]] = {}
    try:
        for row in reader:
            name = (row.pop("resource_id") or "").strip()
            if not name:
                raise BadInputError(f"{path}: line {reader.line_num} names no resource")
            cells = {k: (v or "").strip() for k, v in row.items() if isinstance(v, str | None)}
            where = f"{path}: line {reader.line_num}"
            said = {k: _value(cell, f"{where}: {k}") for k, cell in cells.items() if k and cell}
            facts.setdefault(name, {}).update(said)
    except csv.Error as error:
        raise BadInputError(f"{path}: line {reader.line_num} is not CSV ({error})") from None
    return facts


def _value(cell: str, where: str) -> Any:
    if cell.lower() in _FLAGS:
        return _FLAGS[cell.lower()]
    try:
        number = float(cell)
    except ValueError:
        return cell
    # An endless quantity would be an endless cost; what is unknown is left empty.
    if not math.isfinite(number):
        raise BadInputError(f"{where} is {cell!r}: give a number, or leave the cell empty")
    return number
