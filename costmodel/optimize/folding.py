"""What goes along when a resource goes: its cost folds into the advice on its parent.

An instance takes its volumes and addresses with it, an image its snapshots, a cluster its nodes.
The usage model of the child says whose it is (``parents``); a rule that deletes, or says
``removes = true``, takes the children along, and theirs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.optimize.billed_share import BilledShare
from costmodel.optimize.line_pricing import Lines, PriceBook, no_lines, usage_lines
from costmodel.optimize.rule import ParentLink
from costmodel.optimize.rule_scope import Scope

Array = NDArray[Any]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_Index = Mapping[tuple[str, str, str], Sequence[int]]


class Under(NamedTuple):
    """Rows of a table that go along with rows of another.

    Attributes:
        table: their table.
        link: how they hang together.
        rows: (m,) the rows.
        place: (m,) which of the removed rows each goes with.
    """

    table: str
    link: ParentLink
    rows: Ints
    place: Ints


class Family:
    """Which rows stand under which, over all tables of an account."""

    def __init__(self, scopes: Mapping[str, Scope]) -> None:
        self._links: dict[str, list[tuple[str, ParentLink, _Index]]] = {}
        for table, scope in scopes.items():
            for link in scope.model.parents:
                if link.table in scopes and scope.length:
                    found = self._links.setdefault(link.table, [])
                    found.append((table, link, _index(scope, link)))

    def has_children(self, table: str) -> bool:
        """Say whether any table collected stands under one."""
        return table in self._links

    def under(
        self, scopes: Mapping[str, Scope], table: str, rows: Ints, taken: Mapping[str, Bools]
    ) -> list[Under]:
        """Return what goes along with some rows of a table, and with that in turn.

        Args:
            scopes: table → names over its rows.
            table: the table.
            rows: (n,) rows removed.
            taken: table → (n,) rows that are gone or went along already.
        """
        return self._below(scopes, table, rows, {t: gone.copy() for t, gone in taken.items()})

    def _below(
        self, scopes: Mapping[str, Scope], table: str, rows: Ints, taken: dict[str, Bools]
    ) -> list[Under]:
        found = []
        for child, link, index in self._links.get(table, ()):
            keys = _names(scopes[table].take(rows), link.parent, link)
            pairs = [
                (row, place)
                for place, key in enumerate(keys)
                for row in index.get(key, ())
                if not taken[child][row]
            ]
            if not pairs:
                continue
            below, place = (np.array(part, dtype=np.int64) for part in zip(*pairs, strict=True))
            # What hangs on two of them goes with the first.
            below, first = np.unique(below, return_index=True)
            place = place[first]
            taken[child][below] = True
            found.append(Under(child, link, below, place))
            found += [
                deeper._replace(place=place[deeper.place])
                for deeper in self._below(scopes, child, below, taken)
            ]
        return found


def _index(scope: Scope, link: ParentLink) -> _Index:
    rows: dict[tuple[str, str, str], list[int]] = {}
    for row, key in enumerate(_names(scope, link.child, link)):
        if key[2]:
            rows.setdefault(key, []).append(row)
    return rows


def _names(scope: Scope, column: str, link: ParentLink) -> list[tuple[str, str, str]]:
    """Return (account, region, name) of every row: names are unique within these, ids anywhere."""
    names = [str(v or "") for v in scope.full(column)]
    if link.parent == "resource_id":
        return [("", "", name) for name in names]
    places = [[str(v or "") for v in scope.full(c)] for c in ("account_id", "region_id")]
    return list(zip(*places, names, strict=True))


def change_of(link: ParentLink, scope: Scope) -> dict[str, Array]:
    """Return the new values of the columns of rows that stay in another form, (n,) each."""
    return {
        column: np.broadcast_to(formula.evaluate(scope, scope.model.tables), (scope.length,))
        for column, formula in link.change.items()
    }


def lines_under(
    scope: Scope, under: Under, book: PriceBook, billed: BilledShare, first_line: int
) -> tuple[Lines, Lines, Ints]:
    """Return the lines of rows that go along, as further lines of the rows they go with.

    Args:
        scope: the rows that go along.
        under: how they go along.
        book: price keys.
        billed: paid share of billed lines.
        first_line: number from which lines are free.

    Returns:
        The lines before and after, and which row of the scope each line before is of.
    """
    before = billed.apply(usage_lines(scope, book), scope, book)
    after = no_lines()
    if not under.link.deletes:
        after = usage_lines(scope.changed(change_of(under.link, scope)), book)
    width = 1 + int(max(before.line.max(initial=0), after.line.max(initial=0)))
    among = _numbered(under.place)

    def moved(lines: Lines) -> Lines:
        return lines._replace(
            row=under.place[lines.row],
            line=first_line + among[lines.row] * width + lines.line,
        )

    return moved(before), moved(after), before.row


def _numbered(place: Ints) -> Ints:
    """Return the number of each child among those of its parent."""
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    lengths = np.diff(np.append(starts, len(place)))
    number = np.empty(len(place), dtype=np.int64)
    number[order] = np.arange(len(place)) - np.repeat(starts, lengths)
    return number
