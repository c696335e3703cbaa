"""Tags, cost categories and discounts of a CUR: maps in CUR 2.0, a column for each before.

A tag is asked for by any spelling: ``team``, ``user:team``, ``user_team``, ``Cost Center``.
"""

import re
from collections.abc import Callable

from costmodel.bill.normalize.raw import (
    TAGS_TYPE,
    RawColumns,
    Sql,
    coalesce,
    literal,
    snake_case,
)

TAG_PREFIX = "resource_tags_"
_CATEGORY_PREFIX = "cost_category_"
_DISCOUNT_PREFIX = "discount_"


def tag_lookup(raw: RawColumns, key: str) -> Sql | None:
    """Return the expression of one tag, or None where the report has no such column."""
    by_map = coalesce(map_lookup(raw, "tags", key), map_lookup(raw, "resource_tags", key))
    bare = snake_case(key)
    spellings = (bare, f"user_{bare}", f"aws_{bare}")
    return coalesce(by_map, *(raw.text(TAG_PREFIX + spelling) for spelling in spellings))


def map_lookup(raw: RawColumns, column: str, key: str) -> Sql | None:
    """Return one tag of a map column by whichever spelling it has."""
    if not raw.has(column):
        return None
    return coalesce(*(raw.entry(column, spelling) for spelling in tag_spellings(key)))


def tag_spellings(key: str) -> list[str]:
    """Return the keys a tag may have: as given, with AWS's prefixes, in snake_case."""
    bare = re.sub(r"^(user|aws)[:_]", "", key)
    given = [key] if key != bare else []
    snake = bare_key(key)
    spellings = [*given, bare, f"user:{bare}", f"user_{bare}", f"aws:{bare}",
                 f"user:{snake}", f"user_{snake}", f"aws:{snake}", f"aws_{snake}"]  # fmt: skip
    return list(dict.fromkeys(spellings))


def bare_key(key: str) -> str:
    """Return a tag key in snake_case, without AWS's prefix: what all its spellings share."""
    return snake_case(re.sub(r"^(user|aws)[:_]", "", key))


def tags_map(raw: RawColumns) -> Sql | None:
    """Return all tags of a row as one map, filled ones only."""
    by_column = gathered(raw, TAG_PREFIX, tag_key)
    return coalesce(raw.tags("tags"), raw.tags("resource_tags"), by_column)


def cost_categories(raw: RawColumns) -> Sql | None:
    """Return the cost categories of a row as one map."""
    by_column = gathered(raw, _CATEGORY_PREFIX, lambda name: _bare(name, _CATEGORY_PREFIX))
    return coalesce(raw.tags("cost_category"), by_column)


def discounts(raw: RawColumns) -> Sql | None:
    """Return the private discounts of a row as one map."""
    by_column = gathered(raw, _DISCOUNT_PREFIX, lambda name: _bare(name, _DISCOUNT_PREFIX))
    return coalesce(raw.tags("discount"), by_column)


def product_map(raw: RawColumns) -> dict[str, tuple[Sql, str]]:
    """Return the product attributes of CUR 2.0 as a map, which CSV exports write as JSON."""
    product = raw.tags("product")
    return {} if product is None else {"product": (product, TAGS_TYPE)}


def gathered(raw: RawColumns, prefix: str, key_of: Callable[[str], str]) -> Sql | None:
    """Return the filled columns of a prefix as one map.

    Args:
        raw: columns.
        prefix: what the canonical names begin with.
        key_of: actual column name → key in the map.
    """
    entries = []
    for name in raw.names:
        actual = raw.find(name)
        if name.startswith(prefix) and actual is not None:
            value = raw.text(name)
            pair = f"{{'key': {literal(key_of(actual))}, 'value': {value}}}"
            entries.append(f"CASE WHEN {value} IS NULL THEN NULL ELSE {pair} END")
    if not entries:
        return None
    filled = f"LIST_FILTER([{', '.join(entries)}], lambda entry: entry IS NOT NULL)"
    return f"CAST(MAP_FROM_ENTRIES({filled}) AS {TAGS_TYPE})"


def is_gathered(name: str) -> bool:
    """Return whether a canonical column is an entry of a map: a tag, category or discount."""
    return name.startswith((TAG_PREFIX, _CATEGORY_PREFIX, _DISCOUNT_PREFIX))


def tag_key(actual: str) -> str:
    """Return the tag key with AWS's prefix: exact in CSV headers, snake_case in Parquet."""
    if "/" in actual:
        return actual.split("/", 1)[1]
    return re.sub(r"^(user|aws)_", r"\1:", actual.removeprefix(TAG_PREFIX))


def _bare(actual: str, prefix: str) -> str:
    return snake_case(actual).removeprefix(prefix)
