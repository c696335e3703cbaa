"""The functions a formula may call: array in, array out, unknown stays unknown.

A number is a float array with NaN for unknown; a text is an object array with None for unknown; a
flag is a bool array.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def constant(value: Any) -> Array:
    """Return a constant as the language has it: (1,) float, flag or object."""
    if isinstance(value, bool):
        return np.array([value])
    if isinstance(value, int | float):
        return np.array([float(value)])
    result = np.empty(1, dtype=object)
    result[0] = value
    return result


def as_number(values: Array) -> Array:
    """Return an array as numbers; None and text that is no number become NaN."""
    if values.dtype != object:
        return values.astype(np.float64)
    return np.array([_number(value) for value in values.ravel()]).reshape(values.shape)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def as_flag(values: Array) -> Array:
    """Return an array as flags; unknown is false, as an absent Terraform attribute is."""
    if values.dtype == bool:
        return values
    if values.dtype == object:
        # NaN may stand among objects, too: it is not equal to itself.
        truths = [
            value not in (None, "", "false", False, 0) and value == value
            for value in values.ravel()
        ]
        return np.array(truths, dtype=bool).reshape(values.shape)
    flags: Array = np.nan_to_num(values.astype(np.float64)) != 0
    return flags


def is_given(values: Array) -> Array:
    """Return where a value is known."""
    if values.dtype == object:
        known = [value is not None and value == value for value in values.ravel()]
        return np.array(known, dtype=bool).reshape(values.shape)
    if values.dtype.kind == "f":
        known_numbers: Array = ~np.isnan(values)
        return known_numbers
    return np.ones(values.shape, dtype=bool)


def choose(condition: Array, yes: Array, no: Array) -> Array:
    """Return ``yes`` where the condition holds, else ``no``; kinds that differ become objects."""
    condition, yes, no = np.broadcast_arrays(as_flag(condition), yes, no)
    if object in (yes.dtype, no.dtype):
        return np.where(condition, yes.astype(object), no.astype(object))
    return np.where(condition, yes, no)


def _coalesce(*values: Array) -> Array:
    result = values[-1]
    for earlier in reversed(values[:-1]):
        result = choose(is_given(earlier), earlier, result)
    return result


def _texts(function: Callable[..., Any]) -> Callable[..., Array]:
    """Lift a function of texts to arrays; an unknown argument gives an unknown result."""

    def lifted(*arrays: Array) -> Array:
        arrays = np.broadcast_arrays(*[array.astype(object) for array in arrays])
        flat = zip(*[array.ravel() for array in arrays], strict=True)
        values = [None if None in row else function(*map(str, row)) for row in flat]
        result = np.empty(len(values), dtype=object)
        result[:] = values
        return result.reshape(arrays[0].shape)

    return lifted


def _starts_with(text: Array, prefix: Array) -> Array:
    return as_flag(_texts(lambda whole, start: whole.startswith(start))(text, prefix))


def _contains(text: Array, part: Array) -> Array:
    return as_flag(_texts(lambda whole, inner: inner in whole)(text, part))


def _reduce(ufunc: np.ufunc) -> Callable[..., Array]:
    def reduced(*arrays: Array) -> Array:
        result = as_number(arrays[0])
        for array in arrays[1:]:
            result = ufunc(result, as_number(array))
        return result

    return reduced


def _rounded(values: Array, digits: Array) -> Array:
    scale = 10.0 ** as_number(digits)
    result: Array = np.round(as_number(values) * scale) / scale
    return result


def look_up(table: Mapping[str, Any], key: Array, *default: Array) -> Array:
    """Return the entry of a named table for each key.

    A key the table lacks gives the default where there is one, else unknown.
    """
    distinct, place = np.unique(np.array([_key(k) for k in key.ravel()]), return_inverse=True)
    found = np.empty(len(distinct), dtype=object)
    found[:] = [table.get(str(k)) for k in distinct]
    result = found[place].reshape(key.shape)
    numeric = all(isinstance(v, int | float) for v in found if v is not None)
    if numeric and any(v is not None for v in found):
        result = as_number(result)
    elif not numeric and default and default[0].dtype.kind == "f":
        result = result.astype(object)
    return _coalesce(result, *default) if default else result


def _key(value: Any) -> str:
    if isinstance(value, float | np.floating) and value == int(value if value == value else 0):
        return str(int(value))
    return str(value)


# 0.3 / 0.1 is 2.9999999999999996 and 0.6 / 0.2 is 2.9999999999999996: a step is 1e-12 wide.
# min, max, ceil, floor, round and the look-up are the language; the rest are its named functions.
FUNCTIONS: Final[dict[str, tuple[Callable[..., Array], int, int]]] = {
    # name: (function, fewest arguments, most arguments)
    "min": (_reduce(np.minimum), 2, 9),
    "max": (_reduce(np.maximum), 2, 9),
    "ceil": (lambda values: np.ceil(as_number(values) - 1e-12), 1, 1),
    "floor": (lambda values: np.floor(as_number(values) + 1e-12), 1, 1),
    "round": (_rounded, 2, 2),
    "given": (is_given, 1, 1),
    "coalesce": (_coalesce, 2, 9),
    "number": (as_number, 1, 1),
    "starts_with": (_starts_with, 2, 2),
    "contains": (_contains, 2, 2),
    "before": (_texts(lambda text, mark: text.partition(mark)[0]), 2, 2),
    "after": (_texts(lambda text, mark: text.partition(mark)[2]), 2, 2),
    "lower": (_texts(str.lower), 1, 1),
    "replace": (_texts(lambda text, old, new: text.replace(old, new)), 3, 3),
}
