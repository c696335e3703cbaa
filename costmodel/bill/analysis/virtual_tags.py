"""Virtual tags: rules that say whose each row is, and shared costs split without losing a cent.

name: team
rules:                                  # the first rule that fits wins
  - value: platform
    filter: "x_ServiceCode = 'AWSSupportBusiness'"
  - value_of: tag:team                  # the tag's own value, where there is one
default: unallocated
shared:
  - value: platform                     # this value's cost goes to the others …
    split: proportional                 # … by their direct cost; or even; or weights
  - value: unallocated
    split: weights
    weights: {checkout: 3, search: 1}
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any, ClassVar, NamedTuple

from costmodel.bill.analysis.dialect import QueryEngine, Sql, ask, literal, metric, quote, source
from costmodel.bill.doubts import absent
from costmodel.bill.normalize.relation import BILL_COLUMNS
from costmodel.bill.query import Bill
from costmodel.errors import BadInputError, Issue, IssueReason
from costmodel.result import Result

_SPLITS = ("proportional", "even", "weights")
_STEP = Decimal("1e-10")  # the precision of a CUR


class Rule(NamedTuple):
    """Rows that fit the filter get the value, or the value of a column or tag."""

    value: str | None
    value_of: str | None
    filter_text: str | None


class Shared(NamedTuple):
    """A value whose cost the others bear."""

    value: str
    split: str
    weights: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class VirtualTag:
    """Whose a row is."""

    name: str
    rules: tuple[Rule, ...]
    default: str
    shared: tuple[Shared, ...]


def parse_virtual_tag(document: Any, name: str) -> VirtualTag:
    """Return the rules of a parsed YAML document.

    Raises:
        BadInputError: a key or value is wrong; the message names the file and the key.
    """
    top = _mapping(document, name, ("name", "rules", "default", "shared"))
    rules = tuple(
        _rule(entry, f"{name}: rule {place}") for place, entry in _entries(top, "rules", name)
    )
    if not rules:
        raise BadInputError(f"{name}: rules is empty; give at least one")
    shared = tuple(
        _shared(entry, f"{name}: shared {place}") for place, entry in _entries(top, "shared", name)
    )
    if len({part.value for part in shared}) < len(shared):
        raise BadInputError(f"{name}: a value is shared twice; keep one of them")
    default = str(top.get("default", "unallocated"))
    return VirtualTag(str(top.get("name", "owner")), rules, default, shared)


def _mapping(value: Any, where: str, keys: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInputError(f"{where}: expected a mapping with {', '.join(keys)}")
    for key in value:
        if key not in keys:
            raise BadInputError(f"{where}: unknown key {key!r}; there are {', '.join(keys)}")
    return value


def _entries(top: Mapping[str, Any], key: str, name: str) -> list[tuple[int, Any]]:
    entries = top.get(key) or []
    if not isinstance(entries, list):
        raise BadInputError(f"{name}: {key} is a list")
    return list(enumerate(entries, start=1))


def _rule(entry: Any, where: str) -> Rule:
    given = _mapping(entry, where, ("value", "value_of", "filter"))
    if ("value" in given) == ("value_of" in given):
        raise BadInputError(f"{where}: give value or value_of, one of them")
    texts = {key: None if given.get(key) is None else str(given[key]) for key in given}
    if "value" in given and texts.get("filter") is None:
        raise BadInputError(f"{where}: a rule with a value needs a filter")
    return Rule(texts.get("value"), texts.get("value_of"), texts.get("filter"))


def _shared(entry: Any, where: str) -> Shared:
    given = _mapping(entry, where, ("value", "split", "weights"))
    split = given.get("split", "proportional")
    if "value" not in given:
        raise BadInputError(f"{where}: name the value that is shared")
    if split not in _SPLITS:
        raise BadInputError(f"{where}: split {split!r}; choose one of {', '.join(_SPLITS)}")
    weights = given.get("weights") or {}
    if (split == "weights") != bool(weights):
        raise BadInputError(f"{where}: weights go with split: weights, and only with it")
    return Shared(str(given["value"]), split, _weights(weights, where))


def _weights(weights: Any, where: str) -> dict[str, Decimal]:
    if not isinstance(weights, Mapping):
        raise BadInputError(f"{where}: weights maps values to numbers")
    found = {}
    for key, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not weight > 0:
            raise BadInputError(f"{where}: weight of {key} is {weight!r}; give a number above 0")
        found[str(key)] = Decimal(str(weight))
    return found


class AllocatedRow(NamedTuple):
    """What one owner pays."""

    value: str
    direct: Decimal
    shared: Decimal  # negative for a value whose cost went to others

    @property
    def total(self) -> Decimal:
        """Direct + shared."""
        return self.direct + self.shared


@dataclass(frozen=True)
class Allocation(Result):
    """The bill by owner; totals add up to the bill exactly."""

    report_module: ClassVar[str] = "costmodel.report.bill_analysis.allocation"

    name: str
    metric: str
    rows: Sequence[AllocatedRow]
    issues: tuple[Issue, ...] = ()

    def __repr__(self) -> str:
        return f"Allocation({self.name}: {len(self.rows)} owners, {self.total:,.2f})"

    @property
    def total(self) -> Decimal:
        """The bill."""
        return sum((row.total for row in self.rows), Decimal(0))

    @property
    def table(self) -> Any:
        """One row per owner as a pandas DataFrame."""
        import pandas as pd

        rows = [(row.value, float(row.direct), float(row.shared)) for row in self.rows]
        frame = pd.DataFrame(rows, columns=[self.name, "x_Direct", "x_Shared"])
        frame[self.metric] = [float(row.total) for row in self.rows]
        return frame

    def to_json(self) -> dict[str, Any]:
        """Return the total and every owner."""
        return {
            "name": self.name,
            "metric": self.metric,
            "total": float(self.total),
            "rows": [
                {
                    "value": row.value,
                    "direct": float(row.direct),
                    "shared": float(row.shared),
                    "total": float(row.total),
                }
                for row in self.rows
            ],
            "issues": [issue.to_json() for issue in self.issues],
        }


def allocate(
    bill: Bill,
    tag: VirtualTag,
    *,
    cost: str | None = None,
    filter_text: str | None = None,
    engine: QueryEngine | None = None,
) -> Allocation:
    """Return what each owner pays, shared costs split.

    Args:
        bill: the bill.
        tag: the rules.
        cost: a cost metric; the bill's default without it.
        filter_text: expression of the filter language.
        engine: where to run it; the bill's DuckDB by default.
    """
    cost = metric(bill, cost, filter_text)
    answer = ask(bill, allocation_query(bill, tag, cost, filter_text), engine)
    direct = {row["owner"]: row["cost"] or Decimal(0) for row in answer.to_pylist()}
    issues = _idle_rules(bill, tag, direct)
    for part in tag.shared:
        direct.setdefault(part.value, Decimal(0))
        direct |= {value: direct.get(value, Decimal(0)) for value in part.weights}
    moved = _moved(direct, tag.shared)
    rows = [AllocatedRow(value, direct[value], moved[value]) for value in direct]
    ordered = sorted(rows, key=lambda row: (-row.total, row.value))
    return Allocation(tag.name, cost, ordered, tuple(dict.fromkeys(issues)))


def _idle_rules(bill: Bill, tag: VirtualTag, owners: Collection[str]) -> Iterable[Issue]:
    """Say which rules gave nobody anything, and which of their tags and columns nobody has."""
    for number, rule in enumerate(tag.rules, start=1):
        read = sorted(bill.filter(rule.filter_text).columns)
        if rule.value_of is not None:
            yield from absent(bill, [bill.resolve(rule.value_of), *read])
        elif rule.value not in owners:
            said = (
                f"no row is left for {rule.value}: none meets {rule.filter_text}, or rules above"
            )
            yield Issue(IssueReason.DATA_QUALITY, f"rule {number}", f"{said} took them")
            yield from absent(bill, read)


def allocation_query(
    bill: Bill, tag: VirtualTag, cost: str, filter_text: str | None = None
) -> Sql:
    """Return the cost of each owner before sharing."""
    columns, branches = [cost], []
    for rule in tag.rules:
        condition = bill.filter(rule.filter_text)
        columns += sorted(condition.columns)
        test, value = condition.sql, literal(rule.value or "")
        if rule.value_of is not None:
            name = bill.resolve(rule.value_of)
            if BILL_COLUMNS.get(name, "VARCHAR") != "VARCHAR":
                raise BadInputError(
                    f"value_of {name}: name a column of text, or one tag: tag:team"
                )
            columns.append(name)
            value = f"NULLIF({quote(name)}, '')"
            test = f"({test}) AND {value} IS NOT NULL"
        branches.append(f"WHEN {test} THEN {value}")
    owner = f"CASE {' '.join(branches)} ELSE {literal(tag.default)} END"
    read = source(bill, columns, filter_text)
    return (
        f'SELECT {owner} AS "owner", SUM({quote(cost)}) AS "cost" FROM {read.sql}'
        f" WHERE {read.condition} GROUP BY 1 ORDER BY 1"
    )


def _moved(direct: Mapping[str, Decimal], shared: Sequence[Shared]) -> dict[str, Decimal]:
    """Return what sharing adds to each value; the sum is zero."""
    moved = dict.fromkeys(direct, Decimal(0))
    givers = {part.value for part in shared}
    for part in shared:
        takers = [value for value in direct if value not in givers]
        weights = _split_weights(part, direct, takers)
        if not weights:
            continue  # nobody to share with: the cost stays where it is
        for value, amount in split_amount(direct[part.value], weights).items():
            moved[value] += amount
        moved[part.value] -= direct[part.value]
    return moved


def _split_weights(
    part: Shared, direct: Mapping[str, Decimal], takers: Sequence[str]
) -> Mapping[str, Decimal]:
    if part.split == "weights":
        return part.weights
    if part.split == "even":
        return dict.fromkeys(takers, Decimal(1))
    # A value with credits beyond its cost has no direct cost to share by.
    return {value: direct[value] for value in takers if direct[value] > 0}


def split_amount(amount: Decimal, weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return an amount split by weights; the parts add up to it exactly.

    Parts are whole multiples of 1e-10; what rounding leaves goes to the largest weight.
    """
    whole = sum(weights.values(), Decimal(0))
    parts = {
        value: (amount * weight / whole).quantize(_STEP, rounding=ROUND_DOWN)
        for value, weight in weights.items()
    }
    largest = max(weights, key=lambda value: (weights[value], value))
    parts[largest] += amount - sum(parts.values(), Decimal(0))
    return parts
