"""Athena, Trino and Spark get SQL of the same structure, and it does not change unnoticed."""

from collections import Counter
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from costmodel.bill.engines.transpile import transpile_query
from costmodel.bill.focus_export import FOCUS_1_2
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


_MAP = "MAP(VARCHAR, VARCHAR)"
# Rates are text in Parquet too; net, unused and plan columns bring every branch of the costs.
_MORE = dict.fromkeys(
    ("line_item_unblended_rate", "pricing_public_on_demand_rate"), "VARCHAR"
) | dict.fromkeys(
    ("line_item_net_unblended_cost", "savings_plan_total_commitment_to_date",
     "savings_plan_used_commitment", "reservation_unused_quantity",
     "reservation_unused_recurring_fee"), "DOUBLE"
)  # fmt: skip
_NO_MAPS = {name: kind for name, kind in CUR_COLUMNS.items()
            if not name.startswith(("product_", "resource_tags_"))}  # fmt: skip
BILLS = {
    "legacy CUR": (BillFormat.LEGACY_CUR, CUR_COLUMNS | _MORE),
    "CUR 2.0": (BillFormat.CUR_2, _NO_MAPS | _MORE | dict.fromkeys(
        ("product", "resource_tags", "cost_category"), _MAP)),
    "FOCUS": (BillFormat.FOCUS, {
        name: "TIMESTAMP" if kind == "TIMESTAMPTZ" else kind for name, kind in FOCUS_1_2.items()}),
}  # fmt: skip


def bill(
    bill_format: BillFormat = BillFormat.LEGACY_CUR, columns: dict[str, str] = CUR_COLUMNS
) -> Bill:
    """Return a bill that Athena knows as a table, without files."""
    source = BillSource(bill_format, "cost_and_usage", columns, ("cost_and_usage",))
    return Bill([source], {"EU": "eu-west-1"})


def canonical(text: str, dialect: str) -> str:
    """Return a query read in a dialect and written in one way: the same text, the same tree."""
    # Spark's CAST is read as TRY_CAST, as it is without the ANSI mode this package turns on.
    tree = sqlglot.parse_one(text, read=dialect).transform(
        lambda node: (
            exp.Cast(this=node.this, to=node.args["to"]) if isinstance(node, exp.TryCast) else node
        )
    )
    return tree.sql(dialect="duckdb")


@pytest.mark.parametrize("dialect", ["athena", "trino", "spark"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", list(BILLS))
def test_a_query_has_the_same_structure_in_every_dialect(
    kind: str, name: str, dialect: str
) -> None:
    query = bill_queries(bill(*BILLS[kind]))[name]

    text = transpile_query(query, dialect)

    # Columns, types with their digits, conditions, groups and order: read back, all are equal.
    assert canonical(text, dialect) == canonical(query, "duckdb")


@pytest.mark.parametrize("dialect", ["athena", "trino", "spark"])
def test_money_stays_decimal_with_all_its_digits(dialect: str) -> None:
    query = bill_queries(bill(*BILLS["legacy CUR"]))["summary by service"]

    def decimals(text: str, read: str) -> Counter[str]:
        found = sqlglot.parse_one(text, read=read).find_all(exp.DataType)
        return Counter(kind.sql("duckdb") for kind in found if kind.is_type("decimal"))

    found = decimals(transpile_query(query, dialect), dialect)

    assert found == decimals(query, "duckdb")
    assert set(found) == {"DECIMAL(38, 18)", "DECIMAL(18, 10)"}
    assert found["DECIMAL(38, 18)"] > 10


def test_a_text_that_lost_a_digit_would_be_noticed() -> None:
    query = bill_queries(bill())["untagged"]
    text = transpile_query(query, "athena")

    assert canonical(text, "athena") == canonical(query, "duckdb")
    assert canonical(text.replace("(38, 18)", "(38, 8)", 1), "athena") != canonical(
        query, "duckdb"
    )


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
