"""Of changes that exclude each other keep the best; apply the kept ones in order, pricing each.

Order (reference: AWS Cost Optimization Hub de-duplicates per resource only): idle → schedule →
free modernisation → storage → right-size → Graviton → mode → commitments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.optimize.billed_share import BilledShare
from costmodel.optimize.line_pricing import (
    Account,
    Lines,
    Savings,
    carry_paid,
    no_lines,
    usage_lines,
)
from costmodel.optimize.rule import STAGES, Rule
from costmodel.optimize.rule_engine import Checked, Verdict, change_columns, check_rule
from costmodel.optimize.rule_scope import Scope
from costmodel.optimize.waterfall import Moves, Waterfall, first_price

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
# Savings below a thousandth of a dollar are rounding, not advice.
LEAST_SAVING: Final = 0.001


class Candidate(NamedTuple):
    """A rule's advised rows with what each would save alone."""

    rule: Rule
    rows: Ints
    savings: Savings


class Applied(NamedTuple):
    """A rule's accepted rows, applied.

    Attributes:
        rule: the rule.
        scope: the (n,) rows before the change.
        rows: (n,) rows of the table.
        columns: new values of the changed columns.
        savings: what each saved, earlier changes done.
        cost_before: list cost of the resource before the change, NaN-free lines only.
        alternatives: check id → saving, one mapping per row.
    """

    rule: Rule
    scope: Scope
    rows: Ints
    columns: Mapping[str, Array]
    savings: Savings
    cost_before: Floats
    alternatives: Sequence[Mapping[str, float]]


@dataclass
class State:
    """The account as it stands: its rows, its price keys, what has been deleted.

    Attributes:
        scopes: table → names over its rows.
        account: quantities by price key.
        billed: paid share of billed lines.
        least_saving: smaller savings are no advice [USD a month].
        waterfall: the bill hour by hour, None without one.
        moved_to: price keys that changes may move to.
        worth: what the bill drops by when a unit of each usage row ends [USD].
    """

    scopes: dict[str, Scope]
    account: Account
    billed: BilledShare
    least_saving: float = LEAST_SAVING
    waterfall: Waterfall | None = None
    moved_to: set[int] = field(default_factory=set)
    worth: Floats | None = None
    gone: dict[str, Bools] = field(default_factory=dict)
    worthless: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gone = {t: np.zeros(s.length, dtype=np.bool_) for t, s in self.scopes.items()}
        for scope in self.scopes.values():
            self.account.add(usage_lines(scope, self.account.book))

    def replay(self, waterfall: Waterfall) -> None:
        """Take the hourly bill changes are priced by."""
        self.waterfall, self.worth = waterfall, waterfall.marginal()

    def reject(self, rule: Rule, scope: Scope, rows: Ints, why: str) -> None:
        """Note resources a rule would not pay for."""
        names = scope.full("resource_id")
        listed = self.worthless.setdefault(rule.id, [])
        listed += [(str(names[row]), why) for row in rows.tolist()]


def price_candidate(state: State, rule: Rule, rows: Ints) -> Candidate:
    """Return what each advised row would save if only it changed."""
    scope = state.scopes[rule.table].take(rows)
    before, after = _lines(state, rule, scope, change_columns(rule, scope))
    state.moved_to.update(np.unique(after.key[after.key >= 0]).tolist())
    return Candidate(rule, rows, state.account.savings(before, after, len(rows)))


def _lines(
    state: State, rule: Rule, scope: Scope, columns: Mapping[str, Array]
) -> tuple[Lines, Lines]:
    """Return the lines before and after a change, each with the share of it that is paid."""
    book = state.account.book
    before = state.billed.apply(usage_lines(scope, book), scope, book)
    after = no_lines() if rule.deletes else usage_lines(scope.changed(columns), book)
    if state.waterfall is not None and state.worth is not None:
        moves = state.waterfall.moves(_billed_names(state.waterfall, scope), before, after)
        part = np.flatnonzero(moves.before & moves.replayed[before.row])
        column = state.waterfall.columns(before.where(part))
        price = np.array([first_price(book, key) for key in before.key[part].tolist()])
        paid = before.paid.copy()
        paid[part] = np.nan_to_num(state.worth[column]) / np.maximum(price, 1e-12)
        before = before._replace(paid=paid)
    return before, carry_paid(before, after)


def _billed_names(waterfall: Waterfall, scope: Scope) -> list[str]:
    """Return the resources by the names the bill has for them."""
    listed = [str(name) for name in scope.full("resource_id")]
    arns = [str(name) for name in scope.full("arn")] if "arn" in scope else listed
    known = waterfall.names
    return [known.get(arn, known.get(name, name)) for arn, name in zip(arns, listed, strict=True)]


def _outside(before: Lines, after: Lines, moves: Moves) -> tuple[Lines, Lines]:
    """Return the lines with nothing paid for those the waterfall replays."""
    inside = moves.before & moves.replayed[before.row]
    to = moves.after & moves.replayed[after.row]
    # What moves off the hourly bill is paid in full where it goes.
    other = carry_paid(before._replace(paid=np.where(inside, 1.0, before.paid)), after).paid
    return (
        before._replace(paid=np.where(inside, 0.0, before.paid)),
        after._replace(paid=np.where(to, 0.0, other)),
    )


