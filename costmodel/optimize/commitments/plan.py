"""Plan commitments: usage × committed rates → purchases, bound, statements, risk, calendar."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from costmodel.catalog.catalog import PriceCatalog
from costmodel.engine.amortization import TERM_HOURS
from costmodel.engine.commitment import CommitmentCurve, commitment_curve, optimal_commitment
from costmodel.engine.coverage import trace_commitments
from costmodel.engine.coverage.commitments import Commitments, join_commitments
from costmodel.engine.portfolio import PortfolioPlan, plan_portfolio, simulate_portfolio
from costmodel.engine.tiers import Floats
from costmodel.errors import Issue, IssueReason
from costmodel.optimize.commitments.ended import ended_issue, ended_rows
from costmodel.optimize.commitments.future import (
    ladder_steps,
    risk_points,
    stress_points,
    term_options,
)
from costmodel.optimize.commitments.held import HeldCommitment, held_commitments, segments
from costmodel.optimize.commitments.offers import OfferTable, build_offers
from costmodel.optimize.commitments.rates import CommittedRates
from costmodel.optimize.commitments.result import (
    CommitmentPlan,
    Option,
    RiskPoint,
    StressPoint,
    TermOption,
    hourly_frame,
)
from costmodel.optimize.commitments.settings import CommitmentChoice, Uncertainty
from costmodel.optimize.commitments.statement import StatementInput, purchase_statements
from costmodel.optimize.commitments.usage import EITHER, ON_DEMAND, HourlyUsage, read_usage
from costmodel.units import check_year


def plan_from_usage(
    source: Any,
    catalog: PriceCatalog,
    *,
    choice: CommitmentChoice | None = None,
    uncertainty: Uncertainty | None = None,
    held: Sequence[HeldCommitment] = (),
    as_of: datetime | None = None,
) -> CommitmentPlan:
    """Return what to buy for usage that goes on like the past.

    Args:
        source: ``HourlyUsage``, or a table of charges (see ``read_usage``).
        catalog: prices.
        choice: what may be bought; one year, No Upfront by default.
        uncertainty: how usage may change; sets the risk of the broad plan.
        held: commitments that exist or are queued, with their dates. With any, usage they cover
            now must be in the table too.
        as_of: start of the term; the end of the usage by default.

    Raises:
        BadInputError: the term would end after the last year there is.
    """
    wanted, doubt = choice or CommitmentChoice(), uncertainty or Uncertainty()
    everything = (
        source
        if isinstance(source, HourlyUsage)
        else read_usage(source, pricing=EITHER if held else ON_DEMAND)
    )
    usage, rates, table = _eligible(everything, catalog, wanted, held)
    start = as_of or usage.start[-1].to_pydatetime()
    check_year(start.year, "the start of the term, by default the last hour of usage,")
    horizon = max(TERM_HOURS[term] for term in wanted.terms)
    problem = _problem(usage, table, held_commitments(held, rates), held, start, horizon)
    plan = plan_portfolio(
        problem.usage, problem.on_demand_rate, table.arrays, problem.existing,
        weight=problem.weight,
    )  # fmt: skip
    risk = risk_points(_past(problem, usage, plan.quantity), doubt)
    if risk:
        share = next(point.share for point in risk if point.is_chosen)
        plan = plan if share == 1.0 else _at_share(problem, plan, share)
    solved = _Solved(usage, table, replace(problem, quantity=plan.quantity), plan)
    future = _Future(
        risk,
        stress_points(solved.problem, usage),
        term_options(usage, table, doubt),
        _hourly_cost(everything) - _hourly_cost(usage),
    )
    ended = ended_issue(
        usage, ended_rows(usage), "the plan repeats the past all the same; plan on a later bill"
    )
    return _result(solved, horizon, [*usage.issues, *rates.issues, *ended], future, (held, start))


def _eligible(
    everything: HourlyUsage,
    catalog: PriceCatalog,
    wanted: CommitmentChoice,
    held: Sequence[HeldCommitment],
) -> tuple[HourlyUsage, CommittedRates, OfferTable]:
    """Return the rows that something on sale or held covers, with their rates and offers."""
    rates = CommittedRates(everything, catalog)
    table = _offers(rates, wanted)
    draws = np.concatenate([table.arrays.draw, held_commitments(held, rates).draw])
    covered = ~np.isnan(draws).all(axis=0)
    if covered.all() or not covered.any():
        return everything, rates, table
    usage = everything.select(covered)
    left = CommittedRates(usage, catalog, rates.issues)
    return usage, left, _offers(left, wanted)


def _offers(rates: CommittedRates, wanted: CommitmentChoice) -> OfferTable:
    return build_offers(
        rates,
        plan_types=wanted.plan_types,
        terms=wanted.terms,
        payments=wanted.payments,
        offering_class=wanted.offering_class,
    )


@dataclass(frozen=True, slots=True)
class _Solved:
    """A planned portfolio."""

    usage: HourlyUsage
    table: OfferTable
    problem: StatementInput  # with the quantities bought
    plan: PortfolioPlan


@dataclass(frozen=True, slots=True)
class _Future:
    """What was found about the future, and what no plan is about."""

    risk: list[RiskPoint]
    stress: list[StressPoint]
    terms: list[TermOption]
    ineligible: float  # USD per hour on demand that nothing on sale covers


def _hourly_cost(usage: HourlyUsage) -> float:
    total = float(usage.weight @ usage.quantity @ usage.on_demand_rate)
    return total / float(usage.weight.sum())


def _problem(
    usage: HourlyUsage,
    table: OfferTable,
    full: Commitments,
    held: Sequence[HeldCommitment],
    start: datetime,
    horizon: float,
) -> StatementInput:
    """Repeat the past over each stretch in which the same commitments are in force."""
    past = float(usage.weight.sum())
    pieces = segments(held, start, horizon)
    count = len(usage.weight)
    weight = np.concatenate([usage.weight * (hours / past) for _, hours in pieces])
    existing = None
    if held:
        in_force = np.array([[h.is_in_force(begin) for h in held] for begin, _ in pieces])
        quantity = np.repeat(in_force * full.quantity, count, axis=0)
        existing = full._replace(quantity=quantity)
    return StatementInput(
        np.tile(usage.quantity, (len(pieces), 1)),
        usage.on_demand_rate,
        weight,
        table.arrays,
        existing,
        np.zeros(len(table.offers)),
    )


def _past(problem: StatementInput, usage: HourlyUsage, quantity: Floats) -> StatementInput:
    """Return the past hours as they were, with the commitments held now."""
    count = len(usage.weight)
    existing = problem.existing
    if existing is not None:
        existing = existing._replace(quantity=existing.quantity[:count])
    return replace(
        problem,
        usage=usage.quantity,
        weight=usage.weight,
        existing=existing,
        quantity=quantity,
    )


def _at_share(problem: StatementInput, plan: PortfolioPlan, share: float) -> PortfolioPlan:
    """Return the plan at a share of its size, in whole purchases."""
    step = problem.arrays.step
    quantity = np.floor(plan.quantity * share / step + 1e-9) * step
    coverage = simulate_portfolio(
        problem.usage, problem.on_demand_rate, problem.arrays, quantity, problem.existing
    )
    fees = float(problem.weight.sum() * (problem.arrays.price @ quantity))
    cost = fees + float(problem.weight @ coverage.on_demand_cost)
    return PortfolioPlan(quantity, cost, plan.on_demand_cost, plan.lower_bound, coverage)


def _broadest(solved: _Solved) -> int | None:
    """Return the number of the Savings Plan offer that covers most on-demand spend."""
    problem, arrays = solved.problem, solved.table.arrays
    plans = np.flatnonzero(~arrays.is_reservation)
    if not len(plans):
        return None
    spend = (problem.weight @ problem.usage) * problem.on_demand_rate
    eligible = (~np.isnan(arrays.draw[plans])) @ spend
    return int(plans[np.lexsort((-arrays.stage[plans], -eligible))[0]])


def _curve(solved: _Solved) -> tuple[CommitmentCurve | None, str]:
    """Return the cost curve of the broadest plan alone on what held commitments leave."""
    broadest = _broadest(solved)
    if broadest is None:
        return None, ""
    problem = solved.problem
    nothing = np.zeros(len(problem.quantity))
    left = simulate_portfolio(
        problem.usage, problem.on_demand_rate, problem.arrays, nothing, problem.existing
    ).on_demand_quantity
    draw = problem.arrays.draw[broadest]
    curve = commitment_curve(left, problem.on_demand_rate, draw, weight=problem.weight)
    return curve, solved.table.offers[broadest].label


def _result(
    solved: _Solved,
    horizon: float,
    issues: list[Issue],
    future: _Future,
    held_from: tuple[Sequence[HeldCommitment], datetime],
) -> CommitmentPlan:
    held, start = held_from
    used, covered_value, frame = _trace(solved)
    curve, label = _curve(solved)
    purchases = purchase_statements(solved.table.offers, solved.problem, used, covered_value)
    return CommitmentPlan(
        solved.usage,
        solved.plan,
        purchases,
        _options(solved.problem, solved.table),
        curve,
        label,
        frame,
        horizon,
        max(future.ineligible, 0.0) * horizon,
        future.risk,
        future.stress,
        ladder_steps(purchases, held, start, horizon),
        future.terms,
        issues + _why_nothing(solved.table, solved.plan),
    )


def _trace(solved: _Solved) -> tuple[Floats, Floats, Any]:
    """Return mean use and covered value of each offer, and coverage over the past hours."""
    problem, plan = solved.problem, solved.plan
    held = problem.arrays.commitments(plan.quantity)
    if problem.existing is not None:
        held = join_commitments(held, problem.existing)
    coverage, allocation = trace_commitments(problem.usage, problem.on_demand_rate, held)
    hours = float(problem.weight.sum())
    offers = len(solved.table.offers)
    used = problem.weight @ coverage.used_commitment[:, :offers] / hours
    worth = (
        problem.weight[allocation.hour]
        * allocation.quantity
        * problem.on_demand_rate[allocation.row]
    )
    value = np.bincount(allocation.plan, weights=worth, minlength=held.draw.shape[0]) / hours
    # The first stretch stands for the past as it was, with everything held now.
    first = slice(0, len(solved.usage.weight))
    price = problem.arrays.price
    committed = float(price @ plan.quantity)
    drawn = coverage.used_commitment[first, :offers] @ price
    utilization = drawn / committed if committed else np.ones(len(drawn))
    frame = hourly_frame(
        solved.usage,
        problem.usage[first] @ problem.on_demand_rate,
        coverage.covered_quantity[first] @ problem.on_demand_rate,
        utilization,
    )
    return used, value[:offers], frame


def _options(problem: StatementInput, table: OfferTable) -> list[Option]:
    """Return the optimum of each Savings Plan offer alone, best saving first."""
    options = []
    for offer, draw in zip(table.offers, table.arrays.draw, strict=True):
        if offer.is_reservation:
            continue
        covered = ~np.isnan(draw)
        best = optimal_commitment(
            problem.usage[:, covered],
            problem.on_demand_rate[covered],
            draw[covered],
            weight=problem.weight,
        )
        options.append(
            Option(
                offer, best.commitment, best.cost, best.on_demand_cost, best.utilization,
                best.coverage,
            )
        )  # fmt: skip
    return sorted(options, key=lambda option: option.cost - option.on_demand_cost)


def _why_nothing(table: OfferTable, plan: PortfolioPlan) -> list[Issue]:
    if plan.quantity.any():
        return []
    if not table.offers:
        text = "no committed rate in the catalog is below on-demand for this usage"
        return [Issue(IssueReason.NO_COMMITTED_RATE, "plan", f"nothing to buy: {text}")]
    text = "usage is too uneven or too small: every commitment would cost more than it saves"
    return [Issue(IssueReason.APPROXIMATION, "plan", f"nothing to buy: {text}")]
