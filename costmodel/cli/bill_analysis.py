"""``costmodel bill change``, ``allocate``, ``untagged``, ``unit-cost`` and ``chart``."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from costmodel.cli.bill_group import bill_app
from costmodel.cli.output import FormatOption, OutOption, QuietOption, emit, write_text
from costmodel.errors import BadInputError

if TYPE_CHECKING:
    from costmodel.bill.analysis.unit_cost import Units
    from costmodel.bill.query import Bill

BillPaths = Annotated[
    list[str],
    typer.Argument(metavar="BILL…", help="Files, folders, s3:// prefixes or a store."),
]
MetricOption = Annotated[
    str | None,
    typer.Option("--metric", "-m", help="A cost metric; EffectiveCost where the bill has it."),
]
FilterOption = Annotated[
    str | None, typer.Option("--filter", help="RegionId = 'eu-west-1' and tag:team is null")
]
ByOption = Annotated[
    list[str] | None, typer.Option("--by", "-b", help="Columns or tags: ServiceName,tag:team.")
]


def register() -> None:
    """Add the commands to the ``bill`` group."""
    bill_app.command("change")(change_command)
    bill_app.command("allocate")(allocate_command)
    bill_app.command("untagged")(untagged_command)
    bill_app.command("unit-cost")(unit_cost_command)
    bill_app.command("chart")(chart_command)


def change_command(
    bill: BillPaths,
    before: Annotated[str, typer.Option("--before", help="2026-01 or 2026-01-05..2026-01-11.")],
    after: Annotated[str, typer.Option("--after", help="The period to explain.")],
    by: ByOption = None,
    metric: MetricOption = None,
    filter_: FilterOption = None,
    format_: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Explain why a period costs more than another: price, quantity, mix and fees.

    Example: costmodel bill change cur/ --before 2026-01 --after 2026-02 --by ServiceName
    """
    from costmodel.bill.analysis.change import explain_change

    found = explain_change(
        _read(bill, quiet=quiet), before, after, by=_split(by) or ["ServiceName"], cost=metric,
        filter_text=filter_,
    )  # fmt: skip
    _show(found, format_, out)


def allocate_command(
    bill: BillPaths,
    rules: Annotated[Path, typer.Option("--rules", help="YAML: virtual tag and shared costs.")],
    metric: MetricOption = None,
    filter_: FilterOption = None,
    format_: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Say who pays: map rows to teams or products by rules, split shared costs.

    Example: costmodel bill allocate cur/ --rules teams.yaml
    """
    from costmodel.bill.analysis.virtual_tags import allocate, parse_virtual_tag
    from costmodel.io.iac.documents import parse_document, read_text

    text = read_text(rules, BadInputError)
    tag = parse_virtual_tag(parse_document(text, str(rules)), str(rules))
    found = allocate(_read(bill, quiet=quiet), tag, cost=metric, filter_text=filter_)
    _show(found, format_, out)


def untagged_command(
    bill: BillPaths,
    tags: Annotated[list[str], typer.Option("--tag", "-t", help="Tag keys: team,env.")],
    metric: MetricOption = None,
    filter_: FilterOption = None,
    format_: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show how much of the usage carries each tag.

    Example: costmodel bill untagged cur/ --tag team,env
    """
    from costmodel.bill.analysis.tagging import untagged_costs

    found = untagged_costs(
        _read(bill, quiet=quiet), _split(tags), cost=metric, filter_text=filter_
    )
    _show(found, format_, out)


def unit_cost_command(
    bill: BillPaths,
    units: Annotated[
        Path | None,
        typer.Option("--units", help="CSV of month,name,quantity; without it: usage units."),
    ] = None,
    by: ByOption = None,
    metric: MetricOption = None,
    filter_: FilterOption = None,
    format_: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show what one order, user, hour or gigabyte-month costs.

    Example: costmodel bill unit-cost cur/ --units orders.csv
    """
    from costmodel.bill.analysis.unit_cost import paid_unit_prices, unit_costs

    found = (
        paid_unit_prices(
            _read(bill, quiet=quiet), _split(by) or ["ServiceName"], cost=metric,
            filter_text=filter_,
        )
        if units is None
        else unit_costs(
            _read(bill, quiet=quiet), read_units(units), cost=metric, filter_text=filter_
        )
    )  # fmt: skip
    _show(found, format_, out)


def chart_command(
    bill: BillPaths,
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")],
    kind: Annotated[str, typer.Option("--kind", "-k", help="area, treemap or hours.")] = "area",
    by: ByOption = None,
    metric: MetricOption = None,
    granularity: Annotated[
        str, typer.Option("--granularity", "-g", help="Of the area: monthly, daily, hourly.")
    ] = "daily",
    filter_: FilterOption = None,
    quiet: QuietOption = False,
) -> None:
    """Draw a bill: stacked area over time, treemap, or heat map of the hours of the week.

    Example: costmodel bill chart cur/ --kind treemap --by ServiceName,x_UsageType --out map.html
    """
    from costmodel.bill.doubts import require_met
    from costmodel.report import figures_bill
    from costmodel.report.html import html_page

    draw: dict[str, tuple[Any, str, list[str]]] = {
        "area": (figures_bill.stacked_area, granularity, _split(by) or ["ServiceName"]),
        "treemap": (figures_bill.treemap, "total", _split(by) or ["ServiceName", "x_UsageType"]),
        "hours": (figures_bill.hour_heat_map, "hourly", []),
    }
    if kind not in draw:
        raise BadInputError(f"--kind {kind}: choose one of {', '.join(draw)}")
    figure, grain, columns = draw[kind]
    read = _read(bill, quiet=quiet)
    require_met(read, filter_)
    summary = read.summarize(
        by=columns, metric=metric, filter=filter_, top=12 if kind == "area" else 200,
        granularity=grain,  # type: ignore[arg-type] # checked by summarize
    )  # fmt: skip
    (name,) = summary.metrics
    lead = f"{summary.total[name]:,.2f} {summary.currency} in all."
    write_text(out, html_page(f"{name} of the bill", lead, [figure(summary)]))


def read_units(path: Path) -> "list[Units]":
    """Return business figures from a CSV of month, name, quantity."""
    from costmodel.bill.analysis.unit_cost import Units
    from costmodel.io.iac.documents import read_text

    rows = csv.DictReader(read_text(path, BadInputError).splitlines())
    wanted = {"month", "name", "quantity"}
    if not wanted <= set(rows.fieldnames or ()):
        raise BadInputError(f"{path}: the first line must name month,name,quantity")
    found = []
    for place, row in enumerate(rows, start=2):
        try:
            found.append(Units(row["month"], row["name"], float(row["quantity"])))
        except (TypeError, ValueError):
            raise BadInputError(
                f"{path}:{place}: quantity {row['quantity']!r} is not a number"
            ) from None
    return found


def _read(paths: list[str], *, quiet: bool) -> "Bill":
    from costmodel import read_bill
    from costmodel.cli.progress import waiting

    with waiting("Reading the bill", quiet=quiet):
        return read_bill(*paths)


def _split(names: list[str] | None) -> list[str]:
    return [name.strip() for text in names or [] for name in text.split(",") if name.strip()]


def _show(found: Any, format_: str, out: Path | None) -> None:
    emit(
        found.report_tables(), format_name=format_, out=out, json_payload=found.to_json,
        html=found.to_html,
    )  # fmt: skip
