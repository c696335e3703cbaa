"""What a bill answers to: columns of ``bill``, entries of maps, and the files' other columns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from costmodel.bill.filter import unknown_column
from costmodel.bill.normalize.raw import MONEY_TYPE, Sql, coalesce, literal, quote, snake_case
from costmodel.bill.normalize.relation import BILL_COLUMNS, Rows
from costmodel.bill.normalize.tags import chosen_tags, is_rewritten, unprefixed
from costmodel.columns import COLUMNS
from costmodel.errors import BadInputError

_ENTRY = re.compile(r"^(\w+)\s*\[\s*'(.*)'\s*\]$")
_QUOTED_TAG = re.compile(r"(?i)^tag:'(.*)'$")
_KNOWN: Final = {name.lower(): name for name in BILL_COLUMNS}
_NUMBERS: Final = ("DOUBLE", "FLOAT", "BIGINT", "INTEGER", "HUGEINT", "DECIMAL")


class ColumnNames:
    """The names a bill's rows can be asked by.

    Args:
        rows: the mapping of each source.
    """

    def __init__(self, rows: Sequence[Rows]) -> None:
        self.others = _united([source.other for source in rows])
        self._known = {name.lower(): name for name in self.others} | _KNOWN
        self.tag_keys = list(dict.fromkeys(key for source in rows for key in source.tag_columns))
        self._available = frozenset().union(*(source.available for source in rows))

    def resolve(self, name: str) -> str:
        """Return a column as this package spells it.

        Raises:
            BadInputError: there is no such column; the message has the nearest name.
        """
        quoted = _QUOTED_TAG.match(name)
        if quoted or name.lower().startswith("tag:"):
            return self._entry("Tags", _unquoted(quoted.group(1)) if quoted else name[4:])
        entry = _ENTRY.match(name)
        if entry and self.sql_type(self._column(entry.group(1))).startswith("MAP"):
            return self._entry(self._column(entry.group(1)), _unquoted(entry.group(2)))
        return self._column(name)

    def _entry(self, column: str, key: str) -> str:
        chosen = chosen_tags(self.tag_keys, key) if column == "Tags" else []
        several = sorted({unprefixed(other) for other in chosen if not is_rewritten(other)})
        if len(several) > 1:
            raise BadInputError(
                f"tag {key}: the bill has {' and '.join(several)}: write the one you mean"
            )
        return f"{column}[{literal(key)}]"

    def _column(self, name: str) -> str:
        # A header of a CSV report, as lineItem/UsageType, goes by its snake_case name.
        known = self._known.get(name.lower()) or self._known.get(snake_case(name))
        if known is None:
            raise unknown_column(name, sorted({*self._available, *self.others}))
        return known

    def tag_of(self, name: str) -> str | None:
        """Return the tag key of a resolved column; None where it is no tag."""
        entry = _ENTRY.match(name)
        is_tag = entry is not None and entry.group(1) == "Tags"
        return _unquoted(entry.group(2)) if entry and is_tag else None

    def sql_type(self, name: str) -> str:
        """Return the SQL type of a resolved column."""
        return BILL_COLUMNS.get(name) or self.others.get(name, "VARCHAR")

    def kind(self, name: str) -> str:
        """Return the kind of a resolved column, as ``columns.py`` names kinds."""
        if name in COLUMNS:
            return COLUMNS[name].kind
        sql_type = self.others.get(name, "VARCHAR")
        if sql_type.startswith("MAP"):
            return "tags"
        if sql_type.startswith("TIMESTAMP"):
            return "time"
        return "number" if sql_type.startswith(_NUMBERS) else "text"

    def summed(self, name: str) -> Sql:
        """Return the sum of a resolved column; the files' own amounts as DECIMAL too."""
        return f"SUM({quote(name)})" if name in BILL_COLUMNS else f"SUM({_decimal(name)})"

    def can_be_summed(self, name: str) -> bool:
        """Return whether a column of the files' own is an amount, or text that may be one."""
        return name in self.others and self.kind(name) in ("number", "text")

    def expression(self, rows: Rows, name: str) -> Sql | None:
        """Return a name that is no column of ``bill`` over one source; None where it lacks it."""
        entry = _ENTRY.match(name)
        if entry is None:
            return self._other(rows, name)
        column, key = entry.group(1), _unquoted(entry.group(2))
        if column == "Tags" and rows.tag is not None:
            chosen = chosen_tags(self.tag_keys, key)
            return coalesce(rows.tag(key), *map(rows.tag_columns.get, chosen))
        whole = rows.columns.get(column) or rows.other.get(column, (None,))[0]
        return None if whole is None else f"CAST({whole}[{literal(key)}] AS VARCHAR)"

    def entries(self, rows: Rows, names: Iterable[str]) -> dict[str, Sql | None]:
        """Return those of some names that are no columns of ``bill``, over one source."""
        return {name: self.expression(rows, name) for name in names if name not in BILL_COLUMNS}

    def _other(self, rows: Rows, name: str) -> Sql | None:
        if name not in rows.other:
            return None
        sql, kind = rows.other[name]
        return sql if kind == self.others[name] else f"CAST({sql} AS {self.others[name]})"


def _united(sources: Sequence[Mapping[str, tuple[Sql, str]]]) -> dict[str, str]:
    """Return the SQL type of each other column; text where sources do not agree."""
    found: dict[str, str] = {}
    for source in sources:
        for name, (_, kind) in source.items():
            if name.lower() not in _KNOWN:
                found[name] = kind if found.get(name, kind) == kind else "VARCHAR"
    return found


def _decimal(name: str) -> Sql:
    return f"CAST({quote(name)} AS {MONEY_TYPE})"


def _unquoted(text: str) -> str:
    """Return the inside of a text in single quotes."""
    return text.replace("''", "'")
