"""``costmodel catalog``: the price catalog — what it holds, build, update, compare, verify."""

from pathlib import Path
from typing import Annotated

import typer

from costmodel.cli.output import FormatOption, OutOption, QuietOption, emit
from costmodel.errors import BadInputError

group = typer.Typer(
    name="catalog", help="The price catalog: look up, build, update, verify.", no_args_is_help=True
)

CatalogOption = Annotated[
    Path | None, typer.Option("--catalog", help="Catalog folder; the default is the embedded one.")
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(group)


@group.command()
def info(
    catalog: CatalogOption = None,
    format_name: FormatOption = "table",
    out: OutOption = None,
) -> None:
    """Say which prices the catalog holds and from when.

    Example: costmodel catalog info --format json
    """
    from costmodel import load_catalog
    from costmodel.report.catalog import info_tables
    from costmodel.report.html import html_page

    manifest = load_catalog(catalog).manifest
    tables = info_tables(manifest)
    emit(
        tables,
        format_name=format_name,
        out=out,
        json_payload=lambda: dict(manifest),
        html=lambda: html_page("Price catalog", "", tables),
    )


@group.command()
def prices(
    service: Annotated[str, typer.Option("--service", "-s", help="Price-list service code.")],
    region: Annotated[str | None, typer.Option("--region", "-r", help="AWS region.")] = None,
    all_regions: Annotated[bool, typer.Option("--all-regions", help="Every region.")] = False,
    usage_type: Annotated[
        str, typer.Option("--usage-type", "-u", help="Usage type, * and ? allowed.")
    ] = "*",
    operation: Annotated[str | None, typer.Option("--operation", help="Operation code.")] = None,
    catalog: CatalogOption = None,
    format_name: FormatOption = "table",
    out: OutOption = None,
) -> None:
    """Print price rows: every tier of every matching SKU.

    Example: costmodel catalog prices -s AmazonS3 -r eu-west-1 -u 'TimedStorage*' --format csv
    """
    from costmodel import load_catalog
    from costmodel.report.catalog import price_table
    from costmodel.report.html import html_page
    from costmodel.report.table import to_json_rows

    if (region is None) == (not all_regions):
        raise BadInputError("catalog prices: give either --region REGION or --all-regions")
    rows = load_catalog(catalog).find_prices(
        service, region_id=region, usage_type=usage_type, operation=operation
    )
    table = price_table(rows)
    emit(
        [table],
        format_name=format_name,
        out=out,
        json_payload=lambda: {"rows": to_json_rows(table)},
        html=lambda: html_page("Prices", "", [table]),
    )


@group.command()
def build(
    source: Annotated[Path, typer.Argument(help="Folder of collected price data.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Catalog folder.")] = Path(
        "pricing_data"
    ),
    version: Annotated[
        str, typer.Option("--version", help="Catalog version, CalVer; default: newest price date.")
    ] = "",
    quiet: QuietOption = False,
) -> None:
    """Turn collected price data into the catalog; service sheets in it stay.

    Example: costmodel catalog build ../shared/prices --out pricing_data
    """
    from costmodel.io.catalog_build import build_catalog
    from costmodel.io.catalog_store import write_catalog

    built = build_catalog(source)
    manifest = write_catalog(
        out, built.tables, version=version, sources=built.sources, notes=built.notes
    )
    if not quiet:
        rows = sum(entry["rows"] for entry in manifest["tables"].values())
        typer.echo(f"{out}: {len(manifest['tables'])} tables, {rows:,} rows", err=True)


@group.command()
def verify(
    catalog: CatalogOption = None,
    format_name: FormatOption = "table",
    out: OutOption = None,
) -> None:
    """Check hashes, tiers and prices of the catalog; report keys with several prices.

    Example: costmodel catalog verify
    """
    from costmodel.io.catalog_store import find_catalog, verify_catalog
    from costmodel.report.catalog import verification_tables
    from costmodel.report.html import html_page

    found = verify_catalog(find_catalog(catalog))
    tables = verification_tables(found.summary(), found.failures, found.ambiguous, found.notes)
    emit(
        tables,
        format_name=format_name,
        out=out,
        json_payload=found.to_json,
        html=lambda: html_page("Catalog verification", "", tables),
    )
    if found.failures:
        raise typer.Exit(1)


@group.command()
def diff(
    before: Annotated[Path, typer.Argument(help="Catalog folder.")],
    after: Annotated[Path, typer.Argument(help="Catalog folder to compare with it.")],
    format_name: FormatOption = "table",
    out: OutOption = None,
) -> None:
    """Compare the prices of two catalogs, service by service.

    Example: costmodel catalog diff pricing_data.old pricing_data
    """
    from costmodel.io.catalog_store import find_catalog
    from costmodel.io.catalog_store.change import diff_catalogs
    from costmodel.report.catalog import change_table
    from costmodel.report.html import html_page
    from costmodel.report.table import to_json_rows

    table = change_table(diff_catalogs(find_catalog(before), find_catalog(after)))
    emit(
        [table],
        format_name=format_name,
        out=out,
        json_payload=lambda: {"rows": to_json_rows(table)},
        html=lambda: html_page("Price changes", "", [table]),
    )


@group.command()
def update(
    offers: Annotated[
        list[Path] | None, typer.Argument(help="AWS offer files, or folders of them.")
    ] = None,
    fetch: Annotated[
        list[str] | None, typer.Option("--fetch", help="SERVICE:REGION to download from AWS.")
    ] = None,
    catalog: Annotated[Path, typer.Option("--catalog", help="Catalog folder to change.")] = Path(
        "pricing_data"
    ),
    quiet: QuietOption = False,
) -> None:
    """Replace the rates of a service and region by those of AWS's offer files.

    Example: costmodel catalog update offers/ --fetch AmazonS3:eu-west-1
    """
    import tempfile

    from costmodel.io.catalog_store import find_catalog, load_catalog
    from costmodel.io.catalog_store.change import update_rates
    from costmodel.io.price_list import fetch_offer, read_offer

    folder = find_catalog(catalog)
    prefixes = load_catalog(folder).prefixes
    with tempfile.TemporaryDirectory() as name:
        wanted = [item.partition(":") for item in fetch or []]
        files = _offer_files(offers or [])
        files += [fetch_offer(service, region, Path(name)) for service, _, region in wanted]
        if not files:
            raise BadInputError("catalog update: name offer files or give --fetch SERVICE:REGION")
        for file in files:
            for service, rows in update_rates(folder, read_offer(file, prefixes)).items():
                if not quiet:
                    typer.echo(f"{service}: {rows:,} rows from {file.name}", err=True)


@group.command("path")
def print_path(catalog: CatalogOption = None) -> None:
    """Print the folder of the catalog in use, for example to copy it.

    Example: cp -r "$(costmodel catalog path)" my-catalog
    """
    from costmodel.io.catalog_store import find_catalog

    typer.echo(find_catalog(catalog))


def _offer_files(paths: list[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise BadInputError(f"{path}: does not exist; name an offer file or folder")
        files += sorted(path.glob("*.json*")) if path.is_dir() else [path]
    return files
