"""What to say beside an answer: nothing met the filter, nobody has the tag, tags look alike."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from costmodel.bill.filter import Filter
from costmodel.bill.naming import ColumnNames
from costmodel.bill.normalize.raw import Sql
from costmodel.bill.normalize.relation import BILL_COLUMNS
from costmodel.bill.normalize.tags import chosen_tags, lookalikes, tag_spellings, unprefixed
from costmodel.errors import BadInputError, Issue, IssueReason

_MOST_NAMED = 5


class Relation(Protocol):
    """What doubts ask of a bill."""

    names: ColumnNames

    @property
    def available(self) -> frozenset[str]:
        """Columns the bill has."""

    def filter(self, text: str | None) -> Filter:
        """Compile a filter expression."""

    def relation_sql(self, columns: Sequence[str], *, unused: Any) -> Sql:
        """Return the SELECT of ``bill`` with some columns."""

    def run(self, query: Sql) -> Any:
        """Run a query."""

    @property
    def tag_keys(self) -> Sequence[str]:
        """Tag keys of the bill's rows, as they are spelled."""


def doubts(
    bill: Relation,
    columns: Sequence[str],
    condition: Filter,
    filter_text: str | None,
    rows: Sequence[Sequence[Any]],
    keys: int,
) -> list[Issue]:
    """Return what a reader of an answer should know, so that no typing error is a cost of 0.

    Args:
        bill: the bill asked.
        columns: what it was grouped by; the last of the keys.
        condition: the filter.
        filter_text: the filter as written.
        rows: (keys …, sums …) of the answer.
        keys: how many leading values are keys.
    """
    is_empty = all(value is None for row in rows for value in row[keys:])
    found = unmet(bill, condition, filter_text) if filter_text and is_empty else []
    if is_empty and not filter_text and not columns:
        found = [_issue("bill", "the bill has no rows, or none with this metric")]
    for place, column in enumerate(columns, start=keys - len(columns)):
        if rows and all(row[place] is None for row in rows):
            found += absent(bill, [column])
    asked = filter(None, map(bill.names.tag_of, (*columns, *sorted(condition.columns))))
    return found + [alike for key in asked for alike in _alike(bill, key)]


def unmet(bill: Relation, condition: Filter, filter_text: str) -> list[Issue]:
    """Return what to say of a filter that no row meets."""
    said = _issue("filter", f"no row meets {filter_text}")
    return [said, *absent(bill, sorted(condition.columns))]


def require_met(bill: Relation, filter_text: str | None) -> None:
    """Refuse a filter that no row meets: what follows would be figures of nothing.

    Raises:
        BadInputError: the filter, and which of its columns or tags the bill does not have.
    """
    if not filter_text:
        return
    condition = bill.filter(filter_text)
    inner = bill.relation_sql([*sorted(condition.columns), "BilledCost"], unused="folded")
    query = f"SELECT 1 FROM ({inner}) AS bill WHERE {condition.sql} LIMIT 1"
    if not bill.run(query).fetchall():
        raise BadInputError("; ".join(i.message for i in unmet(bill, condition, filter_text)))


def alike_issues(keys: Iterable[str]) -> list[Issue]:
    """Return an issue for each group of tag keys that differ only in case or separators."""
    return [
        _issue("tags", f"{' and '.join(group)} are different tags: ask for each as it is spelled")
        for group in lookalikes(keys)
    ]


def absent(bill: Relation, columns: Iterable[str]) -> Iterable[Issue]:
    """Say which of the columns asked for the bill does not have."""
    for column in columns:
        key = bill.names.tag_of(column)
        if key is not None:
            if not _known(bill.tag_keys, key):
                yield _issue(column, f"no row has the tag {key}: {_nearest(bill.tag_keys, key)}")
        elif column in BILL_COLUMNS and column not in bill.available:
            yield _issue(column, f"this bill has no {column}")


def _alike(bill: Relation, asked: str) -> list[Issue]:
    """Say that another tag differs from the one asked for only in case or separators."""
    return alike_issues(key for key in bill.tag_keys if chosen_tags([key], asked))


def _known(keys: Iterable[str], asked: str) -> bool:
    known = list(keys)
    return bool(chosen_tags(known, asked)) or any(key in tag_spellings(asked) for key in known)


def _nearest(keys: Sequence[str], asked: str) -> str:
    by_lower = {unprefixed(key).lower(): unprefixed(key) for key in keys}
    near = get_close_matches(unprefixed(asked).lower(), by_lower, n=1, cutoff=0.5)
    if near:
        return f"did you mean {by_lower[near[0]]}?"
    some = ", ".join(sorted(by_lower.values())[:_MOST_NAMED])
    return f"it has {some or 'no tags'}"


def _issue(address: str, message: str) -> Issue:
    return Issue(IssueReason.DATA_QUALITY, address, message)
