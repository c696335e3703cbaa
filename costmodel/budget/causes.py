"""Why spend moved between two spans of time: a ranking of contributions that adds up."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from costmodel.budget.alert import Cause
from costmodel.budget.filters import distinct_values
from costmodel.budget.period import Period
from costmodel.budget.spend import TIME, numbers
from costmodel.engine.contribution import split_change
from costmodel.engine.smoothing import Floats

if TYPE_CHECKING:
    import pandas as pd

CAUSE_DIMENSIONS: Final = ("ServiceName", "SubAccountId", "RegionId", "x_UsageType")


class CauseIndex:
    """Rows of spend in the order of time, with everything numbered that rankings need.

    Args:
        table: rows of spend with ChargePeriodStart (UTC).
        metric: the cost column to explain.
        selectors: further columns that `rank` may select rows by.
    """

    def __init__(self, table: "pd.DataFrame", metric: str, selectors: Sequence[str] = ()) -> None:
        times = table[TIME].dt.tz_localize(None).to_numpy().astype("datetime64[s]")
        order = np.argsort(times, kind="stable")
        self._times = times[order]
        self._cost = numbers(table, metric)[order]
        self._dimensions = [name for name in CAUSE_DIMENSIONS if name in table.columns]
        columns = dict.fromkeys([*self._dimensions, *selectors])
        self._columns = {name: distinct_values(table, name) for name in columns}
        self._codes = {name: codes[order] for name, (codes, _) in self._columns.items()}
        # Quantities of different units do not add: without the usage type they say nothing.
        self._quantity = np.full(len(table), np.nan)
        if "ConsumedQuantity" in table.columns and "x_UsageType" in self._dimensions:
            quantity = table["ConsumedQuantity"].to_numpy(dtype=np.float64, na_value=np.nan)
            self._quantity = quantity[order]

    def rank(
        self,
        after: Period,
        before: Period | None,
        *,
        scale: float = 1.0,
        where: Sequence[tuple[str, str]] = (),
    ) -> tuple[Cause, ...]:
        """Rank what made the cost of one span differ from `scale` times that of another.

        Args:
            after: the span to explain.
            before: the span to compare with; None = nothing.
            scale: length of `after` over that of `before`.
            where: dimension values that select the rows.

        Returns:
            One cause per combination of service, account, region and usage type (as far as the
            table has them), largest rise first; the amounts add up to the difference.
        """
        if not self._dimensions:
            return ()
        new = self._rows(after, where)
        old = new[:0] if before is None else self._rows(before, where)
        rows = np.concatenate([old, new])
        groups, keys = self._groups(rows)
        is_new = np.arange(len(rows)) >= len(old)

        def sums(values: Floats, side: NDArray[np.bool_]) -> Floats:
            total: Floats = np.bincount(groups[side], values[rows[side]], len(keys)).astype(float)
            return total

        change = split_change(
            scale * sums(self._cost, ~is_new),
            sums(self._cost, is_new),
            scale * sums(self._quantity, ~is_new),
            sums(self._quantity, is_new),
        )
        name = ", ".join(self._dimensions)
        order = np.argsort(-change.amount, kind="stable")
        return tuple(
            Cause(
                name,
                self._label(keys[i]),
                float(change.amount[i]),
                float(change.price_effect[i]),
                float(change.quantity_effect[i]),
            )
            for i in order
            if change.amount[i] != 0.0
        )

    def _rows(self, period: Period, where: Sequence[tuple[str, str]]) -> NDArray[np.intp]:
        """Return the rows of a span with some dimension values."""
        edges = [np.datetime64(moment.replace(tzinfo=None), "s") for moment in period]
        first, last = np.searchsorted(self._times, edges)
        rows = np.arange(first, last)
        for name, value in where:
            values = self._columns[name][1]
            is_value = np.array([(own or "") == value for own in values])
            rows = rows[is_value[self._codes[name][rows]]]
        return rows

    def _groups(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the combination of each row, and one row of each combination."""
        combined = np.zeros(len(rows), dtype=np.int64)
        for name in self._dimensions:
            combined = combined * len(self._columns[name][1]) + self._codes[name][rows]
        _, example, groups = np.unique(combined, return_index=True, return_inverse=True)
        return groups, rows[example]

    def _label(self, row: np.intp) -> str:
        parts = [self._columns[name][1][self._codes[name][row]] for name in self._dimensions]
        return " · ".join(part for part in parts if part) or "(none)"
