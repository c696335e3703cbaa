"""Tags, cost categories and discounts of a CUR: maps in CUR 2.0, a column for each before.

A tag is asked for by any spelling: ``team``, ``user:team``, ``user_team``, ``Cost Center``. Keys
that differ only in case, or in a space and an underscore, are different tags.
"""

import re
from collections.abc import Iterable, Mapping

from costmodel.bill.normalize.raw import (
    TAGS_TYPE,
    RawColumns,
    Sql,
    coalesce,
    header_of,
    literal,
    snake_case,
)

TAG_PREFIX = "resource_tags_"
_CATEGORY_PREFIX = "cost_category_"
_DISCOUNT_PREFIX = "discount_"


def tag_columns(raw: RawColumns) -> dict[str, Sql]:
    """Return the tags a report has a column each for: exact key → expression."""
    return {tag_key(actual): sql for actual, sql in raw.texts_of(TAG_PREFIX).items()}


def cur_tag(raw: RawColumns, key: str) -> Sql | None:
    """Return one tag of the maps of CUR 2.0; None where the report has no map."""
    return coalesce(map_lookup(raw, "tags", key), map_lookup(raw, "resource_tags", key))


def map_lookup(raw: RawColumns, column: str, key: str) -> Sql | None:
    """Return one tag of a map column by whichever spelling it has."""
    if not raw.has(column):
        return None
    return coalesce(*(raw.entry(column, spelling) for spelling in tag_spellings(key)))


def tag_spellings(key: str) -> list[str]:
    """Return the keys a tag may have: as given, with AWS's prefixes, as AWS rewrites them.

    CUR 2.0 has keys in snake_case after ``user_``; no other rewritten key is that of another tag.
    """
    bare, snake = unprefixed(key), bare_key(key)
    given = [key] if key != bare else []
    spellings = [*given, bare, f"user:{bare}", f"user_{bare}", f"aws:{bare}",
                 f"user_{snake}", f"aws_{snake}"]  # fmt: skip
    return list(dict.fromkeys(spellings))


def unprefixed(key: str) -> str:
    """Return a tag key without AWS's prefix."""
    return re.sub(r"^(user|aws)[:_]", "", key)


def bare_key(key: str) -> str:
    """Return a tag key in snake_case, without AWS's prefix: what all its spellings share."""
    return snake_case(unprefixed(key))


def is_rewritten(key: str) -> bool:
    """Return whether AWS wrote a key in snake_case, as it does in Parquet: user_cost_center."""
    return re.match(r"(user|aws)_", key) is not None


def chosen_tags(keys: Iterable[str], asked: str) -> list[str]:
    """Return which of a bill's tag keys is asked for: the exact one, else those like it.

    What AWS rewrote may be any of those like it, so it always counts.
    """
    like = [key for key in keys if _likeness(key) == _likeness(asked)]
    rewritten = [key for key in like if is_rewritten(key)]
    as_given = [key for key in like if key not in rewritten]
    exact = [key for key in as_given if key in tag_spellings(asked)]
    return (exact or as_given) + rewritten


def lookalikes(keys: Iterable[str]) -> list[list[str]]:
    """Return the groups of tag keys that differ only in case or in separators."""
    groups: dict[str, dict[str, None]] = {}
    for key in keys:
        if not is_rewritten(key):
            groups.setdefault(_likeness(key), {})[unprefixed(key)] = None
    return [list(group) for group in groups.values() if len(group) > 1]


def _likeness(key: str) -> str:
    """Return what keys share that differ only in case, separators and AWS's prefix."""
    return re.sub(r"[\W_]+", "", unprefixed(key)).lower()


def tags_map(raw: RawColumns) -> Sql | None:
    """Return all tags of a row as one map, filled ones only."""
    by_column = as_map({shown_key(key): sql for key, sql in tag_columns(raw).items()})
    return coalesce(raw.tags("tags"), raw.tags("resource_tags"), by_column)


def cost_categories(raw: RawColumns) -> Sql | None:
    """Return the cost categories of a row as one map."""
    return coalesce(raw.tags("cost_category"), as_map(_entries(raw, _CATEGORY_PREFIX)))


def discounts(raw: RawColumns) -> Sql | None:
    """Return the private discounts of a row as one map."""
    return coalesce(raw.tags("discount"), as_map(_entries(raw, _DISCOUNT_PREFIX)))


def _entries(raw: RawColumns, prefix: str) -> dict[str, Sql]:
    columns = raw.texts_of(prefix)
    return {snake_case(header_of(n)).removeprefix(prefix): sql for n, sql in columns.items()}


def product_map(raw: RawColumns) -> dict[str, tuple[Sql, str]]:
    """Return the product attributes of CUR 2.0 as a map, which CSV exports write as JSON."""
    product = raw.tags("product")
    return {} if product is None else {"product": (product, TAGS_TYPE)}


def as_map(entries: Mapping[str, Sql]) -> Sql | None:
    """Return the filled ones of some expressions as one map; None where there are none."""
    if not entries:
        return None
    pairs = ", ".join(
        f"CASE WHEN {sql} IS NOT NULL THEN {{'key': {literal(key)}, 'value': {sql}}} END"
        for key, sql in entries.items()
    )
    filled = f"LIST_FILTER([{pairs}], lambda entry: entry IS NOT NULL)"
    return f"CAST(MAP_FROM_ENTRIES({filled}) AS {TAGS_TYPE})"


def is_gathered(name: str) -> bool:
    """Return whether a canonical column is an entry of a map: a tag, category or discount."""
    return name.startswith((TAG_PREFIX, _CATEGORY_PREFIX, _DISCOUNT_PREFIX))


def tag_key(actual: str) -> str:
    """Return the tag key of a column: exact in CSV headers, as AWS rewrote it in Parquet."""
    header = header_of(actual)
    return header.split("/", 1)[1] if "/" in header else header.removeprefix(TAG_PREFIX)


def shown_key(key: str) -> str:
    """Return a tag key with AWS's prefix in front of a colon, rewritten or not."""
    return re.sub(r"^(user|aws)_", r"\1:", key)
