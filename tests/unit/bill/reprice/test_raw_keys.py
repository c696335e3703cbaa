"""Grouping on raw columns gives what grouping on the relation's columns gives."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costmodel import load_catalog, read_bill
from costmodel.bill.generate.catalog_prices import catalog_price_table
from costmodel.bill.generate.plan import BillSettings
from costmodel.bill.query import Bill
from costmodel.bill.reprice.lines import UsageLines, read_lines
from costmodel.io.generated_bill import generate_bill


class RowByRow:
    """DuckDB as an engine that gets the query of all engines."""

    def __init__(self, bill: Bill) -> None:
        self._bill = bill

    def query(self, query: str) -> Any:
        return self._bill.arrow(query)


@pytest.mark.parametrize("name", ["cur", "cur2", "focus-1.2"])
@pytest.mark.parametrize("by", [(), ("ResourceId",)])
@pytest.mark.parametrize("text", [None, "RegionId = 'us-east-1' and tag:team is not null"])
def test_usage_lines_are_those_of_the_relation(tmp_path, name, by, text) -> None:
    catalog = load_catalog()
    prices = catalog_price_table(catalog, ["us-east-1", "eu-west-1"])
    made = generate_bill(BillSettings(rows=8_000, seed=4), prices, tmp_path / "b", name)
    bill = read_bill(*made.files, catalog=catalog)

    found = read_lines(bill, catalog, by=by, filter_text=text)
    expected = read_lines(bill, catalog, by=by, filter_text=text, engine=RowByRow(bill))

    assert len(expected) > 20
    assert in_order(found) == in_order(expected)


def in_order(lines: UsageLines) -> list[tuple]:
    """Lines as tuples; NaN as None, which equals itself."""
    columns = [getattr(lines, name).tolist() for name in UsageLines.__slots__]
    rows = zip(*columns, strict=True)
    return sorted(
        (tuple(None if isinstance(v, float) and np.isnan(v) else v for v in r) for r in rows),
        key=repr,
    )


def cur(tmp_path, name: str, payers: list[str | None], rows_per_group: int = 2) -> Any:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    table = pa.table(
        {
            "bill_payer_account_id": pa.array(payers, pa.string()),
            "bill_billing_period_start_date": pa.array([start] * len(payers)),
            "line_item_usage_start_date": pa.array([start] * len(payers)),
            "line_item_line_item_type": ["Usage"] * len(payers),
            "line_item_product_code": ["AmazonEC2"] * len(payers),
            "line_item_usage_type": ["BoxUsage:m5.large"] * len(payers),
            "line_item_operation": ["RunInstances"] * len(payers),
            "line_item_unblended_cost": [1.0] * len(payers),
            "line_item_usage_amount": [1.0] * len(payers),
        }
    )
    path = tmp_path / f"{name}.parquet"
    pq.write_table(table, path, row_group_size=rows_per_group)
    return path


def test_what_statistics_say_is_the_same_in_all_rows_is_known_without_reading(tmp_path) -> None:
    files = [cur(tmp_path, "a", ["000000000001"] * 4), cur(tmp_path, "b", ["000000000001"] * 2)]
    bill = read_bill(*files)

    (source,) = bill.sources

    assert source.constants["bill_payer_account_id"] == "000000000001"
    assert source.constants["bill_billing_period_start_date"] == datetime(2026, 1, 1, tzinfo=UTC)
    catalog = load_catalog()
    found = read_lines(bill, catalog)
    assert in_order(found) == in_order(read_lines(bill, catalog, engine=RowByRow(bill)))
    assert found.quantity.tolist() == [6.0]


@pytest.mark.parametrize(
    "payers",
    [
        [["000000000001"] * 2, ["000000000002"] * 2],  # differs between files
        [["000000000001"] * 2 + ["000000000002"] * 2],  # between row groups
        [["000000000001", "000000000002"]],  # inside one
        [["000000000001", None]],  # where it is missing
        [[None, None]],
    ],
)
def test_what_differs_anywhere_is_read(tmp_path, payers) -> None:
    files = [cur(tmp_path, f"f{i}", each) for i, each in enumerate(payers)]

    bill = read_bill(*files)

    assert "bill_payer_account_id" not in bill.sources[0].constants
    found = read_lines(bill, load_catalog())
    assert len(np.unique(found.pool)) == len({payer for each in payers for payer in each})
