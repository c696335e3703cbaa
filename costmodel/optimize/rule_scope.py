"""The names a rule may read, as arrays over the rows of one table, made when asked for."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from costmodel.engine.formula.functions import is_given
from costmodel.optimize.rule import UsageModel
from costmodel.units import HOURS_PER_MONTH

Array = NDArray[Any]
Metric = Callable[[str, str], Array]
_ACCESS: Final = "__"
# Names every table may have.
_EVERYWHERE: Final = ("environment", "is_kept", "protected_role", "source_location", "as_of")
_SECONDS_PER_DAY: Final = 86_400.0


def no_metric(_metric: str, _stat: str) -> Array:
    """Return the figure of a metric nobody collected: unknown for every row."""
    return np.array([np.nan])


class Scope(Mapping[str, Array]):
    """Columns, computed columns, metrics and thresholds of n rows.

    Args:
        length: number of rows.
        columns: arrays that are there already, (n,) each.
        model: the table's computed columns and look-up tables.
        table: columns of the inventory, converted when asked for.
        metric: figure of a metric for every row, (n,) or (1,) unknown.
        collected_at: when the table was read; ages count to here.
    """

    def __init__(
        self,
        length: int,
        columns: Mapping[str, Array],
        model: UsageModel,
        table: pa.Table | None = None,
        metric: Metric = no_metric,
        collected_at: datetime | None = None,
    ) -> None:
        self.length = length
        self.model = model
        self._made: dict[str, Array] = {"hours": np.array([HOURS_PER_MONTH]), **columns}
        self._table = table
        self._metric = metric
        self._collected_at = collected_at
        self.own = set(columns)

    def __getitem__(self, name: str) -> Array:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        try:
            self[str(name)]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def full(self, name: str) -> Array:
        """Return a name as (n,) values."""
        return np.broadcast_to(self[name], (self.length,))

    def take(self, rows: Array) -> "Scope":
        """Return the same names over some of the rows."""
        part = _Part(self, rows)
        part.own = self.own
        return part

    def changed(self, columns: Mapping[str, Array]) -> "Scope":
        """Return the rows with other values in some columns; what depends on them is made anew."""
        return _Part(self, None, columns)

    def _make(self, name: str) -> Array:
        if name in self.model.columns:
            return self.model.columns[name].evaluate(self, self.model.tables)
        return self.read(name)

    def read(self, name: str) -> Array:
        """Return a name that no formula computes."""
        if self._table is not None and name in self._table.column_names:
            return to_array(self._table[name])
        if name in self.model.related or name in _EVERYWHERE:
            return np.array([None], dtype=object)
        column, access, what = name.rpartition(_ACCESS)
        if not access:
            raise KeyError(name)
        if self._table is not None and column in self._table.column_names:
            return self._access(self._table[column], what)
        return self._metric(column, what)

    def _access(self, column: Any, what: str) -> Array:
        if what == "count":
            return _counts(column)
        if self._collected_at is None:
            return np.array([np.nan])
        seconds = pc.divide(pc.cast(column, pa.int64()), 1e6)
        age = self._collected_at.timestamp() - to_array(seconds)
        return np.asarray(age / _SECONDS_PER_DAY, dtype=np.float64)


class _Part(Scope):
    """Some rows of a scope, perhaps with other values in some columns."""

    def __init__(
        self, whole: Scope, rows: Array | None, columns: Mapping[str, Array] | None = None
    ) -> None:
        length = whole.length if rows is None else len(rows)
        super().__init__(length, columns or {}, whole.model)
        del self._made["hours"]
        self._made.update(columns or {})
        self._whole, self._rows = whole, rows
        self.own = whole.own | set(columns or {})
        self._dirty = frozenset(columns or {})

    def _make(self, name: str) -> Array:
        if name in self.model.columns and name not in self._whole.own and self._depends(name):
            return self.model.columns[name].evaluate(self, self.model.tables)
        values = self._whole[name]
        if self._rows is None or values.shape[0] == 1 != self._whole.length:
            return values
        return np.asarray(np.broadcast_to(values, (self._whole.length,))[self._rows])

    def _depends(self, name: str) -> bool:
        """Say whether a computed column reads a changed one, directly or not."""
        names = self.model.columns[name].names
        if names & self._dirty:
            return True
        return any(n in self.model.columns and n != name and self._depends(n) for n in names)


def to_array(column: Any) -> Array:
    """Return an Arrow column as floats (numbers) or objects (texts and flags, None unknown)."""
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        values = pc.fill_null(pc.cast(column, pa.float64()), float("nan"))
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)
    result = np.empty(len(column), dtype=object)
    result[:] = column.to_pylist()
    return result


def _counts(column: Any) -> Array:
    lists = column.combine_chunks()
    if isinstance(lists, pa.ChunkedArray):
        lists = lists.chunk(0) if lists.num_chunks else pa.array([], lists.type)
    if pa.types.is_map(lists.type):
        sizes = [None if value is None else len(value) for value in lists.to_pylist()]
        return np.array([np.nan if n is None else float(n) for n in sizes])
    return to_array(pc.cast(pc.list_value_length(lists), pa.float64()))


def missing_names(scope: Scope, names: frozenset[str], row: int) -> list[str]:
    """Return which names are unknown in a row."""
    return sorted(n for n in names if not is_given(np.broadcast_to(scope[n], scope.length))[row])