def choose_exclusive(
    candidates: Sequence[Candidate], scopes: Mapping[str, Scope]
) -> tuple[list[Bools], list[list[dict[str, float]]]]:
    """Keep the best saving of every resource and group; ties go to the earlier stage.

    Returns:
        For every candidate its (rows,) winners, and for every row the savings of the others.
    """
    group_of: dict[tuple[str, str], int] = {}
    groups, savings, owner, places = [], [], [], []
    for number, (rule, rows, saved) in enumerate(candidates):
        names = scopes[rule.table].full("resource_id")[rows]
        groups += [group_of.setdefault((str(name), rule.group), len(group_of)) for name in names]
        savings.append(saved.effective)
        owner.append(np.full(len(rows), number))
        places.append(np.arange(len(rows)))
    winners = [np.zeros(len(c.rows), dtype=np.bool_) for c in candidates]
    others: list[list[dict[str, float]]] = [[{} for _ in c.rows] for c in candidates]
    if not groups:
        return winners, others
    group = np.array(groups)
    value, who, place = (np.concatenate(parts) for parts in (savings, owner, places))
    stage = np.array([STAGES.index(c.rule.stage) for c in candidates])[who]
    order = np.lexsort((stage, -value, group))
    first = np.flatnonzero(np.diff(group[order], prepend=-1))
    for begin, end in zip(first, [*first[1:], len(order)], strict=True):
        best = order[begin]
        winners[who[best]][place[best]] = True
        for other in order[begin + 1 : end]:
            others[who[best]][place[best]][candidates[who[other]].rule.id] = float(value[other])
    return winners, others


def apply_in_order(
    state: State,
    candidates: Sequence[Candidate],
    winners: Sequence[Bools],
    others: Sequence[Sequence[dict[str, float]]],
) -> list[Applied]:
    """Apply the winners stage by stage; what no longer saves anything is left out."""
    order = sorted(range(len(candidates)), key=lambda n: STAGES.index(candidates[n].rule.stage))
    applied = []
    for number in order:
        rule, rows, _ = candidates[number]
        places = np.flatnonzero(winners[number] & ~state.gone[rule.table][rows])
        done = _apply(
            state, rule, rows[places], [others[number][place] for place in places.tolist()]
        )
        if len(done.rows):
            applied.append(done)
    return applied


def _apply(state: State, rule: Rule, rows: Ints, others: Sequence[Mapping[str, float]]) -> Applied:
    scope = state.scopes[rule.table].take(rows)
    # An earlier change may have made this one superfluous.
    worth = check_rule(rule, scope).verdict == Verdict.ADVISED
    before, after = _lines(state, rule, scope, change_columns(rule, scope))
    alone = state.account.savings(before, after, len(rows))
    pays = (alone.effective >= state.least_saving) & (alone.list >= LEAST_SAVING)
    state.reject(rule, scope, np.flatnonzero(~(worth & pays)), "saves nothing after other changes")
    kept = np.flatnonzero(worth & pays)
    if state.waterfall is not None:
        kept, replayed = _settled(state, rule, scope, kept)
    rows, scope = rows[kept], scope.take(kept)
    columns = change_columns(rule, scope)
    before, after = _lines(state, rule, scope, columns)
    savings = state.account.savings(before, after, len(rows))
    if state.waterfall is not None:
        savings = savings._replace(effective=replayed)
    state.account.move(before, after, savings)
    _commit(state, rule, rows, columns)
    cost = state.account.book.cost(before.key, before.quantity)
    cost_before = np.bincount(before.row, np.nan_to_num(cost), len(rows)).astype(np.float64)
    return Applied(
        rule,
        scope,
        rows,
        columns,
        savings,
        cost_before,
        [others[place] for place in kept.tolist()],
    )


def _settled(state: State, rule: Rule, scope: Scope, kept: Ints) -> tuple[Ints, Floats]:
    """Replay the bill under some changes; return those that still save, and what they save."""
    assert state.waterfall is not None  # noqa: S101 - asked for only where there is one
    part = scope.take(kept)
    before, after = _lines(state, rule, part, change_columns(rule, part))
    names = _billed_names(state.waterfall, part)
    moves = state.waterfall.moves(names, before, after)
    rest = state.account.savings(*_outside(before, after, moves), len(kept)).effective
    found = state.waterfall.settle(names, before, after, rest, state.least_saving)
    state.reject(
        rule, part, np.flatnonzero(~found.accepted), "commitments it frees find nothing to cover"
    )
    return kept[found.accepted], found.effective[found.accepted]


def _commit(state: State, rule: Rule, rows: Ints, columns: Mapping[str, Array]) -> None:
    if rule.deletes:
        state.gone[rule.table][rows] = True
        return
    scope = state.scopes[rule.table]
    new = {}
    for name, values in columns.items():
        old = scope.full(name)
        mixed = values.dtype != old.dtype
        whole = old.astype(object) if mixed else old.copy()
        whole[rows] = values
        new[name] = whole
    state.scopes[rule.table] = scope.changed(new)


def final_cost(state: State) -> float:
    """Return the cost of the account after all changes, estimated anew [USD a month]."""
    account = Account(state.account.book)
    for table, scope in state.scopes.items():
        kept = np.flatnonzero(~state.gone[table])
        account.add(usage_lines(scope.take(kept), account.book))
    return account.cost()


def checked_rows(checked: Checked) -> Ints:
    """Return the advised rows."""
    return np.flatnonzero(checked.verdict == Verdict.ADVISED)
