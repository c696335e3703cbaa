"""An account as tables: one per kind of resource, plus metrics and outside advice.

`INVENTORY_TABLES` documents every column with its kind and unit. A table that was never collected
is *unknown*, not empty: ask `has` before reading "no rows" as "none". Null in a column is unknown
too. Metrics line up with the resources they belong to, so that rules work on whole columns.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from costmodel.errors import BadInputError, Issue
from costmodel.optimize.inventory_tables import INVENTORY_TABLES
from costmodel.optimize.inventory_tables.account import HOURS_PER_WEEK

Floats = NDArray[np.float64]

_ARROW: Final = {
    "text": pa.string(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
    "texts": pa.list_(pa.string()),
    "numbers": pa.list_(pa.float32()),
    "tags": pa.map_(pa.string(), pa.string()),
    "json": pa.string(),
}


def arrow_schema(kind: str) -> pa.Schema:
    """Return the Arrow schema of an inventory table, with meaning and unit as field metadata."""
    fields = []
    for column in _schema(kind).fields:
        about = {"meaning": column.meaning, "unit": column.unit}
        fields.append(pa.field(column.name, _ARROW[column.kind], metadata=about))
    return pa.schema(fields)


def build_table(kind: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return an inventory table from rows; absent columns are null.

    Args:
        kind: a key of `INVENTORY_TABLES`.
        rows: column name → value; tags as a mapping, times as aware datetimes.
    """
    listed = list(rows)
    schema = arrow_schema(kind)
    unknown = {name for row in listed for name in row} - set(schema.names)
    if unknown:
        raise BadInputError(f"inventory table {kind} has no column {', '.join(sorted(unknown))}")
    columns = []
    for column in schema:
        values = [row.get(column.name) for row in listed]
        if pa.types.is_map(column.type):
            values = [None if value is None else sorted(value.items()) for value in values]
        columns.append(pa.array(values, type=column.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _schema(kind: str) -> Any:
    if kind not in INVENTORY_TABLES:
        raise BadInputError(f"no inventory table is called {kind!r}")
    return INVENTORY_TABLES[kind]


@dataclass(frozen=True, slots=True, repr=False)
class Inventory:
    """The resources of one or more accounts at one time, with what could not be read.

    Attributes:
        tables: kind → table; a kind that is absent was not collected.
        collected_at: when the account was read; ages count from here.
        issues: calls that were denied or failed, cells that could not be read.
        sources: where the tables come from: folders, files, account ids.
    """

    tables: Mapping[str, pa.Table]
    collected_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    issues: Sequence[Issue] = ()
    sources: Sequence[str] = field(default=())

    def has(self, kind: str) -> bool:
        """Say whether this kind was collected at all; False means unknown, not none."""
        _schema(kind)
        return kind in self.tables

    def table(self, kind: str) -> pa.Table:
        """Return the table of a kind, without rows where it was not collected."""
        _schema(kind)
        found = self.tables.get(kind)
        return arrow_schema(kind).empty_table() if found is None else found

    def numbers(self, kind: str, column: str) -> Floats:
        """Return a number column as (n,) floats, NaN where unknown."""
        return _floats(self.table(kind)[column])

    def age_days(self, kind: str, column: str = "created_at") -> Floats:
        """Return the (n,) days from a time column to the collection, NaN where unknown."""
        seconds = pc.divide(pc.cast(self.table(kind)[column], pa.int64()), 1e6)
        return (self.collected_at.timestamp() - _floats(seconds)) / 86400.0

    def metric(self, kind: str, metric: str, column: str) -> Floats:
        """Return one figure of a metric for every resource of a table.

        Args:
            kind: inventory table.
            metric: CloudWatch's metric name, ``CPUUtilization``.
            column: a number column of ``metrics``: ``p99_5``, ``max``, ``mean`` …

        Returns:
            (n,) in the order of the table; NaN where the metric was not seen: unknown, not zero.
        """
        rows, where = self._metric_rows("metrics", kind, metric)
        values = np.full(self.table(kind).num_rows, np.nan)
        values[where] = _floats(rows[column])
        return values

    def fold(self, kind: str, metric: str) -> Floats:
        """Return the 168-hour folds of a metric, (n, 168), Monday 00 UTC first, NaN unknown."""
        return self._lists("metrics", kind, metric, "fold_max", HOURS_PER_WEEK)

    def daily(self, kind: str, metric: str, column: str) -> Floats:
        """Return ``daily_max`` or ``daily_total`` of a metric, (n, days), NaN unknown."""
        return self._lists("metrics", kind, metric, column, 0)

    def series(self, kind: str, metric: str, column: str) -> Floats:
        """Return ``hourly_mean`` or ``hourly_max`` of a metric, (n, hours), NaN unknown."""
        return self._lists("metric_series", kind, metric, column, 0)

    def _lists(self, source: str, kind: str, metric: str, column: str, width: int) -> Floats:
        """Return a list column as a matrix aligned with the table, short rows padded by NaN."""
        rows, where = self._metric_rows(source, kind, metric)
        lists = rows[column].combine_chunks()
        lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
        width = max(width, int(lengths.max(initial=0)))
        matrix = np.full((self.table(kind).num_rows, width), np.nan)
        values = lists.flatten().to_numpy(zero_copy_only=False)
        if len(lengths) and bool(np.all(lengths == width)):
            matrix[where] = values.reshape(len(where), width)
            return matrix
        row = np.repeat(where, lengths)
        begins = np.repeat(np.cumsum(lengths) - lengths, lengths)
        matrix[row, np.arange(len(row)) - begins] = values
        return matrix

    def _metric_rows(
        self, source: str, kind: str, metric: str
    ) -> tuple[pa.Table, NDArray[np.int64]]:
        """Return the rows of one metric that belong to a table, and the row of each there."""
        metrics = self.table(source)
        metrics = metrics.filter(pc.equal(metrics["metric"], metric))
        ids = self.table(kind)["resource_id"]
        index = pc.index_in(metrics["resource_id"], value_set=pa.chunked_array(ids))
        keep = pc.is_valid(index)
        where = index.filter(keep).to_numpy().astype(np.int64)
        return metrics.filter(keep), where

    def to_json(self) -> dict[str, Any]:
        """Return what was read: rows of every table and the issues."""
        return {
            "collected_at": self.collected_at.isoformat(),
            "tables": {kind: table.num_rows for kind, table in self.tables.items()},
            "issues": [issue.to_json() for issue in self.issues],
        }

    def __repr__(self) -> str:
        rows = sum(table.num_rows for table in self.tables.values())
        return f"Inventory({len(self.tables)} tables, {rows} rows, {len(self.issues)} issues)"


def _floats(column: Any) -> Floats:
    values = pc.fill_null(pc.cast(column, pa.float64()), float("nan"))
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def merge_inventories(inventories: Sequence[Inventory]) -> Inventory:
    """Put the tables of several accounts, or of an account and its metric files, together.

    The earliest collection time wins, so that no resource looks older than it was.
    """
    kinds = [kind for kind in INVENTORY_TABLES if any(kind in i.tables for i in inventories)]
    tables = {
        kind: pa.concat_tables([i.tables[kind] for i in inventories if kind in i.tables])
        for kind in kinds
    }
    dated = [i.collected_at for i in inventories if i.collected_at.year > 1970]
    return Inventory(
        tables,
        min(dated, default=datetime(1970, 1, 1, tzinfo=UTC)),
        tuple(issue for i in inventories for issue in i.issues),
        tuple(source for i in inventories for source in i.sources),
    )
