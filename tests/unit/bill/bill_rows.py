"""Small bills for tests: a CUR row is a dict over a plain usage row."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from costmodel.bill.query import Bill
from costmodel.io.bills.reader import open_bill

PREFIXES = {"USW2": "us-west-2", "EU": "eu-west-1", "USE1": "us-east-1", "EUC1": "eu-central-1"}

USAGE: dict[str, Any] = {
    "bill_payer_account_id": "000000000001",
    "bill_billing_period_start_date": "2026-01-01 00:00:00",
    "bill_billing_period_end_date": "2026-02-01 00:00:00",
    "line_item_usage_account_id": "000000000002",
    "line_item_line_item_type": "Usage",
    "line_item_usage_start_date": "2026-01-05 00:00:00",
    "line_item_usage_end_date": "2026-01-05 01:00:00",
    "line_item_product_code": "AmazonEC2",
    "line_item_usage_type": "USW2-BoxUsage:m5.large",
    "line_item_operation": "RunInstances",
    "line_item_currency_code": "USD",
    "line_item_usage_amount": 1.0,
    "line_item_unblended_rate": "0.1",
    "line_item_unblended_cost": 0.1,
    "line_item_blended_cost": 0.1,
    "line_item_line_item_description": "",
    "pricing_public_on_demand_cost": 0.1,
    "pricing_public_on_demand_rate": "0.1",
    "product_region_code": "us-west-2",
    "reservation_reservation_a_r_n": "",
    "savings_plan_savings_plan_a_r_n": "",
}


def cur_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows over the plain usage row; columns are the union."""
    names = list(dict.fromkeys([*USAGE, *(name for row in rows for name in row)]))
    return pa.table({name: [({**USAGE, **row}).get(name) for row in rows] for name in names})


def write_cur(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    pq.write_table(cur_table(rows), path)
    return path


def cur_bill(folder: Path, *rows: Mapping[str, Any]) -> Bill:
    return open_bill([write_cur(folder / "cur.parquet", rows)], PREFIXES)


def write_csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def totals(bill: Bill, *metrics: str) -> list[float]:
    summary = bill.summarize(metric=metrics)
    return [float(summary.total[name]) for name in metrics]


def query_raw(path: Path, expression: str) -> list[tuple[Any, ...]]:
    """Return an answer of plain DuckDB on the raw file: the peer tests compare with."""
    return duckdb.connect().execute(f"SELECT {expression} FROM '{path}'").fetchall()
