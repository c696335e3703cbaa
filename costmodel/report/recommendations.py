"""Recommendations for reading: the ranked list, advisories, checks, tickets, figures."""

from typing import TYPE_CHECKING, Any

from costmodel.optimize.rule import EFFORTS
from costmodel.report.figures_recommendations import (
    before_after,
    cash_over_a_year,
    savings_waterfall,
)
from costmodel.report.html import html_page
from costmodel.report.table import ReportColumn, ReportTable, format_cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from costmodel.optimize.recommendation import Recommendation, Recommendations


def tables(result: "Recommendations") -> list[ReportTable]:
    """Return the recommendations first, then advisories and what could not be judged."""
    made = [_accepted(result), _advisories(result), _suppressed(result), _issues(result)]
    return [made[0], *(table for table in made[1:] if table.rows)]


def figure(result: "Recommendations") -> Any:
    """Return the waterfall of savings."""
    return savings_waterfall(result)


def page(result: "Recommendations") -> str:
    """Return the recommendations as a self-contained HTML page."""
    first, *rest = tables(result)
    return html_page(
        "Recommendations",
        summary(result),
        [savings_waterfall(result), first, before_after(result), cash_over_a_year(result), *rest],
    )


def summary(result: "Recommendations") -> str:
    """Return the answer in one sentence."""
    basis = "on the bill" if result.has_bill else "at list prices"
    return (
        f"{len(result.accepted)} changes save {result.effective_saving:,.2f} USD a month {basis} "
        f"({result.list_saving:,.2f} at list) of {result.cost_before:,.2f} USD inventoried; "
        f"in cash {result.first_month_saving:,.2f} in the first month and "
        f"{result.first_year_saving:,.2f} in the first year ({result.one_off:,.2f} paid once); "
        f"{len(result.advisories)} advisories without dollars."
    )


def _accepted(result: "Recommendations") -> ReportTable:
    heads = (
        ("Saving USD/month", "money"), ("At list", "money"), ("Check", "text"),
        ("Resource", "text"), ("Region", "text"), ("Now", "text"), ("Then", "text"),
        ("Once USD", "money"), ("Month 1", "money"), ("Payback months", "quantity"),
        ("Overload in back-test", "percent"),
        ("Effort", "text"), ("Risk", "text"), ("Confidence", "text"), ("Status", "text"),
        ("Where", "text"),
    )  # fmt: skip
    rows = [
        [r.effective_saving, r.list_saving, r.rule.id, r.resource_id, r.region_id, r.current,
         r.recommended, r.one_off, r.first_month_saving,
         round(r.payback_months, 1) if r.one_off else None, r.evidence.get("smaller_overload"),
         EFFORTS[r.rule.effort], r.rule.risk, r.confidence, r.status, r.location]
        for r in result.accepted
    ]  # fmt: skip
    total = [result.effective_saving, result.list_saving, "total", *[""] * 4, result.one_off,
             result.first_month_saving, None, None, *[""] * (len(heads) - 11)]  # fmt: skip
    columns = [ReportColumn(name, kind) for name, kind in heads]  # type: ignore[arg-type] # literal
    return ReportTable("Recommendations", columns, rows, total, [summary(result)])


def _advisories(result: "Recommendations") -> ReportTable:
    columns = [ReportColumn(h) for h in ("Check", "Resource", "Region", "What", "Why no dollars")]
    rows = [
        [a.rule.id, a.resource_id, a.region_id, a.rule.title, a.why] for a in result.advisories
    ]
    return ReportTable("Advisories", columns, rows)


def _suppressed(result: "Recommendations") -> ReportTable:
    columns = [ReportColumn(h) for h in ("Check", "Resource", "Why suppressed")]
    rows = [[r.rule.id, r.resource_id, why] for r, why in result.suppressed]
    return ReportTable("Suppressed", columns, rows)


def _issues(result: "Recommendations") -> ReportTable:
    columns = [ReportColumn("Where"), ReportColumn("What is not known")]
    return ReportTable("Not judged", columns, [[i.address, i.message] for i in result.issues])


def explain_table(result: "Recommendations", resource_id: str | None) -> ReportTable:
    """Return why resources were not advised."""
    columns = [ReportColumn(h) for h in ("Resource", "Check", "Why not")]
    return ReportTable("Passed over", columns, result.explain(resource_id))


def tickets(result: "Recommendations") -> str:
    """Return one markdown ticket per recommendation."""
    return "\n\n---\n\n".join(map(_ticket, result.accepted)) or "Nothing to do."


def _ticket(r: "Recommendation") -> str:
    lines = [
        f"## {r.rule.title}: `{r.resource_id}`",
        "",
        f"* **Saving** {format_cell(r.effective_saving, 'money')} USD a month "
        f"({format_cell(r.list_saving, 'money')} at list)",
        f"* **Change** {r.current} → {r.recommended}",
        f"* **Where** account {r.account_id or '–'}, {r.region_id} {r.location}".rstrip(),
        f"* **Effort** {EFFORTS[r.rule.effort]}, restart {_yes(r.rule.restart)}, "
        f"rollback {_yes(r.rule.rollback)}, risk {r.rule.risk}, confidence {r.confidence}",
        f"* **Evidence** {', '.join(f'{k} = {v}' for k, v in r.evidence.items()) or 'see source'}",
    ]
    if r.one_off:
        lines.append(f"* **Once** {format_cell(r.one_off, 'money')} USD, back in "
                     f"{r.payback_months:.1f} months; month 1 saves "
                     f"{format_cell(r.first_month_saving, 'money')} USD, the first year "
                     f"{format_cell(r.first_year_saving, 'money')}")  # fmt: skip
    if r.missing_evidence:
        lines.append(f"* **Unknown** {', '.join(r.missing_evidence)}")
    lines += [f"* **{said['source']}** {_opinion(said)}" for said in r.outside]
    if r.included:
        lines.append(f"* **With it go** {', '.join(r.included)}")
    if r.alternatives:
        others = (f"{k} {format_cell(v, 'money')}" for k, v in r.alternatives.items())
        lines.append(f"* **Instead of** {', '.join(others)}")
    lines += [
        "",
        "```sh",
        r.cli,
        "```",
        "",
        f"Terraform: {r.terraform}",
        "",
        f"Source: {r.rule.source}",
    ]
    return "\n".join(lines)


def _opinion(said: "Mapping[str, Any]") -> str:
    """Return what one of AWS's tools says of the resource, its figure marked as its own."""
    verdict = {True: "agrees", False: "disagrees", None: "says"}[said["agrees"]]
    words = [verdict, said["finding"] or "", said["recommended"] or ""]
    figure = said["awsEstimatedMonthlySavings"]
    own = f" (AWS's own figure: {format_cell(figure, 'money')} USD a month)" if figure else ""
    return " ".join(word for word in words if word) + own


def _yes(flag: object) -> str:
    return "yes" if flag else "no"
