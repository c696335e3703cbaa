"""Spark on a standalone cluster gives DuckDB's answers, and prices in its workers."""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costmodel.bill.engines.list_cost import LIST_COST_SCHEMA, list_cost_function
from costmodel.bill.engines.spark import SparkEngine
from costmodel.bill.generate.plan import BillSettings
from costmodel.engine.tiers import build_tier_table, graduated_cost
from costmodel.io.generated_bill import generate_bill
from tests.unit.bill.generate import offers

pytestmark = pytest.mark.spark


def test_the_cluster_has_a_master_and_two_workers(spark: SparkEngine) -> None:
    spark.query("SELECT 1")
    context = spark.session.sparkContext
    executors = context._jsc.sc().statusTracker().getExecutorInfos()

    assert context.master.startswith("spark://127.0.0.1:")
    # The driver counts as one.
    assert len(executors) == 3


def test_pricing_in_the_workers_equals_pricing_here(spark: SparkEngine, tmp_path: Path) -> None:
    tiers = build_tier_table([0, 3, 4], [0.0, 10.0, 20.0, 0.0], [3.0, 2.0, 1.0, 0.5])
    sku_of_key = np.array([1, 0, -1])
    rng = np.random.default_rng(0)
    key, quantity = rng.integers(0, 3, 10_000), rng.uniform(0, 30, 10_000)
    pq.write_table(pa.table({"k": key, "q": quantity}), tmp_path / "rows.parquet")
    spark.add_parquet("priced_rows", [str(tmp_path / "rows.parquet")])

    table = spark.map_batches(
        'SELECT k AS "x_PriceKey", q AS "PricingQuantity" FROM priced_rows',
        list_cost_function(tiers, sku_of_key),
        LIST_COST_SCHEMA,
    )

    expected = np.sort(graduated_cost(tiers, sku_of_key[key], quantity))
    assert np.array_equal(np.sort(table["ListCost"].to_numpy()), expected, equal_nan=True)


def test_a_view_reports_duckdb_types(spark: SparkEngine, tmp_path: Path) -> None:
    bill = generate_bill(
        BillSettings(rows=3_000, accounts=2), offers.small_prices(), tmp_path / "b", "focus-1.2"
    )
    files = [str(file) for file in bill.files]
    spark.add_parquet("focus_raw", files)

    duckdb_types = dict(
        duckdb.sql(
            f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM"
            f" read_parquet({files}, hive_partitioning = false))"
        ).fetchall()
    )

    assert spark.columns("focus_raw") == duckdb_types
