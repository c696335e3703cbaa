"""The command line: one thin module per command group, registered here.

Command modules import nothing heavy at top level, so that ``costmodel --help`` starts in well
under 0.3 s; they call public names inside the command function.
"""

import sys
from typing import Annotated

import typer

from costmodel import __version__
from costmodel.errors import CostModelError, IncompleteEstimateError

EXIT_CHECK_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_PARTIAL = 3

app = typer.Typer(
    name="costmodel",
    help="What will it cost on AWS, why did the bill rise, and what should change.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"costmodel {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Price architectures and bills, plan commitments, find savings, watch budgets."""


def run() -> None:
    """Run the command line; a user's mistake is one line on stderr, never a traceback."""
    try:
        app()
    except IncompleteEstimateError as error:
        _fail(str(error), EXIT_PARTIAL)
    except CostModelError as error:
        _fail(str(error), EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:
        # The reader (head, less) went away: not our error, and nothing more can be written.
        sys.stderr.close()
        sys.exit(EXIT_CHECK_FAILED)


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"costmodel: {' '.join(message.split())}\n")
    sys.exit(code)


def _register_commands() -> None:
    """Register every command group: one import and one call each."""
    from costmodel.cli import (
        alerts,
        bill,
        bill_analysis,
        bill_group,
        bill_tools,
        budget,
        catalog,
        commitments,
        demo,
        doctor,
        estimate,
        forecast,
        inventory,
        recommend,
        serve,
    )

    alerts.register(app)
    bill_group.register(app)
    bill.register()
    bill_analysis.register()
    bill_tools.register()
    budget.register(app)
    catalog.register(app)
    commitments.register(app)
    demo.register(app)
    doctor.register(app)
    estimate.register(app)
    forecast.register(app)
    inventory.register(app)
    recommend.register(app)
    serve.register(app)


_register_commands()
