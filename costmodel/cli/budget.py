"""``costmodel budget``: hold budgets against a bill."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from costmodel.cli.alerts import (
    DEFAULT_DESTINATIONS,
    DEFAULT_OUTBOX,
    DestinationsOption,
    OutboxOption,
    replay_command,
)
from costmodel.cli.forecast import AsOfOption, to_utc
from costmodel.cli.output import FormatOption, OutOption, QuietOption, emit

EXIT_CHECK_FAILED = 1

budget_app = typer.Typer(
    name="budget",
    help="Hold budgets against bills and deliver alerts.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    budget_app.command("check")(check_command)
    budget_app.command("replay")(replay_command)
    app.add_typer(budget_app)


def check_command(
    budgets: Annotated[
        Path, typer.Option("--budgets", help="budgets.yaml, or JSON of the AWS Budgets API.")
    ],
    bill: Annotated[list[Path], typer.Option("--bill", help="Bill files, folders, manifests.")],
    as_of: AsOfOption = None,
    send: Annotated[
        bool, typer.Option("--send", help="Deliver new alerts; remember what was told.")
    ] = False,
    destinations: DestinationsOption = DEFAULT_DESTINATIONS,
    outbox: OutboxOption = DEFAULT_OUTBOX,
    format_name: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Say where every budget stands, and exit with 1 if one is in alarm or its data are late.

    Without --send nothing is remembered, and every crossing of the period is listed.

    Example: costmodel budget check --budgets budgets.yaml --bill cur/ --as-of 2026-11-25
    """
    from costmodel.verbs.spend import check_budgets, send_budget_alerts

    now = to_utc(as_of) or datetime.now(UTC)
    if send:
        report, sent = send_budget_alerts(
            budgets, list(bill), now=now, outbox=outbox, destinations=destinations
        )
        if not quiet:
            typer.echo(f"{len(report.alerts)} new alerts; {sent}", err=True)
    else:
        report = check_budgets(budgets, list(bill), now=now)
    emit(
        report.report_tables(),
        format_name=format_name,
        out=out,
        json_payload=report.to_json,
        html=report.to_html,
    )
    if not report.is_ok:
        raise typer.Exit(EXIT_CHECK_FAILED)
