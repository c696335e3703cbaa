"""``costmodel estimate``, ``diff`` and ``explain``: price an architecture before it exists."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from costmodel.cli.output import FormatOption, OutOption, QuietOption, emit
from costmodel.errors import BadInputError

PathsArgument = Annotated[
    list[Path],
    typer.Argument(help="YAML/JSON spec, Terraform folder, plan JSON or CloudFormation template."),
]
UsageOption = Annotated[Path | None, typer.Option("--usage", help="Usage file (version 0.1).")]
RegionOption = Annotated[
    str | None, typer.Option("--region", help="Region of a source that fixes none.")
]
CatalogOption = Annotated[
    Path | None, typer.Option("--catalog", help="Folder of another price catalog.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("estimate")(estimate_command)
    app.command("diff")(diff_command)
    app.command("explain")(explain_command)


def estimate_command(
    paths: PathsArgument,
    usage: UsageOption = None,
    region: RegionOption = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="Report prices published later."),
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option("--scenario", help="YAML: another region, usage, purchase.")
    ] = None,
    pool_tiers: Annotated[
        str, typer.Option("--pool-tiers", help="account (as AWS bills) or resource.")
    ] = "account",
    free_tier: Annotated[
        str, typer.Option("--free-tier", help="none, always or first-year: subtract it once.")
    ] = "none",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 if anything has no price.")
    ] = False,
    catalog: CatalogOption = None,
    format_name: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Price an architecture: what it costs a month, line by line.

    Example: costmodel estimate examples/web_shop.yaml --region eu-central-1
    """
    from costmodel.estimate.estimate import require_complete
    from costmodel.estimate.free_tier import FREE_TIERS
    from costmodel.io.catalog_store import load_catalog
    from costmodel.report.estimate import page, tables
    from costmodel.report.table import frame_table
    from costmodel.verbs.architectures import estimate

    if pool_tiers not in ("account", "resource"):
        raise BadInputError(f"--pool-tiers {pool_tiers}: choose account or resource")
    allowance = next((name for name in FREE_TIERS if name == free_tier), None)
    if allowance is None:
        raise BadInputError(f"--free-tier {free_tier}: choose one of {', '.join(FREE_TIERS)}")
    result = estimate(
        paths,
        load_catalog(catalog),
        usage=usage,
        region=region,
        pool_tiers="account" if pool_tiers == "account" else "resource",
        as_of=as_of.date() if as_of else None,
        scenario=scenario,
        free_tier=allowance,
    )
    shown = tables(result)[:1] if quiet else tables(result)
    emit(
        [frame_table(result.table)] if format_name == "csv" else shown,
        format_name=format_name,
        out=out,
        json_payload=result.to_json,
        html=lambda: page(result),
    )
    if strict:
        require_complete(result)


def diff_command(
    before: Annotated[Path, typer.Argument(help="The architecture as it is.")],
    after: Annotated[Path, typer.Argument(help="The architecture as it will be.")],
    usage: UsageOption = None,
    region: RegionOption = None,
    catalog: CatalogOption = None,
    format_name: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show what a change costs a month; --format markdown is fit for a pull request.

    Example: costmodel diff main.yaml branch.yaml --format markdown
    """
    from costmodel.io.catalog_store import load_catalog
    from costmodel.report.table import frame_table
    from costmodel.verbs.architectures import diff

    result = diff(before, after, load_catalog(catalog), usage=usage, region=region)
    emit(
        [frame_table(result.table)] if format_name == "csv" else result.report_tables(),
        format_name=format_name,
        out=out,
        json_payload=result.to_json,
        html=result.to_html,
    )


def explain_command(
    path: Annotated[Path, typer.Argument(help="The architecture.")],
    address: Annotated[str, typer.Argument(help="Address, as estimate prints it.")],
    usage: UsageOption = None,
    region: RegionOption = None,
    catalog: CatalogOption = None,
    format_name: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show how each number of a resource came about: formula, values, SKU, tiers, source, date.

    Example: costmodel explain examples/web_shop.yaml aws_instance.web
    """
    from costmodel.io.catalog_store import load_catalog
    from costmodel.report.explain import page
    from costmodel.verbs.architectures import explain

    working = explain(path, address, load_catalog(catalog), usage=usage, region=region)
    emit(
        working.report_tables(),
        format_name=format_name,
        out=out,
        json_payload=working.to_json,
        html=lambda: page(working),
    )
