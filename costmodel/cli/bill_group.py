"""The ``costmodel bill`` group that the bill commands add themselves to."""

import typer

bill_app = typer.Typer(
    name="bill",
    help="Read, check, analyse, re-price, convert and generate bills.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(bill_app)
