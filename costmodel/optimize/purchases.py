"""Commitments last: what to buy for the usage all other changes leave on demand.

The planner is that of ``commitments plan``. Every dollar counts once: the plan starts from what
present commitments leave, after the accepted changes, and the purchases' savings add up to the
difference of the costs without and with them, replayed hour by hour.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from costmodel.catalog.catalog import PriceCatalog
from costmodel.engine.coverage import trace_commitments
from costmodel.engine.formula.functions import constant
from costmodel.errors import Issue, IssueReason
from costmodel.optimize.commitments.ended import ended_issue, ended_rows
from costmodel.optimize.commitments.offers import RESERVED, build_offers
from costmodel.optimize.commitments.plan import plan_from_usage
from costmodel.optimize.commitments.rates import (
    PLAN_OFFERINGS,
    CommittedRates,
    reserved_prices,
)
from costmodel.optimize.commitments.result import CommitmentPlan, purchase_row
from costmodel.optimize.commitments.settings import CommitmentChoice
from costmodel.optimize.commitments.statement import Purchase
from costmodel.optimize.commitments.usage import HourlyUsage
from costmodel.optimize.conserved import check_conserved
from costmodel.optimize.recommendation import Recommendation
from costmodel.optimize.rule import Rule, UsageModel
from costmodel.optimize.rule_engine import Verdict, check_rule
from costmodel.optimize.rule_scope import Scope
from costmodel.optimize.wording import plain
from costmodel.units import HOURS_PER_MONTH

# Cost Optimization Hub's words.
_RESERVED_KINDS: Final = {
    "AmazonEC2": "Ec2ReservedInstances", "AmazonRDS": "RdsReservedInstances",
    "AmazonElastiCache": "ElastiCacheReservedInstances",
    "AmazonES": "OpenSearchReservedInstances", "AmazonRedshift": "RedshiftReservedInstances",
    "AmazonMemoryDB": "MemoryDbReservedInstances",
    "AmazonDynamoDB": "DynamoDbReservedCapacity",
}  # fmt: skip
# Services that sell reservations: without prices in the catalog an issue says so.
_SELLS_RESERVATIONS: Final = tuple(_RESERVED_KINDS)
# Usage may fall this far before a purchase was wrong: surer than that is high confidence.
_SAFE_FALL, _NARROW_FALL = 0.2, 0.05
_EVIDENCE: Final = (
    "utilization", "covered_on_demand", "hourly_price", "break_even_utilization",
    "tolerated_fall", "earned_month", "service_code",
)  # fmt: skip
MODEL: Final = UsageModel("commitments", "Commitment", frozenset(), {}, {}, (), (), {})


def plan_purchases(
    left: HourlyUsage,
    catalog: PriceCatalog,
    rules: Sequence[Rule],
    choice: CommitmentChoice,
    least_saving: float,
) -> tuple[list[Recommendation], list[Issue]]:
    """Return what to buy for usage that is left on demand, and what has no price.

    Args:
        left: hourly usage after all other changes and under present commitments.
        catalog: committed rates.
        rules: checks of purchases.
        choice: what may be bought.
        least_saving: smaller savings are no advice [USD a month].
    """
    ended = ended_rows(left)
    notes = ended_issue(left, ended, "nothing is bought for it")
    left = left.select(~ended)
    if not len(left.rows):
        return [], notes
    plan = plan_from_usage(left, catalog, choice=choice)
    _check_replayed(plan, catalog, choice)
    found = [r for p in plan.purchases for r in _advise(p, plan, rules)]
    kept = [r for r in found if r.effective_saving >= least_saving]
    return kept, [*notes, *plan.issues, *_without_reservations(left, catalog)]


def _check_replayed(plan: CommitmentPlan, catalog: PriceCatalog, choice: CommitmentChoice) -> None:
    """Replay the usage under the purchases; the savings must be the difference of the costs."""
    rates = CommittedRates(plan.usage, catalog)
    table = build_offers(
        rates, plan_types=choice.plan_types, terms=choice.terms, payments=choice.payments,
        offering_class=choice.offering_class,
    )  # fmt: skip
    bought, usage = plan.portfolio.quantity, plan.usage
    held = table.arrays.commitments(bought)
    coverage, _ = trace_commitments(usage.quantity, usage.on_demand_rate, held)
    before = float(usage.weight @ usage.quantity @ usage.on_demand_rate)
    fees = float(usage.weight.sum() * (table.arrays.price @ bought))
    after = float(usage.weight @ coverage.on_demand_cost) + fees
    hours = float(usage.weight.sum())
    saved = sum(purchase.hourly_saving for purchase in plan.purchases) * hours
    check_conserved("the purchases save", saved, before, after)


def _advise(
    purchase: Purchase, plan: CommitmentPlan, rules: Sequence[Rule]
) -> Iterator[Recommendation]:
    row = {**purchase_row(purchase), "service_code": purchase.offer.service_code}
    scope = Scope(1, {name: constant(value) for name, value in row.items()}, MODEL)
    for rule in rules:
        if check_rule(rule, scope).verdict[0] == Verdict.ADVISED:
            yield _recommendation(rule, scope, purchase, row, float(plan.usage.weight.sum()))


def _recommendation(
    rule: Rule, scope: Scope, purchase: Purchase, row: dict[str, Any], hours: float
) -> Recommendation:
    offer = purchase.offer
    what = f"{purchase.quantity:,.6g} {row['unit']} of {offer.label}"
    saving = purchase.hourly_saving * HOURS_PER_MONTH
    return Recommendation(
        rule=rule,
        resource_id=offer.label,
        resource_type=_kind(purchase),
        current="on demand",
        recommended=what,
        # How much to buy changes with every bill; what to buy is the advice.
        target=offer.label,
        list_saving=saving,
        effective_saving=saving,
        cost_before=purchase.covered_on_demand * HOURS_PER_MONTH,
        region_id=offer.region,
        one_off=purchase.upfront_fee,
        prepaid=(purchase.hourly_price - purchase.recurring_fee) * HOURS_PER_MONTH,
        evidence={name: plain(row[name]) for name in _EVIDENCE},
        confidence=_confidence(purchase.tolerated_fall),
        lookback_days=hours / 24.0,
        cli=str(rule.cli.evaluate(scope, 1, {})[0]),
        terraform=str(rule.terraform.evaluate(scope, 1, {})[0]),
    )


def _kind(purchase: Purchase) -> str:
    if purchase.offer.plan_type == RESERVED:
        return _RESERVED_KINDS.get(purchase.offer.service_code, "ReservedInstances")
    return PLAN_OFFERINGS[purchase.offer.plan_type]


def _confidence(tolerated_fall: float) -> str:
    if tolerated_fall >= _SAFE_FALL:
        return "high"
    return "medium" if tolerated_fall >= _NARROW_FALL else "low"


def _without_reservations(left: HourlyUsage, catalog: PriceCatalog) -> Iterator[Issue]:
    """Yield one issue per service whose reservations are sold but have no price here."""
    rows = left.rows
    spend = left.weight @ left.quantity * left.on_demand_rate
    for service in _SELLS_RESERVATIONS:
        used = (rows["x_ServiceCode"] == service).to_numpy() & (rows["x_InstanceType"] != "")
        regions = sorted(set(rows["RegionId"][used]))
        tables = [reserved_prices(catalog, service, region) for region in regions]
        if regions and not any(table is not None and len(table) for table in tables):
            worth = float(np.sum(spend[used])) / float(left.weight.sum()) * HOURS_PER_MONTH
            text = f"no reserved prices of {service}: {worth:,.2f} USD a month not planned for"
            yield Issue(IssueReason.NO_COMMITTED_RATE, "commitments", text)
