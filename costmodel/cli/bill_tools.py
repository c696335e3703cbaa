"""``costmodel bill generate`` and ``convert``: bills out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from costmodel.cli.bill_group import bill_app
from costmodel.cli.output import QuietOption
from costmodel.errors import BadInputError
from costmodel.report.table import dump_json

if TYPE_CHECKING:
    from costmodel.io.generated_bill import BillFormat

BillPaths = Annotated[
    list[str],
    typer.Argument(metavar="BILL…", help="Files, folders, s3:// prefixes or a store."),
]
CatalogOption = Annotated[
    Path | None, typer.Option("--catalog", help="Folder of another price catalog.")
]
# Short names for the newest version.
_ALIASES = {"focus": "focus-1.2"}


def register() -> None:
    """Add the commands to the ``bill`` group."""
    bill_app.command("generate")(generate_command)
    bill_app.command("convert")(convert_command)


def generate_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder to write to.")],
    rows: Annotated[int, typer.Option("--rows", help="About so many rows in all.")] = 100_000,
    bill_format: Annotated[
        str, typer.Option("--format", "-f", help="cur, cur-csv, cur2, focus-1.0 or focus-1.2.")
    ] = "cur",
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same bill.")] = 0,
    first_month: Annotated[
        str, typer.Option("--first-month", help="First billing month.")
    ] = "2026-01",
    months: Annotated[int, typer.Option("--months", help="How many months.")] = 1,
    accounts: Annotated[int, typer.Option("--accounts", help="How many accounts.")] = 12,
    growth: Annotated[float, typer.Option(help="Growth per month; 0.02 is 2 %.")] = 0.02,
    anomalies: Annotated[int, typer.Option("--anomalies", help="Plant so many surprises.")] = 0,
    regions: Annotated[
        list[str] | None, typer.Option("--region", help="Regions in use, largest first.")
    ] = None,
    catalog: CatalogOption = None,
    quiet: QuietOption = False,
) -> None:
    """Make a realistic bill: accounts, reservations, savings plans, spot, credits, tax.

    Example: costmodel bill generate --rows 1000000 --format cur2 --months 3 --out demo-bill
    """
    from costmodel.bill.generate.catalog_prices import USUAL_REGIONS, catalog_price_table
    from costmodel.bill.generate.plan import BillSettings
    from costmodel.io.catalog_store import load_catalog
    from costmodel.io.generated_bill import generate_bill

    prices = catalog_price_table(load_catalog(catalog), regions or USUAL_REGIONS)
    settings = BillSettings(
        rows=rows, seed=seed, first_month=first_month, months=months, accounts=accounts,
        monthly_growth=growth, anomalies=anomalies,
    )  # fmt: skip
    made = generate_bill(settings, prices, out, parse_bill_format(bill_format))
    if not quiet:
        typer.echo(dump_json(made.to_json()))


def convert_command(
    bill: BillPaths,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")],
    to: Annotated[str, typer.Option("--to", help="focus-1.2.")] = "focus-1.2",
    quiet: QuietOption = False,
) -> None:
    """Write a bill of any format as a FOCUS dataset in Parquet, one file per billing period.

    Example: costmodel bill convert cur/ --to focus-1.2 --out focus/
    """
    from costmodel import read_bill
    from costmodel.cli.progress import waiting
    from costmodel.io.focus_writer import FOCUS_VERSION, write_focus

    if _ALIASES.get(to, to) != f"focus-{FOCUS_VERSION}":
        raise BadInputError(f"--to {to}: choose focus-{FOCUS_VERSION}")
    with waiting("Writing the dataset", quiet=quiet):
        written = write_focus(read_bill(*bill), out)
    if not quiet:
        typer.echo(dump_json(written.to_json()))


def parse_bill_format(name: str) -> "BillFormat":
    """Return a bill format, or say which there are."""
    from costmodel.io.generated_bill import BillFormat

    chosen = _ALIASES.get(name, name)
    for known in get_args(BillFormat):
        if chosen == known:
            bill_format: BillFormat = known
            return bill_format
    raise BadInputError(f"--format {name}: choose one of {', '.join(get_args(BillFormat))}")
