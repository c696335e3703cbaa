"""Inventory + prices + rules → recommendations, each dollar counted once.

All rules are checked on whole tables; of changes that exclude each other the one that saves most
is kept; the kept ones are applied in the order of the stages, each priced on what the earlier
ones left, and commitments are planned last on what all of them leave. The sum of the savings is
the difference of two full estimates, which is checked.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import BadInputError, Issue
from costmodel.optimize.billed_share import BilledShare
from costmodel.optimize.commitments.settings import CommitmentChoice
from costmodel.optimize.conserved import check_conserved
from costmodel.optimize.hourly_bill import HourlyBill, why_no_plan
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.line_pricing import Account, PriceBook
from costmodel.optimize.purchases import plan_purchases
from costmodel.optimize.rank import (
    LEAST_SAVING,
    Candidate,
    State,
    apply_in_order,
    checked_rows,
    choose_exclusive,
    final_cost,
    price_candidate,
)
from costmodel.optimize.recommendation import Advisory, CheckCount, Recommendation, Recommendations
from costmodel.optimize.rule import STAGES, Rule, RuleBook
from costmodel.optimize.rule_engine import Checked, Verdict, check_rule
from costmodel.optimize.rule_scope import Scope
from costmodel.optimize.waterfall import build_waterfall
from costmodel.optimize.wording import (
    build_advisories,
    build_recommendations,
    evidence_issues,
    one_off_issues,
    passed_over,
    price_issues,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user may set.

    Attributes:
        thresholds: check id → threshold → value.
        checks: check ids to run; None is all.
        least_saving: smaller savings are not worth a ticket [USD a month].
        choice: commitments that may be bought; one year, No Upfront by default.
    """

    thresholds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    checks: frozenset[str] | None = None
    least_saving: float = LEAST_SAVING
    choice: CommitmentChoice = field(default_factory=CommitmentChoice)

    def __post_init__(self) -> None:
        if not 0.0 <= self.least_saving < math.inf:
            raise BadInputError(f"the least saving is {self.least_saving}: give 0 USD or more")


def recommend_changes(
    scopes: Mapping[str, Scope],
    catalog: PriceCatalog,
    book: RuleBook,
    *,
    inventory: Inventory,
    settings: Settings | None = None,
    billed: BilledShare | None = None,
    hourly: HourlyBill | None = None,
) -> Recommendations:
    """Return the recommendations for an account.

    Args:
        scopes: table → names over its rows.
        catalog: prices.
        book: rules and usage models.
        inventory: where the tables come from, for its time and issues.
        settings: thresholds and limits.
        billed: what commitments and discounts leave to save; list prices by default.
        hourly: the bill hour by hour: what freed commitments cover, and what to commit to.
    """
    chosen = settings or Settings()
    rules = [_with_thresholds(rule, chosen) for rule in _working_rules(book, scopes, chosen)]
    state = State(
        dict(scopes), Account(PriceBook(catalog)), billed or BilledShare(), chosen.least_saving
    )
    if hourly is not None:
        state.replay(build_waterfall(hourly, catalog, state.account.book, ()))
    before = state.account.cost()
    checked = {rule.id: check_rule(rule, scopes[rule.table]) for rule in rules}
    candidates, unpriced = _candidates(state, rules, checked)
    if hourly is not None:
        room = sorted(state.moved_to)
        state.replay(build_waterfall(hourly, catalog, state.account.book, room))
    applied = apply_in_order(state, candidates, *choose_exclusive(candidates))
    after = final_cost(state)
    total = sum(float(done.savings.list.sum()) for done in applied)
    check_conserved("the savings add up to", total, before, after)
    accepted = [r for done in applied for r in build_recommendations(done, state)]
    bought, issues = _purchases(state, catalog, book, hourly, chosen)
    return Recommendations(
        accepted=_ranked([*accepted, *bought]),
        advisories=_advisories(rules, checked, scopes),
        counts=[*_counts(rules, checked, unpriced, state, accepted), *_purchase_counts(bought)],
        passed_over=passed_over(rules, checked, scopes, state),
        issues=[
            *inventory.issues,
            *price_issues(rules, unpriced, scopes, state),
            *evidence_issues(rules, checked, scopes),
            *one_off_issues(accepted),
            *issues,
        ],
        cost_before=before,
        cost_after=after - sum(r.list_saving for r in bought),
        has_bill=bool(state.billed),
        collected_at=inventory.collected_at,
    )


