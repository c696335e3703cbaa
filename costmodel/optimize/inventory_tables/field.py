"""What a column of the inventory is: name, kind, meaning and unit."""

import re
from typing import Final, Literal, NamedTuple, cast

Kind = Literal["text", "number", "flag", "time", "texts", "numbers", "tags", "json"]


class Field(NamedTuple):
    """One column of an inventory table.

    Kinds: ``text``; ``number`` (float64); ``flag`` (true, false, null = unknown); ``time`` (UTC);
    ``texts`` and ``numbers`` (lists); ``tags`` (map of text to text); ``json`` (a JSON document as
    text). Null means that the call did not say: unknown, never zero.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""


class TableSchema(NamedTuple):
    """One inventory table: what a row is, and its columns."""

    row: str
    fields: tuple[Field, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """Return the column of this name."""
        return next(field for field in self.fields if field.name == name)


# Every resource table begins with these.
RESOURCE_FIELDS: Final = (
    Field(
        "resource_id",
        "text",
        "id that is unique everywhere: AWS's short id (i-…, vol-…, a bucket name), else the ARN",
    ),
    Field("arn", "text", "ARN, where the resource has one"),
    Field("name", "text", "name of the resource, the value of its CloudWatch dimension"),
    Field("account_id", "text", "account that owns it, leading zeros kept"),
    Field("region_id", "text", "AWS region code; 'global' for services without regions"),
    Field("created_at", "time", "when it was created"),
    Field("tags", "tags", "its tags"),
)


_COLUMN: Final = re.compile(
    r"  (\w+) (text|number|flag|time|texts|numbers|tags|json) (.+?)(?: \[([^\]]+)\])?"
)


def read_tables(text: str, first: tuple[Field, ...] = RESOURCE_FIELDS) -> dict[str, TableSchema]:
    """Return the tables a text describes.

    Args:
        text: per table a line ``name: what a row is`` and, indented, a line per column:
            ``name kind meaning [unit]``; a blank line between two tables.
        first: columns every table begins with.
    """
    tables = {}
    for block in text.strip("\n").split("\n\n"):
        head, *lines = block.split("\n")
        name, _, row = head.partition(": ")
        tables[name] = TableSchema(row, (*first, *map(_column, lines)))
    return tables


def _column(line: str) -> Field:
    match = _COLUMN.fullmatch(line)
    if match is None:
        raise ValueError(f"not a column of an inventory table: {line!r}")
    name, kind, meaning, unit = match.groups()
    return Field(name, cast("Kind", kind), meaning, unit or "")
