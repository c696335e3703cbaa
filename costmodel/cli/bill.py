"""``costmodel bill``: read, sum and check bills of any format."""

from pathlib import Path
from typing import Annotated

import typer

from costmodel.cli.bill_group import bill_app
from costmodel.cli.output import FormatOption, OutOption, QuietOption, emit

EXIT_CHECK_FAILED = 1
# What an import did to a month, with the rows that were there.
_CHANGES = {"new": "new", "added": "with {:,} that were there", "replaced": "in place of {:,}"}

BillPaths = Annotated[
    list[str],
    typer.Argument(metavar="BILL…", help="Files, folders, s3:// prefixes or a store."),
]
ColumnsOption = Annotated[
    Path | None,
    typer.Option(
        "--columns",
        help="Columns of text without a header: manifest, create-table.sql or a name a line.",
    ),
]


def register() -> None:
    """Add the commands to the ``bill`` group."""
    bill_app.command("summarize")(summarize_command)
    bill_app.command("check")(check_command)
    bill_app.command("import")(import_command)


def summarize_command(
    bill: BillPaths,
    by: Annotated[
        list[str] | None, typer.Option("--by", "-b", help="Columns or tags: ServiceName,tag:team.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", "-m", help="EffectiveCost, BilledCost, ListCost, …"),
    ] = None,
    granularity: Annotated[
        str, typer.Option("--granularity", "-g", help="total, monthly, daily or hourly.")
    ] = "total",
    filter_: Annotated[
        str | None, typer.Option("--filter", help="RegionId = 'eu-west-1' and tag:team is null")
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="Largest groups; the rest is 'other'.")
    ] = None,
    spread_unused: Annotated[
        bool,
        typer.Option(
            "--spread-unused", help="Spread unused reservations over the month, not on its 1st."
        ),
    ] = False,
    columns: ColumnsOption = None,
    format_: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Sum a bill by columns, tags and periods, like Cost Explorer.

    Example: costmodel bill summarize cur/ --by ServiceName,RegionId --granularity monthly
    """
    from costmodel import read_bill
    from costmodel.cli.progress import waiting

    with waiting("Reading the bill", quiet=quiet):
        summary = read_bill(*bill, columns=columns).summarize(
            by=_split(by),
            metric=_split(metric),
            granularity=granularity,  # type: ignore[arg-type] # checked by summarize
            filter=filter_,
            top=top,
            unused="spread" if spread_unused else "as billed",
        )
    emit(
        summary.report_tables(),
        format_name=format_,
        out=out,
        json_payload=summary.to_json,
        html=summary.to_html,
    )


def check_command(
    bill: BillPaths,
    columns: ColumnsOption = None,
    format_: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Verify a bill: identities, duplicates, gaps, and prices against the catalog.

    Exits 1 when rows break a check, and shows them.

    Example: costmodel bill check cur/2026-01.parquet --format json
    """
    from costmodel import check_bill, read_bill
    from costmodel.cli.progress import waiting

    with waiting("Checking the bill", quiet=quiet):
        check = check_bill(read_bill(*bill, columns=columns))
    emit(
        check.report_tables(),
        format_name=format_,
        out=out,
        json_payload=check.to_json,
        html=check.to_html,
    )
    if check.failed:
        raise typer.Exit(EXIT_CHECK_FAILED)


def import_command(
    bill: BillPaths,
    store: Annotated[Path, typer.Option("--store", help="Folder of the store; made if need be.")],
    columns: ColumnsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Keep bills as normalised Parquet: later questions take milliseconds.

    A month of a report delivered again is replaced as a whole, more parts of it are added, and
    files imported before are left alone.

    Example: costmodel bill import s3://billing/cur/ --store bills
    """
    from costmodel import import_bill
    from costmodel.cli.progress import bar

    with bar("Importing", quiet=quiet) as progress:
        result = import_bill(*bill, store=store, progress=progress, columns=columns)
    if not quiet:
        for month in result.imported:
            change = _CHANGES[month.change].format(month.rows_before)
            typer.echo(
                f"{month.period}  payer {month.payer or '(none)'}  {month.report}  "
                f"{month.rows:,} rows ({change})"
            )
        for label in result.unchanged:
            typer.echo(f"unchanged  {label}")
        for label in result.empty:
            typer.echo(f"no rows  {label}")


def _split(names: list[str] | None) -> list[str]:
    """Return options given several times or with commas as one list."""
    return [name.strip() for text in names or [] for name in text.split(",") if name.strip()]
