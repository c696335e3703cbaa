"""What a purchase needs to pay: utilisation, how far usage may fall, when it is earned back."""

from dataclasses import dataclass

import numpy as np

from costmodel.engine.amortization import TERM_HOURS, break_even_utilization, payback_month
from costmodel.engine.coverage.commitments import Commitments
from costmodel.engine.portfolio import Offers, simulate_portfolio
from costmodel.engine.portfolio.cluster import cluster_hours
from costmodel.engine.portfolio.linear import cluster_means
from costmodel.engine.tiers import Floats
from costmodel.optimize.commitments.offers import Offer
from costmodel.units import HOURS_PER_MONTH

# Hours the fall of usage is tried on; 10 halvings find it within 0.1 %.
_CLUSTERS = 100
_HALVINGS = 10


@dataclass(frozen=True, slots=True)
class Purchase:
    """One recommended purchase with its break-even statement. Amounts in USD."""

    offer: Offer
    quantity: float  # USD per hour of a plan, number of instances of a reservation
    hourly_price: float  # amortised, USD per hour
    upfront_fee: float
    recurring_fee: float  # USD per hour
    utilization: float
    covered_on_demand: float  # on-demand value covered, USD per hour on average
    break_even_utilization: float
    tolerated_fall: float  # share by which all usage may fall before buying was wrong
    payback_month: float  # months until the upfront fee is earned back
    earned_month: float  # months until usage covered equals the fees of the whole term

    @property
    def hourly_saving(self) -> float:
        """On-demand value covered less the price [USD per hour]."""
        return self.covered_on_demand - self.hourly_price

    @property
    def statement(self) -> str:
        """The break-even statement in one sentence."""
        return (
            f"{self.offer.label}: used {self.utilization:.0%}, pays from "
            f"{self.break_even_utilization:.0%}; usage may fall by {self.tolerated_fall:.0%}; "
            f"earned by month {self.earned_month:.1f}"
        )


@dataclass(frozen=True, slots=True)
class StatementInput:
    """The problem the purchases answer."""

    usage: Floats  # (h, k)
    on_demand_rate: Floats  # (k,)
    weight: Floats  # (h,)
    arrays: Offers
    existing: Commitments | None
    quantity: Floats  # (p,)


def purchase_statements(
    offers: list[Offer], problem: StatementInput, used: Floats, covered_value: Floats
) -> list[Purchase]:
    """Return the purchases among the offers with their statements.

    Args:
        offers: p offers.
        problem: usage and what was bought.
        used: (p,) commitment used on average, in the units of the quantity.
        covered_value: (p,) on-demand value covered by each, USD per hour on average.
    """
    coarse = _coarse(problem)
    return [
        _statement(offers[p], coarse, int(p), float(used[p]), float(covered_value[p]))
        for p in np.flatnonzero(problem.quantity > 0.0)
    ]


def _statement(
    offer: Offer, problem: StatementInput, p: int, used: float, covered_value: float
) -> Purchase:
    quantity = float(problem.quantity[p])
    price = quantity * offer.price
    hours = TERM_HOURS[offer.term]
    utilization = used / quantity
    # What the whole commitment would cover if it were always used, at today's mix of usage.
    full_value = covered_value / utilization if utilization > 0.0 else np.nan
    recurring = price * (1.0 - offer.upfront_share)
    upfront = price * offer.upfront_share * hours
    monthly_value = covered_value * HOURS_PER_MONTH
    return Purchase(
        offer,
        quantity / offer.units if offer.is_reservation else quantity,
        price,
        upfront,
        recurring,
        utilization,
        covered_value,
        float(break_even_utilization(price, full_value)),
        _tolerated_fall(problem, p),
        float(payback_month(upfront, recurring, covered_value)),
        price * hours / monthly_value if monthly_value > 0.0 else np.inf,
    )


def _coarse(problem: StatementInput) -> StatementInput:
    label = cluster_hours(problem.usage * problem.on_demand_rate, _CLUSTERS)
    existing = problem.existing
    if existing is not None and len(existing.quantity) > 1:
        existing = existing._replace(
            quantity=cluster_means(existing.quantity, label, problem.weight)
        )
    return StatementInput(
        cluster_means(problem.usage, label, problem.weight),
        problem.on_demand_rate,
        np.bincount(label, weights=problem.weight).astype(np.float64),
        problem.arrays,
        existing,
        problem.quantity,
    )


def _tolerated_fall(problem: StatementInput, p: int) -> float:
    """Return how far all usage may fall until the bill would be lower without the purchase."""
    without = problem.quantity.copy()
    without[p] = 0.0

    def pays(level: float) -> bool:
        fee = problem.weight.sum() * problem.arrays.price[p] * problem.quantity[p]
        with_it = _on_demand_cost(problem, problem.quantity, level) + fee
        return bool(with_it <= _on_demand_cost(problem, without, level))

    low, high = 0.0, 1.0
    if not pays(high):
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if pays(middle) else (middle, high)
    return 1.0 - high


def _on_demand_cost(problem: StatementInput, quantity: Floats, level: float) -> float:
    coverage = simulate_portfolio(
        problem.usage * level, problem.on_demand_rate, problem.arrays, quantity, problem.existing
    )
    return float(problem.weight @ coverage.on_demand_cost)
