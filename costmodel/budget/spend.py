"""Spend over time: the table budgets are held against, and one budget's daily measure of it."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from costmodel.budget.filters import Mask, filter_columns, nearest, unmatched_values
from costmodel.budget.model import Budget, BudgetType
from costmodel.budget.period import Period
from costmodel.errors import BadInputError
from costmodel.units import check_year

if TYPE_CHECKING:
    import pandas as pd

TIME: Final = "ChargePeriodStart"
TIME_END: Final = "ChargePeriodEnd"
# Usage a commitment could cover is metered in time; requests and storage are not.
_TIME_UNITS: Final = ("hr", "hour", "second")


class NeedsDaysError(BadInputError):
    """The spend is known by month only, and the question is about days."""


@dataclass(frozen=True)
class Spend:
    """Rows of spend and how far they reach.

    Attributes:
        table: ChargePeriodStart (UTC) plus dimension and metric columns; one row per day or hour
            and combination of dimensions. A day without any row is missing, not free. With hours,
            ChargePeriodEnd tells rows that stand for a day or more.
        through: the data are complete up to here, UTC, exclusive; None = there are none.
        is_monthly: rows stand for months, each on its first day.
    """

    table: "pd.DataFrame"
    through: datetime | None
    is_monthly: bool = False

    @classmethod
    def from_table(
        cls, table: "pd.DataFrame", *, through: datetime | None = None, is_monthly: bool = False
    ) -> "Spend":
        """Return spend from a table with ChargePeriodStart; it reaches to its last day or hour."""
        import pandas as pd

        if TIME not in table.columns:
            raise BadInputError(
                f"the spend has no column {TIME}, only {', '.join(map(str, table.columns))}: "
                "summarize the bill by day"
            )
        times = pd.to_datetime(table[TIME], utc=True)
        if times.isna().any():
            raise BadInputError(f"the spend has rows without {TIME}: remove or repair them")
        if len(times):
            check_year(times.max().year, f"the last {TIME} of the spend")
        if through is None and len(times):
            step = (
                timedelta(days=1) if (times == times.dt.normalize()).all() else timedelta(hours=1)
            )
            through = times.max().to_pydatetime() + step
        # Text as categories: every budget filters it, and comparing numbers is ten times faster.
        text = {
            str(name): values.astype("category")
            for name, values in table.items()
            if name != TIME and isinstance(values.dtype, pd.StringDtype)
        }
        return cls(table.assign(**{TIME: times}, **text), through, is_monthly)

    def local_day(self, zone: tzinfo) -> NDArray[np.datetime64]:
        """Return the day of every row in a time zone; a whole day is that day in every zone."""
        known: dict[tzinfo, NDArray[np.datetime64]] = self._local_days
        if zone not in known:
            times = self.table[TIME] if zone is UTC else self.table[TIME].dt.tz_convert(zone)
            days = times.dt.tz_localize(None).to_numpy().astype("datetime64[D]")
            known[zone] = days if zone is UTC else np.where(self._whole, self.local_day(UTC), days)
        return known[zone]

    @property
    def has_hours(self) -> bool:
        """Whether any row stands for less than a day."""
        return not self._whole.all()

    @cached_property
    def _whole(self) -> Mask:
        """(rows,) which rows stand for a day or more."""
        import pandas as pd

        times = self.table[TIME]
        if TIME_END in self.table.columns:
            length = np.asarray(pd.to_datetime(self.table[TIME_END], utc=True) - times)
            return np.asarray(length >= np.timedelta64(1, "D"))
        return np.full(len(times), bool((times == times.dt.normalize()).all()))

    @cached_property
    def _local_days(self) -> dict[tzinfo, NDArray[np.datetime64]]:
        return {}

    def rows(self, where: Mask, period: Period) -> "pd.DataFrame":
        """Return the rows of a mask inside a period."""
        times = self.table[TIME]
        return self.table[where & (times >= period.start) & (times < period.end)]


@dataclass(frozen=True)
class DailyMeasure:
    """What one budget measures, day by day in its time zone.

    Attributes:
        first: first day with data.
        amount: (l,) sum of each day; NaN = no data at all for that day.
        base: (l,) what the amount is divided by (per unit, utilisation, coverage); None = nothing.
        is_share: whether this is a percentage, which cannot exceed 100.
        is_matched: whether the budget's filter matched any row at all.
        is_monthly: the amount of a month stands on its first day, the other days have 0.
        unknown_rows: how many rows that count have no amount.
        unmatched: values of the filter that no row has, in words.
    """

    first: date
    amount: NDArray[np.float64]
    base: NDArray[np.float64] | None = None
    is_share: bool = False
    is_matched: bool = True
    is_monthly: bool = False
    unknown_rows: int = 0
    unmatched: tuple[str, ...] = ()

    @property
    def factor(self) -> float:
        """What the quotient is multiplied by: 100 for percentages."""
        return 100.0 if self.is_share else 1.0

    @property
    def end(self) -> date:
        """The day after the last one."""
        return self.first + timedelta(days=len(self.amount))

    def value(self, start: date, end: date) -> float:
        """Return the measure over [start, end); NaN when no day of it is known."""
        inside = slice(self._index(start), self._index(end))
        amount = self.amount[inside]
        if np.isnan(amount).all():
            return float("nan")
        total = float(np.nansum(amount))
        if self.base is None:
            return total
        base = float(np.nansum(self.base[inside]))
        return self.factor * total / base if base > 0.0 else float("nan")

    def covers(self, start: date, end: date) -> bool:
        """Return whether the data reach over all of [start, end)."""
        return self.first <= start and end <= self.end

    def missing_days(self, start: date, end: date) -> int:
        """Return how many days inside the data have no row."""
        return int(np.isnan(self.amount[self._index(start) : self._index(end)]).sum())

    def history(self, end: date) -> NDArray[np.float64]:
        """Return the daily amounts before a day."""
        return self.amount[: self._index(end)]

    def before(self, day: date) -> "DailyMeasure":
        """Return what was known before a day."""
        length = self._index(day)
        base = None if self.base is None else self.base[:length]
        return replace(self, amount=self.amount[:length], base=base)

    def _index(self, day: date) -> int:
        return min(max((day - self.first).days, 0), len(self.amount))


def measure(spend: Spend, budget: Budget) -> DailyMeasure | None:
    """Return a budget's daily measure; None when there are no data at all."""
    table = spend.table
    if spend.through is None or len(table) == 0:
        return None
    # Without hours, days and months are those of the bill, whatever the zone.
    zone = budget.zone if spend.has_hours else UTC
    day = spend.local_day(zone)
    last = (spend.through - timedelta(microseconds=1)).astimezone(zone).date()
    first = day.min().astype(object)
    length = (last - first).days + 1
    index = (day - day.min()).astype(np.int64)
    known = np.bincount(index[index < length], minlength=length) > 0
    if spend.is_monthly:
        known = known[_first_of_month(day.min(), length)]

    def daily(values: NDArray[np.float64]) -> NDArray[np.float64]:
        inside = index < length
        total = np.bincount(index[inside], weights=values[inside], minlength=length)
        return np.where(known, total, np.nan)

    counted = budget.filter.mask(table)
    amount, base = _parts(table, budget, counted)
    is_unknown = np.zeros(len(table), dtype=bool)
    if budget.type is BudgetType.COST:  # a quantity need not be known: tax has none
        is_unknown = counted & column(table, budget.metric).isna().to_numpy()
    return DailyMeasure(
        first,
        daily(amount),
        None if base is None else daily(base),
        is_share=budget.type.is_share,
        is_matched=bool(counted.any()),
        is_monthly=spend.is_monthly,
        unknown_rows=int(is_unknown.sum()),
        unmatched=tuple(unmatched_values(budget.filter, table)),
    )


