"""Daily cost series of a spend table and of all its sums: the total, each service, and so on."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from costmodel.budget.spend import TIME, Spend, column, numbers
from costmodel.engine.smoothing import Floats
from costmodel.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Node:
    """One series: the values that select its rows, by column; the total has none."""

    values: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The series as people say it."""
        return " · ".join(value or "(none)" for _, value in self.values) or "total"

    @property
    def level(self) -> str:
        """The columns that define it."""
        return ", ".join(name for name, _ in self.values) or "total"


@dataclass(frozen=True)
class SeriesTree:
    """Leaves and their sums, day by day.

    Attributes:
        first: first day.
        leaves: nodes of the finest level.
        leaf: (b, l) daily cost of each leaf; NaN = no row at all on that day.
        sums: nodes above the leaves, the total first.
        membership: (a, b) 1 where a leaf belongs to a sum.
    """

    first: date
    leaves: tuple[Node, ...]
    leaf: Floats
    sums: tuple[Node, ...]
    membership: Floats

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, sums first."""
        return self.sums + self.leaves

    @property
    def daily(self) -> Floats:
        """(a + b, l) daily cost of all nodes, sums first."""
        return np.vstack([self.membership @ self.leaf, self.leaf])

    def day(self, index: int) -> date:
        """Return the date of a column."""
        return self.first + timedelta(days=int(index))


def build_series(spend: Spend, by: tuple[str, ...], metric: str) -> SeriesTree:
    """Return the daily series of every combination of columns and of all their sums.

    Args:
        spend: rows of spend.
        by: columns; with two, the sums are the total, each value of the one and of the other.
        metric: the cost column.
    """
    table = spend.table
    if spend.through is None or len(table) == 0:
        raise BadInputError("the bill has no rows: nothing can be said about it")
    day = table[TIME].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    first = day.min()
    index = (day - first).astype(np.int64)
    length = int(index.max()) + 1
    codes, values = _leaf_codes(table, by)
    flat = np.bincount(codes * length + index, numbers(table, metric), len(values) * length)
    leaf = flat.reshape(len(values), length)
    known = np.bincount(index, minlength=length) > 0
    leaves = tuple(Node(tuple(zip(by, value, strict=True))) for value in values)
    sums, membership = _sums(leaves, by)
    return SeriesTree(
        first.astype(object), leaves, np.where(known, leaf, np.nan), sums, membership
    )


def _leaf_codes(
    table: "pd.DataFrame", by: tuple[str, ...]
) -> tuple["np.ndarray[tuple[int], np.dtype[np.int64]]", list[tuple[str, ...]]]:
    """Return the leaf number of each row and the values of each leaf."""
    import pandas as pd

    if not by:
        return np.zeros(len(table), dtype=np.int64), [()]
    frame = pd.DataFrame({name: column(table, name) for name in by})
    text = frame.astype(object).where(frame.notna(), "").astype(str)
    codes, values = pd.factorize(pd.MultiIndex.from_frame(text))
    return codes.astype(np.int64), [tuple(value) for value in values]


def _sums(leaves: tuple[Node, ...], by: tuple[str, ...]) -> tuple[tuple[Node, ...], Floats]:
    """Return every coarser node and which leaves it holds."""
    nodes: list[Node] = []
    rows: list[Floats] = []
    for size in range(len(by)):
        for chosen in combinations(by, size):
            parts = [tuple(pair for pair in leaf.values if pair[0] in chosen) for leaf in leaves]
            for part in dict.fromkeys(parts):
                nodes.append(Node(part))
                rows.append(np.array([float(own == part) for own in parts]))
    return tuple(nodes), np.array(rows).reshape(len(nodes), len(leaves))
