"""``costmodel forecast`` and ``costmodel anomalies``: spend ahead, and unexpected rises."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from costmodel.cli.alerts import (
    DEFAULT_DESTINATIONS,
    DEFAULT_OUTBOX,
    DestinationsOption,
    OutboxOption,
)
from costmodel.cli.output import FormatOption, OutOption, QuietOption, emit

BillArgument = Annotated[list[Path], typer.Argument(help="Bill files, folders or manifests.")]
MetricOption = Annotated[str | None, typer.Option("--metric", help="Cost metric to use.")]
FilterOption = Annotated[str | None, typer.Option("--filter", help="Only rows that match.")]
AsOfOption = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="As if it were this day (UTC)."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("forecast")(forecast_command)
    app.command("anomalies")(anomalies_command)


def forecast_command(
    bills: BillArgument,
    by: Annotated[
        str | None, typer.Option("--by", help="Columns to split by; the service without it.")
    ] = None,
    metric: MetricOption = None,
    filter_text: FilterOption = None,
    as_of: AsOfOption = None,
    format_name: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Forecast a bill to the end of the month, the quarter and the year, with intervals.

    Example: costmodel forecast cur/ --by ServiceName,SubAccountId
    """
    from costmodel.verbs.spend import forecast

    outlook = forecast(
        list(bills),
        by=None if by is None else _names(by),
        metric=metric,
        filter=filter_text,
        as_of=to_utc(as_of),
    )
    emit(
        outlook.report_tables(),
        format_name=format_name,
        out=out,
        json_payload=outlook.to_json,
        html=outlook.to_html,
    )


def anomalies_command(
    bills: BillArgument,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", help="Columns to watch with all combinations; service and account without it."
        ),
    ] = None,
    metric: MetricOption = None,
    filter_text: FilterOption = None,
    as_of: AsOfOption = None,
    score: Annotated[float, typer.Option("--score", min=0.0, help="Usual deviations.")] = 2.7,
    amount: Annotated[float, typer.Option("--amount", min=0.0, help="Excess a day.")] = 1.0,
    percent: Annotated[float, typer.Option("--percent", min=0.0, help="Excess in percent.")] = 10,
    feedback: Annotated[
        Path | None, typer.Option("--feedback", help="YAML: anomalies to ignore or confirm.")
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Deliver those of the last week, each once.")
    ] = False,
    destinations: DestinationsOption = DEFAULT_DESTINATIONS,
    outbox: OutboxOption = DEFAULT_OUTBOX,
    format_name: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Find unexpected rises in a bill and what caused them.

    An anomaly exceeds the score, the amount and the percentage at once.

    Example: costmodel anomalies cur/ --amount 25 --feedback feedback.yaml
    """
    from costmodel.engine.anomaly import Sensitivity
    from costmodel.verbs.spend import anomalies, send_anomaly_alerts

    report = anomalies(
        list(bills),
        by=None if by is None else _names(by),
        metric=metric,
        filter=filter_text,
        as_of=to_utc(as_of),
        sensitivity=Sensitivity(score, amount, percent),
        feedback=feedback or (),
    )
    if send:
        now = to_utc(as_of) or datetime.now(UTC)
        sent = send_anomaly_alerts(report, now=now, outbox=outbox, destinations=destinations)
        if not quiet:
            typer.echo(str(sent), err=True)
    emit(
        report.report_tables(),
        format_name=format_name,
        out=out,
        json_payload=report.to_json,
        html=report.to_html,
    )


def to_utc(moment: datetime | None) -> datetime | None:
    """Return a date of the command line as a moment in UTC."""
    return None if moment is None else moment.replace(tzinfo=UTC)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
