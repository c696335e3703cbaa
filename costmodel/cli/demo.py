"""``costmodel demo``: price a sample architecture and a sample bill, print both, write a page."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from costmodel.cli.output import write_text


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo_command)


def demo_command(
    region: Annotated[str, typer.Option("--region", help="Where the sample shop stands.")] = (
        "eu-central-1"
    ),
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML report.")] = Path(
        "demo-report.html"
    ),
) -> None:
    """Price a sample web shop and a generated bill; print both and write an HTML report.

    Example: costmodel demo --region us-east-1 --out shop.html
    """
    from costmodel.io.bundled import find_example
    from costmodel.io.catalog_store import load_catalog
    from costmodel.report.estimate import line_table, service_table
    from costmodel.report.table import to_text
    from costmodel.verbs.architectures import estimate

    catalog = load_catalog()
    shop = estimate(find_example("web_shop"), catalog, region=region)
    typer.echo(f"A web shop in {region} (examples/web_shop.yaml)\n")
    typer.echo(f"{to_text(line_table(shop))}\n\n{to_text(service_table(shop))}\n")
    with tempfile.TemporaryDirectory() as folder:
        bill = _sample_bill(Path(folder) / "bill", catalog)
        by_service = bill.summarize(by=["ServiceName"], top=8)
        by_day = bill.summarize(by=["ServiceName"], granularity="daily", top=6)
        typer.echo(f"A month's bill of twelve accounts, generated\n\n{by_service.to_text()}\n")
        write_text(out, _page(shop, by_service, by_day))
    typer.echo(f"Report: {out} (opens offline)")


def _sample_bill(folder: Path, catalog: Any) -> Any:
    from costmodel.bill.generate.catalog_prices import catalog_price_table
    from costmodel.bill.generate.plan import BillSettings
    from costmodel.io.generated_bill import generate_bill
    from costmodel.verbs.bills import read_bill

    settings = BillSettings(rows=20_000, seed=7)
    generate_bill(settings, catalog_price_table(catalog), folder, "cur")
    return read_bill(folder)


def _page(shop: Any, by_service: Any, by_day: Any) -> str:
    from costmodel.report.estimate import figure, line_table, service_table
    from costmodel.report.figures_bill import stacked_area
    from costmodel.report.html import html_page

    return html_page(
        "costmodel demo",
        "A sample architecture and a sample bill on the embedded catalog.",
        [
            "A web shop before it exists",
            figure(shop),
            service_table(shop),
            line_table(shop),
            "A month's bill of twelve accounts",
            stacked_area(by_day),
            *by_service.report_tables(),
        ],
    )
