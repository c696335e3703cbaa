"""The worked examples beside the rules, as cases; and a scope for one made-up resource."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from costmodel.io.rule_files import load_rules
from costmodel.optimize.inventory_tables import INVENTORY_TABLES
from costmodel.optimize.rule import Rule
from costmodel.optimize.rule_engine import constant, watched_metrics
from costmodel.optimize.rule_scope import Scope

# Counts a rule may rely on: what a table of n columns knows by itself.
ABOUT = {"resource_id": "r-1", "region_id": "us-east-1", "account_id": "1", "name": "n"}


class Case(NamedTuple):
    """One example: a resource and what the rule should say of it."""

    rule: Rule
    kind: str
    row: Mapping[str, Any]
    saving: float | None = None

    def __str__(self) -> str:
        return f"{self.rule.id}-{self.kind}"


def cases() -> Iterator[Case]:
    """Yield every example of every rule."""
    for rule in load_rules().rules:
        example = rule.example
        base = example.get("row", {})
        if "saving" in example or rule.advisory:
            yield Case(rule, "fires", base, example.get("saving"))
        for row, saving in example.get("saving_of", []):
            yield Case(rule, "fires", {**base, **row}, saving)
        for kind in ("fires", "passes", "saves_nothing"):
            for row in example.get(kind, []):
                yield Case(rule, kind, {**base, **row})
        for name in sorted(rule.strict_names & set(base)):
            yield Case(rule, "unknown", {k: v for k, v in base.items() if k != name})
        for metric in watched_metrics(rule):
            if example.get("row", {}).get(f"{metric}__coverage") is None:
                short = {f"{metric}__coverage": 0.0, f"{metric}__period_days": 1.0}
                yield Case(rule, "unknown", {**base, **short})


def scope_of(rule: Rule, row: Mapping[str, Any]) -> Scope:
    """Return the scope of one resource; what the row does not say is unknown."""
    model = load_rules().models[rule.table]
    columns: dict[str, Any] = {}
    kinds = INVENTORY_TABLES.get(rule.table)
    for field in kinds.fields if kinds else ():
        numeric = field.kind == "number"
        columns[field.name] = np.array([np.nan]) if numeric else constant(None)
    for metric in watched_metrics(rule):
        columns[f"{metric}__coverage"] = np.array([1.0])
        columns[f"{metric}__period_days"] = np.array([120.0])
    columns.update({name: constant(value) for name, value in {**ABOUT, **row}.items()})
    return Scope(1, columns, model)
