"""Bills on Spark: a standalone cluster, a local session or Spark Connect.

Times are UTC, money is DECIMAL, and pricing runs inside the workers on Arrow batches with the
numpy code everything else uses.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from costmodel.bill.engines.transpile import transpile_query
from costmodel.errors import BadInputError, MissingDependencyError

# A cost summed on another engine must be the same number: ANSI mode raises where Spark would
# otherwise return NULL on overflow, and the session's zone decides what a day is.
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
}

BatchFunction = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """Runs queries written in the restricted dialect on a Spark session."""

    session: Any

    def add_parquet(self, name: str, paths: Sequence[str]) -> None:
        """Make Parquet files a view, their columns matched by name across schema changes."""
        if not paths:
            raise BadInputError(f"view {name}: no Parquet files given")
        frame = self.session.read.option("mergeSchema", "true").parquet(*paths)
        frame.createOrReplaceTempView(name)

    def add_view(self, name: str, query: str) -> None:
        """Make a query a view."""
        self._frame(query).createOrReplaceTempView(name)

    def columns(self, name: str) -> dict[str, str]:
        """Return the columns of a view with their DuckDB types, as readers describe files."""
        return {
            field.name: _duckdb_type(field.dataType.simpleString())
            for field in self.session.table(name).schema.fields
        }

    def query(self, query: str) -> pa.Table:
        """Run a query and return its rows."""
        table: pa.Table = self._frame(query).toArrow()
        return table

    def map_batches(self, query: str, function: BatchFunction, schema: str) -> pa.Table:
        """Run a query and a function on its Arrow batches inside the workers.

        Args:
            query: rows to work on, in the restricted dialect.
            function: takes and yields record batches; pickled to the workers.
            schema: columns it yields, as Spark DDL: ``"ListCost DOUBLE, x_Rows LONG"``.
        """
        table: pa.Table = self._frame(query).mapInArrow(function, schema).toArrow()
        return table

    def stop(self) -> None:
        """End the session."""
        self.session.stop()

    def _frame(self, query: str) -> Any:
        return self.session.sql(transpile_query(query, "spark"))


def start_spark(master: str, settings: Iterable[tuple[str, str]] = ()) -> SparkEngine:
    """Return an engine on ``local[2]``, ``spark://host:port`` or Spark Connect's ``sc://host:port``.

    Raises:
        MissingDependencyError: PySpark is not installed.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise MissingDependencyError("pyspark", "spark") from None

    builder = SparkSession.builder.appName("costmodel")
    builder = builder.remote(master) if master.startswith("sc://") else builder.master(master)
    for name, value in (_SETTINGS | dict(settings)).items():
        builder = builder.config(name, value)
    return SparkEngine(builder.getOrCreate())


_DUCKDB_NAMES = {
    "string": "VARCHAR", "bigint": "BIGINT", "int": "INTEGER", "double": "DOUBLE",
    "boolean": "BOOLEAN", "timestamp_ntz": "TIMESTAMP", "timestamp": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE", "map<string,string>": "MAP(VARCHAR, VARCHAR)",
    "map<string,double>": "MAP(VARCHAR, DOUBLE)",
}  # fmt: skip


def _duckdb_type(spark_type: str) -> str:
    return _DUCKDB_NAMES.get(spark_type, spark_type.upper().replace(",", ", "))
