"""``costmodel commitments``: plan what to buy, simulate what is held, measure coverage."""

from pathlib import Path
from typing import Annotated, Any

import typer

from costmodel.cli.bill import BillPaths
from costmodel.cli.output import FormatOption, OutOption, QuietOption, emit

group = typer.Typer(
    help="Savings Plans and Reserved Instances: plan, simulate, measure.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(group, name="commitments")


HeldOption = Annotated[
    Path | None,
    typer.Option("--held", help="File of present commitments (describe-savings-plans or YAML)."),
]


@group.command("plan")
def plan_command(
    bill: BillPaths,
    plan_type: Annotated[
        list[str] | None,
        typer.Option("--plan-type", help="Compute, EC2Instance, Database, SageMaker; all."),
    ] = None,
    term: Annotated[
        list[str] | None, typer.Option("--term", help="1yr, 3yr; both compares them.")
    ] = None,
    payment: Annotated[
        list[str] | None,
        typer.Option("--payment", help="'No Upfront', 'Partial Upfront', 'All Upfront'."),
    ] = None,
    reserved: Annotated[
        str, typer.Option("--reserved", help="standard, convertible or none.")
    ] = "standard",
    held: HeldOption = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Start of the term; the end of the bill.")
    ] = None,
    risk: Annotated[
        float | None,
        typer.Option("--risk", help="0 expected cost … 1 worst tenth of futures; else the past."),
    ] = None,
    growth: Annotated[float, typer.Option("--growth", help="Usage a year, 0.1 is +10 %.")] = 0.0,
    volatility: Annotated[
        float, typer.Option("--volatility", help="Spread of usage after a year.")
    ] = 0.15,
    removed_share: Annotated[
        float, typer.Option("--removed-share", help="Usage an event would take, 0 … 1.")
    ] = 0.0,
    removal_probability: Annotated[
        float, typer.Option("--removal-probability", help="Chance of the event, 0 … 1.")
    ] = 0.0,
    advice: Annotated[
        Path | None,
        typer.Option("--advice", help="Cost Explorer's recommendation (JSON) to compare with."),
    ] = None,
    format_: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Say which commitments to buy for the usage of a bill, with the proof of the gap.

    Example: costmodel commitments plan cur/ --term 1yr --payment "No Upfront" --risk 0.5
    """
    from costmodel import load_catalog
    from costmodel.cli.progress import waiting
    from costmodel.io.commitment_files import read_advice
    from costmodel.optimize.commitments.advice import compare_advice
    from costmodel.optimize.commitments.settings import CommitmentChoice, Uncertainty
    from costmodel.report.advice import advice_json, advice_table
    from costmodel.verbs.commitments import plan_commitments

    limits: dict[str, Any] = {"plan_types": plan_type, "terms": term, "payments": payment}
    choice = CommitmentChoice(
        **{name: tuple(values) for name, values in limits.items() if values},
        offering_class=None if reserved == "none" else reserved,
    )
    doubt = Uncertainty(
        yearly_growth=growth,
        yearly_volatility=volatility,
        removed_share=removed_share,
        removal_probability=removal_probability,
        risk_weight=risk,
    )
    catalog = load_catalog()
    asked = [] if advice is None else read_advice(advice)
    with waiting("Planning commitments", quiet=quiet):
        plan = plan_commitments(
            bill, catalog, choice=choice, uncertainty=doubt, held=held or (), as_of=_date(as_of)
        )
        compared = compare_advice(plan.usage, asked, catalog)
    extra = [advice_table(compared)] if compared else []
    emit(
        [*plan.report_tables(), *extra],
        format_name=format_,
        out=out,
        json_payload=lambda: {**plan.to_json(), "advice": advice_json(compared)},
        html=plan.to_html,
    )


@group.command("simulate")
def simulate_command(
    bill: BillPaths,
    held: Annotated[
        Path, typer.Option("--held", help="File of commitments (describe-savings-plans or YAML).")
    ],
    sharing: Annotated[
        str, typer.Option("--sharing", help="OPEN, PRIORITIZED or RESTRICTED.")
    ] = "OPEN",
    lines: Annotated[
        Path | None, typer.Option("--lines", help="Write the CUR-like lines to this CSV file.")
    ] = None,
    format_: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Replay every hour of a bill under given commitments.

    Example: costmodel commitments simulate cur/ --held plans.json --sharing OPEN
    """
    from costmodel.cli.output import write_text
    from costmodel.cli.progress import waiting
    from costmodel.verbs.commitments import simulate_commitments

    with waiting("Simulating commitments", quiet=quiet):
        simulation = simulate_commitments(bill, held, sharing=sharing)
    if lines is not None:
        write_text(lines, simulation.lines.to_csv(index=False))
    emit(
        simulation.report_tables(),
        format_name=format_,
        out=out,
        json_payload=simulation.to_json,
        html=simulation.to_html,
    )


@group.command("coverage")
def coverage_command(
    bill: BillPaths,
    reported: Annotated[
        Path | None,
        typer.Option("--reported", help="Cost Explorer's utilisation (JSON) to set beside it."),
    ] = None,
    format_: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show how far the commitments on a bill cover its usage, and how far they are used.

    Example: costmodel commitments coverage cur/ --format json
    """
    from costmodel.cli.progress import waiting
    from costmodel.io.commitment_files import read_utilization
    from costmodel.report.advice import utilization_json, utilization_table
    from costmodel.verbs.commitments import measure_coverage

    told = [] if reported is None else [read_utilization(reported)]
    with waiting("Measuring coverage", quiet=quiet):
        coverage = measure_coverage(bill)
    emit(
        [*coverage.report_tables(), *map(utilization_table, told)],
        format_name=format_,
        out=out,
        json_payload=lambda: {**coverage.to_json(), "reported": list(map(utilization_json, told))},
        html=coverage.to_html,
    )


def _date(text: str | None) -> Any:
    from datetime import UTC, datetime

    from costmodel.errors import BadInputError

    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise BadInputError(f"--as-of {text}: write a date as 2026-05-01") from None
