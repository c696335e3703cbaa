"""Savings rules as rows: what a resource uses, when advice applies, what the advice changes.

A *usage model* says which usage lines a row of an inventory table costs; a *rule* says under which
conditions some of the row's columns should change. A saving is the cost of the lines before minus
the cost of the lines after, so no rule has a formula of its own for dollars. All texts are in the
closed formula language (``engine.formula``); names are columns of the table, columns computed from
them, thresholds, or one of

* ``Metric__stat``: a figure of a CloudWatch metric, ``CPUUtilization__max``;
* ``column__days``: days from a time to the collection of the inventory;
* ``column__count``: number of entries of a list or of tags.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from costmodel.engine.formula import Formula, Template, compile_formula, compile_template
from costmodel.errors import FormulaError, SheetError

Stage = Literal[
    "idle", "schedule", "modernise", "storage", "rightsize", "graviton", "mode", "commitments"
]
STAGES: Final[tuple[str, ...]] = (
    "idle", "schedule", "modernise", "storage", "rightsize", "graviton", "mode", "commitments",
)  # fmt: skip
# Cost Optimization Hub's words for effort.
EFFORTS: Final = {"VL": "VeryLow", "L": "Low", "M": "Medium", "H": "High", "VH": "VeryHigh"}
RISKS: Final = ("very low", "low", "medium", "high")
# Formulas whose result does not need every name to be known.
_TOLERANT: Final = ("given", "coalesce")


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One usage line of a table's rows: the price key and the monthly quantity."""

    name: str
    service_code: Template
    usage_type: Template
    operation: Template
    quantity: Formula
    when: Formula | None
    region: Formula | None


@dataclass(frozen=True, slots=True)
class SheetUse:
    """A table's rows priced as a Terraform resource type.

    Attributes:
        type: resource type that has a service sheet.
        inputs: input of the sheet → formula over the row; the sheet's default for the others.
        when: rows it is used for; None is all.
        count: how many such resources a row stands for; None is one.
    """

    type: str
    inputs: Mapping[str, Formula]
    when: Formula | None
    count: Formula | None


@dataclass(frozen=True, slots=True)
class ParentLink:
    """Whose a table's rows are, and what becomes of them when that goes.

    Attributes:
        table: table of the parents.
        child: column of the child that names its parent.
        parent: column of the parent that has the name.
        change: column → new value of what stays in another form; empty where the child goes.
    """

    table: str
    child: str
    parent: str
    change: Mapping[str, Formula]

    @property
    def deletes(self) -> bool:
        """Whether the child goes with all its lines."""
        return not self.change


