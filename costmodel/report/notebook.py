"""Results as Jupyter shows them: tables in full up to a length, and what is wrong with them."""

import html
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from costmodel.report.table import ReportTable, to_html

if TYPE_CHECKING:
    from costmodel.errors import Issue

# A notebook is saved with its outputs: what nobody scrolls through need not be in it.
_MOST_ROWS: Final = 60
_MOST_ISSUES: Final = 10


def notebook_html(tables: Sequence[ReportTable], issues: "Sequence[Issue]") -> str:
    """Return tables and issues as an HTML fragment.

    Args:
        tables: what to show; rows beyond the first 60 are counted, not shown.
        issues: those that no note of a table tells are listed beneath, ten at most.
    """
    told = "\n".join(note for table in tables for note in table.notes)
    untold = [issue for issue in issues if issue.message not in told]
    return "".join(to_html(_shortened(table)) for table in tables) + _issue_list(untold)


def _shortened(table: ReportTable) -> ReportTable:
    more = len(table.rows) - _MOST_ROWS
    if more <= 0:
        return table
    note = f"… and {more:,} more rows: see .table or .to_text()"
    return replace(table, rows=table.rows[:_MOST_ROWS], notes=[note, *table.notes])


def _issue_list(issues: "Sequence[Issue]") -> str:
    if not issues:
        return ""
    lines = [f"{issue.address}: {issue.message}" for issue in issues[:_MOST_ISSUES]]
    more = len(issues) - _MOST_ISSUES
    lines += [f"… and {more:,} more: see .issues"] if more > 0 else []
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<details><summary>{len(issues):,} issues</summary><ul>{items}</ul></details>"
