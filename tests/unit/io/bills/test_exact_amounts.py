"""Amounts of CSV and JSON keep every digit, read as files or imported, exponents included."""

import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.errors import BillError
from costmodel.io.bills import csv_chunks
from costmodel.io.bills.reader import import_bills, open_bill
from tests.unit.bill.bill_rows import PREFIXES, USAGE, write_cur

# A double has 15 to 17 digits: each of these loses some on the way through one.
HARD = ("123456.1234567891", "0.1234567890123456", "99999999.9999999999", "7.865e-7",
        "1.2345678901234567E-1", "-12345678901.123456789012345678", "1E+3",
        "100000000.0000000001", "0.000000000000000001", "99999999999999999999", "1e19")  # fmt: skip


def cur_csv(folder, costs, name="cur"):
    rows = (USAGE | {"line_item_unblended_cost": cost} for cost in costs)
    lines = [",".join(USAGE), *(",".join(map(str, row.values())) for row in rows)]
    path = folder / f"{name}.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def sums(folder, *paths):
    import_bills(paths, folder / "store", PREFIXES, lambda _share: None)
    found = []
    for bill in (open_bill(paths, PREFIXES), open_bill([folder / "store"], PREFIXES)):
        for granularity in ("total", "hourly"):
            asked = bill.summarize(metric="x_UnblendedCost", granularity=granularity)
            found.append(asked.total["x_UnblendedCost"])
    assert len(set(found)) == 1
    return found[0]


@pytest.mark.parametrize("cost", HARD)
def test_a_csv_amount_keeps_its_digits(tmp_path, cost):
    assert sums(tmp_path, cur_csv(tmp_path, [cost])) == Decimal(cost)


def test_digits_beyond_the_18th_decimal_are_rounded_and_not_refused(tmp_path):
    path = cur_csv(tmp_path, ["0.1", "1.23456789012345678949e-10"])

    assert sums(tmp_path, path) == Decimal("0.100000000123456789")


@given(st.lists(st.decimals(-(10**9), 10**9, allow_nan=False, places=14), min_size=1, max_size=30))
@settings(max_examples=15)
def test_sums_of_csv_amounts_are_those_of_decimal(tmp_path_factory, costs):
    folder = tmp_path_factory.mktemp("exact")

    assert sums(folder, cur_csv(folder, costs)) == sum(costs, Decimal(0))


def test_a_column_is_widened_in_the_middle_of_a_file_and_no_row_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_chunks, "CHUNK_ROWS", 50)
    monkeypatch.setattr(csv_chunks, "_BLOCK", 1 << 14)
    costs = ["0.25"] * 500
    costs[200], costs[300], costs[400] = "0.123456789012", "123456789.5", "1e-20"

    total = sums(tmp_path, cur_csv(tmp_path, costs))

    assert total == Decimal("0.25") * 497 + Decimal("123456789.623456789012")


@pytest.mark.parametrize("column", ["line_item_unblended_cost", "line_item_usage_amount"])
@pytest.mark.parametrize("amount", ["1e30", "-1e38", "123456789012345678901234567890", "1e99"])
def test_an_amount_too_large_for_a_decimal_is_refused_and_never_wrapped(tmp_path, column, amount):
    row = USAGE | {column: amount}
    path = tmp_path / "cur.csv"
    path.write_text(f"{','.join(row)}\n{','.join(map(str, row.values()))}\n")

    with pytest.raises(BillError, match=rf"row 1: {column}: '{amount}' is no amount"):
        import_bills([path], tmp_path / "store", PREFIXES, lambda _share: None)


def test_a_large_quantity_keeps_its_digits(tmp_path):
    row = USAGE | {"line_item_usage_amount": "98765432109876.123456789"}
    path = tmp_path / "cur.csv"
    path.write_text(f"{','.join(row)}\n{','.join(map(str, row.values()))}\n")
    import_bills([path], tmp_path / "store", PREFIXES, lambda _share: None)

    total = open_bill([tmp_path / "store"], PREFIXES).summarize(metric="PricingQuantity").total

    assert total["PricingQuantity"] == Decimal("98765432109876.123456789")


def test_an_amount_that_is_none_names_file_and_leaves_the_store(tmp_path):
    path = cur_csv(tmp_path, ["0.1", "cheap"])

    with pytest.raises(BillError, match=r"cur\.csv.*cheap"):
        import_bills([path], tmp_path / "store", PREFIXES, lambda _share: None)

    assert not list((tmp_path / "store").rglob("*.parquet"))


def test_a_store_of_csv_and_parquet_keeps_the_digits_of_the_csv(tmp_path):
    csv_month = cur_csv(tmp_path, ["0.1234567890123456"], "one")
    doubles = write_cur(tmp_path / "two.parquet", [{"line_item_unblended_cost": 0.25}])

    assert sums(tmp_path, csv_month, doubles) == Decimal("0.3734567890123456")


def test_decimals_of_parquet_are_kept(tmp_path):
    table = pa.table({name: [value] for name, value in USAGE.items()})
    for name in [f.name for f in table.schema if pa.types.is_floating(f.type)]:
        place = table.schema.get_field_index(name)
        value = pa.array([Decimal("0.1234567890123456")], pa.decimal128(38, 18))
        table = table.set_column(place, name, value)
    pq.write_table(table, tmp_path / "cur.parquet")

    assert sums(tmp_path, tmp_path / "cur.parquet") == Decimal("0.1234567890123456")


def test_an_amount_of_cost_explorer_keeps_its_digits(tmp_path):
    amounts = ["123456.1234567891", "7.865e-7"]
    (tmp_path / "ce.json").write_text(json.dumps({"ResultsByTime": [
        {"TimePeriod": {"Start": f"2026-03-0{day}", "End": f"2026-03-0{day + 1}"}, "Groups": [],
         "Total": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}}
        for day, amount in enumerate(amounts, start=1)]}))  # fmt: skip

    assert sums(tmp_path, tmp_path / "ce.json") == sum(map(Decimal, amounts))


def test_an_amount_of_a_console_csv_keeps_its_digits(tmp_path):
    (tmp_path / "c.csv").write_text(
        '"Service","S3($)","Total costs($)"\n"Service total","123456.1234567891","123456.1234567891"'
        '\n"2026-01-01","123456.1234567891","123456.1234567891"\n'
    )

    assert sums(tmp_path, tmp_path / "c.csv") == Decimal("123456.1234567891")
