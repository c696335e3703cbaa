"""From the programme's answer to purchases whose bill is simulated.

Reservations and narrow plans come from the programme. A broad plan is applied last, so that its
optimum on what the others leave is known exactly. What follows is a search by the simulator; the
simulated bill is not convex, so only steps that lower it are kept.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costmodel.engine.commitment import optimal_commitment
from costmodel.engine.coverage.commitments import Commitments, join_commitments
from costmodel.engine.coverage.waterfall import Coverage, apply_commitments
from costmodel.engine.hourly_input import hour_weights, hourly_usage, rates
from costmodel.engine.portfolio.cluster import cluster_hours
from costmodel.engine.portfolio.linear import cluster_means, solve_linear_programme
from costmodel.engine.portfolio.offers import Offers, dominated_offers
from costmodel.engine.tiers import Floats, Ints

CLUSTERS = 100
# Relative steps of the search; finer ones gain less than the bound can show.
_STEPS = (0.30, 0.10, 0.03, 0.01)
# The search runs on this many clustered hours; the answer is simulated on all.
_SEARCH_HOURS = 600
_SEARCH_OFFERS = 40
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class PortfolioPlan:
    """What to buy, what it costs by simulation, and what no purchase can undercut."""

    quantity: Floats  # (p,) USD per hour of Savings Plans, units of reservations
    cost: float  # USD over the hours: new commitments and on-demand usage
    on_demand_cost: float  # USD over the hours with the existing commitments alone
    lower_bound: float  # USD over the hours
    coverage: Coverage  # offers first, then existing commitments

    @property
    def gap(self) -> float:
        """How far the cost may be above the optimum, as a share of the bound."""
        return (self.cost - self.lower_bound) / self.lower_bound if self.lower_bound > 0 else 0.0


def plan_portfolio(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    offers: Offers,
    existing: Commitments | None = None,
    *,
    weight: npt.ArrayLike | None = None,
    clusters: int = CLUSTERS,
) -> PortfolioPlan:
    """Return the purchases with the least simulated cost found, and a lower bound.

    Args:
        usage: (h, k) usage of each hour.
        on_demand_rate: (k,) USD per unit.
        offers: what can be bought.
        existing: commitments already held, with their end dates in ``quantity``. Their fees are
            sunk and left out of every cost here.
        weight: (h,) hours > 0 each row stands for, 1 by default.
        clusters: hours of the linear programme; more give a tighter bound and take longer.
    """
    quantity = hourly_usage(usage)
    on_demand = rates(on_demand_rate, quantity.shape[1], "on_demand_rate")
    kept = np.flatnonzero(~dominated_offers(offers))
    omega = hour_weights(weight, len(quantity))
    problem = _Problem(quantity, on_demand, omega, offers.select(kept), existing)
    coarse = _clustered(problem, clusters)
    linear = solve_linear_programme(
        coarse.usage, on_demand, coarse.weight, coarse.offers, coarse.existing
    )
    search = _clustered(problem, _SEARCH_HOURS) if len(quantity) > _SEARCH_HOURS else problem
    start = _cheaper_start(search, linear.quantity)
    polished = _resolve_broad(problem, _polish(search, start))
    best = min((start, polished, np.zeros(len(kept))), key=problem.cost)
    bought = np.zeros(len(offers.price))
    bought[kept] = best
    coverage = simulate_portfolio(quantity, on_demand, offers, bought, existing)
    return PortfolioPlan(
        bought,
        problem.cost(best),
        problem.cost(np.zeros(len(kept))),
        # Sums over clustered hours round differently from sums over all: that must not lift it.
        linear.lower_bound - _ROUNDING * float(omega @ quantity @ on_demand),
        coverage,
    )


def simulate_portfolio(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    offers: Offers,
    quantity: npt.ArrayLike,
    existing: Commitments | None = None,
) -> Coverage:
    """Return the coverage with the given purchases (p,); offers first, then existing ones."""
    bought = offers.commitments(np.asarray(quantity, dtype=np.float64))
    held = bought if existing is None else join_commitments(bought, existing)
    return apply_commitments(usage, on_demand_rate, held)


@dataclass(frozen=True, slots=True)
class _Problem:
    """Hours with their weights, and what may cover them."""

    usage: Floats  # (h, k)
    on_demand_rate: Floats  # (k,)
    weight: Floats  # (h,)
    offers: Offers
    existing: Commitments | None

    def coverage(self, quantity: Floats) -> Coverage:
        return simulate_portfolio(
            self.usage, self.on_demand_rate, self.offers, quantity, self.existing
        )

    def cost(self, quantity: Floats) -> float:
        fee = float(self.weight.sum() * (self.offers.price @ quantity))
        return fee + float(self.weight @ self.coverage(quantity).on_demand_cost)


def _clustered(problem: _Problem, clusters: int) -> _Problem:
    """Return the problem on weighted mean hours."""
    existing = problem.existing
    parts = [problem.usage * problem.on_demand_rate]
    hourly_existing = existing is not None and len(existing.quantity) > 1
    if existing is not None and hourly_existing:
        # Commitments that end split the hours as much as usage does.
        parts.append(existing.quantity)
    label = cluster_hours(np.concatenate(parts, axis=1), clusters)
    if existing is not None and hourly_existing:
        existing = existing._replace(
            quantity=cluster_means(existing.quantity, label, problem.weight)
        )
    weight = np.bincount(label, weights=problem.weight).astype(np.float64)
    usage = cluster_means(problem.usage, label, problem.weight)
    return _Problem(usage, problem.on_demand_rate, weight, problem.offers, existing)


def _cheaper_start(problem: _Problem, linear: Floats) -> Floats:
    """Return the best of: the programme's mix, the same with one broad plan, broad alone."""
    mix = _whole_steps(problem.offers, linear)
    starts = [mix, np.zeros(len(linear))]
    broad = _broad_offers(problem.offers)
    for p in broad[linear[broad] > 0.0]:
        # Two broad plans of other rates get in each other's way under AWS's order.
        one = mix.copy()
        one[np.setdiff1d(broad, p)] = 0.0
        starts.append(one)
    return min((_resolve_broad(problem, start) for start in starts), key=problem.cost)