def _first_of_month(first: np.datetime64, length: int) -> NDArray[np.int64]:
    """Return (length,) the index of the first day of each day's month, 0 before the first one."""
    days = first + np.arange(length)
    begin = days.astype("datetime64[M]").astype("datetime64[D]") - first
    index: NDArray[np.int64] = np.maximum(begin.astype(np.int64), 0)
    return index


def local_days(period: Period, zone: tzinfo) -> tuple[date, date]:
    """Return the first day of a period and the day after its last, in a time zone."""
    return period.start.astimezone(zone).date(), period.end.astimezone(zone).date()


def _parts(
    table: "pd.DataFrame", budget: Budget, counted: Mask
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return what is summed, and what it is divided by, of every row."""
    if budget.type.is_share:
        return _share_parts(table, budget.type, counted)
    amount = np.where(counted, numbers(table, budget.metric), 0.0)
    if budget.per_unit is None:
        return amount, None
    units = numbers(table, budget.per_unit.column)
    return amount, np.where(budget.per_unit.filter.mask(table), units, 0.0)


def _share_parts(
    table: "pd.DataFrame", kind: BudgetType, counted: Mask
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the numerator and the denominator of utilisation or coverage.

    Utilisation: used commitment over all of it, at effective cost. Coverage: usage under the
    commitments over that and the on-demand usage of the same services metered in time, at list
    cost. (AWS decides what is eligible by its rate files; narrow the budget's filter to match.)
    """
    word = "Savings" if kind.name.startswith("SAVINGS") else "Reserved"
    committed = counted & _contains(table, "CommitmentDiscountType", word)
    used = _contains(table, "CommitmentDiscountStatus", "Used") & committed
    if kind in (BudgetType.RI_UTILIZATION, BudgetType.SAVINGS_PLANS_UTILIZATION):
        unused = _contains(table, "CommitmentDiscountStatus", "Unused") & committed
        cost = numbers(table, "EffectiveCost")
        return np.where(used, cost, 0.0), np.where(used | unused, cost, 0.0)
    service = column(table, "ServiceName").astype(str).to_numpy()
    eligible = np.isin(service, np.unique(service[used])) & counted
    eligible &= _contains(table, "PricingCategory", "Standard")
    unit = column(table, "PricingUnit").astype(str).str.lower()
    eligible &= np.any([unit.str.contains(word) for word in _TIME_UNITS], axis=0)
    cost = numbers(table, "ListCost")
    return np.where(used, cost, 0.0), np.where(used | eligible, cost, 0.0)


def column(table: "pd.DataFrame", name: str) -> "pd.Series":
    """Return a column, or say which there are."""
    if name not in table.columns:
        raise BadInputError(f"the spend has no column {name}{nearest(name, table)}")
    return table[name]


def numbers(table: "pd.DataFrame", name: str) -> NDArray[np.float64]:
    """Return a column as numbers, absent values as 0."""
    values = column(table, name).to_numpy(dtype=np.float64, na_value=np.nan)
    known: NDArray[np.float64] = np.where(np.isnan(values), 0.0, values)
    return known


def _contains(table: "pd.DataFrame", name: str, word: str) -> Mask:
    text = column(table, name).astype(str)
    if word == "Used":  # "Unused" contains it
        return np.asarray(text == "Used")
    return np.asarray(text.str.contains(word, regex=False))


def read_columns(budgets: list[Budget]) -> tuple[set[str], set[str]]:
    """Return the dimensions and the metrics that budgets read."""
    dimensions: set[str] = set()
    metrics: set[str] = set()
    for budget in budgets:
        dimensions |= filter_columns(budget.filter)
        metrics |= {budget.metric}
        if budget.per_unit is not None:
            dimensions |= filter_columns(budget.per_unit.filter)
            metrics |= {budget.per_unit.column}
        if budget.type.is_share:
            dimensions |= {"CommitmentDiscountType", "CommitmentDiscountStatus"}
            dimensions |= {"ServiceName", "PricingCategory", "PricingUnit"}
            metrics |= {"EffectiveCost", "ListCost"}
    return dimensions, metrics
