"""Budgets against spend at a moment: alerts and the state to remember. Pure: no clock, no files.

Every crossing of a threshold in a period has one key, ``budget/period/threshold``. ACTUAL is told
once per period. FORECASTED may be told again after it fell back; the second time its key ends in
``#2``. What is told stays told: evaluating twice changes nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from costmodel.budget.alert import Alert, AlertKind
from costmodel.budget.assess import BudgetStatus, assess
from costmodel.budget.model import Budget, Threshold
from costmodel.budget.period import Period
from costmodel.budget.spend import Spend, local_days, measure
from costmodel.budget.state import AlertState, Crossing
from costmodel.budget.wording import Told, make_alert
from costmodel.errors import BadInputError

# Bills arrive up to a few days late: a period that has just ended is still watched.
_GRACE: Final = timedelta(days=4)
# An alarm goes out when the value is 2 % inside the threshold again, so that it does not flutter.
_HYSTERESIS: Final = 0.02
_CONFIRM_AFTER: Final = timedelta(hours=6)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        statuses: each budget in its newest period with data.
        alerts: what is new since the state that was given.
        state: what to remember for the next evaluation.
    """

    statuses: tuple[BudgetStatus, ...]
    alerts: tuple[Alert, ...]
    state: AlertState


def evaluate(
    spend: Spend, budgets: list[Budget], *, now: datetime, state: AlertState
) -> Evaluation:
    """Evaluate budgets.

    Args:
        spend: rows of spend with the columns the budgets read.
        budgets: the budgets.
        now: the time of the evaluation, UTC.
        state: what the last evaluation returned; empty at first.
    """
    parts = [_evaluate_one(spend, budget, now, state) for budget in budgets]
    return Evaluation(
        tuple(_latest(part.statuses) for part in parts if part.statuses),
        tuple(alert for part in parts for alert in part.alerts),
        {key: crossing for part in parts for key, crossing in part.state.items()},
    )


def _latest(statuses: tuple[BudgetStatus, ...]) -> BudgetStatus:
    """Return the newest period with data: bills arrive when a daily budget's day is over."""
    known = [status for status in statuses if not math.isnan(status.actual)]
    return known[-1] if known else statuses[-1]


def _evaluate_one(spend: Spend, budget: Budget, now: datetime, state: AlertState) -> Evaluation:
    try:
        daily = measure(spend, budget)
    except BadInputError as error:
        return _not_measured(spend, budget, now, state, str(error))
    statuses: list[BudgetStatus] = []
    alerts: list[Alert] = []
    kept: dict[str, Crossing] = {}
    for period in _watched_periods(budget, now):
        status = assess(daily, budget, period, spend.through)
        is_current = now in period
        steps = [_threshold_step(status, threshold, now) for threshold in budget.thresholds]
        if is_current:
            steps.append(_late_step(status, now))
        for step in steps:
            key = f"{budget.name}/{period.label}/{step.key}"
            crossing, kind = step.advance(state.get(key, Crossing()), now)
            if crossing != Crossing():
                kept[key] = crossing
            if kind is not None:
                told = Told(
                    _event_key(key, crossing.fired, kind),
                    kind,
                    step.threshold,
                    step.value,
                    step.bound,
                )
                alerts.append(make_alert(status, spend, told, now))
        statuses.append(_with_state(status, budget, kept, now))
    return Evaluation(tuple(statuses), tuple(alerts), kept)


def _not_measured(
    spend: Spend, budget: Budget, now: datetime, state: AlertState, why: str
) -> Evaluation:
    """Say why a budget cannot be measured; the others go on, and what it told stays told."""
    period = budget.calendar.period_at(now)
    status = BudgetStatus(budget, period, spend.through, state="NOT_MEASURED", notes=(why,))
    told = {key: c for key, c in state.items() if key.startswith(f"{budget.name}/")}
    return Evaluation((status,), (), told)


def _watched_periods(budget: Budget, now: datetime) -> list[Period]:
    """Return the periods to evaluate: the current one and those that ended a few days ago."""
    first, last = budget.start, budget.end
    periods = budget.calendar.periods_between(now - _GRACE, now)
    return [
        period
        for period in periods
        if (first is None or local_days(period, budget.zone)[1] > first)
        and (last is None or local_days(period, budget.zone)[0] <= last)
    ]


@dataclass(frozen=True)
class _Step:
    """A threshold held against a status."""

    key: str
    kind: AlertKind
    threshold: Threshold | None
    value: float
    bound: float
    is_crossed: bool
    is_clear: bool  # back inside by more than the hysteresis
    is_plausible: bool = True

    def advance(self, crossing: Crossing, now: datetime) -> tuple[Crossing, AlertKind | None]:
        """Return the new crossing and what is to be told."""
        if crossing.is_active:
            if not self.is_clear:
                return crossing, None
            return replace(crossing, is_active=False), AlertKind.RECOVERED
        # What was actually spent is told once per period, even if a correction took it back.
        if not self.is_crossed or (self.kind is AlertKind.ACTUAL and crossing.fired):
            return replace(crossing, suspect_since=None), None
        since = crossing.suspect_since or now
        if not self.is_plausible and now - since < _CONFIRM_AFTER:
            return replace(crossing, suspect_since=since), None
        return Crossing(crossing.fired + 1, is_active=True), self.kind


