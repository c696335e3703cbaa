"""The columns of the relation ``bill``, their SQL types, and the SELECT that makes them.

A mapping gives ``Rows``: the expression of each column, a condition, and what differs on the
derived rows of unused commitment. Columns a mapping does not give are NULL of the right type.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from costmodel.bill.normalize.raw import MONEY_TYPE, QUANTITY_TYPE, TAGS_TYPE, Sql, quote
from costmodel.columns import COLUMNS

_PRICE_LIST_ONLY = frozenset(
    ("BeginRange", "EndRange", "x_TermType", "x_Variant", "x_Basis", "x_NameBasis", "x_Published",
     "x_SkuDescription")
)  # fmt: skip
_SQL_TYPE: Final = {
    "text": "VARCHAR", "time": "TIMESTAMP", "tags": TAGS_TYPE, "money": MONEY_TYPE,
    "quantity": QUANTITY_TYPE, "number": "DOUBLE", "flag": "BOOLEAN",
}  # fmt: skip

# Column of the relation → SQL type, in the order of columns.py.
BILL_COLUMNS: Final[dict[str, str]] = {
    name: _SQL_TYPE[column.kind]
    for name, column in COLUMNS.items()
    if name not in _PRICE_LIST_ONLY
}
MEASURES: Final = frozenset(
    name for name in BILL_COLUMNS if COLUMNS[name].kind in ("money", "quantity")
)

Expressions = dict[str, Sql | None]


@dataclass(frozen=True)
class Rows:
    """One raw table as columns of ``bill``.

    Attributes:
        columns: expression of each column the format has.
        where: condition on raw rows; None keeps all.
        unused: expressions that differ on the derived rows of unused commitment.
        unused_where: which raw rows carry unused commitment; None where the format has none.
        fee_where: the condition on text alone that such rows meet.
        is_unused: which rows are derived ones already, in a store.
        folded: measures of a raw row together with its derived row.
        tag: how one tag is looked up in the format's map; None where it has none.
        tag_columns: tags the format has a column each for: exact key → expression.
        split: expressions of the split-cost relation, where the format has it.
        other: columns of the file beyond those of ``bill``: name → expression and SQL type.
    """

    columns: Expressions
    where: Sql | None = None
    unused: Expressions = field(default_factory=dict)
    unused_where: Sql | None = None
    fee_where: Sql | None = None
    is_unused: Sql | None = None
    folded: Expressions = field(default_factory=dict)
    tag: Callable[[str], Sql | None] | None = None
    tag_columns: Expressions = field(default_factory=dict)
    split_where: Sql | None = None
    split: Expressions = field(default_factory=dict)
    other: Mapping[str, tuple[Sql, str]] = field(default_factory=dict)

    @property
    def available(self) -> frozenset[str]:
        """Columns the format has."""
        return frozenset(name for name, value in self.columns.items() if value is not None)

    @property
    def split_by_unused(self) -> frozenset[str]:
        """Dimensions whose value differs between a fee and its unused commitment."""
        return frozenset(self.unused) - MEASURES


def select(
    columns: Mapping[str, Sql | None], scan: str, where: Sql | None, wanted: Mapping[str, str]
) -> Sql:
    """Return the SELECT of some columns from a raw scan.

    Args:
        columns: expression by column; missing ones are NULL.
        scan: table expression.
        where: condition, or None.
        wanted: column → SQL type, in order.
    """
    fields = ", ".join(
        f"{columns.get(name) or f'CAST(NULL AS {kind})'} AS {quote(name)}"
        for name, kind in wanted.items()
    )
    return f"SELECT {fields} FROM {scan}" + (f" WHERE {where}" if where else "")


def select_all(rows: Rows, scan: str, wanted: Mapping[str, str] = BILL_COLUMNS) -> Sql:
    """Return the SELECT of a source's rows, derived rows of unused commitment included."""
    main = select(rows.columns, scan, rows.where, wanted)
    if rows.unused_where is None:
        return main
    return f"{main} UNION ALL {select_unused(rows, scan, wanted)}"


def select_used(rows: Rows, scan: str, wanted: Mapping[str, str]) -> Sql:
    """Return the SELECT of all rows but the derived ones of unused commitment."""
    other = f"({rows.is_unused}) IS NOT TRUE" if rows.is_unused else None
    conditions = " AND ".join(filter(None, (rows.where, other)))
    return select(rows.columns, scan, conditions or None, wanted)


def select_unused(rows: Rows, scan: str, wanted: Mapping[str, str] = BILL_COLUMNS) -> Sql:
    """Return the SELECT of the derived rows of unused commitment alone."""
    if rows.is_unused is not None:
        return select(rows.columns, scan, rows.is_unused, wanted)
    condition = f"({rows.unused_where})" + (f" AND ({rows.where})" if rows.where else "")
    return select(rows.columns | rows.unused, scan, condition, wanted)


def select_folded(rows: Rows, scan: str, wanted: Mapping[str, str] = BILL_COLUMNS) -> Sql:
    """Return the SELECT that keeps unused commitment on the row of its fee: one scan, equal sums.

    Sums are those of ``select_all`` by every column that is not in ``split_by_unused``.
    """
    return select(rows.columns | rows.folded, scan, rows.where, wanted)
