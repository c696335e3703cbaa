"""Every thresholded rule at its limits, one step beyond, and with each piece of evidence gone.

Which side a limit falls on stands in boundaries.toml, written from the sources, so that a rule
with the wrong operator or the wrong number fails.
"""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from costmodel.io.rule_files import load_rules
from costmodel.optimize.metric_names import METRIC_STATS
from costmodel.optimize.rule import Rule, build_condition
from costmodel.optimize.rule_engine import Verdict, check_rule, watched_metrics
from costmodel.optimize.wording import confidence
from tests.rule_cases import scope_of

BOOK = load_rules()
TEXT = Path(__file__).with_name("boundaries.toml").read_text(encoding="utf-8")
LIMITS: dict[str, Any] = tomllib.loads(TEXT)
DAYS: dict[str, int] = LIMITS.pop("days")
BOUNDARIES: dict[str, list[str]] = LIMITS
FORM = re.compile(r"(\w+) (<|<=|>|>=|==) (-?[\d.]+)(?: \| (.*))?")
# Which of (a step below, the limit, a step above) is advised.
ADVISED_AT = {
    "<": (True, False, False),
    "<=": (True, True, False),
    "==": (False, True, False),
    ">=": (False, True, True),
    ">": (False, False, True),
}


# Another fact that moves with the one at its limit.
_SAME = object()


class Boundary(NamedTuple):
    """One limit of one rule."""

    rule: Rule
    name: str
    side: str
    limit: float
    others: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.rule.id}-{self.name}{self.side}{self.limit:g}"


def boundaries() -> Iterator[Boundary]:
    for check, listed in BOUNDARIES.items():
        for text in listed:
            match = FORM.fullmatch(text)
            assert match is not None, text
            name, side, limit, others = match.groups()
            pairs = [pair.split(" = ") for pair in (others or "").split(", ") if pair]
            facts = {key: _SAME if v == "same" else ast.literal_eval(v) for key, v in pairs}
            yield Boundary(BOOK.rule(check), name, side, float(limit), facts)


def verdict(rule: Rule, row: Mapping[str, Any]) -> int:
    return int(check_rule(rule, scope_of(rule, row)).verdict[0])


@pytest.mark.parametrize("case", list(boundaries()), ids=str)
def test_advice_begins_and_ends_at_the_limit_of_the_source(case: Boundary) -> None:
    step = max(abs(case.limit) / 100, 0.01)
    found = []
    for value in (case.limit - step, case.limit, case.limit + step):
        others = {name: value if fact is _SAME else fact for name, fact in case.others.items()}
        row = {**case.rule.example["row"], **others, case.name: value}
        found.append(verdict(case.rule, row) == Verdict.ADVISED)

    expected = ADVISED_AT[case.side]
    below_nothing = case.limit == 0 and case.side in ("==", "<=")
    # A count below zero does not exist.
    assert tuple(found[below_nothing:]) == expected[below_nothing:]


def compared(rule: Rule) -> Iterator[set[str]]:
    """Yield the names of every comparison with a number that decides a rule."""
    for condition in rule.when:
        for node in ast.walk(condition.formula.tree):
            if not isinstance(node, ast.Compare):
                continue
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            operator, right = node.ops[0], node.comparators[0]
            value = right.value if isinstance(right, ast.Constant) else None
            number = isinstance(value, int | float)
            is_flag = isinstance(value, bool)
            known = number and not is_flag and value == 0
            ordered = isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
            if isinstance(operator, ast.GtE) and known:
                continue  # "X >= 0" only asks that X is known
            if ordered or (number and not is_flag):
                yield names - set(rule.thresholds)


@pytest.mark.parametrize("rule", BOOK.rules, ids=lambda rule: rule.id)
def test_every_comparison_of_a_rule_has_its_boundary(rule: Rule) -> None:
    listed = {case.name for case in boundaries() if case.rule.id == rule.id}
    model = BOOK.models[rule.table]

    def meets(names: set[str]) -> bool:
        computed = [model.columns[name].names for name in names if name in model.columns]
        return bool((names | set().union(*computed)) & listed)

    lacking = [sorted(names) for names in compared(rule) if not meets(names)]
    assert not lacking or rule.id in BY_EXAMPLE


# Facts whose absence is an answer, not a gap.
ABSENCE_SAYS = {
    "load_balancers.state": "classic load balancers have no state; what is listed exists",
    "rds_clusters.storage_type": "RDS leaves it out for Aurora's standard storage",
    "route53_health_checks.is_own_address": "an unknown address is priced as AWS's own, the less",
}
# Versions are texts: their limits stand in the examples of the rule.
BY_EXAMPLE = {"rds-extsupport", "rds-graviton"}


