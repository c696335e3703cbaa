"""``costmodel inventory``: read a live account, the permissions for it, what was read."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costmodel.cli.output import FormatOption, OutOption, QuietOption, emit

if TYPE_CHECKING:
    from costmodel.optimize.inventory import Inventory

Progress = Callable[[int, int, str], None]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        name="inventory",
        help="Read a live AWS account (read-only) into tables for 'recommend'.",
        no_args_is_help=True,
    )
    group.command("collect")(collect_command)
    group.command("policy")(policy_command)
    group.command("show")(show_command)
    app.add_typer(group)


def collect_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the inventory.")],
    region: Annotated[
        list[str] | None, typer.Option("--region", help="Read these only; repeat it.")
    ] = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="Read these only (ec2, rds …).")
    ] = None,
    days: Annotated[int, typer.Option("--days", help="Days of metrics, 14 to 63.")] = 14,
    profile: Annotated[
        str | None, typer.Option("--profile", help="Profile of the AWS configuration.")
    ] = None,
    endpoint_url: Annotated[
        str | None, typer.Option("--endpoint-url", help="Answers instead of AWS.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help="Calls in flight at once.")] = 16,
    format_name: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Read every enabled region of the account with Describe, List and Get calls only.

    Calls that are denied are reported and leave their columns unknown. CloudWatch charges for the
    metrics; the count is in the manifest.

    Example: costmodel inventory collect --out account/ --profile audit --days 32
    """
    from datetime import UTC, datetime

    from costmodel.io.inventory.live import collect_inventory

    with _progress(quiet=quiet) as progress:
        inventory = collect_inventory(
            out,
            now=datetime.now(UTC),
            regions=tuple(region or ()),
            services=tuple(service or ()),
            days=days,
            profile=profile,
            endpoint_url=endpoint_url,
            workers=workers,
            progress=progress,
        )
    _emit_inventory(inventory, f"Inventory in {out}", format_name, None)


def policy_command(format_name: FormatOption = "json", out: OutOption = None) -> None:
    """Print the least-privilege IAM policy of 'inventory collect', or its calls as a table.

    Example: costmodel inventory policy --out policy.json
    """
    from costmodel.io.inventory.policy import inventory_policy, operations
    from costmodel.report.html import html_page
    from costmodel.report.table import ReportColumn, ReportTable

    columns = [ReportColumn(heading) for heading in ("Service", "Operation", "IAM action")]
    table = ReportTable("Calls of the collector", columns, operations())
    emit(
        [table],
        format_name=format_name,
        out=out,
        json_payload=inventory_policy,
        html=lambda: html_page(table.title, "All of them only read.", [table]),
    )


def show_command(
    folder: Annotated[Path, typer.Argument(help="Folder of an inventory.")],
    format_name: FormatOption = "table",
    out: OutOption = None,
) -> None:
    """Show what an inventory holds and what could not be read.

    Example: costmodel inventory show account/
    """
    from costmodel.io.inventory.store import read_inventory

    _emit_inventory(read_inventory(folder), f"Inventory {folder}", format_name, out)


def _emit_inventory(
    inventory: "Inventory", title: str, format_name: str, out: Path | None
) -> None:
    from costmodel.report.html import html_page
    from costmodel.report.table import ReportColumn, ReportTable

    counts = {kind: table.num_rows for kind, table in inventory.tables.items()}
    rows = sorted((item for item in counts.items() if item[1]), key=lambda item: item[0])
    tables = [
        ReportTable(
            title,
            [ReportColumn("Table"), ReportColumn("Rows", "integer")],
            rows,
            notes=[f"{len(counts) - len(rows)} more tables were read and are empty"],
        )
    ]
    if inventory.issues:
        heads = [ReportColumn("Call"), ReportColumn("Why it is unknown")]
        issues = [(issue.address, issue.message) for issue in inventory.issues]
        tables.append(ReportTable("Not read", heads, issues))
    emit(
        tables,
        format_name=format_name,
        out=out,
        json_payload=inventory.to_json,
        html=lambda: html_page(title, f"{sum(counts.values())} resources", tables),
    )


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress]:
    """Show a bar on stderr, where stderr is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, total, label: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total, label: bar.update(
            task, completed=done, total=total, description=label
        )