def _purchases(
    state: State,
    catalog: PriceCatalog,
    book: RuleBook,
    hourly: HourlyBill | None,
    settings: Settings,
) -> tuple[list[Recommendation], list[Issue]]:
    """Plan commitments on what is left, unless the bill cannot say or they are not asked for."""
    wanted = [r for r in book.purchases if settings.checks is None or r.id in settings.checks]
    if hourly is None or state.waterfall is None:
        return [], []
    state.waterfall.check_replayed()
    issues = list(hourly.issues)
    if (why := why_no_plan(hourly)) is not None:
        return [], [*issues, why]
    if not wanted:
        return [], issues
    left = state.waterfall.remaining()
    bought, found = plan_purchases(left, catalog, wanted, settings.choice, settings.least_saving)
    return bought, [*issues, *(issue for issue in found if issue not in issues)]


def _working_rules(book: RuleBook, scopes: Mapping[str, Scope], settings: Settings) -> list[Rule]:
    """Return the rules that have a table to look at."""
    return [
        rule
        for rule in book.rules
        if rule.table in scopes
        and scopes[rule.table].length
        and (settings.checks is None or rule.id in settings.checks)
        and not (rule.instead_of and rule.instead_of in scopes)
    ]


def _with_thresholds(rule: Rule, settings: Settings) -> Rule:
    own = settings.thresholds.get(rule.id)
    if not own:
        return rule
    return replace(rule, thresholds={**rule.thresholds, **own})


def _candidates(
    state: State, rules: Sequence[Rule], checked: Mapping[str, Checked]
) -> tuple[list[Candidate], dict[str, Any]]:
    """Price every advised row alone; return what saves money, and rows without a price."""
    found, unpriced = [], {}
    for rule in rules:
        rows = checked_rows(checked[rule.id])
        if rule.advisory or not len(rows):
            continue
        candidate = price_candidate(state, rule, rows)
        saving = candidate.savings
        unknown = np.isnan(saving.effective)
        unpriced[rule.id] = rows[unknown]
        pays = ~unknown & (saving.effective >= state.least_saving) & (saving.list >= LEAST_SAVING)
        scope = state.scopes[rule.table]
        covered = ~unknown & ~pays & (saving.list >= LEAST_SAVING) & (saving.effective <= 0)
        state.reject(rule, scope, rows[covered], "already paid for by a commitment")
        state.reject(rule, scope, rows[~unknown & ~pays & ~covered], "would save nothing")
        kept = Candidate(rule, rows[pays], type(saving)(saving.list[pays], saving.effective[pays]))
        if len(kept.rows):
            found.append(kept)
    return found, unpriced


def _ranked(accepted: Sequence[Recommendation]) -> list[Recommendation]:
    """Return the recommendations by stage, the best saving first."""
    return sorted(accepted, key=lambda r: (STAGES.index(r.rule.stage), -r.effective_saving))


def _advisories(
    rules: Sequence[Rule], checked: Mapping[str, Checked], scopes: Mapping[str, Scope]
) -> list[Advisory]:
    return [
        advisory
        for rule in rules
        if rule.advisory
        for advisory in build_advisories(rule, scopes[rule.table], checked_rows(checked[rule.id]))
    ]


def _purchase_counts(bought: Sequence[Recommendation]) -> list[CheckCount]:
    made = Counter(found.rule.id for found in bought)
    return [CheckCount(check, count, count, 0, 0, 0, 0) for check, count in made.items()]


def _counts(
    rules: Sequence[Rule],
    checked: Mapping[str, Checked],
    unpriced: Mapping[str, Any],
    state: State,
    accepted: Sequence[Recommendation],
) -> list[CheckCount]:
    made: dict[str, int] = {}
    for recommendation in accepted:
        made[recommendation.rule.id] = made.get(recommendation.rule.id, 0) + 1
    counts = []
    for rule in rules:
        verdict = checked[rule.id].verdict
        advised = (
            int(np.sum(verdict == Verdict.ADVISED)) if rule.advisory else made.get(rule.id, 0)
        )
        counts.append(
            CheckCount(
                rule.id, len(verdict), advised, int(np.sum(verdict == Verdict.PASSED)),
                int(np.sum(verdict == Verdict.UNKNOWN)), len(unpriced.get(rule.id, ())),
                len(state.worthless.get(rule.id, ())),
            )
        )  # fmt: skip
    return counts
