"""AWS's own advice beside ours: what its recommended commitment would cost by simulation.

Reads the answers of Cost Explorer: GetSavingsPlansPurchaseRecommendation and
GetSavingsPlansUtilization.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from costmodel.catalog.catalog import PriceCatalog
from costmodel.engine.commitment import cost_at_commitment, optimal_commitment
from costmodel.errors import BadInputError
from costmodel.optimize.commitments.offers import family_pools
from costmodel.optimize.commitments.rates import CommittedRates
from costmodel.optimize.commitments.usage import HourlyUsage

_PLAN_TYPE = {
    "COMPUTE_SP": "Compute",
    "EC2_INSTANCE_SP": "EC2Instance",
    "SAGEMAKER_SP": "SageMaker",
    "DATABASE_SP": "Database",
}
_TERM = {"ONE_YEAR": "1yr", "THREE_YEARS": "3yr"}
_PAYMENT = {
    "NO_UPFRONT": "No Upfront",
    "PARTIAL_UPFRONT": "Partial Upfront",
    "ALL_UPFRONT": "All Upfront",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """One commitment that AWS recommends, with the figures it gives for it."""

    plan_type: str
    term: str
    payment: str
    family: str
    region: str
    commitment: float  # USD per hour
    estimated_monthly_saving: float  # USD
    estimated_utilization: float  # share


@dataclass(frozen=True, slots=True)
class AdviceComparison:
    """AWS's commitment and the optimum for the same plan, both simulated on the usage.

    Costs are USD over the hours of the usage; NaN where the catalog has no rate.
    """

    advice: Advice
    advised_cost: float
    advised_utilization: float
    optimal_commitment: float  # USD per hour
    optimal_cost: float
    on_demand_cost: float

    @property
    def verdict(self) -> str:
        """What the simulation says about the advice, in one sentence."""
        if np.isnan(self.advised_cost):
            return "no rate in the catalog for this plan on this usage: not simulated"
        if self.advised_cost > self.on_demand_cost:
            return "costs more than on-demand on this usage"
        better = self.advised_cost - self.optimal_cost
        if better <= 1e-9 * self.on_demand_cost:
            return "optimal on this usage"
        side = "more" if self.advice.commitment > self.optimal_commitment else "less"
        return f"commits {side} than the optimum; {better:,.2f} USD are left over these hours"


@dataclass(frozen=True, slots=True)
class Utilization:
    """Utilisation of existing Savings Plans as Cost Explorer reports it, over all periods."""

    committed: float  # USD
    used: float
    unused: float
    net_savings: float

    @property
    def utilization(self) -> float:
        """Used / committed; 1 without a commitment."""
        return self.used / self.committed if self.committed else 1.0


def parse_advice(payload: Any, where: str) -> list[Advice]:
    """Return the commitments in a purchase recommendation; ``where`` names it in messages."""
    recommendation = _member(payload, "SavingsPlansPurchaseRecommendation", where)
    details = recommendation.get("SavingsPlansPurchaseRecommendationDetails") or []
    try:
        return [
            Advice(
                _PLAN_TYPE[recommendation["SavingsPlansType"]],
                _TERM[recommendation["TermInYears"]],
                _PAYMENT[recommendation["PaymentOption"]],
                detail.get("SavingsPlansDetails", {}).get("InstanceFamily", "") or "",
                detail.get("SavingsPlansDetails", {}).get("Region", "") or "",
                float(detail["HourlyCommitmentToPurchase"]),
                float(detail["EstimatedMonthlySavingsAmount"]),
                float(detail["EstimatedAverageUtilization"]) / 100.0,
            )
            for detail in details
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"{where}: the recommendation lacks or garbles {error}") from None


def parse_utilization(payload: Any, where: str) -> Utilization:
    """Return total utilisation of a GetSavingsPlansUtilization answer."""
    periods = _member(payload, "SavingsPlansUtilizationsByTime", where)
    try:
        rows = [
            (
                float(period["Utilization"]["TotalCommitment"]),
                float(period["Utilization"]["UsedCommitment"]),
                float(period["Utilization"]["UnusedCommitment"]),
                float(period.get("Savings", {}).get("NetSavings", 0.0)),
            )
            for period in periods
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"{where}: a period lacks or garbles {error}") from None
    totals = np.array(rows).reshape(-1, 4).sum(axis=0)
    return Utilization(*map(float, totals))


def _member(payload: Any, name: str, where: str) -> Any:
    if not isinstance(payload, Mapping) or name not in payload:
        raise BadInputError(f"{where}: no {name}; give the answer of Cost Explorer as JSON")
    return payload[name]


def compare_advice(
    usage: HourlyUsage, advice: list[Advice], catalog: PriceCatalog
) -> list[AdviceComparison]:
    """Return each recommended commitment beside the optimum of the same plan on the usage."""
    rates = CommittedRates(usage, catalog)
    return [_compare(usage, item, rates) for item in advice]


def _compare(usage: HourlyUsage, advice: Advice, rates: CommittedRates) -> AdviceComparison:
    draw = rates.plan(advice.plan_type, advice.term, advice.payment).copy()
    if advice.plan_type == "EC2Instance":
        inside = np.zeros(len(draw), dtype=bool)
        inside[family_pools(usage).get((advice.family, advice.region), [])] = True
        draw[~inside] = np.nan
    weight = usage.weight
    on_demand = float(weight @ usage.quantity @ usage.on_demand_rate)
    if np.isnan(draw).all():
        return AdviceComparison(advice, np.nan, np.nan, np.nan, np.nan, on_demand)
    problem = (usage.quantity, usage.on_demand_rate, draw)
    advised = cost_at_commitment(*problem, advice.commitment, weight=weight)
    best = optimal_commitment(*problem, weight=weight)
    return AdviceComparison(
        advice, advised.cost, advised.utilization, best.commitment, best.cost, on_demand
    )
