"""``costmodel doctor``: what is installed, which prices are in use, whether AWS can be reached."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from costmodel.cli.output import FormatOption, OutOption, emit


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor_command)


def doctor_command(
    aws: Annotated[
        bool, typer.Option("--aws", help="Also ask AWS who the credentials belong to.")
    ] = False,
    catalog: Annotated[Path | None, typer.Option("--catalog", help="Another catalog.")] = None,
    format_name: FormatOption = "table",
    out: OutOption = None,
) -> None:
    """Look at the installation: Python, extras, catalog and its age; exit 1 if something is wrong.

    Example: costmodel doctor --aws
    """
    from costmodel.io.catalog_store import load_catalog
    from costmodel.io.diagnosis import (
        diagnose_aws,
        diagnose_catalog,
        diagnose_environment,
        problems,
    )
    from costmodel.report.html import html_page
    from costmodel.report.table import ReportColumn, ReportTable, to_json_rows

    today = datetime.now(tz=UTC).date()
    findings = [*diagnose_environment(), *diagnose_catalog(load_catalog(catalog), today)]
    findings += [diagnose_aws()] if aws else []
    columns = (ReportColumn("Topic"), ReportColumn("State"), ReportColumn("Detail"))
    rows = [[finding.topic, finding.state, finding.detail] for finding in findings]
    table = ReportTable("costmodel doctor", columns, rows)
    emit(
        [table],
        format_name=format_name,
        out=out,
        json_payload=lambda: to_json_rows(table),
        html=lambda: html_page("costmodel doctor", "The installation.", [table]),
    )
    if problems(findings):
        raise typer.Exit(1)
