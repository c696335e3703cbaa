"""The checks as a table: for ``recommend --list-rules`` and docs/rules.md."""

from costmodel.optimize.rule import RuleBook, UsageModel
from costmodel.report.table import ReportColumn, ReportTable, to_markdown

_INPUTS = {
    "S": "spec",
    "C": "bill",
    "D": "inventory",
    "M": "metrics",
    "A": "agent",
    "L": "S3 reports",
}


def rules_table(book: RuleBook) -> ReportTable:
    """Return one row per working check id."""
    heads = (
        "id",
        "title",
        "table",
        "inputs",
        "logic",
        "dollars",
        "action",
        "stage",
        "source",
        "anchors",
    )
    rows = [
        [r.id, r.title, r.table, ", ".join(_INPUTS[d] for d in r.data.split()),
         " and ".join(_logic(c.text, r.thresholds) for c in r.when),
         r.advisory or "cost before − cost after", r.action, r.stage, r.source, r.anchors]
        for r in book.checks
    ]  # fmt: skip
    return ReportTable("Checks", [ReportColumn(h) for h in heads], rows)


def _logic(text: str, thresholds: object) -> str:
    if isinstance(thresholds, dict):
        for name, value in thresholds.items():
            text = text.replace(name, f"{name}={value}")
    return text


def given_table(book: RuleBook) -> ReportTable:
    """Return one row per name the user may give."""
    heads = ("name", "table", "meaning", "checks")
    rows = [
        [name, model.table, meaning, ", ".join(_readers(book, model, name))]
        for model in book.models.values()
        for name, meaning in sorted(model.given.items())
    ]
    return ReportTable("", [ReportColumn(head) for head in heads], rows)


def _readers(book: RuleBook, model: UsageModel, name: str) -> list[str]:
    """Return the checks of a table whose conditions read a name, directly or by a column."""
    names = {column for column, made in model.columns.items() if name in made.names} | {name}
    return sorted(r.id for r in book.rules if r.table == model.table and names & r.names)


def rules_markdown(book: RuleBook) -> str:
    """Return docs/rules.md: the working checks, then those that do not work yet and why."""
    missing = ReportTable(
        "",
        [ReportColumn("id"), ReportColumn("what is missing")],
        [[check, why] for check, why in sorted(book.missing.items())],
    )
    table = rules_table(book)
    named = ReportTable("", table.columns, table.rows)
    return "\n".join(
        [
            "<!-- generated from costmodel/optimize/rules; do not edit -->",
            "# Checks of `costmodel recommend`",
            "",
            f"{len(book.checks)} check ids work. A saving is always the cost before minus",
            "the cost after through the price catalog; a check without dollars says why.",
            "Anchors: TH steampipe thrifty, TA Trusted Advisor, CO Compute Optimizer, COH Cost",
            "Optimization Hub, CE Cost Explorer, OS OptScale, CC Cloud Custodian, FI Finala,",
            "ACS aws-cost-saver, CFM AWS CFM tips, CM CostMinimizer, CU Cloud Intelligence",
            "Dashboards, FX Flexera, DD",
            "Datadog, NO nOps, CB cloudburn, SC cost-optimization-scanner, KC Kubecost.",
            "",
            to_markdown(named),
            "",
            "## What only you can know",
            "",
            "No API tells these. Give them with `--facts FILE`: a CSV file with `resource_id` (or",
            "the ARN) and any of the names; an empty cell says nothing. Without them the checks",
            "that need them report insufficient data.",
            "",
            to_markdown(given_table(book)),
            "",
            "## Checks of the union that do not work yet",
            "",
            to_markdown(missing) if missing.rows else "None.",
            "",
        ]
    )
