"""``costmodel bill generate``, ``convert`` and ``reprice``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from costmodel.cli.bill import ColumnsOption
from costmodel.cli.bill_group import bill_app
from costmodel.cli.output import FormatOption, OutOption, QuietOption, emit
from costmodel.errors import BadInputError
from costmodel.report.table import dump_json

if TYPE_CHECKING:
    from costmodel.bill.reprice.scenario import BillScenario
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
    bill_app.command("reprice")(reprice_command)


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
    columns: ColumnsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write a bill of any format as a FOCUS dataset in Parquet, one file per billing period.

    What stands in for a figure the bill lacks is in the issues printed.

    Example: costmodel bill convert cur/ --to focus-1.2 --out focus/
    """
    from costmodel import read_bill
    from costmodel.cli.progress import waiting
    from costmodel.io.focus_writer import FOCUS_VERSION, write_focus

    if _ALIASES.get(to, to) != f"focus-{FOCUS_VERSION}":
        raise BadInputError(f"--to {to}: choose focus-{FOCUS_VERSION}")
    with waiting("Writing the dataset", quiet=quiet):
        written = write_focus(read_bill(*bill, columns=columns), out)
    if not quiet:
        typer.echo(dump_json(written.to_json()))


def reprice_command(
    bill: BillPaths,
    scenario: Annotated[
        Path | None, typer.Option("--scenario", help="YAML: region, families, volumes, plans …")
    ] = None,
    new_catalog: Annotated[
        Path | None, typer.Option("--new-catalog", help="Prices after, e.g. of another date.")
    ] = None,
    filter_: Annotated[
        str | None, typer.Option("--filter", help="RegionId = 'eu-west-1' and tag:team is null")
    ] = None,
    catalog: CatalogOption = None,
    format_: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Price a bill by the catalog, service by service; with a scenario, say what it changes.

    Example: costmodel bill reprice cur/ --scenario graviton.yaml
    """
    from costmodel.bill.reprice.repricing import Repricing, reconcile
    from costmodel.bill.reprice.scenario import BillScenario
    from costmodel.bill.reprice.what_if import WhatIf, what_if
    from costmodel.cli.progress import waiting
    from costmodel.io.catalog_store import find_catalog, load_catalog
    from costmodel.io.family_successors import read_family_successors
    from costmodel.verbs.bills import read_bill

    prices = load_catalog(catalog)
    found: Repricing | WhatIf
    with waiting("Pricing the bill", quiet=quiet):
        read = read_bill(*bill, catalog=prices)
        if scenario is None and new_catalog is None:
            found = reconcile(read, prices, filter_text=filter_)
        else:
            found = what_if(
                read,
                prices,
                BillScenario() if scenario is None else _read_scenario(scenario),
                successors=read_family_successors(find_catalog(catalog)),
                new_catalog=None if new_catalog is None else load_catalog(new_catalog),
                filter_text=filter_,
            )
    emit(
        found.report_tables(), format_name=format_, out=out, json_payload=found.to_json,
        html=found.to_html,
    )  # fmt: skip


def _read_scenario(path: Path) -> "BillScenario":
    from costmodel.bill.reprice.scenario import parse_bill_scenario
    from costmodel.io.iac.documents import parse_document, read_text

    return parse_bill_scenario(
        parse_document(read_text(path, BadInputError), str(path)), str(path)
    )


def parse_bill_format(name: str) -> "BillFormat":
    """Return a bill format, or say which there are."""
    from costmodel.io.generated_bill import BillFormat

    chosen = _ALIASES.get(name, name)
    for known in get_args(BillFormat):
        if chosen == known:
            bill_format: BillFormat = known
            return bill_format
    raise BadInputError(f"--format {name}: choose one of {', '.join(get_args(BillFormat))}")
