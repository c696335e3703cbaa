"""The commitment plan: purchases with statements, proof, alternatives, risk and calendar."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from costmodel.engine.amortization import TERM_HOURS
from costmodel.engine.commitment import CommitmentCurve
from costmodel.engine.portfolio import PortfolioPlan
from costmodel.engine.tiers import Floats
from costmodel.errors import Issue
from costmodel.optimize.commitments.offers import Offer
from costmodel.optimize.commitments.statement import Purchase
from costmodel.optimize.commitments.usage import HourlyUsage
from costmodel.result import Result

if TYPE_CHECKING:
    import pandas as pd


class Option(NamedTuple):
    """The optimum of one offer alone. Amounts in USD over the horizon."""

    offer: Offer
    commitment: float  # USD per hour
    cost: float
    on_demand_cost: float
    utilization: float
    coverage: float


class RiskPoint(NamedTuple):
    """A share of the plan and what it saves over possible futures."""

    share: float  # of the commitments that the past alone asks for
    commitment: float  # amortised price, USD per hour
    mean_saving: float  # share of the expected cost without new commitments
    worst_saving: float  # the same in the worst tenth of futures
    utilization: float  # over the past hours
    is_chosen: bool  # least risk objective


class StressPoint(NamedTuple):
    """What the plan saves after an event. Amounts in USD over the horizon."""

    event: str
    on_demand_cost: float
    cost: float
    savings: float
    utilization: float


class LadderStep(NamedTuple):
    """One month of the purchase calendar."""

    month: str  # YYYY-MM
    plan: str
    purchase: float  # USD per hour
    expiry: float  # USD per hour
    commitment: float  # USD per hour in force


class TermOption(NamedTuple):
    """A mix of one- and three-year terms over three years. Amounts in USD."""

    three_year_share: float
    mean_cost: float
    worst_cost: float


@dataclass(frozen=True)
class CommitmentPlan(Result):
    """What to buy, with a bound no purchase can undercut.

    Attributes:
        usage: hourly usage the plan rests on.
        portfolio: purchases by offer, simulated cost and lower bound over the horizon.
        purchases: what to buy, with break-even statements.
        options: the optimum of each offer alone.
        curve: cost over the commitment to the broadest plan alone; None without such an offer.
        curve_label: which plan the curve is of.
        hour_cost: coverage and utilisation over the past hours.
        horizon_hours: hours the costs are over.
        ineligible_cost: usage on demand that nothing on sale covers, in no other cost here [USD].
        risk: the trade-off between mean and bad futures at shares of the plan.
        stress: what the plan saves after usage halves or a family is migrated.
        ladder: purchase calendar.
        terms: one- against three-year terms.
        issues: what was left out or assumed.
    """

    report_module: ClassVar[str] = "costmodel.report.commitments"

    usage: HourlyUsage
    portfolio: PortfolioPlan
    purchases: list[Purchase]
    options: list[Option]
    curve: CommitmentCurve | None
    curve_label: str
    hour_cost: "pd.DataFrame"
    horizon_hours: float
    ineligible_cost: float = 0.0
    risk: list[RiskPoint] = field(default_factory=list)
    stress: list[StressPoint] = field(default_factory=list)
    ladder: list[LadderStep] = field(default_factory=list)
    terms: list[TermOption] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def __repr__(self) -> str:
        return (
            f"CommitmentPlan({len(self.purchases)} purchases, cost {self.cost:,.2f} USD of "
            f"{self.on_demand_cost:,.2f} on demand, bound {self.lower_bound:,.2f})"
        )

    @property
    def cost(self) -> float:
        """Simulated cost over the horizon: new commitments and on-demand usage [USD]."""
        return self.portfolio.cost

    @property
    def on_demand_cost(self) -> float:
        """Cost over the horizon without new commitments [USD]."""
        return self.portfolio.on_demand_cost

    @property
    def lower_bound(self) -> float:
        """What no set of purchases can undercut [USD over the horizon]."""
        return self.portfolio.lower_bound

    @property
    def gap(self) -> float:
        """How far the cost may be above the optimum, as a share of the bound."""
        return self.portfolio.gap

    @property
    def savings(self) -> float:
        """On-demand cost less cost [USD over the horizon]."""
        return self.on_demand_cost - self.cost

    @property
    def effective_savings_rate(self) -> float:
        """1 − actual / on-demand equivalent."""
        return self.savings / self.on_demand_cost if self.on_demand_cost else 0.0

    @property
    def table(self) -> "pd.DataFrame":
        """One row per purchase."""
        import pandas as pd

        return pd.DataFrame([purchase_row(purchase) for purchase in self.purchases])

    def to_json(self) -> dict[str, Any]:
        """Return the plan as a JSON object."""
        return {
            "currency": "USD",
            "horizon_hours": self.horizon_hours,
            "on_demand_cost": self.on_demand_cost,
            "cost": self.cost,
            "ineligible_cost": self.ineligible_cost,
            "savings": self.savings,
            "effective_savings_rate": self.effective_savings_rate,
            "lower_bound": self.lower_bound,
            "gap": self.gap,
            "is_approximation": self.usage.is_daily,
            "purchases": [{**purchase_row(p), "statement": p.statement} for p in self.purchases],
            "options": [option_row(option) for option in self.options],
            "risk": [point._asdict() for point in self.risk],
            "stress": [point._asdict() for point in self.stress],
            "ladder": [step._asdict() for step in self.ladder],
            "terms": [term._asdict() for term in self.terms],
            "issues": [issue.to_json() for issue in self.issues],
        }


def offer_row(offer: Offer) -> dict[str, Any]:
    """Return what identifies an offer."""
    return {
        "plan_type": offer.plan_type,
        "scope": offer.scope,
        "region": offer.region,
        "term": offer.term,
        "payment": offer.payment,
    }


def purchase_row(purchase: Purchase) -> dict[str, Any]:
    """Return one purchase as plain values."""
    term_hours = TERM_HOURS[purchase.offer.term]
    return {
        **offer_row(purchase.offer),
        "quantity": purchase.quantity,
        "unit": "instances" if purchase.offer.is_reservation else "USD/h",
        "hourly_price": purchase.hourly_price,
        "upfront_fee": purchase.upfront_fee,
        "upfront_fee_per_unit": purchase.upfront_fee / purchase.quantity,
        "recurring_fee": purchase.recurring_fee,
        "term_cost": purchase.hourly_price * term_hours,
        "utilization": purchase.utilization,
        "covered_on_demand": purchase.covered_on_demand,
        "hourly_saving": purchase.hourly_saving,
        "break_even_utilization": purchase.break_even_utilization,
        "tolerated_fall": purchase.tolerated_fall,
        "payback_month": purchase.payback_month,
        "earned_month": purchase.earned_month,
    }


def option_row(option: Option) -> dict[str, Any]:
    """Return one option as plain values."""
    numbers = option._asdict()
    offer = numbers.pop("offer")
    saving = option.on_demand_cost - option.cost
    return {**offer_row(offer), **numbers, "savings": saving}


def hourly_frame(
    usage: HourlyUsage, on_demand_value: Floats, covered_value: Floats, utilization: Floats
) -> "pd.DataFrame":
    """Return coverage and utilisation over time, one row per hour (or day)."""
    import pandas as pd

    coverage = np.divide(
        covered_value, on_demand_value, out=np.zeros_like(covered_value),
        where=on_demand_value > 0.0,
    )  # fmt: skip
    return pd.DataFrame(
        {
            "ChargePeriodStart": usage.start,
            "on_demand_value": on_demand_value,
            "covered_value": covered_value,
            "coverage": coverage,
            "utilization": utilization,
        }
    )
