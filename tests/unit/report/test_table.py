"""Tables for reading: what each format prints."""

import json

import pytest

from costmodel.report.html import html_page
from costmodel.report.table import (
    ReportColumn,
    ReportTable,
    dump_json,
    format_cell,
    to_csv,
    to_html,
    to_json_rows,
    to_markdown,
    to_text,
)

TABLE = ReportTable(
    title="Costs",
    columns=(ReportColumn("Name"), ReportColumn("Cost", "money")),
    rows=[["a|b", 1234.5], ["=cmd", float("nan")]],
    total=["Total", 1234.5],
    notes=["one unknown"],
)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (1234.565, "money", "1,234.57"),
        (None, "money", "–"),
        (float("nan"), "price", "–"),
        (0.0000004, "price", "0.0000004"),
        (0.1, "price", "0.10"),
        (3.0, "quantity", "3"),
        (0.1221, "quantity", "0.1221"),
        (0.123, "percent", "12.3 %"),
        (1200, "integer", "1,200"),
        ("x", "text", "x"),
    ],
)
def test_a_cell_is_written_by_its_kind(value, kind, text) -> None:
    assert format_cell(value, kind) == text


def test_text_is_aligned_with_numbers_to_the_right() -> None:
    lines = to_text(TABLE).splitlines()

    assert lines[0] == "Costs"
    assert lines[4] == "a|b    1,234.50"
    assert lines[5] == "=cmd          –"
    assert lines[-1] == "one unknown"


def test_markdown_escapes_what_would_break_the_table() -> None:
    assert "| a\\|b | 1,234.50 |" in to_markdown(TABLE)
    assert "| **Total** | **1,234.50** |" in to_markdown(TABLE)


def test_csv_has_full_numbers_and_no_formulas() -> None:
    assert to_csv(TABLE) == "Name,Cost\na|b,1234.5\n'=cmd,\n"


def test_html_escapes_text() -> None:
    table = ReportTable("<t>", (ReportColumn("<n>"),), [["<script>"]])

    assert "<script>" not in to_html(table)
    assert "&lt;script&gt;" in to_html(table)


def test_json_has_no_nan() -> None:
    assert to_json_rows(TABLE)[1] == {"Name": "=cmd", "Cost": None}
    assert json.loads(dump_json({"a": [float("inf"), {"b": float("nan")}]})) == {
        "a": [None, {"b": None}]
    }


def test_a_page_carries_plotly_once() -> None:
    import plotly.graph_objects as go

    page = html_page("T", "lead", ["Heading", go.Figure(), go.Figure(), TABLE])

    assert page.count("plotly.js v") == 1
    assert "<h2>Heading</h2>" in page
