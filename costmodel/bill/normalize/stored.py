"""A store's rows as columns of ``bill``: amounts become DECIMAL again, tags have columns each."""

from typing import Final

from costmodel.bill.normalize.raw import RawColumns, Sql, coalesce
from costmodel.bill.normalize.relation import BILL_COLUMNS, Expressions, Rows
from costmodel.bill.normalize.tags import bare_key, gathered, map_lookup
from costmodel.columns import COLUMNS

# A tag is stored as a column "tag:<key>".
TAG_COLUMN: Final = "tag:"


def stored_rows(raw: RawColumns) -> Rows:
    """Return a store's columns; they carry the names of ``bill`` already."""
    columns: Expressions = {name: _column(raw, name) for name in BILL_COLUMNS}
    columns["Tags"] = coalesce(columns["Tags"], gathered(raw, TAG_COLUMN, _key))
    status = raw.plain("CommitmentDiscountStatus")
    is_unused = f"{status} = 'Unused'" if status else None
    return Rows(
        columns=columns,
        is_unused=is_unused,
        tag=lambda key: _tag(raw, key),
        other=raw.others(
            left_out=lambda name: name in BILL_COLUMNS or name.startswith(TAG_COLUMN)
        ),
    )


def _column(raw: RawColumns, name: str) -> Sql | None:
    match COLUMNS[name].kind:
        case "money":
            return raw.money(name)
        case "quantity":
            return raw.quantity(name)
        case _:
            return raw.plain(name)


def _tag(raw: RawColumns, key: str) -> Sql | None:
    asked = bare_key(key)
    columns = [
        raw.plain(name)
        for name in raw.names
        if name.startswith(TAG_COLUMN) and bare_key(_key(name)) == asked
    ]
    return coalesce(*columns, map_lookup(raw, "Tags", key))


def _key(column: str) -> str:
    return column.removeprefix(TAG_COLUMN)