def evidence(rule: Rule) -> Iterator[str]:
    """Yield the facts of a rule's example its conditions rest on, computed columns resolved."""
    model = BOOK.models[rule.table]
    open_names, seen = set(rule.names) - set(rule.thresholds), set()
    while open_names:
        name = open_names.pop()
        seen.add(name)
        if name in model.columns and name not in rule.example["row"]:
            open_names |= set(model.columns[name].names) - seen
        elif name in rule.example["row"]:
            yield name


def gaps() -> Iterator[Any]:
    for rule in BOOK.rules:
        for name in sorted(evidence(rule)):
            yield pytest.param(rule, name, id=f"{rule.id}-{name}")


@pytest.mark.parametrize(("rule", "name"), list(gaps()))
def test_without_a_piece_of_evidence_there_is_no_advice_or_less_confidence(
    rule: Rule, name: str
) -> None:
    metric, access, stat = name.rpartition("__")
    gone = {name}
    if access and stat in METRIC_STATS:
        gone |= {n for n in rule.example["row"] if n.startswith(f"{metric}__")}
    row = {n: value for n, value in rule.example["row"].items() if n not in gone}

    if verdict(rule, row) == Verdict.ADVISED and f"{rule.table}.{name}" not in ABSENCE_SAYS:
        loose = name in rule.names - rule.strict_names
        assert loose
        assert confidence(rule, [name]) != confidence(rule, []) or confidence(rule, []) == "low"


TURNED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def turned(case: Boundary) -> Rule | None:
    """Return the rule with the limit on the other side, where it stands in the plain form."""
    pattern = re.compile(rf"\b{case.name} {case.side} (?=[a-z0-9])")
    texts = [condition.text for condition in case.rule.when]
    changed = [pattern.sub(f"{case.name} {TURNED[case.side]} ", text) for text in texts]
    if texts == changed:
        return None
    return replace(case.rule, when=[build_condition(text) for text in changed])


def test_a_limit_on_the_wrong_side_is_found() -> None:
    # "More than none" often guards a division, which is unknown at none all the same.
    ordered = [c for c in boundaries() if c.side in TURNED and not c.others and c.limit]
    wrong = [(case, rule) for case in ordered if (rule := turned(case)) is not None]

    assert len(wrong) > 120
    for case, rule in wrong:
        row = {**rule.example["row"], case.name: case.limit}
        assert (verdict(rule, row) == Verdict.ADVISED) != ADVISED_AT[case.side][1], str(case)


def test_boundaries_are_of_rules_that_are() -> None:
    assert set(BOUNDARIES) <= {rule.id for rule in BOOK.rules}


WATCHING = [rule for rule in BOOK.rules if watched_metrics(rule)]


@pytest.mark.parametrize("rule", WATCHING, ids=lambda rule: rule.id)
def test_metrics_are_seen_for_as_long_as_the_source_looks_back(rule: Rule) -> None:
    days = DAYS.get(rule.id, 14)
    for metric in watched_metrics(rule):
        # A day that has not ended counts: half a day may lack.
        found = [
            seen_for(rule, metric, length) == Verdict.ADVISED
            for length in (days - 0.5, days - 0.6)
        ]
        assert found == [True, False], metric


def seen_for(rule: Rule, metric: str, days: float) -> int:
    """Return the verdict on a metric seen for some days, its sums scaled to them."""
    row = dict(rule.example["row"])
    whole = row.get(f"{metric}__period_days")
    if whole and row.get(f"{metric}__total"):
        row[f"{metric}__total"] *= days / whole
    return verdict(rule, {**row, f"{metric}__period_days": days})


@pytest.mark.parametrize("rule", WATCHING, ids=lambda rule: rule.id)
def test_gaps_of_more_than_a_seventh_leave_the_matter_open(rule: Rule) -> None:
    # Checks of sums say otherwise: CloudWatch sends no points for a counter that did not move.
    least = rule.thresholds.get("least_coverage", 0.85)
    row = rule.example["row"]
    for metric in watched_metrics(rule):
        assert verdict(rule, {**row, f"{metric}__coverage": least}) == Verdict.ADVISED
        short = verdict(rule, {**row, f"{metric}__coverage": least - 0.01})
        assert short == Verdict.UNKNOWN
