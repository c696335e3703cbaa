"""Why one period costs more than another: price, quantity, mix and fees, adding up exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa

from costmodel.bill.analysis.dialect import (
    Period,
    QueryEngine,
    Sql,
    ask,
    metric,
    named,
    parse_period,
    places,
    quote,
    source,
)
from costmodel.bill.query import Bill
from costmodel.engine.mix import MixSplit, split_price_quantity_mix
from costmodel.errors import BadInputError
from costmodel.result import Result

# What has one unit price: quantities of these may be compared between periods.
_PRICE_KEY = (
    "x_ServiceCode", "RegionId", "x_UsageType", "x_Operation", "PricingCategory",
    "ChargeCategory", "CommitmentDiscountStatus", "PricingUnit",
)  # fmt: skip
_NOTHING = 1e-9  # USD


class ChangeRow(NamedTuple):
    """One group's change [currency]; the four effects add up to after - before."""

    group: tuple[str, ...]
    before: float
    after: float
    price: float
    quantity: float
    mix: float
    fees: float

    @property
    def change(self) -> float:
        """After - before."""
        return self.after - self.before


@dataclass(frozen=True)
class BillChange(Result):
    """A period compared with another.

    Attributes:
        before, after: labels of the periods.
        by: the grouping.
        metric: the cost compared.
        rows: one per group, largest change first.
    """

    report_module: ClassVar[str] = "costmodel.report.bill_analysis.change"

    before: str
    after: str
    by: tuple[str, ...]
    metric: str
    rows: Sequence[ChangeRow]

    def __repr__(self) -> str:
        return (
            f"BillChange({self.metric}, {self.before} to {self.after}: "
            f"{self.total.change:+,.2f}, {len(self.rows)} groups)"
        )

    @property
    def total(self) -> ChangeRow:
        """The sum of all groups."""
        sums = (float(np.sum([row[place] for row in self.rows])) for place in range(1, 7))
        return ChangeRow(("",) * len(self.by), *sums)

    @property
    def table(self) -> Any:
        """One row per group as a pandas DataFrame."""
        import pandas as pd

        frame = pd.DataFrame([row.group for row in self.rows], columns=list(self.by))
        for name in ("before", "after", "price", "quantity", "mix", "fees"):
            frame[f"x_{name.capitalize()}"] = [getattr(row, name) for row in self.rows]
        return frame

    def to_json(self) -> dict[str, Any]:
        """Return the total and every group with its effects."""
        return {
            "metric": self.metric,
            "before": self.before,
            "after": self.after,
            "total": _row_json(self.total),
            "rows": [
                dict(zip(self.by, row.group, strict=True)) | _row_json(row) for row in self.rows
            ],
        }


def _row_json(row: ChangeRow) -> dict[str, float]:
    effects = {name: getattr(row, name) for name in ("price", "quantity", "mix", "fees")}
    return {"before": row.before, "after": row.after, "change": row.change, **effects}


def explain_change(
    bill: Bill,
    before: str,
    after: str,
    *,
    by: Sequence[str] = ("ServiceName",),
    cost: str | None = None,
    filter_text: str | None = None,
    engine: QueryEngine | None = None,
) -> BillChange:
    """Return why a period costs more or less than another.

    Args:
        bill: the bill, with both periods.
        before: base period: ``2026-01``, or days ``2026-01-05..2026-01-11``.
        after: the period to explain.
        by: columns or ``tag:KEY`` to group by.
        cost: a cost metric; the bill's default without it.
        filter_text: expression of the filter language.
        engine: where to run it; the bill's DuckDB by default.

    Raises:
        BadInputError: a period, column or metric is not known, or neither period has charges.
    """
    groups = tuple(bill.resolve(name) for name in by)
    periods = parse_period(before), parse_period(after)
    cost = metric(bill, cost, filter_text)
    rows = ask(bill, change_query(bill, periods, groups, cost, filter_text), engine)
    if not len(rows):
        raise BadInputError(
            f"the bill has no charges in {before} nor in {after}: name other periods"
        )
    return BillChange(before, after, groups, cost, _change_rows(rows, len(groups)))


