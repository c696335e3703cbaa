"""Every row has its list cost, tiers filling in the order of time."""

from datetime import UTC, datetime

import pytest

from costmodel import load_catalog, read_bill
from costmodel.bill.generate.catalog_prices import catalog_price_table
from costmodel.bill.generate.plan import BillSettings
from costmodel.bill.reprice.rows import catalog_total, price_rows
from costmodel.io.generated_bill import generate_bill
from tests.unit.bill.focus_bill import focus_bill, row
from tests.unit.bill.reprice.small_catalog import small_catalog


def traffic(hour: int, quantity: float, **values: object) -> dict:
    start = datetime(2026, 1, 1, hour, tzinfo=UTC)
    fixed = {"x_UsageType": "Bytes", "SkuMeter": "Bytes", "PricingUnit": "GB",
             "ChargePeriodStart": start, "PricingQuantity": quantity}  # fmt: skip
    return row(**(fixed | values))


def costs(bill, *columns: str) -> list[tuple]:
    rows = price_rows(bill, small_catalog(), columns)
    table = rows.arrow(bill, "SELECT * FROM rows")
    return sorted(tuple(entry.values()) for entry in table.to_pylist())


def test_rows_pay_the_tier_they_fall_in_by_time() -> None:
    bill = focus_bill([traffic(2, 50.0), traffic(0, 80.0), traffic(1, 40.0)])

    # 80 at 0.10; 20 at 0.10 and 20 at 0.05; 50 at 0.05.
    assert [cost for _, cost in costs(bill)] == pytest.approx([3.0, 2.5, 8.0])


def test_a_month_below_the_bound_needs_no_running_sum() -> None:
    bill = focus_bill([traffic(0, 60.0), traffic(1, 30.0)])

    rows = price_rows(bill, small_catalog())

    assert "OVER" not in rows.sql
    assert costs(bill) == [(30.0, pytest.approx(3.0)), (60.0, pytest.approx(6.0))]


def test_organisations_and_months_fill_tiers_apart() -> None:
    bill = focus_bill(
        [traffic(0, 90.0), traffic(1, 90.0, BillingAccountId="000000000002"),
         traffic(1, 20.0, SubAccountId="000000000012")]
    )  # fmt: skip

    # The first organisation uses 110: 90 + 10 at 0.10, 10 at 0.05.
    assert [cost for *_, cost in costs(bill, "BillingAccountId")] == pytest.approx([1.5, 9.0, 9.0])


def test_a_row_without_a_price_keeps_its_place() -> None:
    bill = focus_bill([traffic(0, 1.0, SkuMeter="Mystery", x_UsageType="Mystery")])

    assert costs(bill, "SkuMeter") == [("Mystery", 1.0, None)]


def test_rows_add_up_to_the_bill_they_were_made_from(tmp_path) -> None:
    catalog = load_catalog()
    prices = catalog_price_table(catalog, ["us-east-1"])
    made = generate_bill(BillSettings(rows=60_000, seed=8), prices, tmp_path / "b", "cur")
    bill = read_bill(*made.files)

    rows = price_rows(bill, catalog, ["SkuMeter", "ListCost", "PricingCategory"])
    table = rows.arrow(
        bill,
        'SELECT "SkuMeter", SUM("x_CatalogCost") AS ours, SUM(CAST("ListCost" AS DOUBLE)) AS billed'
        " FROM rows WHERE \"PricingCategory\" <> 'Dynamic' GROUP BY 1",
    )

    assert "OVER" in rows.sql
    assert table["ours"].null_count == 0
    for entry in table.to_pylist():
        assert entry["ours"] == pytest.approx(entry["billed"], rel=1e-9, abs=1e-6)


def test_the_total_is_the_graduated_cost_of_each_pool() -> None:
    bill = focus_bill([traffic(0, 80.0), traffic(1, 40.0), traffic(0, 1.0, SkuMeter="Mystery")])

    assert catalog_total(bill, small_catalog()) == pytest.approx(11.0)
