"""What every result object shares: its tables, its figure, its page, in a terminal and a notebook.

A result knows numbers only; the module that draws it lies higher (``costmodel.report``) and is
found by name when somebody looks, so that pricing never imports plotly.
"""

from importlib import import_module
from typing import Any, ClassVar


class Shown:
    """An object that shows itself as tables; ``report_module`` has ``tables``."""

    report_module: ClassVar[str]

    def report_tables(self) -> list[Any]:
        """Return the object as ``ReportTable`` objects, the main one first."""
        tables: list[Any] = import_module(self.report_module).tables(self)
        return tables

    def to_text(self) -> str:
        """Return the tables as plain text."""
        render = import_module("costmodel.report.table").to_text
        return "\n\n".join(map(render, self.report_tables()))

    def _repr_html_(self) -> str:
        """Return the tables and issues as Jupyter shows them, long tables cut."""
        render = import_module("costmodel.report.notebook").notebook_html
        html: str = render(self.report_tables(), getattr(self, "issues", ()))
        return html


class Result(Shown):
    """A result that can be drawn too; ``report_module`` has ``figure`` and ``page`` as well."""

    def figure(self) -> Any:
        """Return a plotly figure of the result."""
        return import_module(self.report_module).figure(self)

    def to_html(self) -> str:
        """Return a self-contained HTML page, which opens offline."""
        page: str = import_module(self.report_module).page(self)
        return page