@dataclass(frozen=True, slots=True)
class UsageModel:
    """What a row of an inventory table uses in a month.

    Attributes:
        table: inventory table.
        resource_type: Cost Optimization Hub's word for the kind of resource.
        related: names other tables, bills or the mathematical modules may fill in.
        given: names the user may fill in, see ``given_columns`` → what they mean, with the unit.
        columns: computed columns; they may read each other.
        lines: usage lines.
        sheets: service sheets the rows are priced by, beside the lines.
        tables: named tables for ``lookup``.
        parents: whose its rows are.
    """

    table: str
    resource_type: str
    related: frozenset[str]
    given: Mapping[str, str]
    columns: Mapping[str, Formula]
    lines: Sequence[UsageLine]
    sheets: Sequence[SheetUse]
    tables: Mapping[str, Mapping[str, Any]]
    parents: Sequence[ParentLink] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule and the names that must be known for it to hold."""

    formula: Formula
    strict: frozenset[str]

    @property
    def text(self) -> str:
        """The condition as written."""
        return self.formula.text


@dataclass(frozen=True, slots=True)
class Rule:
    """One check of the union.

    Attributes:
        id: check id.
        title: what to do, in a few words.
        table: inventory table whose rows it looks at.
        when: conditions, all of which must hold.
        thresholds: names with numbers a user may set.
        shows: names that no condition reads and the evidence lists.
        change: column → new value; empty for a deletion or advice without dollars.
        deletes: the resource goes, with all its lines.
        removes: what stands under it goes along, see ``UsageModel.parents``.
        advisory: why there are no dollars; empty where there are.
        action: Cost Optimization Hub's action word.
        group: changes of one resource in one group exclude each other.
        stage: when in the order of application.
        effort, restart, rollback, risk: as Cost Optimization Hub has them.
        one_off: formula of what the change costs once [USD]; None is nothing.
        once: usage the change causes once, priced as any other: transitions, exports, moves.
        cli, terraform: remedy, templates over the row's columns.
        source: where the check and its thresholds come from.
        anchors: tools that have the check.
        data: inputs needed: S spec, C bill, D inventory, M metrics, A agent, L S3 reports.
        instead_of: table that makes this rule superfluous when it was collected.
        example: worked example, run by the tests.
    """

    id: str
    title: str
    table: str
    when: Sequence[Condition]
    thresholds: Mapping[str, Any]
    shows: Sequence[str]
    change: Mapping[str, Formula]
    deletes: bool
    removes: bool
    advisory: str
    action: str
    group: str
    stage: str
    effort: str
    restart: bool
    rollback: bool
    risk: str
    one_off: Formula | None
    once: Sequence[UsageLine]
    cli: Template
    terraform: Template
    source: str
    anchors: str
    data: str
    instead_of: str
    example: Mapping[str, Any]

    @property
    def names(self) -> frozenset[str]:
        """Every name the conditions read."""
        return frozenset().union(*(c.formula.names for c in self.when))

    @property
    def strict_names(self) -> frozenset[str]:
        """Names that must be known, thresholds left out."""
        return frozenset().union(*(c.strict for c in self.when)) - set(self.thresholds)


@dataclass(frozen=True, slots=True)
class IacTable:
    """How a Terraform resource type becomes a row of an inventory table.

    Attributes:
        table: inventory table.
        columns: column → attribute, dotted.
        state: state the resource will have.
    """

    table: str
    columns: Mapping[str, str]
    state: str


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules and usage models, the check ids that do not work yet with the reason, and IaC.

    Attributes:
        models: table → what its rows use.
        rules: checks of tables.
        purchases: checks whose rows are what the commitment planner would buy.
        missing: check id → what is missing.
        iac: resource type → table.
    """

    models: Mapping[str, UsageModel]
    rules: Sequence[Rule]
    purchases: Sequence[Rule] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    iac: Mapping[str, IacTable] = field(default_factory=dict)

    @property
    def checks(self) -> Sequence[Rule]:
        """Every working check."""
        return [*self.rules, *self.purchases]

    def rule(self, check_id: str) -> Rule:
        """Return the rule of a check id."""
        return next(rule for rule in self.checks if rule.id == check_id)


def parse_rules(documents: Mapping[str, Mapping[str, Any]]) -> RuleBook:
    """Return the rules of parsed TOML files.

    Args:
        documents: file name → document; a document may hold ``usage``, ``table``, ``rule``,
            ``purchase`` and ``missing``.

    Raises:
        SheetError: a rule contradicts itself; the message names the file and the rule.
    """
    tables: dict[str, Mapping[str, Any]] = {}
    for document in documents.values():
        tables.update(document.get("table", {}))
    models: dict[str, UsageModel] = {}
    rules: dict[str, Rule] = {}
    purchases: list[Rule] = []
    missing: dict[str, str] = {}
    iac: dict[str, IacTable] = {}
    for name, document in documents.items():
        for table, row in document.get("usage", {}).items():
            models[table] = _located(name, table, _model, table, row, tables)
        for row in document.get("rule", []):
            check = str(row.get("id", "?"))
            if check in rules:
                raise SheetError(f"{name}: rule {check} stands twice")
            rules[check] = _located(name, check, _rule, row)
        purchases += [
            _located(name, str(row.get("id", "?")), _rule, {**_PURCHASE, **row})
            for row in document.get("purchase", [])
        ]
        missing.update(document.get("missing", {}))
        for kind, row in document.get("iac", {}).items():
            iac[kind] = IacTable(row["table"], row["columns"], row.get("state", ""))
    for rule in rules.values():
        if rule.table not in models:
            raise SheetError(f"rule {rule.id}: table {rule.table} has no usage model")
    return RuleBook(models, tuple(rules.values()), tuple(purchases), missing, iac)


