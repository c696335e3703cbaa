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
from costmodel.optimize.folding import Family, Under, change_of, lines_under
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
        included: what goes along with each row: table and resource.
    """

    rule: Rule
    scope: Scope
    rows: Ints
    columns: Mapping[str, Array]
    savings: Savings
    cost_before: Floats
    alternatives: Sequence[Mapping[str, float]]
    included: Sequence[Sequence[str]]


class Change(NamedTuple):
    """The lines of n changed rows, and of what goes along with them.

    Attributes:
        before, after: the lines, each with its paid share.
        names: resource of every line before, as billed; empty without an hourly bill.
        under: what goes along.
    """

    before: Lines
    after: Lines
    names: Sequence[str]
    under: Sequence[Under]


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
        gone: table → rows deleted.
        folded: table → rows that went along with another, deleted or not.
    """

    scopes: dict[str, Scope]
    account: Account
    billed: BilledShare
    least_saving: float = LEAST_SAVING
    waterfall: Waterfall | None = None
    moved_to: set[int] = field(default_factory=set)
    worth: Floats | None = None
    gone: dict[str, Bools] = field(default_factory=dict)
    folded: dict[str, Bools] = field(default_factory=dict)
    worthless: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gone = {t: np.zeros(s.length, dtype=np.bool_) for t, s in self.scopes.items()}
        self.folded = {table: rows.copy() for table, rows in self.gone.items()}
        self.family = Family(self.scopes)
        for scope in self.scopes.values():
            self.account.add(usage_lines(scope, self.account.book))

    def replay(self, waterfall: Waterfall) -> None:
        """Take the hourly bill changes are priced by, with room for other keys at its end."""
        if self.worth is None:
            self.worth = waterfall.marginal()
        room = len(waterfall.usage.rows) - len(self.worth)
        self.waterfall, self.worth = waterfall, np.append(self.worth, np.full(room, np.nan))

    def reject(self, rule: Rule, scope: Scope, rows: Ints, why: str) -> None:
        """Note resources a rule would not pay for."""
        names = scope.full("resource_id")
        listed = self.worthless.setdefault(rule.id, [])
        listed += [(str(names[row]), why) for row in rows.tolist()]

    def under(self, rule: Rule, rows: Ints) -> list[Under]:
        """Return what goes along when a rule is carried out on some rows."""
        if not rule.removes or not self.family.has_children(rule.table):
            return []
        taken = {t: self.gone[t] | self.folded[t] for t in self.scopes}
        return self.family.under(self.scopes, rule.table, rows, taken)


def price_candidate(state: State, rule: Rule, rows: Ints) -> Candidate:
    """Return what each advised row would save if only it changed."""
    scope = state.scopes[rule.table].take(rows)
    change = _lines(state, rule, rows, scope, change_columns(rule, scope))
    state.moved_to.update(np.unique(change.after.key[change.after.key >= 0]).tolist())
    return Candidate(rule, rows, state.account.savings(change.before, change.after, len(rows)))


def _lines(
    state: State, rule: Rule, rows: Ints, scope: Scope, columns: Mapping[str, Array]
) -> Change:
    """Return the lines before and after a change, each with the share of it that is paid."""
    book, waterfall = state.account.book, state.waterfall
    before = [state.billed.apply(usage_lines(scope, book), scope, book)]
    after = [no_lines() if rule.deletes else usage_lines(scope.changed(columns), book)]
    names = [] if waterfall is None else _of_lines(_billed_names(waterfall, scope), before[0].row)
    under = state.under(rule, rows)
    free = 1 + int(max(before[0].line.max(initial=0), after[0].line.max(initial=0)))
    for part in under:
        child = state.scopes[part.table].take(part.rows)
        was, becomes, owner = lines_under(child, part, book, state.billed, free)
        before, after = [*before, was], [*after, becomes]
        free = 1 + int(max(free - 1, was.line.max(initial=0), becomes.line.max(initial=0)))
        if waterfall is not None:
            names += _of_lines(_billed_names(waterfall, child), owner)
    joined, changed = _joined(before), _joined(after)
    if waterfall is not None:
        joined = _at_the_margin(state, waterfall, names, joined, changed, len(rows))
    return Change(joined, carry_paid(joined, changed), names, under)


def _of_lines(names: Sequence[str], row: Ints) -> list[str]:
    return [names[r] for r in row.tolist()]


