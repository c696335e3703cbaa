"""``costmodel alerts``: what was told, to whom, what still has to arrive; deliver and replay."""

import contextlib
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from costmodel.cli.output import FormatOption, OutOption, QuietOption, emit
from costmodel.errors import BadInputError, MissingDependencyError
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.io.delivery.outbox import AlertRow, Outbox

_EXIT_DEAD_LETTERS = 1

OutboxOption = Annotated[
    str,
    typer.Option(
        "--outbox", envvar="COSTMODEL_OUTBOX", help="SQLite file or postgresql:// URL of alerts."
    ),
]
DestinationsOption = Annotated[
    Path,
    typer.Option(
        "--destinations", envvar="COSTMODEL_DESTINATIONS", help="YAML file of destinations."
    ),
]
DEFAULT_OUTBOX = "alerts.db"
DEFAULT_DESTINATIONS = Path("webhooks.yaml")

_COLUMNS = (
    ReportColumn("Created"),
    ReportColumn("Budget"),
    ReportColumn("Kind"),
    ReportColumn("Threshold"),
    ReportColumn("Actual", "money"),
    ReportColumn("Destination"),
    ReportColumn("Status"),
    ReportColumn("Attempts", "integer"),
    ReportColumn("Next attempt"),
    ReportColumn("Last answer"),
    ReportColumn("Key"),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Alerts and their delivery.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command("list")(list_command)
    group.command("deliver")(deliver_command)
    group.command("replay")(replay_command)
    group.command("listen")(listen_command)
    app.add_typer(group, name="alerts")


def list_command(
    status: Annotated[
        str | None, typer.Option("--status", help="Only pending, delivered or dead.")
    ] = None,
    budget: Annotated[str | None, typer.Option("--budget", help="Only this budget.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many rows.")] = 100,
    outbox: OutboxOption = DEFAULT_OUTBOX,
    format_name: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """List alerts, newest first, with the state of each delivery.

    Example: costmodel alerts list --status dead
    """
    box = open_existing(outbox)
    rows = box.list_alerts(status=_status(status), budget=budget, limit=limit)
    disabled = box.disabled_destinations()
    notes = [f"{name} is disabled: {reason}" for name, reason in sorted(disabled.items())]
    table = ReportTable(
        "Alerts", _COLUMNS, [_cells(row) for row in rows], notes=() if quiet else notes
    )
    emit(
        [table],
        format_name=format_name,
        out=out,
        json_payload=lambda: {"alerts": [_json(row) for row in rows], "disabled": disabled},
        html=lambda: html_page("Alerts", f"{len(rows)} deliveries", [table]),
    )


def deliver_command(
    destinations: DestinationsOption = DEFAULT_DESTINATIONS,
    outbox: OutboxOption = DEFAULT_OUTBOX,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep delivering until interrupted.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Deliver what is due, in order and signed; exits with 1 if a delivery was given up.

    Example: costmodel alerts deliver --destinations webhooks.yaml
    """
    box = open_existing(outbox)
    from costmodel.io.delivery.destination import read_destinations
    from costmodel.io.delivery.worker import deliver_pending, run_worker

    config = read_destinations(destinations)
    if watch:
        run_worker(box, config, stop=threading.Event())
    report = deliver_pending(box, config)
    if not quiet:
        typer.echo(str(report))
    if report.dead:
        raise typer.Exit(_EXIT_DEAD_LETTERS)


def replay_command(
    alert: Annotated[
        str | None, typer.Argument(help="Key of one alert; without it all dead letters.")
    ] = None,
    destination: Annotated[
        str | None, typer.Option("--destination", help="Only to this destination.")
    ] = None,
    outbox: OutboxOption = DEFAULT_OUTBOX,
    quiet: QuietOption = False,
) -> None:
    """Queue dead letters, or one alert, once more; disabled destinations are enabled again.

    The idempotency key stays the same. Deliver afterwards with ``costmodel alerts deliver``.

    Example: costmodel alerts replay --destination ops
    """
    count = open_existing(outbox).replay(now=time.time(), alert_key=alert, destination=destination)
    if count == 0 and alert is not None:
        raise BadInputError(f"no delivery of alert {alert!r}: see costmodel alerts list")
    if not quiet:
        typer.echo(f"{count} deliveries are pending again")


def open_existing(url: str) -> "Outbox":
    """Open an outbox that is there; reading a mistyped path must not make a new one."""
    if "://" not in url and not Path(url).is_file():
        raise BadInputError(
            f"outbox {url}: no such file; name it with --outbox, "
            "or make it with costmodel budget check --send"
        )
    try:
        from costmodel.io.delivery.outbox import open_outbox
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "sqlalchemy", "alerts") from None
    return open_outbox(url)


def _status(text: str | None) -> Any:
    from costmodel.io.delivery.model import DeliveryStatus

    if text is None:
        return None
    try:
        return DeliveryStatus(text)
    except ValueError:
        raise BadInputError(
            f"--status {text}: choose one of {', '.join(DeliveryStatus)}"
        ) from None


def _cells(row: "AlertRow") -> Sequence[Any]:
    alert = row.alert
    return (
        _moment(alert.created_at.timestamp()),
        alert.budget,
        alert.kind.value,
        alert.threshold,
        alert.actual,
        row.destination,
        row.status,
        row.attempts,
        _moment(row.next_at) if row.status == "pending" else "",
        row.last_answer,
        alert.key,
    )


def _json(row: "AlertRow") -> dict[str, Any]:
    return {
        "alert": row.alert.to_json(),
        "destination": row.destination,
        "status": row.status,
        "attempts": row.attempts,
        "next_at": _moment(row.next_at) if row.status == "pending" else None,
        "delivered_at": _moment(row.delivered_at) if row.delivered_at else None,
        "last_answer": row.last_answer,
        "webhook_id": row.webhook_id,
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def listen_command(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = (
        8787
    ),
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="Stop after so many alerts.")
    ] = None,
) -> None:
    """Receive alerts on this machine and print each as JSON: to see one arrive.

    Example: costmodel alerts listen --port 8787
    """
    from costmodel.io.delivery.listener import listen

    typer.echo(f"Listening on http://127.0.0.1:{port}/ (stop with Ctrl-C)", err=True)
    with contextlib.suppress(KeyboardInterrupt):
        listen(port, _print_now, count=count)


def _print_now(body: str) -> None:
    print(body, flush=True)  # noqa: T201 - typer.echo does not flush into a pipe
