"""Every name a rule needs is filled by the collector, another reader, or the user; none is left."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

import costmodel
from costmodel.io.catalog_store.read import find_catalog
from costmodel.io.family_successors import read_family_successors
from costmodel.io.inventory.cloudwatch import metric_groups
from costmodel.io.inventory.derive import derive_columns
from costmodel.io.inventory.registry import load_calls
from costmodel.io.rule_files import load_rules
from costmodel.optimize.billed_rows import bill_usage_table
from costmodel.optimize.found_columns import found_columns
from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.inventory_tables import INVENTORY_TABLES
from costmodel.optimize.metric_names import METRIC_STATS
from costmodel.optimize.rightsizing.search import Preferences
from costmodel.optimize.rule import Rule, UsageModel
from costmodel.report.rules import rules_markdown
from tests.unit.optimize.rules.test_billed_share import billed

BOOK = load_rules()
# Names of the language and of every table: hours of a month, tags, where code stands, the day.
LANGUAGE = {"hours", "environment", "is_kept", "source_location", "as_of"}
# Tables read from files and bills; their readers fill every column (tests of those readers).
READ_WHOLE = {
    "billed_usage", "billed_resources", "s3_storage", "s3_cohorts", "k8s_pods", "k8s_nodes",
    "k8s_volumes",
}  # fmt: skip
IDENTITY = {"resource_id", "arn", "name", "account_id", "region_id", "tags"}


def needed(rule: Rule) -> set[str]:
    """Return the names of a rule's conditions, changes and usage lines, computed ones resolved."""
    model = BOOK.models[rule.table]
    formulas = [*(c.formula for c in rule.when), *rule.change.values()]
    if not rule.advisory:
        formulas += [f for line in model.lines for f in (line.quantity, line.when, line.region)]
        formulas += [f for sheet in model.sheets for f in (*sheet.inputs.values(), sheet.when)]
    names = {name for formula in formulas if formula is not None for name in formula.names}
    return set(resolved(model, names - set(rule.thresholds), set()))


def resolved(model: UsageModel, names: set[str], seen: set[str]) -> Iterator[str]:
    for name in names - seen:
        seen.add(name)
        if name in model.columns:
            yield from resolved(model, model.columns[name].names, seen)
        elif name not in model.tables:
            yield name


@cache
def metrics_of(table: str) -> frozenset[str]:
    """Return the metrics the collector asks for."""
    return frozenset(m[0] for g in metric_groups() if g.table == table for m in g.metrics)


@cache
def collected() -> dict[str, frozenset[str]]:
    """Return the columns calls fill, and those that follow from them."""
    found = {kind: set(IDENTITY) for kind in INVENTORY_TABLES}
    for call in load_calls():
        found[call.table] |= set(call.columns)
    rows = {
        kind: [{"resource_id": "r", "region_id": "us-east-1", "name": "n", "arn": "a"}]
        for kind in INVENTORY_TABLES
    }
    derive_columns(rows, set(rows))
    for kind, listed in rows.items():
        found[kind] |= set(listed[0])
    return {kind: frozenset(names) for kind, names in found.items()}


@cache
def made() -> dict[str, frozenset[str]]:
    """Return the columns the makers fill, found by running them on one row of every table."""
    row = {"resource_id": "r", "account_id": "1", "region_id": "us-east-1"}
    tables = {kind: build_table(kind, [row]) for kind in INVENTORY_TABLES}
    account = Inventory(tables, datetime(2026, 9, 1, tzinfo=UTC))
    columns = found_columns(
        account, costmodel.load_catalog(), read_family_successors(find_catalog()), Preferences(),
        bill_usage_table(billed({})), 730.0,
    )  # fmt: skip
    return {kind: frozenset(names) for kind, names in columns.items()}


def is_filled(table: str, name: str) -> bool:
    model = BOOK.models[table]
    # What a change sets is known after it; before, the formulas take its absence into account.
    changed = {c for rule in BOOK.rules if rule.table == table for c in rule.change}
    base, access, stat = name.rpartition("__")
    if access and stat in METRIC_STATS:
        return base in metrics_of(table)
    column = base or name
    return (
        (table in READ_WHOLE and column in INVENTORY_TABLES[table].names)
        or table == "bill_usage"
        or column in collected().get(table, ())
        or column in made().get(table, ())
        or column in model.given
        or column in changed
        or column in LANGUAGE
    )


@pytest.mark.parametrize("rule", BOOK.rules, ids=lambda rule: rule.id)
def test_every_name_of_a_rule_is_filled_or_may_be_given(rule: Rule) -> None:
    lacking = sorted(name for name in needed(rule) if not is_filled(rule.table, name))

    assert not lacking


@pytest.mark.parametrize("table", BOOK.models)
def test_no_name_is_announced_that_nothing_fills(table: str) -> None:
    model = BOOK.models[table]

    assert not [n for n in sorted(model.related) if not is_filled(table, n)]


def test_names_the_user_may_give_are_documented() -> None:
    page = rules_markdown(BOOK)

    for model in BOOK.models.values():
        for name, meaning in model.given.items():
            assert f"| {name} | {model.table} | {meaning} |" in page
    assert "| s3_gb | nat_gateways |" in page


def test_the_check_can_fail() -> None:
    assert not is_filled("ec2_instances", "nobody_fills_this")
    assert not is_filled("ec2_instances", "VolumeReadOps__max")
    assert json.dumps(sorted(metrics_of("ebs_volumes"))).count("VolumeReadOps")


def test_every_check_of_the_union_works_or_says_what_is_missing() -> None:
    """The 262 check ids that AWS's own and the main other tools make, merged."""
    text = Path(__file__).with_name("union_ids.txt").read_text(encoding="utf-8")
    union = text.split()

    assert len(union) == len(set(union)) == 262
    assert not set(union) - {rule.id for rule in BOOK.checks} - set(BOOK.missing)
    assert not {rule.id for rule in BOOK.checks} & set(BOOK.missing)
