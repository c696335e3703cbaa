"""Types that several groups of routes use."""

from datetime import date
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Header, Path, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints

Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=200, description="Items of one page.")]
Cursor = Annotated[
    str | None, Query(max_length=200, description="`next_cursor` of the page before.")
]
Identifier = Annotated[str, Path(max_length=64, pattern=r"^[a-z]+_[0-9a-f]{28}$")]


def _text(value: Any) -> Any:
    # Pydantic takes a number for seconds since 1970, which the schema does not say.
    if isinstance(value, int | float):
        raise ValueError("is a number: write it as ISO 8601")
    return value


Day = Annotated[date, BeforeValidator(_text)]
Moment = Annotated[AwareDatetime, BeforeValidator(_text)]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
IfMatch = Annotated[str | None, Header(description="The ETag you read; needed.")]
IdempotencyKey = Annotated[
    str | None,
    Header(description="The request is done once; repeats get the first answer.", max_length=200),
]


class Strict(BaseModel):
    """A body in which every name is known."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next_cursor: str | None = None


class IssueModel(BaseModel):
    """Something that could not be priced or read as asked."""

    reason: str
    address: str
    message: str


Tree = dict[str, Any]
