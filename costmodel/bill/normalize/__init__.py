"""From each raw format to the one relation ``bill``: SQL expressions per column.

The SQL keeps to a restricted DuckDB dialect that sqlglot can carry to Spark, Athena and Trino:
CASE, COALESCE, NULLIF, CAST, plain functions; money is DECIMAL, so that sums are exact and equal
from run to run.
"""
