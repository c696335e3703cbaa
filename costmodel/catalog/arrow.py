"""Arrow arrays from Python and numpy values without loading pandas.

``pa.array`` asks pandas whether its input is a Series and so imports it: 0.15 s that a look-up of
prices does not need.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from costmodel.catalog.tables import RATE_COLUMNS, RATE_NUMBERS


def text_array(values: Iterable[Any]) -> pa.Array:
    """Return texts as an Arrow array (n,); None and NaN become ""."""
    encoded = [value.encode() if isinstance(value, str) else b"" for value in values]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    return pa.Array.from_buffers(
        pa.string(), len(encoded), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    )


def row_array(rows: npt.NDArray[np.intp]) -> pa.Array:
    """Return row numbers (n,) as an Arrow array."""
    numbers = np.ascontiguousarray(rows, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


def repeated(text: str, count: int) -> pa.Array:
    """Return one text repeated (n,)."""
    return pa.repeat(text_array([text])[0], count)


def numbers(values: Any) -> npt.NDArray[Any]:
    """Return a column of numbers without nulls as a numpy array (n,), without a copy."""
    if isinstance(values, pa.ChunkedArray):
        parts = [numbers(chunk) for chunk in values.chunks]
        return np.concatenate(parts) if parts else np.zeros(0)
    dtype = np.dtype(str(values.type).replace("double", "float64"))
    return np.frombuffer(
        values.buffers()[1], dtype, count=len(values), offset=values.offset * dtype.itemsize
    )


def is_text(values: Any, text: str) -> npt.NDArray[np.bool_]:
    """Return where a column is that text (n,)."""
    equal = pc.equal(plain_text(values), text_array([text])[0])
    return numbers(equal.cast(pa.uint8())).astype(bool)


def places(values: pa.Array, among: pa.Array) -> npt.NDArray[np.intp]:
    """Return where each text stands among others (n,), -1 where it does not."""
    place = pc.index_in(values, value_set=among).cast(pa.int64())
    return numbers(place.fill_null(row_array(np.array([-1]))[0])).astype(np.intp)


def plain_text(values: Any) -> pa.Array:
    """Return a column as one array of plain text: dictionaries decoded, null as ""."""
    if isinstance(values, pa.ChunkedArray):
        texts = [chunk.cast(pa.string()) for chunk in values.chunks]
        values = pa.concat_arrays(texts) if texts else text_array([])
    return values.cast(pa.string()).fill_null(text_array([""])[0])


def empty_rates() -> pa.Table:
    """Return a rate table without rows."""
    numbers = pa.Array.from_buffers(pa.float64(), 0, [None, pa.py_buffer(b"")])
    columns = [numbers if name in RATE_NUMBERS else text_array([]) for name in RATE_COLUMNS]
    return pa.Table.from_arrays(columns, names=list(RATE_COLUMNS))
