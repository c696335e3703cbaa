"""A table meant for reading: typed columns, rows, a total; as text, markdown, CSV or HTML.

Every command builds one or more ``ReportTable`` objects and hands them to ``render``; numbers are
rounded here and nowhere else.
"""

import csv
import html
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from costmodel.units import round_usd

ColumnKind = Literal["text", "money", "price", "quantity", "percent", "integer"]
Format = Literal["table", "json", "csv", "markdown", "html"]
FORMATS: tuple[Format, ...] = ("table", "json", "csv", "markdown", "html")


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """One column for reading: its heading and how its values are written."""

    heading: str
    kind: ColumnKind = "text"


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A titled table; ``total`` is a last row set apart, ``notes`` are lines beneath it."""

    title: str
    columns: Sequence[ReportColumn]
    rows: Sequence[Sequence[Any]]
    total: Sequence[Any] | None = None
    notes: Sequence[str] = field(default_factory=tuple)


def format_cell(value: Any, kind: ColumnKind) -> str:
    """Write one value: unknown (NaN, None) as a dash, money to the cent, prices in full."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    match kind:
        case "money":
            return f"{round_usd(float(value)):,.2f}"
        case "price":
            return _format_price(float(value))
        case "quantity":
            return _format_quantity(float(value))
        case "percent":
            return f"{100.0 * float(value):.1f} %"
        case "integer":
            return f"{int(value):,}"
        case _:
            return str(value)


def _format_price(value: float) -> str:
    """Write a unit price with all its digits and at least two decimals."""
    text = f"{value:.10f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def _format_quantity(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}".rstrip("0").rstrip(".")


def to_text(table: ReportTable) -> str:
    """Return the table as aligned plain text, numbers to the right."""
    head = [column.heading for column in table.columns]
    body = [_cells(table, row) for row in table.rows]
    total = [] if table.total is None else [_cells(table, table.total)]
    widths = [max(map(len, texts)) for texts in zip(head, *body, *total, strict=True)]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [table.title, ""] if table.title else []
    lines += [_align(table, head, widths), rule]
    lines += [_align(table, row, widths) for row in body]
    if total:
        lines += [rule, _align(table, total[0], widths)]
    lines += ["", *table.notes] if table.notes else []
    return "\n".join(line.rstrip() for line in lines)


def to_markdown(table: ReportTable) -> str:
    """Return the table as GitHub-flavoured markdown."""
    head = "| " + " | ".join(_escape(column.heading) for column in table.columns) + " |"
    rule = "|" + "|".join(" --- " if c.kind == "text" else " --: " for c in table.columns) + "|"
    rows = ["| " + " | ".join(map(_escape, _cells(table, row))) + " |" for row in table.rows]
    if table.total is not None:
        bold = [f"**{_escape(text)}**" if text else "" for text in _cells(table, table.total)]
        rows.append("| " + " | ".join(bold) + " |")
    title = [f"### {table.title}", ""] if table.title else []
    notes = ["", *(f"{note}  " for note in table.notes)] if table.notes else []
    return "\n".join([*title, head, rule, *rows, *notes])


def to_csv(table: ReportTable) -> str:
    """Return the rows as CSV with unrounded numbers; text cannot start a spreadsheet formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.heading for column in table.columns])
    writer.writerows([[csv_safe(value) for value in row] for row in table.rows])
    return out.getvalue()


def frame_table(frame: Any) -> ReportTable:
    """Return a pandas table as it is, one column each: what CSV holds where scripts read it."""
    columns = tuple(ReportColumn(str(name)) for name in frame.columns)
    return ReportTable(title="", columns=columns, rows=frame.to_numpy(dtype=object).tolist())


def csv_safe(value: Any) -> Any:
    """Return a value no spreadsheet takes for a formula; unknown becomes empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    # OWASP CSV injection: a leading = + - @ tab or return starts a formula.
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def to_html(table: ReportTable) -> str:
    """Return the table as an HTML fragment with escaped text."""
    head = "".join(
        f'<th class="{_css(c.kind)}">{html.escape(c.heading)}</th>' for c in table.columns
    )
    rows = "".join(_html_row(table, row) for row in table.rows)
    total = "" if table.total is None else f"<tfoot>{_html_row(table, table.total)}</tfoot>"
    notes = "".join(f"<p class=note>{html.escape(note)}</p>" for note in table.notes)
    title = f"<caption>{html.escape(table.title)}</caption>" if table.title else ""
    return (
        f"<table class=cm>{title}<thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody>{total}</table>{notes}"
    )


def to_json_rows(table: ReportTable) -> list[dict[str, Any]]:
    """Return the rows as JSON objects keyed by heading; unknown becomes null."""
    names = [column.heading for column in table.columns]
    return [dict(zip(names, map(json_safe, row), strict=True)) for row in table.rows]


def json_safe(value: Any) -> Any:
    """Return a value JSON can carry: NaN and infinity become null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def dump_json(payload: Any) -> str:
    """Return a payload as indented JSON text that every JSON parser reads (no NaN).

    What holds no object inside stands on one line: shorter to read, and much faster to write for
    an estimate of thousands of resources.
    """
    return _indented(payload, "\n")


def _indented(value: Any, margin: str) -> str:
    inner = margin + "  "
    if isinstance(value, dict) and any(map(_holds_more, value.values())):
        members = (f"{_line(str(key))}: {_indented(item, inner)}" for key, item in value.items())
        return "{" + inner + f",{inner}".join(members) + margin + "}"
    if isinstance(value, list | tuple) and _holds_more(value):
        return (
            "[" + inner + f",{inner}".join(_indented(item, inner) for item in value) + margin + "]"
        )
    return _line(value)


def _holds_more(value: Any) -> bool:
    """Return whether a value is too much for a line: an object, or a list of them."""
    if isinstance(value, dict):
        return True
    return isinstance(value, list | tuple) and any(
        isinstance(item, dict | list | tuple) for item in value
    )


def _line(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:  # not finite
        return json.dumps(_json_tree(value), ensure_ascii=False, allow_nan=False)


def _json_tree(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _json_tree(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_tree(inner) for inner in value]
    return json_safe(value)


def _cells(table: ReportTable, row: Sequence[Any]) -> list[str]:
    # An empty string keeps a cell blank (the label row of a total); None is unknown.
    return [
        "" if value == "" else format_cell(value, column.kind)
        for value, column in zip(row, table.columns, strict=True)
    ]


def _align(table: ReportTable, texts: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        text.ljust(width) if column.kind == "text" else text.rjust(width)
        for text, width, column in zip(texts, widths, table.columns, strict=True)
    )


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _css(kind: ColumnKind) -> str:
    return "text" if kind == "text" else "number"


def _html_row(table: ReportTable, row: Sequence[Any]) -> str:
    cells = "".join(
        f'<td class="{_css(column.kind)}">{html.escape(text)}</td>'
        for text, column in zip(_cells(table, row), table.columns, strict=True)
    )
    return f"<tr>{cells}</tr>"
