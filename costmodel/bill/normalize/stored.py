"""A store's rows as columns of ``bill``: amounts become DECIMAL again, tags have columns each."""

from typing import Final

from costmodel.bill.normalize.raw import RawColumns, Sql, coalesce
from costmodel.bill.normalize.relation import BILL_COLUMNS, Expressions, Rows
from costmodel.bill.normalize.tags import gathered, map_lookup, tag_spellings
from costmodel.columns import COLUMNS

# A tag is stored as a column "tag:<key>".
TAG_COLUMN: Final = "tag:"


def stored_rows(raw: RawColumns) -> Rows:
    """Return a store's columns; they carry the names of ``bill`` already."""
    columns: Expressions = {name: _column(raw, name) for name in BILL_COLUMNS}
    columns["Tags"] = coalesce(columns["Tags"], gathered(raw, TAG_COLUMN, _key))
    return Rows(columns=columns, tag=lambda key: _tag(raw, key))


def _column(raw: RawColumns, name: str) -> Sql | None:
    match COLUMNS[name].kind:
        case "money":
            return raw.money(name)
        case "quantity":
            return raw.quantity(name)
        case _:
            return raw.plain(name)


def _tag(raw: RawColumns, key: str) -> Sql | None:
    by_column = [raw.plain(TAG_COLUMN + spelling) for spelling in tag_spellings(key)]
    return coalesce(*by_column, map_lookup(raw, "Tags", key))


def _key(column: str) -> str:
    return column.removeprefix(TAG_COLUMN)