def _threshold_step(status: BudgetStatus, threshold: Threshold, now: datetime) -> _Step:
    value, bound = _value_and_bound(status, threshold)
    slack = _HYSTERESIS * abs(bound)
    is_crossed, is_clear = _COMPARE[threshold.operator](value, bound, slack)
    if not _can_judge(status, threshold, now) or math.isnan(value) or math.isnan(bound):
        is_crossed = is_clear = False
    kind = AlertKind.ACTUAL if threshold.of == "actual" else AlertKind.FORECASTED
    plausible = _is_plausible(status, threshold)
    return _Step(threshold.key, kind, threshold, value, bound, is_crossed, is_clear, plausible)


# operator -> (value, bound, slack) -> (crossed, clear again)
_COMPARE: Final[dict[str, Callable[[float, float, float], tuple[bool, bool]]]] = {
    "greater": lambda value, bound, slack: (value > bound, value <= bound - slack),
    "less": lambda value, bound, slack: (value < bound, value >= bound + slack),
    "equal": lambda value, bound, slack: (value == bound, value != bound),
}


def _value_and_bound(status: BudgetStatus, threshold: Threshold) -> tuple[float, float]:
    """Return what is compared with what, in the budget's currency."""
    values = {
        "actual": (status.actual, status.previous_to_date),
        "forecast": (status.forecast_mean, status.previous),
        "forecast_p90": (status.forecast_p90, status.previous),
    }
    value, previous = values[threshold.of]
    if threshold.on == "total":
        bound = threshold.value / 100.0 * status.limit if threshold.is_percent else threshold.value
        return value, bound
    # Against nothing there is no rate of change.
    base = previous if previous > 0.0 else math.nan
    rise = threshold.value / 100.0 * base if threshold.is_percent else threshold.value
    return value, base + rise


def _can_judge(status: BudgetStatus, threshold: Threshold, now: datetime) -> bool:
    """Return whether a comparison means something yet."""
    if threshold.of != "actual":
        return now in status.period
    # A sum that still grows is below every limit at first: judge it at the end.
    grows = not status.budget.type.is_share and status.budget.per_unit is None
    return threshold.operator == "greater" or not grows or status.is_complete


def _is_plausible(status: BudgetStatus, threshold: Threshold) -> bool:
    """Return whether a value is within reach of history (true where there is none)."""
    value = status.actual if threshold.of == "actual" else status.forecast_mean
    factor = status.budget.plausible_factor
    if factor is None or not status.largest_past > 0.0:
        return True
    return bool(value <= factor * status.largest_past)


def _late_step(status: BudgetStatus, now: datetime) -> _Step:
    """Missing and late data are a state of their own: silence is not zero spend."""
    allowed = timedelta(hours=status.budget.late_after_hours)
    is_late = status.through is None or now - status.through > allowed
    age = math.inf if status.through is None else (now - status.through) / timedelta(hours=1)
    bound = status.budget.late_after_hours
    return _Step("data-late", AlertKind.DATA_LATE, None, age, bound, is_late, not is_late)


def _event_key(key: str, fired: int, kind: AlertKind) -> str:
    again = f"#{fired}" if fired > 1 else ""
    return f"{key}{again}/recovered" if kind is AlertKind.RECOVERED else f"{key}{again}"


def _with_state(
    status: BudgetStatus, budget: Budget, kept: AlertState, now: datetime
) -> BudgetStatus:
    prefix = f"{budget.name}/{status.period.label}/"
    mine = {key.removeprefix(prefix): c for key, c in kept.items() if key.startswith(prefix)}
    late = mine.pop("data-late", Crossing())
    held = tuple(
        f"{key}: {budget.plausible_factor:g} times the largest past period needs confirmation"
        for key, crossing in mine.items()
        if crossing.suspect_since is not None
    )
    if status.state in ("NO_DATA", "NEEDS_DAYS"):
        return status
    state = "DATA_LATE" if late.is_active else status.state
    if any(crossing.is_active for crossing in mine.values()):
        state = "ALARM"
    late_note = (f"data end {_age(status, now)} ago",) if late.is_active else ()
    return replace(status, state=state, notes=status.notes + held + late_note)


def _age(status: BudgetStatus, now: datetime) -> str:
    hours = 0.0 if status.through is None else (now - status.through) / timedelta(hours=1)
    return f"{hours:.0f} hours"
