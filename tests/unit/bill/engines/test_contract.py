"""Every query on a bill gives the same rows on DuckDB and on a Spark cluster, as DECIMAL."""

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from costmodel import read_bill
from costmodel.bill.engines.spark import SparkEngine
from costmodel.bill.generate.plan import BillSettings
from costmodel.bill.query import Bill
from costmodel.bill.source import BillFormat, BillSource
from costmodel.io.generated_bill import generate_bill
from tests.unit.bill.engines.queries import NAMES, bill_queries
from tests.unit.bill.generate import offers

pytestmark = pytest.mark.spark
FORMATS = {"cur": BillFormat.LEGACY_CUR, "cur2": BillFormat.CUR_2, "focus-1.2": BillFormat.FOCUS}


@pytest.fixture(scope="module", params=list(FORMATS))
def bills(
    request: pytest.FixtureRequest, spark: SparkEngine, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Bill, Bill]:
    """Return one generated bill as DuckDB reads it and as Spark does."""
    settings = BillSettings(rows=20_000, seed=4, months=2, accounts=4)
    folder = tmp_path_factory.mktemp("contract") / request.param
    made = generate_bill(settings, offers.small_prices(), folder, request.param)
    view = f"raw_{request.param.replace('-', '_').replace('.', '_')}"
    spark.add_parquet(view, [str(file) for file in made.files])
    here = read_bill(*made.files)
    there = Bill(
        [BillSource(FORMATS[request.param], view, spark.columns(view), (view,))], here.prefixes
    )
    return here, there


@pytest.mark.parametrize("name", NAMES)
def test_spark_answers_as_duckdb_does(
    name: str, bills: tuple[Bill, Bill], spark: SparkEngine
) -> None:
    here, there = bills

    expected = here.sql(bill_queries(here)[name])
    found = spark.query(bill_queries(there)[name])

    assert len(expected) > 0
    assert rows(found) == rows(expected)


def rows(table: pa.Table) -> Counter[tuple[Any, ...]]:
    """Return rows without their order; money rounded to the precision of a CUR."""
    return Counter(tuple(map(plain, row.values())) for row in table.to_pylist())


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return round(value, 10).normalize()
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return value
