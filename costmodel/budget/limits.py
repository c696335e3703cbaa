"""How much a budget allows in a period: fixed, planned, or following history or forecast."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from costmodel.errors import BadInputError


@dataclass(frozen=True, slots=True)
class FixedLimit:
    """The same amount in every period."""

    amount: float


@dataclass(frozen=True, slots=True)
class PlannedLimit:
    """An amount from a date on, until the next; the last one persists."""

    amounts: tuple[tuple[date, float], ...]  # ascending

    def at(self, first: date) -> float:
        """Return the amount of the period that begins on a day, NaN before the first."""
        return next(
            (amount for start, amount in reversed(self.amounts) if start <= first), math.nan
        )


@dataclass(frozen=True, slots=True)
class HistoricalLimit:
    """The average of the last periods; leading empty periods are left out."""

    periods: int

    def average(self, totals: Sequence[float]) -> float:
        """Return the limit from the totals of past periods, oldest first; NaN without any."""
        known = [total for total in totals[-self.periods :] if not math.isnan(total)]
        while known and known[0] == 0.0:
            known = known[1:]
        return sum(known) / len(known) if known else math.nan


@dataclass(frozen=True, slots=True)
class ForecastLimit:
    """What was expected for the period on its first day."""


Limit: TypeAlias = FixedLimit | PlannedLimit | HistoricalLimit | ForecastLimit


def parse_limit(value: Any) -> Limit:
    """Return the limit of a number, ``{planned: …}``, ``{historical: n}`` or ``forecast``."""
    if isinstance(value, Limit):
        return value
    if value == "forecast":
        return ForecastLimit()
    if isinstance(value, Mapping) and len(value) == 1:
        kind, detail = next(iter(value.items()))
        if kind == "planned" and isinstance(detail, Mapping) and detail:
            dated = ((_period_start(start), _amount(amount)) for start, amount in detail.items())
            return PlannedLimit(tuple(sorted(dated)))
        if kind == "historical" and str(detail).isdigit() and 1 <= int(detail) <= 60:
            return HistoricalLimit(int(detail))
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        return FixedLimit(_amount(value))
    raise ValueError(
        "expected an amount, {planned: {2026-01: amount}}, {historical: 1 … 60} or forecast"
    )


def _amount(value: Any) -> float:
    try:
        amount = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"'{value}' is not an amount") from None
    if not math.isfinite(amount) or amount < 0.0:
        raise ValueError(f"'{value}' is not an amount: give a finite number >= 0")
    return amount


def _period_start(key: Any) -> date:
    """Return the first day of 2026-01, 2026-01-01, 2026-Q1, 2026 or epoch seconds."""
    if isinstance(key, date):
        return key
    text = str(key)
    try:
        if text.isdigit() and len(text) > 4:
            return datetime.fromtimestamp(int(text), UTC).date()
        year, _, rest = text.partition("-")
        if rest.upper() in ("Q1", "Q2", "Q3", "Q4"):
            return date(int(year), 3 * int(rest[1]) - 2, 1)
        month, day, *_ = (*(int(part) for part in rest.split("-") if part), 1, 1)
        return date(int(year), month, day)
    except ValueError:
        raise BadInputError(
            f"planned limit '{key}': give the period's start as 2026-01, 2026-Q1 or 2026-01-31"
        ) from None
