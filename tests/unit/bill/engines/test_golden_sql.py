"""Athena and Trino get SQL that parses in their dialects and does not change unnoticed."""

from pathlib import Path

import pytest
import sqlglot

from costmodel.bill.engines.transpile import transpile_query
from costmodel.bill.query import Bill
from costmodel.bill.source import BillFormat, BillSource
from costmodel.errors import BadInputError
from tests.unit.bill.engines.queries import NAMES, bill_queries

GOLDEN = Path(__file__).parents[3] / "golden" / "bill_sql"
CUR_COLUMNS = {
    "bill_billing_period_start_date": "TIMESTAMP", "bill_payer_account_id": "VARCHAR",
    "line_item_line_item_type": "VARCHAR", "line_item_operation": "VARCHAR",
    "line_item_product_code": "VARCHAR", "line_item_unblended_cost": "DOUBLE",
    "line_item_usage_account_id": "VARCHAR", "line_item_usage_amount": "DOUBLE",
    "line_item_usage_start_date": "TIMESTAMP", "line_item_usage_type": "VARCHAR",
    "pricing_public_on_demand_cost": "DOUBLE", "pricing_unit": "VARCHAR",
    "product_product_name": "VARCHAR", "product_region_code": "VARCHAR",
    "reservation_effective_cost": "DOUBLE", "reservation_reservation_a_r_n": "VARCHAR",
    "resource_tags_user_team": "VARCHAR",
    "savings_plan_savings_plan_a_r_n": "VARCHAR",
    "savings_plan_savings_plan_effective_cost": "DOUBLE",
}  # fmt: skip


def bill() -> Bill:
    """Return a CUR that Athena knows as a table, without files."""
    source = BillSource(BillFormat.LEGACY_CUR, "cost_and_usage", CUR_COLUMNS, ("cost_and_usage",))
    return Bill([source], {"EU": "eu-west-1"})


@pytest.mark.parametrize("dialect", ["athena", "trino", "spark"])
@pytest.mark.parametrize("name", NAMES)
def test_every_query_parses_in_the_dialect(name: str, dialect: str) -> None:
    text = transpile_query(bill_queries(bill())[name], dialect)

    parsed = sqlglot.parse_one(text, read=dialect)
    # What is read back and written again is the same text: nothing was taken for a name.
    assert parsed.sql(dialect=dialect) == text
    tables = {table.name for table in parsed.find_all(sqlglot.exp.Table)}
    assert tables == {"cost_and_usage"}


@pytest.mark.parametrize("dialect", ["athena", "trino"])
@pytest.mark.parametrize("name", ["untagged", "filtered"])
def test_golden_sql(name: str, dialect: str) -> None:
    text = transpile_query(bill_queries(bill())[name], dialect)
    pretty = sqlglot.parse_one(text, read=dialect).sql(dialect=dialect, pretty=True) + "\n"

    golden = GOLDEN / f"{name.replace(' ', '_')}.{dialect}.sql"

    assert pretty == golden.read_text()


def test_duckdb_gets_the_text_as_it_is() -> None:
    assert transpile_query("SELECT  1", "duckdb") == "SELECT  1"


def test_a_zone_is_dropped_by_a_cast_elsewhere() -> None:
    text = transpile_query('SELECT MAKE_TIMESTAMP(EPOCH_US("start")) FROM t', "trino")

    assert text == 'SELECT CAST("start" AS TIMESTAMP) FROM t'


@pytest.mark.parametrize(
    ("query", "dialect", "message"),
    [
        ("SELECT arg_min(a, b) FROM t", "spark", "ARG_MIN"),
        ("SELECT * FROM a SEMI JOIN b USING (c)", "trino", "SEMI JOIN"),
        ("SELECT FROM WHERE", "athena", "cannot be read"),
        ("SELECT 1; SELECT 2", "athena", "cannot be read"),
        ("SELECT 1", "oracle", "choose one of duckdb, spark, athena, trino"),
    ],
)
def test_a_query_outside_the_dialect_is_refused(query: str, dialect: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        transpile_query(query, dialect)
