"""What a column of the inventory is: name, kind, meaning and unit."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

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


def resource_table(row: str, fields: Sequence[Field]) -> TableSchema:
    """Return the schema of a resource table: the common columns, then its own."""
    return TableSchema(row, (*RESOURCE_FIELDS, *fields))
