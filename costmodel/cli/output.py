"""Options every command shares, and the one place that prints or writes a result."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from costmodel.errors import BadInputError
from costmodel.report.table import (
    FORMATS,
    Format,
    ReportTable,
    dump_json,
    to_csv,
    to_markdown,
    to_text,
)

FormatOption = Annotated[
    str, typer.Option("--format", "-f", help="table, json, csv, markdown or html.")
]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")]


def parse_format(name: str) -> Format:
    """Return the output format, or say which there are."""
    for known in FORMATS:
        if name == known:
            return known
    raise BadInputError(f"--format {name}: choose one of {', '.join(FORMATS)}")


def emit(
    tables: Sequence[ReportTable],
    *,
    format_name: str,
    out: Path | None,
    json_payload: Callable[[], Any],
    html: Callable[[], str],
) -> None:
    """Write a result in the format asked for, to the file or to standard output.

    Args:
        tables: what to print; CSV holds the rows of the first.
        format_name: one of ``FORMATS``.
        out: file to write, aside first and then renamed; None prints.
        json_payload: makes the JSON object, called only for ``json``.
        html: makes the page, called only for ``html``.
    """
    match parse_format(format_name):
        case "json":
            text = dump_json(json_payload())
        case "csv":
            text = to_csv(tables[0]).rstrip("\n")
        case "markdown":
            text = "\n\n".join(map(to_markdown, tables))
        case "html":
            text = html()
        case _:
            text = "\n\n".join(map(to_text, tables))
    if out is None:
        typer.echo(text)
    else:
        write_text(out, text + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: aside first, then renamed."""
    if not path.parent.is_dir():
        raise BadInputError(f"--out {path}: the folder {path.parent} does not exist; create it")
    if path.is_dir():
        raise BadInputError(f"--out {path}: is a folder; name a file")
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    # mkstemp makes files only the owner reads; a report is as readable as any new file.
    umask = os.umask(0)
    os.umask(umask)
    Path(aside).chmod(0o666 & ~umask)
    Path(aside).replace(path)
