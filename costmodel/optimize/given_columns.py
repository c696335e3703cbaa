"""What the user knows of single resources and no API tells, as columns the rules read.

A usage model lists the names a user may give (``given`` in its TOML). What the user says takes
the place of what other tables or bills say.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from costmodel.errors import BadInputError, Issue, IssueReason
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Array, Columns, column, objects
from costmodel.optimize.rule import RuleBook

Fact = Mapping[str, Any]


def add_facts(
    found: dict[str, Columns], inventory: Inventory, book: RuleBook, facts: Mapping[str, Fact]
) -> list[Issue]:
    """Put the user's facts into the columns found; return those that match no resource.

    Args:
        found: table → columns; changed in place.
        inventory: the account.
        book: usage models, which say what may be given.
        facts: resource id or ARN → name → value.

    Raises:
        BadInputError: no check reads one of the names.
    """
    names = sorted({name for model in book.models.values() for name in model.given})
    unknown = sorted({name for fact in facts.values() for name in fact} - set(names))
    if unknown:
        raise BadInputError(
            f"facts: no check reads {unknown[0]!r}; may be given: {', '.join(names)}"
        )
    matched: set[str] = set()
    for kind in inventory.tables:
        may_be_given = book.models[kind].given if kind in book.models else ()
        mine = _of_rows(inventory, kind, facts) if may_be_given else []
        for name in may_be_given:
            known = [fact is not None and name in fact for _, fact in mine]
            values = [fact[name] if fact and name in fact else None for _, fact in mine]
            if any(known):
                columns = found.setdefault(kind, {})
                columns[name] = _merged(columns.get(name), known, values)
                matched |= {key for (key, _), own in zip(mine, known, strict=True) if own}
    lost = sorted(set(facts) - matched)
    return [_lost(key, facts[key]) for key in lost]


def _of_rows(
    inventory: Inventory, kind: str, facts: Mapping[str, Fact]
) -> list[tuple[str, Fact | None]]:
    """Return what is said of every row of a table, and under which id."""
    pairs = zip(
        column(inventory, kind, "resource_id"), column(inventory, kind, "arn"), strict=True
    )
    keys = [name if name in facts else (arn or "") for name, arn in pairs]
    return [(key, facts.get(key)) for key in keys]


def _merged(found: Array | None, known: Sequence[bool], values: Sequence[Any]) -> Array:
    """Return the given values, where there are none those found."""
    if all(isinstance(v, float) for v, own in zip(values, known, strict=True) if own):
        numbers = np.array([np.nan if value is None else value for value in values])
        return numbers if found is None else np.where(known, numbers, found.astype(np.float64))
    texts = objects(values)
    return texts if found is None else np.where(known, texts, found.astype(object))


def _lost(key: str, fact: Fact) -> Issue:
    message = f"{', '.join(sorted(fact))}: no resource of the inventory has this id"
    return Issue(IssueReason.DATA_QUALITY, f"facts {key}", message)
