"""Put verdicts into words: recommendations, advisories, reasons, issues."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from costmodel.engine.formula import compile_template
from costmodel.engine.formula.functions import constant, is_given
from costmodel.errors import Issue, IssueReason
from costmodel.optimize.line_pricing import UNPRICED, once_cost, usage_lines
from costmodel.optimize.rank import Applied, State
from costmodel.optimize.recommendation import CONFIDENCES, Advisory, Recommendation
from costmodel.optimize.rule import Rule
from costmodel.optimize.rule_engine import (
    Checked,
    Verdict,
    explain_condition,
    watched_metrics,
)
from costmodel.optimize.rule_scope import Scope

Array = NDArray[Any]
# A risk that high needs somebody to look: confidence falls with it.
_RISKY: Final = ("medium", "high")
_LISTED: Final = 3


def build_recommendations(done: Applied, state: State) -> Iterator[Recommendation]:
    """Yield one recommendation per accepted row."""
    rule, scope = done.rule, done.scope
    count = scope.length
    evidence = _evidence(rule, scope)
    text = {name: _texts(scope, name) for name in _ABOUT}
    tags = scope.full("tags") if "tags" in scope else np.full(count, None, dtype=object)
    changes = _changes(rule, scope, done.columns)
    one_off = _one_off(rule, scope, state)
    cli = rule.cli.evaluate(scope.changed(done.columns), count, scope.model.tables)
    terraform = rule.terraform.evaluate(scope.changed(done.columns), count, scope.model.tables)
    loose = sorted(rule.names - rule.strict_names - set(rule.thresholds))
    missing = [name for name in loose if not is_given(scope[name]).all()]
    days = _lookback(rule, scope)
    for row in range(count):
        lacking = [n for n in missing if not is_given(scope.full(n)[row : row + 1])[0]]
        current, recommended = changes[row]
        yield Recommendation(
            rule=rule,
            resource_id=text["resource_id"][row],
            resource_type=scope.model.resource_type,
            current=current,
            recommended=recommended,
            list_saving=float(done.savings.list[row]),
            effective_saving=float(done.savings.effective[row]),
            cost_before=float(done.cost_before[row]),
            arn=text["arn"][row],
            name=text["name"][row],
            account_id=text["account_id"][row],
            region_id=text["region_id"][row],
            tags=dict(tags[row] or ()),
            one_off=float(one_off[row]),
            evidence={name: plain(values[row]) for name, values in evidence.items()},
            missing_evidence=lacking,
            confidence=confidence(rule, lacking),
            lookback_days=float(days[row]),
            alternatives=done.alternatives[row],
            included=done.included[row],
            cli=str(cli[row] or ""),
            terraform=str(terraform[row] or ""),
            location=text["source_location"][row],
        )


_ABOUT: Final = ("resource_id", "arn", "name", "account_id", "region_id", "source_location")


def _texts(scope: Scope, name: str) -> list[str]:
    if name not in scope:
        return [""] * scope.length
    return ["" if value is None else str(value) for value in scope.full(name)]


def _evidence(rule: Rule, scope: Scope) -> dict[str, Array]:
    names = sorted((rule.names | set(rule.shows)) - set(rule.thresholds))
    return {name: scope.full(name) for name in names}


def plain(value: Any) -> Any:
    """Return a value JSON can carry."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _changes(rule: Rule, scope: Scope, columns: Mapping[str, Array]) -> list[tuple[str, str]]:
    """Return (now, then) of every row, as column = value."""
    if rule.deletes:
        return [(scope.model.resource_type, "deleted")] * scope.length
    now = {name: scope.full(name) for name in columns}
    found = []
    for row in range(scope.length):
        differs = [n for n in columns if not _same(now[n][row], columns[n][row])]
        found.append(
            (
                ", ".join(f"{n} = {_short(now[n][row])}" for n in differs),
                ", ".join(f"{n} = {_short(columns[n][row])}" for n in differs),
            )
        )
    return found


def _same(left: Any, right: Any) -> bool:
    return bool(left == right or (left != left and right != right))


