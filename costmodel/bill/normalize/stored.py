"""A store's rows as columns of ``bill``: amounts become DECIMAL again, tags have columns each."""

from typing import Final

from costmodel.bill.normalize.raw import RawColumns, Sql, coalesce, header_of
from costmodel.bill.normalize.relation import BILL_COLUMNS, Expressions, Rows
from costmodel.bill.normalize.tags import as_map, map_lookup, shown_key
from costmodel.columns import COLUMNS

# A tag is stored as a column "tag:<key>", by ``distinct_name``.
TAG_COLUMN: Final = "tag:"


def stored_rows(raw: RawColumns) -> Rows:
    """Return a store's columns; they carry the names of ``bill`` already."""
    columns: Expressions = {name: _column(raw, name) for name in BILL_COLUMNS}
    tags = {header_of(n.removeprefix(TAG_COLUMN)): sql
            for n, sql in raw.texts_of(TAG_COLUMN).items()}  # fmt: skip
    columns["Tags"] = coalesce(
        columns["Tags"], as_map({shown_key(key): sql for key, sql in tags.items()})
    )
    status = raw.plain("CommitmentDiscountStatus")
    is_unused = f"{status} = 'Unused'" if status else None
    return Rows(
        columns=columns,
        is_unused=is_unused,
        tag=lambda key: map_lookup(raw, "Tags", key),
        tag_columns={**tags},
        other=raw.others(lambda name: name in BILL_COLUMNS or name.startswith(TAG_COLUMN)),
    )


def _column(raw: RawColumns, name: str) -> Sql | None:
    match COLUMNS[name].kind:
        case "money":
            return raw.money(name)
        case "quantity":
            return raw.quantity(name)
        case _:
            return raw.plain(name)
