"""Text columns as codes into dictionaries, and combinations of columns as one code.

Letters in shapes: ``n`` rows, ``k`` distinct combinations.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int64]

# Combined codes are renumbered before their range leaves what an int64 can hold.
_MOST = 1 << 40
# Up to here, or to the number of rows, a table of all codes is quicker than hashing.
_FEW = 1 << 16


class Combinations(NamedTuple):
    """Distinct combinations of some columns."""

    code: Codes  # (n,) combination of each row
    first: Codes  # (k,) a row of each combination


def encoded(column: pa.ChunkedArray | pa.Array) -> pa.DictionaryArray:
    """Return a text column as one dictionary array."""
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries() if _is_dictionary(column) else column
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # combine_chunks of no chunk
        column = pa.array([], type=column.type)
    return column if _is_dictionary(column) else pc.dictionary_encode(column)


def _is_dictionary(column: pa.ChunkedArray | pa.Array) -> bool:
    return bool(pa.types.is_dictionary(column.type))


def codes_of(column: pa.ChunkedArray | pa.Array) -> tuple[Codes, int]:
    """Return the code of each row (n,), nulls included, and how many codes there are."""
    array = encoded(column)
    size = len(array.dictionary)
    indices = array.indices
    if indices.null_count:
        indices = pc.fill_null(indices, size)
    return indices.to_numpy(zero_copy_only=False).astype(np.int64), size + 1


def combinations(columns: Sequence[pa.ChunkedArray | pa.Array], rows: int) -> Combinations:
    """Return the distinct combinations of columns of any type.

    Args:
        columns: (n,) each.
        rows: n.
    """
    return combined([codes_of(column) for column in columns], rows)


def combined(columns: Sequence[tuple[Codes, int]], rows: int) -> Combinations:
    """Return the distinct combinations of columns given as codes and their number."""
    code, size = columns[0] if columns else (np.zeros(rows, dtype=np.int64), 1)
    for more, count in columns[1:]:
        if size * count > _MOST:
            code, size = _renumbered(code, size)
        code, size = code * count + more, size * count
    code, size = _renumbered(code, size)
    first = np.empty(size, dtype=np.int64)
    first[code[::-1]] = np.arange(rows - 1, -1, -1)
    return Combinations(code, first)


def _renumbered(code: Codes, size: int) -> tuple[Codes, int]:
    """Return codes without the numbers nobody has, and how many there are."""
    if size <= max(_FEW, len(code)):
        present = np.zeros(size, dtype=bool)
        present[code] = True
        number = np.cumsum(present) - 1
        return number[code], int(number[-1]) + 1
    array = pc.dictionary_encode(pa.array(code))
    return array.indices.to_numpy(zero_copy_only=False).astype(np.int64), len(array.dictionary)


class Numbering:
    """Numbers values in the order they are first seen, over many arrays."""

    def __init__(self) -> None:
        self._known: pa.Array | None = None

    def numbers(self, values: pa.Array) -> tuple[Codes, Codes]:
        """Return the number of each value (n,), nulls included, and where new ones are first.

        Args:
            values: (n,) of a type that stays the same.
        """
        known = values.slice(0, 0) if self._known is None else self._known
        found = pc.index_in(values, value_set=known)
        new = np.flatnonzero(pc.is_null(found).to_numpy(zero_copy_only=False))
        if len(new):
            more = pc.dictionary_encode(values.take(pa.array(new)), null_encoding="encode")
            _, first = np.unique(more.indices.to_numpy(), return_index=True)
            known = self._known = pa.concat_arrays([known, more.dictionary])
            found, new = pc.index_in(values, value_set=known), new[first]
        return found.to_numpy(zero_copy_only=False).astype(np.int64), new


def as_one(columns: Sequence[Codes]) -> pa.Array:
    """Return codes of several columns (n,) as one value per row that tells combinations apart."""
    wide = np.ascontiguousarray(np.stack(columns, axis=1))
    kind = pa.binary(wide.itemsize * len(columns))
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(wide), [None, pa.py_buffer(wide)])


def gather(values: pa.Array, code: Codes) -> pa.Array:
    """Return the value of each row (n,) from one per combination (k,); text as a dictionary."""
    if pa.types.is_string(values.type):
        known = pc.dictionary_encode(values)
        indices = known.indices.take(pa.array(code))
        return pa.DictionaryArray.from_arrays(indices, known.dictionary)
    return values.take(pa.array(code))


def without_empty(column: pa.ChunkedArray | pa.Array) -> pa.DictionaryArray:
    """Return a text column whose '' are null."""
    array = encoded(column)
    empty = pc.index(array.dictionary, pa.scalar("", array.dictionary.type)).as_py()
    if empty < 0:
        return array
    indices = pc.if_else(pc.equal(array.indices, empty), pa.scalar(None, array.indices.type),
                         array.indices)  # fmt: skip
    return pa.DictionaryArray.from_arrays(indices, array.dictionary)


def sort_order(columns: Sequence[Any], rows: int) -> Codes:
    """Return the order (n,) that brings equal combinations together, file order within."""
    order: Codes = np.argsort(combinations(columns, rows).code, kind="stable")
    return order


def taken(table: pa.Table, order: pa.Array) -> pa.Table:
    """Return a table's rows in an order; columns of one value, and copies, cost nothing.

    Args:
        table: (n,) rows.
        order: (n,) each row once.
    """
    done: dict[tuple[Any, ...], pa.ChunkedArray] = {}
    columns = []
    for column in table.columns:
        place = _place(column)
        if place not in done:
            done[place] = column if _is_of_one_value(column) else column.take(order)
        columns.append(done[place])
    return pa.table(columns, schema=table.schema)


def _is_of_one_value(column: pa.ChunkedArray) -> bool:
    if column.null_count:
        return bool(column.null_count == len(column))
    is_whole = column.num_chunks == 1 and _is_dictionary(column)
    return is_whole and len(column.chunk(0).dictionary) == 1


def _place(column: pa.ChunkedArray) -> tuple[Any, ...]:
    """Return where a column's values are in memory: equal for columns that share them."""
    parts = [column.type]
    for chunk in column.chunks:
        buffers = chunk.buffers()
        if _is_dictionary(chunk):
            buffers += chunk.dictionary.buffers()
        parts += [chunk.offset, len(chunk), *(b.address if b else 0 for b in buffers)]
    return tuple(parts)