def _short(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "unknown" if value != value else f"{value:.6g}"
    return "none" if value is None else str(value)


def _one_off(rule: Rule, scope: Scope, state: State) -> Array:
    total = once_cost(scope, rule.once, state.account.book)
    if rule.one_off is None:
        return total
    value = rule.one_off.evaluate(scope, scope.model.tables)
    return total + np.broadcast_to(value, (scope.length,)).astype(np.float64)


def _lookback(rule: Rule, scope: Scope) -> Array:
    metrics = watched_metrics(rule)
    if not metrics:
        return np.full(scope.length, np.nan)
    return scope.full(f"{metrics[0]}__period_days")


def confidence(rule: Rule, lacking: Sequence[str]) -> str:
    """Return how sure advice is: less so with evidence lacking, or where the change is risky."""
    level = 2 - bool(lacking) - (rule.risk in _RISKY)
    return CONFIDENCES[level]


def build_advisories(rule: Rule, scope: Scope, rows: Array) -> Iterator[Advisory]:
    """Yield one advisory per row."""
    part = scope.take(rows)
    evidence = _evidence(rule, part)
    text = {name: _texts(part, name) for name in _ABOUT}
    inner = part.changed({name: constant(value) for name, value in rule.thresholds.items()})
    why = compile_template(rule.advisory).evaluate(inner, part.length, part.model.tables)
    for row in range(part.length):
        yield Advisory(
            rule,
            text["resource_id"][row],
            text["region_id"][row],
            text["account_id"][row],
            {name: plain(values[row]) for name, values in evidence.items()},
            text["source_location"][row],
            str(why[row] or rule.advisory),
        )


class PassedOver(Sequence[tuple[str, str, str]]):
    """Why resources were not advised, worded when somebody reads it."""

    def __init__(
        self, rules: Sequence[Rule], checked: Mapping[str, Checked],
        scopes: Mapping[str, Scope], state: State,
    ) -> None:  # fmt: skip
        self._rules, self._checked, self._scopes, self._state = rules, checked, scopes, state
        self._listed: list[tuple[str, str, str]] | None = None

    def _all(self) -> list[tuple[str, str, str]]:
        if self._listed is None:
            self._listed = [row for rule in self._rules for row in self._of(rule)]
        return self._listed

    def _of(self, rule: Rule) -> Iterator[tuple[str, str, str]]:
        scope, checked = self._scopes[rule.table], self._checked[rule.id]
        names = scope.full("resource_id")
        for row in np.flatnonzero(checked.verdict != Verdict.ADVISED).tolist():
            text = explain_condition(rule, int(checked.condition[row]))
            unknown = checked.verdict[row] == Verdict.UNKNOWN
            start = "insufficient data for" if unknown else "does not hold:"
            yield str(names[row]), rule.id, f"{start} {text}"
        for name, why in self._state.worthless.get(rule.id, ()):
            yield name, rule.id, why

    def __getitem__(self, place: Any) -> Any:
        return self._all()[place]

    def __len__(self) -> int:
        return len(self._all())


def passed_over(
    rules: Sequence[Rule], checked: Mapping[str, Checked], scopes: Mapping[str, Scope],
    state: State,
) -> PassedOver:  # fmt: skip
    """Return why resources were not advised, as (resource, check, reason)."""
    return PassedOver(rules, checked, scopes, state)


def price_issues(
    rules: Sequence[Rule], unpriced: Mapping[str, Array], scopes: Mapping[str, Scope],
    state: State,
) -> list[Issue]:  # fmt: skip
    """Return one issue per check whose saving has no price, naming the first keys."""
    issues = []
    for rule in rules:
        rows = unpriced.get(rule.id)
        if rows is None or not len(rows):
            continue
        scope = scopes[rule.table].take(rows)
        names = ", ".join(_texts(scope, "resource_id")[:_LISTED])
        lines = usage_lines(scope, state.account.book)
        what = "a price" if (lines.key == UNPRICED).any() else "a quantity or the new price"
        message = f"{len(rows)} resources would change ({names}), but {what} is not known"
        issues.append(Issue(IssueReason.NO_SKU, rule.id, message))
    return issues


def one_off_issues(accepted: Sequence[Recommendation]) -> list[Issue]:
    """Return one issue per check of which some changes cost an unknown amount once."""
    lacking: dict[str, list[str]] = {}
    for found in accepted:
        if math.isnan(found.one_off):
            lacking.setdefault(found.rule.id, []).append(found.resource_id)
    return [
        Issue(
            IssueReason.NO_SKU,
            check,
            f"what {len(names)} changes cost once is not known ({', '.join(names[:_LISTED])})",
        )
        for check, names in lacking.items()
    ]


def evidence_issues(
    rules: Sequence[Rule], checked: Mapping[str, Checked], scopes: Mapping[str, Scope]
) -> list[Issue]:
    """Return one issue per check that lacked evidence for some resources."""
    issues = []
    for rule in rules:
        verdict = checked[rule.id].verdict
        rows = np.flatnonzero(verdict == Verdict.UNKNOWN)
        if len(rows):
            what = explain_condition(rule, int(checked[rule.id].condition[rows[0]]))
            message = f"insufficient data for {len(rows)} of {len(verdict)} resources: {what}"
            issues.append(Issue(IssueReason.MISSING_INPUT, rule.id, message))
    return issues