def _joined(parts: Sequence[Lines]) -> Lines:
    return Lines(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _at_the_margin(
    state: State,
    waterfall: Waterfall,
    names: Sequence[str],
    before: Lines,
    after: Lines,
    count: int,
) -> Lines:
    """Return the lines with what ending a little of each would be worth on the hourly bill."""
    moves = waterfall.moves(names, before, after, count)
    part = np.flatnonzero(moves.before & moves.replayed[before.row])
    if state.worth is None or not len(part):
        return before
    worth = np.nan_to_num(state.worth[waterfall.columns(before.where(part))])
    price = np.array([first_price(state.account.book, key) for key in before.key[part].tolist()])
    paid = before.paid.copy()
    paid[part] = worth / np.maximum(price, 1e-12)
    return before._replace(paid=paid)


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
    candidates: Sequence[Candidate],
) -> tuple[list[Bools], list[list[dict[str, float]]]]:
    """Keep the best saving of every row and group; ties go to the earlier stage.

    Returns:
        For every candidate its (rows,) winners, and for every row the savings of the others.
    """
    group_of: dict[tuple[str, int, str], int] = {}
    groups, savings, owner, places = [], [], [], []
    for number, (rule, rows, saved) in enumerate(candidates):
        keys = [(rule.table, row, rule.group) for row in rows.tolist()]
        groups += [group_of.setdefault(key, len(group_of)) for key in keys]
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

    def turn(number: int) -> tuple[int, bool]:
        # Parents first: what goes along needs no advice of its own.
        rule = candidates[number].rule
        takes = rule.removes and state.family.has_children(rule.table)
        return STAGES.index(rule.stage), not takes

    applied = []
    for number in sorted(range(len(candidates)), key=turn):
        rule, rows, _ = candidates[number]
        along = winners[number] & state.folded[rule.table][rows]
        state.reject(rule, state.scopes[rule.table], rows[along], "goes along with its parent")
        taken = state.gone[rule.table][rows] | state.folded[rule.table][rows]
        places = np.flatnonzero(winners[number] & ~taken)
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
    first = _lines(state, rule, rows, scope, change_columns(rule, scope))
    alone = state.account.savings(first.before, first.after, len(rows))
    pays = (alone.effective >= state.least_saving) & (alone.list >= LEAST_SAVING)
    state.reject(rule, scope, np.flatnonzero(~(worth & pays)), "saves nothing after other changes")
    kept = np.flatnonzero(worth & pays)
    if state.waterfall is not None:
        kept, replayed = _settled(state, rule, rows, scope, kept)
    rows, scope = rows[kept], scope.take(kept)
    columns = change_columns(rule, scope)
    change = _lines(state, rule, rows, scope, columns)
    savings = state.account.savings(change.before, change.after, len(rows))
    if state.waterfall is not None:
        savings = savings._replace(effective=replayed)
    state.account.move(change.before, change.after, savings)
    _commit(state, rule, rows, columns)
    included = _take_along(state, change.under, len(rows))
    cost = state.account.book.cost(change.before.key, change.before.quantity)
    cost_before = np.bincount(change.before.row, np.nan_to_num(cost), len(rows))
    return Applied(
        rule,
        scope,
        rows,
        columns,
        savings,
        cost_before.astype(np.float64),
        [others[place] for place in kept.tolist()],
        included,
    )


def _settled(
    state: State, rule: Rule, rows: Ints, scope: Scope, kept: Ints
) -> tuple[Ints, Floats]:
    """Replay the bill under some changes; return those that still save, and what they save."""
    assert state.waterfall is not None  # noqa: S101 - asked for only where there is one
    part = scope.take(kept)
    change = _lines(state, rule, rows[kept], part, change_columns(rule, part))
    names, before, after = change.names, change.before, change.after
    moves = state.waterfall.moves(names, before, after, len(kept))
    rest = state.account.savings(*_outside(before, after, moves), len(kept)).effective
    found = state.waterfall.settle(names, before, after, rest, state.least_saving)
    state.reject(
        rule, part, np.flatnonzero(~found.accepted), "commitments it frees find nothing to cover"
    )
    return kept[found.accepted], found.effective[found.accepted]


def _take_along(state: State, under: Sequence[Under], count: int) -> list[list[str]]:
    """Carry out what happens to what goes along; return its names by removed row."""
    included: list[list[str]] = [[] for _ in range(count)]
    for part in under:
        scope = state.scopes[part.table].take(part.rows)
        names = scope.full("resource_id")
        for name, place in zip(names, part.place.tolist(), strict=True):
            included[place].append(f"{part.table} {name}")
        state.folded[part.table][part.rows] = True
        if part.link.deletes:
            state.gone[part.table][part.rows] = True
        else:
            _set_columns(state, part.table, part.rows, change_of(part.link, scope))
    return included


def _commit(state: State, rule: Rule, rows: Ints, columns: Mapping[str, Array]) -> None:
    if rule.deletes:
        state.gone[rule.table][rows] = True
        return
    _set_columns(state, rule.table, rows, columns)


def _set_columns(state: State, table: str, rows: Ints, columns: Mapping[str, Array]) -> None:
    scope = state.scopes[table]
    new = {}
    for name, values in columns.items():
        old = scope.full(name)
        mixed = values.dtype != old.dtype
        whole = old.astype(object) if mixed else old.copy()
        whole[rows] = values
        new[name] = whole
    state.scopes[table] = scope.changed(new)


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
