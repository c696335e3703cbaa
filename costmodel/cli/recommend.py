"""``costmodel recommend``: ranked savings from an inventory, metrics, a bill and IaC."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costmodel.cli.output import FormatOption, OutOption, QuietOption, emit

if TYPE_CHECKING:
    from costmodel.optimize.recommend import Settings
    from costmodel.optimize.recommendation import Recommendations


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("recommend")(recommend_command)


def recommend_command(
    inventory: Annotated[
        Path | None, typer.Option("--inventory", help="Folder of 'inventory collect'.")
    ] = None,
    bill: Annotated[
        list[Path] | None,
        typer.Option("--bill", help="Bill: what it covers already saves nothing. Repeat it."),
    ] = None,
    metrics: Annotated[
        list[Path] | None,
        typer.Option("--metrics", help="Saved CloudWatch series; files or folders. Repeat it."),
    ] = None,
    evidence: Annotated[
        list[Path] | None,
        typer.Option(
            "--evidence",
            help="Answers or exports of Compute Optimizer, Cost Optimization Hub, Trusted "
            "Advisor: agreement raises confidence. Repeat it.",
        ),
    ] = None,
    kubernetes: Annotated[
        list[Path] | None,
        typer.Option(
            "--kubernetes", help="Answers of OpenCost or Kubecost, or tables of pods and nodes."
        ),
    ] = None,
    facts: Annotated[
        Path | None,
        typer.Option(
            "--facts", help="CSV of what no API tells: resource_id and names of docs/rules.md."
        ),
    ] = None,
    iac: Annotated[
        Path | None, typer.Option("--iac", help="Terraform, CloudFormation or spec to check.")
    ] = None,
    held: Annotated[
        Path | None,
        typer.Option("--held", help="File of commitments; those on the bill by default."),
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="Region of code that names none.")
    ] = None,
    list_rules: Annotated[
        bool, typer.Option("--list-rules", help="List the working checks and stop.")
    ] = False,
    check: Annotated[
        list[str] | None, typer.Option("--check", help="Only these check ids; repeat it.")
    ] = None,
    least_saving: Annotated[
        float, typer.Option("--min-saving", help="Leave out smaller savings, USD a month.")
    ] = 0.0,
    suppressions: Annotated[
        Path | None,
        typer.Option("--suppressions", help="YAML list: check, resource, reason, owner, until."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", help="File kept between runs: new, open, done, reappeared."),
    ] = None,
    realised: Annotated[
        bool,
        typer.Option(
            "--realised",
            help="Measure on --bill (months before and after) what done advice saved, and stop.",
        ),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add why the other resources were passed over.")
    ] = False,
    format_name: FormatOption = "table",
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Say what to change to pay less, in the order to do it, each dollar counted once.

    Example: costmodel recommend --inventory account/ --format html --out savings.html
    """
    if list_rules:
        _list_rules(format_name, out)
        return
    if realised:
        _realised(state, bill or [], format_name, out)
        return
    from costmodel.cli.progress import waiting
    from costmodel.report.recommendations import explain_table, tickets
    from costmodel.report.table import ReportTable
    from costmodel.verbs.recommend import recommend

    with waiting("Looking for savings", quiet=quiet):
        result = recommend(
            inventory,
            bill=bill or (),
            metrics=metrics or (),
            evidence=evidence or (),
            kubernetes=kubernetes or (),
            facts=facts,
            iac=iac,
            held=held or (),
            region=region,
            settings=_settings(check, least_saving),
        )
    result = _followed(result, suppressions, state)
    if format_name == "markdown":
        from costmodel.report.recommendations import summary

        text = f"{summary(result)}\n\n{tickets(result)}"
        _print(text, out)
        return
    tables: list[ReportTable] = result.report_tables()
    if explain:
        tables.append(explain_table(result, None))
    emit(
        tables,
        format_name=format_name,
        out=out,
        json_payload=lambda: {
            **result.to_json(),
            **({"passedOver": result.explain()} if explain else {}),
        },
        html=result.to_html,
    )


def _followed(
    result: "Recommendations", suppressions: Path | None, state: Path | None
) -> "Recommendations":
    """Set suppressed advice aside and compare with earlier runs."""
    from datetime import UTC, datetime

    from costmodel.io.recommendation_files import read_suppressions
    from costmodel.io.rule_files import load_rules
    from costmodel.optimize.lifecycle import check_known, suppress
    from costmodel.verbs.follow import follow_recommendations

    today = datetime.now(UTC).date()
    if suppressions is not None:
        decided = read_suppressions(suppressions)
        check_known(decided, [rule.id for rule in load_rules().checks], str(suppressions))
        result = suppress(result, decided, today)
    if state is not None:
        result = follow_recommendations(result, state, today)
    return result


def _realised(state: Path | None, bills: list[Path], format_name: str, out: Path | None) -> None:
    """Print what advice that was carried out saved."""
    from costmodel.errors import BadInputError
    from costmodel.verbs.follow import realised_savings

    if state is None or not state.exists():
        raise BadInputError("--realised: name the file earlier runs kept with --state")
    found = realised_savings(state, *bills)
    emit(
        found.report_tables(),
        format_name=format_name,
        out=out,
        json_payload=found.to_json,
        html=found.to_html,
    )


def _print(text: str, out: Path | None) -> None:
    from costmodel.cli.output import write_text

    if out is None:
        typer.echo(text)
    else:
        write_text(out, text + "\n")


def _settings(check: list[str] | None, least_saving: float) -> "Settings":
    from costmodel.errors import BadInputError
    from costmodel.io.rule_files import load_rules
    from costmodel.optimize.rank import LEAST_SAVING
    from costmodel.optimize.recommend import Settings

    known = {rule.id for rule in load_rules().checks}
    for name in check or ():
        if name not in known:
            raise BadInputError(f"--check {name}: no such check; see --list-rules")
    return Settings(
        checks=frozenset(check) if check else None, least_saving=max(least_saving, LEAST_SAVING)
    )


def _list_rules(format_name: str, out: Path | None) -> None:
    from costmodel.io.rule_files import load_rules
    from costmodel.report.html import html_page
    from costmodel.report.rules import rules_table
    from costmodel.report.table import to_json_rows

    table = rules_table(load_rules())
    emit(
        [table],
        format_name=format_name,
        out=out,
        json_payload=lambda: to_json_rows(table),
        html=lambda: html_page(table.title, f"{len(table.rows)} checks", [table]),
    )