def _whole_steps(offers: Offers, quantity: Floats) -> Floats:
    return np.round(quantity / offers.step) * offers.step


def _resolve_broad(problem: _Problem, quantity: Floats) -> Floats:
    """Set each plan of the last stage to its exact optimum on what the others leave."""
    offers = problem.offers
    if not len(quantity):
        return quantity
    best, cost = quantity, problem.cost(quantity)
    for p in _broad_offers(offers):
        others = best.copy()
        others[p] = 0.0
        left = problem.coverage(others).on_demand_quantity
        optimum = optimal_commitment(
            left,
            problem.on_demand_rate,
            offers.draw[p],
            weight=problem.weight,
            commitment_price=float(offers.price[p]),
        )
        others[p] = optimum.commitment
        trial = np.where(np.arange(len(others)) == p, _whole_steps(offers, others), others)
        trial_cost = problem.cost(trial)
        if trial_cost < cost:
            best, cost = trial, trial_cost
    return best


def _broad_offers(offers: Offers) -> Ints:
    last = offers.stage == offers.stage.max(initial=0)
    return np.flatnonzero(~offers.is_reservation & last)


def _polish(problem: _Problem, quantity: Floats) -> Floats:
    """Step along single purchases while the simulated cost falls."""
    offers, best = problem.offers, quantity
    cost = problem.cost(best)
    spend = offers.price * best
    largest = np.argsort(-spend, kind="stable")[:_SEARCH_OFFERS]
    for step in _STEPS:
        for p in largest[spend[largest] > 0.0]:
            for sign in (-1.0, 1.0):
                change = max(step * best[p], offers.step[p])
                trial = best.copy()
                trial[p] = max(best[p] + sign * change, 0.0)
                trial = np.where(np.arange(len(trial)) == p, _whole_steps(offers, trial), trial)
                trial_cost = problem.cost(trial)
                if trial_cost < cost:
                    best, cost = trial, trial_cost
    return best
