"""Cells of inventory tables as lists and back as arrays, for columns that follow from others."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.optimize.inventory import Inventory

Array = NDArray[Any]
Columns = dict[str, Array]


def column(inventory: Inventory, kind: str, name: str) -> list[Any]:
    """Return a column as a list; empty where the table was not collected."""
    values: list[Any] = inventory.table(kind)[name].to_pylist()
    return values


def objects(values: Iterable[Any]) -> Array:
    """Return values as an object array."""
    listed = list(values)
    result = np.empty(len(listed), dtype=object)
    result[:] = listed
    return result


def positions(keys: Iterable[Any]) -> tuple[Array, Array]:
    """Return how many rows share each row's key, and the row's place among them, from 1.

    A row whose key is None shares it with nobody: NaN.
    """
    listed = list(keys)
    seen: dict[Any, int] = {}
    place = np.full(len(listed), np.nan)
    for row, key in enumerate(listed):
        if key is not None:
            seen[key] = seen.get(key, 0) + 1
            place[row] = seen[key]
    count = np.array([np.nan if key is None else float(seen[key]) for key in listed])
    return count, place
