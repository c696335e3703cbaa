"""docs/nomenclature.md: every table column with its type, unit and meaning."""

from costmodel.columns import COLUMNS
from costmodel.report.service_pages import GENERATED
from costmodel.report.table import ReportColumn, ReportTable, to_markdown


def nomenclature_page() -> str:
    """Return the page: FOCUS columns, then our own and the price list's."""
    heads = [ReportColumn(head) for head in ("column", "type", "unit", "meaning")]
    rows = [
        [f"`{column.name}`", column.kind, column.unit or "–", column.meaning]
        for column in COLUMNS.values()
    ]
    own = [row for row in rows if row[0].startswith("`x_")]
    focus = [row for row in rows if not row[0].startswith("`x_")]
    return "\n\n".join(
        [
            GENERATED,
            "# Nomenclature",
            "Columns are FOCUS 1.2 Column IDs verbatim, with words of the AWS price list where "
            "FOCUS has none; Python names are the same words in snake_case. Columns of our own "
            "begin with `x_`.",
            "## FOCUS and price list",
            to_markdown(ReportTable("", heads, focus)),
            "## Our own",
            to_markdown(ReportTable("", heads, own)) + "\n",
        ]
    )
