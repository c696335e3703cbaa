"""AWS's recommendation beside ours, for reading."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from costmodel.report.table import ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.optimize.commitments.advice import AdviceComparison, Utilization


def advice_table(compared: Sequence["AdviceComparison"]) -> ReportTable:
    """Return one row per recommended commitment."""
    return ReportTable(
        title="AWS's recommendation, simulated on this usage",
        columns=(
            ReportColumn("Plan"), ReportColumn("Advised USD/h", "quantity"),
            ReportColumn("Cost", "money"), ReportColumn("Utilisation", "percent"),
            ReportColumn("Optimal USD/h", "quantity"), ReportColumn("Optimal cost", "money"),
            ReportColumn("On demand", "money"), ReportColumn("Verdict"),
        ),
        rows=[
            [f"{c.advice.plan_type} {c.advice.term} {c.advice.payment}", c.advice.commitment,
             c.advised_cost, c.advised_utilization, c.optimal_commitment, c.optimal_cost,
             c.on_demand_cost, c.verdict]
            for c in compared
        ],
    )  # fmt: skip


def advice_json(compared: Sequence["AdviceComparison"]) -> list[dict[str, Any]]:
    """Return the comparison as JSON objects."""
    return [
        {
            "plan_type": c.advice.plan_type,
            "term": c.advice.term,
            "payment": c.advice.payment,
            "advised_commitment": c.advice.commitment,
            "advised_cost": c.advised_cost,
            "advised_utilization": c.advised_utilization,
            "estimated_monthly_saving": c.advice.estimated_monthly_saving,
            "estimated_utilization": c.advice.estimated_utilization,
            "optimal_commitment": c.optimal_commitment,
            "optimal_cost": c.optimal_cost,
            "on_demand_cost": c.on_demand_cost,
            "verdict": c.verdict,
        }
        for c in compared
    ]


def utilization_table(reported: "Utilization") -> ReportTable:
    """Return what Cost Explorer reports about the use of Savings Plans."""
    return ReportTable(
        title="Savings Plans as Cost Explorer reports them, USD",
        columns=(
            ReportColumn("Committed", "money"), ReportColumn("Used", "money"),
            ReportColumn("Unused", "money"), ReportColumn("Utilisation", "percent"),
            ReportColumn("Net savings", "money"),
        ),
        rows=[
            [reported.committed, reported.used, reported.unused, reported.utilization,
             reported.net_savings]
        ],
    )  # fmt: skip


def utilization_json(reported: "Utilization") -> dict[str, float]:
    """Return the same as a JSON object."""
    return {
        "committed": reported.committed,
        "used": reported.used,
        "unused": reported.unused,
        "utilization": reported.utilization,
        "net_savings": reported.net_savings,
    }
