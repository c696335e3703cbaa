"""``costmodel serve``: the REST API and the dashboard."""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from costmodel.errors import BadInputError, CostModelError, MissingDependencyError

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve_command)


def serve_command(
    dev: Annotated[bool, typer.Option("--dev", help="No key needed; on loopback only.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="TCP port.")] = 8000,
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    data: Annotated[
        Path, typer.Option("--data", help="Folder of the database and the bills.")
    ] = Path("costmodel-data"),
    database: Annotated[
        str | None,
        typer.Option(
            "--database", envvar="COSTMODEL_DATABASE_URL", help="postgresql:// URL; else SQLite."
        ),
    ] = None,
    init: Annotated[
        bool, typer.Option("--init", help="Print a new administrator key once, and stop.")
    ] = False,
    workspace: Annotated[
        str, typer.Option("--workspace", help="With --init: whose key; made if need be.")
    ] = "default",
    bills: Annotated[
        list[str] | None,
        typer.Option("--bills", help="Folder or s3:// prefix that bills may be read from."),
    ] = None,
    https: Annotated[
        bool, typer.Option("--https", help="Behind HTTPS: cookies go over HTTPS only.")
    ] = False,
    check_every: Annotated[
        str,
        typer.Option(
            "--check-every",
            help="When budgets and anomalies are checked: 15m, 1h, 1d, times of the day in UTC "
            "(06:00,18:30), or off. Also after each import of a bill.",
        ),
    ] = "1h",
    no_jobs: Annotated[
        bool, typer.Option("--no-jobs", help="Leave jobs to other processes.")
    ] = False,
    rate: Annotated[
        int, typer.Option("--rate", min=1, help="Requests a minute of one key.")
    ] = 1200,
    sns_topic: Annotated[
        list[str] | None,
        typer.Option("--sns-topic", help="ARN of a topic whose notifications are taken in."),
    ] = None,
    internal_receiver: Annotated[
        list[str] | None,
        typer.Option("--internal-receiver", help="Own host or network that webhooks may reach."),
    ] = None,
    webhook_port: Annotated[
        list[int] | None,
        typer.Option("--webhook-port", min=1, max=65535, help="Ports of webhooks; 443 else."),
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option("--catalog", help="Folder of another price catalog.")
    ] = None,
) -> None:
    """Serve the REST API under /v1 and the dashboard under /.

    Example: costmodel serve --init --data data && costmodel serve --data data --port 8000
    """
    if dev and host not in _LOOPBACK:
        raise BadInputError(
            f"--dev needs no key, so it may not listen at {host}: leave --host out"
        )
    _put_application_on_path()
    try:
        settings_module = importlib.import_module("api.settings")
        server = importlib.import_module("api.server")
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "fastapi", "api") from None
    settings = settings_module.Settings(
        data=data.resolve(),
        database_url=database,
        is_dev=dev,
        bill_roots=tuple(bills or ()),
        catalog=catalog,
        check_every=check_every,
        runs_jobs=not no_jobs,
        has_https=https,
        sns_topics=tuple(sns_topic or ()),
        internal_receivers=tuple(internal_receiver or ()),
        webhook_ports=tuple(webhook_port or (443,)),
        limits=settings_module.Limits(requests_per_minute=rate),
    )
    if init:
        typer.echo(_first_key(server, settings, workspace))
        return
    _serve(server, settings, host, port)


def _put_application_on_path() -> None:
    """Find ``api``: inside the wheel (``costmodel/_app``), else beside the package."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_app", package.parent):
        if (folder / "api" / "app.py").is_file():
            sys.path.insert(0, str(folder))
            return
    raise CostModelError("the application is not installed: pip install 'costmodel[api]'")


def _first_key(server: ModuleType, settings: object, workspace: str) -> str:
    key: str = server.init(settings, workspace)
    return key


def _serve(server: ModuleType, settings: object, host: str, port: int) -> None:
    server.serve(settings, host, port)
