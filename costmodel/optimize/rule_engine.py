"""Evaluate rules on whole tables: advised, passed over, or not enough evidence.

Three-valued: one condition that is known and false settles the row; otherwise one that is unknown
leaves it open; only rows whose every condition is known and true are advised. A missing metric is
never taken for zero.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.engine.formula.functions import as_flag, constant, is_given
from costmodel.optimize.metric_names import METRIC_STATS
from costmodel.optimize.rule import Condition, Rule
from costmodel.optimize.rule_scope import Scope

Array = NDArray[Any]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Compute Optimizer wants 30 h of data; short of this share of the look-back a peak is unknown.
LEAST_COVERAGE: Final = 0.85
LOOKBACK_DAYS: Final = 14.0
# Stand for the conditions that a resource is not to be kept, and not idle by design.
KEPT: Final = 99
BY_DESIGN: Final = 98
# A standby or a licence host is idle by design and cannot be made smaller or moved.
_NOT_BY_DESIGN: Final = ("idle", "schedule", "rightsize", "graviton")


class Verdict(IntEnum):
    """What a rule says of a row."""

    PASSED = 0
    UNKNOWN = 1
    ADVISED = 2


class Checked(NamedTuple):
    """A rule's verdict on (n,) rows.

    Attributes:
        verdict: members of `Verdict`.
        condition: number of the condition that decided against or left open, -1 where advised;
            above the conditions stand the metrics, observed too shortly or with gaps; `KEPT`;
            `BY_DESIGN`.
    """

    verdict: Ints
    condition: Ints


def check_rule(rule: Rule, scope: Scope, thresholds: Mapping[str, Any] | None = None) -> Checked:
    """Return a rule's verdict on every row.

    Args:
        rule: the rule.
        scope: names over (n,) rows.
        thresholds: values that replace the rule's own.
    """
    limits = {**rule.thresholds, **(thresholds or {})}
    inner = scope.changed({name: constant(value) for name, value in limits.items()})
    failed = np.full(scope.length, -1, dtype=np.int64)
    unknown = np.full(scope.length, -1, dtype=np.int64)
    for number, condition in enumerate(rule.when):
        known, holds = _evaluate(condition, inner)
        _first(failed, known & ~holds, number)
        _first(unknown, ~known, number)
    for number, metric in enumerate(watched_metrics(rule)):
        _first(unknown, ~_well_seen(metric, inner, limits), len(rule.when) + number)
    # Whatever a rule says: a resource tagged or named to be kept is left alone.
    _first(failed, np.broadcast_to(as_flag(scope["is_kept"]), (scope.length,)), KEPT)
    if rule.stage in _NOT_BY_DESIGN and not rule.advisory:
        roles = np.broadcast_to(is_given(scope["protected_role"]), (scope.length,))
        _first(failed, roles, BY_DESIGN)
    verdict = np.full(scope.length, int(Verdict.ADVISED), dtype=np.int64)
    verdict[unknown >= 0] = Verdict.UNKNOWN
    verdict[failed >= 0] = Verdict.PASSED
    return Checked(verdict, np.where(failed >= 0, failed, unknown))


def explain_condition(rule: Rule, number: int) -> str:
    """Return the condition, or the observation, that decided a row."""
    if number == KEPT:
        return "not kept by tag or name"
    if number == BY_DESIGN:
        return "neither standby nor licence host by tag or name"
    if number < len(rule.when):
        return rule.when[number].text
    metric = watched_metrics(rule)[number - len(rule.when)]
    return f"{metric} observed for long enough"


def watched_metrics(rule: Rule) -> list[str]:
    """Return the metrics a rule's advice rests on."""
    found = []
    for name in sorted(rule.strict_names):
        metric, _, stat = name.rpartition("__")
        if metric and stat in METRIC_STATS:
            found.append(metric)
    return list(dict.fromkeys(found))


def change_columns(rule: Rule, scope: Scope) -> dict[str, Array]:
    """Return the new values of the columns a rule changes, (n,) each."""
    limits = {name: constant(value) for name, value in rule.thresholds.items()}
    inner = scope.changed(limits)
    tables = scope.model.tables
    return {
        column: np.broadcast_to(formula.evaluate(inner, tables), (scope.length,))
        for column, formula in rule.change.items()
    }


def _evaluate(condition: Condition, scope: Scope) -> tuple[Bools, Bools]:
    known = np.ones(scope.length, dtype=np.bool_)
    for name in condition.strict:
        known &= is_given(scope[name])
    value = as_flag(condition.formula.evaluate(scope, scope.model.tables))
    return known, np.broadcast_to(value, (scope.length,))


def _first(target: Ints, rows: Bools, number: int) -> None:
    """Note the first condition that decides a row."""
    target[rows & (target < 0)] = number


def _well_seen(metric: str, scope: Scope, limits: Mapping[str, Any]) -> Bools:
    """Say where a metric was observed long enough and without wide gaps.

    A check on sums alone may allow gaps with ``least_coverage = 0``: CloudWatch sends no points
    for a counter that did not move.
    """
    coverage = scope[f"{metric}__coverage"]
    days = scope[f"{metric}__period_days"]
    enough = coverage >= limits.get("least_coverage", LEAST_COVERAGE)
    long = days >= limits.get("lookback_days", LOOKBACK_DAYS) - 0.5
    return np.asarray(np.broadcast_to(enough & long, (scope.length,)), dtype=np.bool_)