def change_query(
    bill: Bill,
    periods: tuple[Period, Period],
    groups: Sequence[str],
    cost: str,
    filter_text: str | None = None,
) -> Sql:
    """Return cost and quantity of each price key of each group in both periods."""
    keys = [(quote(name), f"g{place}") for place, name in enumerate(groups)]
    keys += [(quote(name), f"k{place}") for place, name in enumerate(_PRICE_KEY)]
    # Only usage has a unit price; a fee's quantity of one would pass for one.
    metered = f"{quote('ChargeCategory')} = 'Usage'"
    usage_quantity = f"CASE WHEN {metered} THEN {quote('PricingQuantity')} END"
    sums = [
        (f"SUM(CASE WHEN {period.condition} THEN {value} END)", f"{name}{place}")
        for place, period in enumerate(periods)
        for value, name in ((quote(cost), "c"), (usage_quantity, "q"))
    ]
    times = [period.column for period in periods]
    read = source(bill, [*groups, *_PRICE_KEY, cost, "PricingQuantity", *times], filter_text)
    either = " OR ".join(f"({period.condition})" for period in periods)
    return (
        f"SELECT {named([*keys, *sums])} FROM {read.sql} WHERE ({either}) AND {read.condition}"
        f" GROUP BY {places(len(keys))}"
    )


def _change_rows(table: pa.Table, depth: int) -> list[ChangeRow]:
    # Quantities of one group add up inside one unit only: split by group and unit, then by group.
    names = [f"g{place}" for place in range(depth)]
    groups, group = _codes(table, names)
    units, unit = _codes(table, [*names, f"k{_PRICE_KEY.index('PricingUnit')}"])
    c0, q0, c1, q1 = (_floats(table[name]) for name in ("c0", "q0", "c1", "q1"))
    metered = ~(np.isnan(q0) & np.isnan(q1))
    quantities = [np.where(metered, np.nan_to_num(q), np.nan) for q in (q0, q1)]
    costs = [np.nan_to_num(c) for c in (c0, c1)]
    split = split_price_quantity_mix(costs[0], costs[1], quantities[0], quantities[1], unit)
    group_of_unit = np.zeros(len(units), dtype=np.intp)
    group_of_unit[unit] = group
    sums = [np.bincount(group, weights=values, minlength=len(groups)) for values in costs]
    effects = _by_group(split, group_of_unit, len(groups))
    rows = [
        ChangeRow(key, *values)
        for key, *values in zip(groups, *map(np.ndarray.tolist, [*sums, *effects]), strict=True)
    ]
    return sorted(rows, key=lambda row: (-abs(row.change), row.group))


def _by_group(split: MixSplit, group: Any, count: int) -> list[Any]:
    effects = (split.price, split.quantity, split.mix, split.unmetered)
    sums = [np.bincount(group, weights=effect, minlength=count) for effect in effects]
    # What rounding leaves of an effect that is none would print as -0.00.
    return [np.where(np.abs(effect) < _NOTHING, 0.0, effect) for effect in sums]


def _codes(table: pa.Table, names: Sequence[str]) -> tuple[list[tuple[str, ...]], Any]:
    """Return the distinct values of some columns, and each row's place among them."""
    values = list(
        zip(*(_texts(table[name]) for name in names), strict=True)
    ) if names else [()] * len(table)  # fmt: skip
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return list(places), np.array([places[value] for value in values], dtype=np.intp)


def _texts(column: pa.ChunkedArray) -> list[str]:
    return ["" if value is None else str(value) for value in column.to_pylist()]


def _floats(column: pa.ChunkedArray) -> Any:
    return column.cast(pa.float64()).to_numpy()
