"""Which rows of a spend table a budget counts.

A filter is a tree: conditions on columns (any value of a list, shell wildcards, null = absent),
joined by all, any and not. Tags and cost categories are columns too: ``tag:team``,
``cost_category:Environment``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from costmodel.columns import COLUMNS
from costmodel.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd

Mask: TypeAlias = NDArray[np.bool_]

# prefix of a condition -> the column that holds the mapping
_MAPPINGS = {"tag:": "Tags", "cost_category:": "x_CostCategories"}
# AWS writes user-defined tags with a prefix; people do not.
_MOST_ADVICE = 3
_TAG_PREFIXES = ("", "user:", "resourceTags/user:", "aws:")


@dataclass(frozen=True, slots=True)
class Condition:
    """A column has one of some values (wildcards allowed; None = absent or empty)."""

    column: str
    values: tuple[str | None, ...]

    def mask(self, table: "pd.DataFrame") -> Mask:
        """Return (rows,) which rows satisfy it."""
        codes, distinct = distinct_values(table, self.column)
        hits = np.array([self._accepts(value) for value in distinct], dtype=bool)
        return hits[codes]

    def _accepts(self, value: Any) -> bool:
        if value is None:
            return None in self.values
        return any(wanted is not None and fnmatchcase(value, wanted) for wanted in self.values)


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without parts, everything does."""

    parts: tuple["Filter", ...] = ()

    def mask(self, table: "pd.DataFrame") -> Mask:
        """Return (rows,) which rows satisfy it."""
        result = np.ones(len(table), dtype=bool)
        for part in self.parts:
            result &= part.mask(table)
        return result


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 - `Any` is typing's
    """At least one part holds."""

    parts: tuple["Filter", ...]

    def mask(self, table: "pd.DataFrame") -> Mask:
        """Return (rows,) which rows satisfy it."""
        result = np.zeros(len(table), dtype=bool)
        for part in self.parts:
            result |= part.mask(table)
        return result


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Filter"

    def mask(self, table: "pd.DataFrame") -> Mask:
        """Return (rows,) which rows satisfy it."""
        return ~self.part.mask(table)


Filter: TypeAlias = Condition | All | Any_ | Not


def parse_filter(tree: Any, place: str = "filter") -> Filter:
    """Return the filter a YAML or JSON tree describes.

    Args:
        tree: mapping of column -> value or list of values; the keys ``all`` and ``any`` hold lists
            of filters, ``not`` a filter; the entries of a mapping must all hold.
        place: where it stands, for messages.
    """
    if tree is None:
        return All()
    if not isinstance(tree, Mapping):
        raise BadInputError(f"{place}: expected a mapping of column to values, got {tree!r}")
    return All(tuple(_parse_entry(str(key), value, place) for key, value in tree.items()))


def _parse_entry(key: str, value: Any, place: str) -> Filter:
    here = f"{place}.{key}"
    if key == "not":
        return Not(parse_filter(value, here))
    if key in ("all", "any"):
        if not isinstance(value, list):
            raise BadInputError(f"{here}: expected a list of filters")
        parts = tuple(parse_filter(part, f"{here}[{i}]") for i, part in enumerate(value))
        return All(parts) if key == "all" else Any_(parts)
    values = value if isinstance(value, list) else [value]
    if any(isinstance(entry, list | Mapping) for entry in values):
        raise BadInputError(f"{here}: expected a value or a list of values")
    return Condition(key, tuple(None if entry is None else _text(entry) for entry in values))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def filter_columns(tree: Filter) -> set[str]:
    """Return the columns a filter reads, as they are written: ``tag:team`` stays so."""
    match tree:
        case Condition(column, _):
            return {column}
        case Not(part):
            return filter_columns(part)
        case All(parts) | Any_(parts):
            return set().union(*(filter_columns(part) for part in parts))


def unmatched_values(tree: Filter, table: "pd.DataFrame") -> list[str]:
    """Return in words which wanted values no row has, the first few; of exclusions none."""
    match tree:
        case Condition(column, wanted):
            known = [value for value in distinct_values(table, column)[1] if value is not None]
            return [
                f"no row has {column} '{value}'{_advice(value, known)}"
                for value in wanted
                if value is not None and not any(fnmatchcase(one, value) for one in known)
            ][:_MOST_ADVICE]
        case All(parts) | Any_(parts):
            found = [text for part in parts for text in unmatched_values(part, table)]
            return found[:_MOST_ADVICE]
        case _:
            return []


def nearest(name: str, table: "pd.DataFrame") -> str:
    """Return advice on a column that is not there: the nearest name there is, as a text to add."""
    return _advice(name, sorted({*map(str, table.columns), *COLUMNS}))


def _advice(name: str, known: Sequence[str]) -> str:
    lower = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), lower, 1, 0.7)
    is_same = found and lower[found[0]] == name
    return f"; did you mean '{lower[found[0]]}'?" if found and not is_same else ""


def _source(column: str) -> str:
    return next((m for prefix, m in _MAPPINGS.items() if column.startswith(prefix)), column)


def distinct_values(
    table: "pd.DataFrame", column: str
) -> tuple[NDArray[np.intp], list[str | None]]:
    """Return each row's value number and the values as text, None for absent or empty."""
    import pandas as pd

    source = column if column in table.columns else _source(column)
    if source not in table.columns:
        advice = nearest(source, table)
        raise BadInputError(f"filter on '{column}': the spend has no such column{advice}")
    if source == column and isinstance(table[column].dtype, pd.CategoricalDtype):
        categories = table[column].cat
        values = [*map(_cell, categories.categories), None]
        # Absent has the code -1: the last of the values.
        return categories.codes.to_numpy().astype(np.intp) % len(values), values
    if source == column:
        codes, cells = pd.factorize(table[column], use_na_sentinel=False)
        return codes, [_cell(cell) for cell in cells]
    key = column.split(":", 1)[1]
    return _codes([_lookup(cell, key) for cell in table[source]])


def _codes(values: list[str | None]) -> tuple[NDArray[np.intp], list[str | None]]:
    index: dict[str | None, int] = {}
    codes = np.array([index.setdefault(value, len(index)) for value in values], dtype=np.intp)
    return codes, list(index)


def _cell(value: Any) -> str | None:
    # NaN differs from itself.
    if value is None or value != value or value == "":
        return None
    return _text(value)


def _lookup(cell: Any, key: str) -> str | None:
    """Return one entry of a tag mapping, which may be a dict, a list of pairs or JSON."""
    if isinstance(cell, str):
        try:
            cell = json.loads(cell) if cell else None
        except ValueError:
            return None
    if isinstance(cell, list | np.ndarray):
        cell = dict(cell)
    if not isinstance(cell, Mapping):
        return None
    found = (cell[prefix + key] for prefix in _TAG_PREFIXES if prefix + key in cell)
    return _cell(next(found, None))