def _located(file: str, what: str, build: Any, *args: Any) -> Any:
    try:
        return build(*args)
    except (KeyError, FormulaError) as error:
        raise SheetError(f"{file}: {what}: {error}") from None


def _model(table: str, row: Mapping[str, Any], tables: Mapping[str, Any]) -> UsageModel:
    columns = {name: compile_formula(text) for name, text in row.get("columns", {}).items()}
    given = row.get("given", {})
    related = frozenset(row.get("related", ())) | set(given)
    lines = [_line(line) for line in row.get("line", ())]
    sheets = [_sheet(sheet) for sheet in row.get("sheet", ())]
    parents = [_parent(parent) for parent in row.get("parent", ())]
    return UsageModel(
        table, row["resource_type"], related, given, columns, lines, sheets, tables, parents
    )


def _parent(row: Mapping[str, Any]) -> ParentLink:
    change = {name: compile_formula(text) for name, text in row.get("change", {}).items()}
    return ParentLink(row["table"], row["child"], row.get("parent", "resource_id"), change)


def _sheet(row: Mapping[str, Any]) -> SheetUse:
    return SheetUse(
        row["type"],
        {name: compile_formula(str(text)) for name, text in row["inputs"].items()},
        _optional(row.get("when")),
        _optional(row.get("count")),
    )


def _optional(text: str | None) -> Formula | None:
    return None if text is None else compile_formula(text)


def _line(row: Mapping[str, Any]) -> UsageLine:
    return UsageLine(
        name=row["name"],
        service_code=compile_template(row["service"]),
        usage_type=compile_template(row["usage_type"]),
        operation=compile_template(row.get("operation", "")),
        quantity=compile_formula(row["quantity"]),
        when=_optional(row.get("when")),
        region=_optional(row.get("region")),
    )


# What all purchases have in common; dollars come from the planner.
_PURCHASE: Final = {
    "table": "commitments", "stage": "commitments", "data": "C",
    "change": {"commitment": "quantity"},
}  # fmt: skip


def _rule(row: Mapping[str, Any]) -> Rule:
    change = row.get("change", {})
    deletes = change == "delete"
    effort, restart, rollback = row["erb"].split("/")
    if row["stage"] not in STAGES or row["risk"] not in RISKS or effort not in EFFORTS:
        raise SheetError(f"rule {row['id']}: stage, risk or effort is not a known word")
    if not (deletes or change or row.get("advisory")):
        raise SheetError(f"rule {row['id']}: needs a change, or says why it has no dollars")
    return Rule(
        id=row["id"],
        title=row["title"],
        table=row["table"],
        when=[build_condition(text) for text in row["when"]],
        thresholds=row.get("thresholds", {}),
        shows=tuple(row.get("shows", ())),
        change={} if deletes else {k: compile_formula(v) for k, v in change.items()},
        deletes=deletes,
        removes=deletes or bool(row.get("removes", False)),
        advisory=row.get("advisory", ""),
        action=row["action"],
        group=row.get("group", row["id"]),
        stage=row["stage"],
        effort=effort,
        restart=restart == "Y",
        rollback=rollback == "Y",
        risk=row["risk"],
        one_off=_optional(row.get("one_off")),
        once=[_line(line) for line in row.get("once", ())],
        cli=compile_template(row["cli"]),
        terraform=compile_template(row["terraform"]),
        source=row["source"],
        anchors=row.get("anchors", ""),
        data=row["data"],
        instead_of=row.get("instead_of", ""),
        example=row.get("example", {}),
    )


def build_condition(text: str) -> Condition:
    """Return a condition with the names that must be known before it can hold."""
    formula = compile_formula(text)
    return Condition(formula, frozenset(_strict_names(formula.tree)))


def _strict_names(node: ast.expr) -> Iterator[str]:
    """Yield names outside ``given``, ``coalesce`` and comparisons with None."""
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Call(func=ast.Name(id=name)) if name in _TOLERANT:
            return
        case ast.Compare(comparators=[ast.Constant(value=None)]):
            return
        case _:
            for child in ast.iter_child_nodes(node):
                is_function = isinstance(node, ast.Call) and child is node.func
                if isinstance(child, ast.expr) and not is_function:
                    yield from _strict_names(child)
