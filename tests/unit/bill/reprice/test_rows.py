"""Every row has its list cost, tiers filling in the order of time."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from costmodel import load_catalog, read_bill
from costmodel.bill.generate.catalog_prices import catalog_price_table
from costmodel.bill.generate.plan import BillSettings
from costmodel.bill.query import Bill
from costmodel.bill.reprice.rows import catalog_total, price_rows
from costmodel.io.generated_bill import generate_bill
from tests.unit.bill.focus_bill import PREFIXES, focus_bill, row
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


def drawn_rows(seed: int) -> list[dict]:
    """Rows of two organisations, months and regions; their months cross 100 GB, some twice."""
    draw = np.random.default_rng(seed)
    meters = {"us-east-1": "Bytes", "eu-west-1": "EU-Bytes"}
    rows = []
    for number in range(300):
        region = str(draw.choice(list(meters)))
        month = int(draw.integers(1, 3))
        start = datetime(
            2026, month, int(draw.integers(1, 4)), int(draw.integers(0, 3)), tzinfo=UTC
        )
        meter = "Mystery" if draw.random() < 0.1 else meters[region]
        quantity = None if draw.random() < 0.1 else round(float(draw.normal(5, 6)), 3)
        rows.append(
            row(f"2026-{month:02}", x_UsageType="Bytes", SkuMeter=meter, RegionId=region,
                PricingUnit="GB", ChargePeriodStart=start, PricingQuantity=quantity,
                BillingAccountId=f"00000000000{draw.integers(1, 3)}", ResourceId=f"r{number}",
                ChargeClass="Correction" if draw.random() < 0.05 else None)
        )  # fmt: skip
    return rows


def brute_force(rows: list[dict]) -> dict[str, float | None]:
    """Cost by resource: each row moves its pool's running sum along the ladder, in exact steps.

    A month that ends inside its first tier never left it, whatever was given back meanwhile.
    """
    price = {"us-east-1": Decimal(1), "eu-west-1": Decimal("1.25")}

    def ladder(quantity: Decimal, total: Decimal) -> Decimal:
        over = max(quantity - 100, Decimal(0)) if total > 100 else Decimal(0)
        return (quantity - over) * Decimal("0.10") + over * Decimal("0.05")

    def pool_of(entry: dict) -> tuple:
        return (entry["BillingAccountId"], entry["BillingPeriodStart"], entry["SkuMeter"])

    running: dict[tuple, Decimal] = {}
    total: dict[tuple, Decimal] = {}
    costs: dict[str, float | None] = {}
    counted = [r for r in rows if r["PricingQuantity"] is not None and r["ChargeClass"] is None]
    for entry in counted:
        amount = Decimal(str(entry["PricingQuantity"]))
        total[pool_of(entry)] = total.get(pool_of(entry), Decimal(0)) + amount
    for entry in sorted(counted, key=lambda r: (r["ChargePeriodStart"], r["PricingQuantity"])):
        pool = pool_of(entry)
        if entry["SkuMeter"] == "Mystery":
            costs[entry["ResourceId"]] = None
            continue
        before = running.get(pool, Decimal(0))
        running[pool] = before + Decimal(str(entry["PricingQuantity"]))
        step = ladder(running[pool], total[pool]) - ladder(before, total[pool])
        costs[entry["ResourceId"]] = float(step * price[entry["RegionId"]])
    return costs


@pytest.mark.parametrize("seed", range(6))
def test_every_row_costs_what_a_walk_along_the_ladder_says(seed: int) -> None:
    drawn = drawn_rows(seed)

    bill = focus_bill(drawn)

    found = {resource: cost for resource, _, cost in costs(bill, "ResourceId")}
    expected = brute_force(drawn)
    assert found.keys() == expected.keys()
    assert found == {name: pytest.approx(cost, abs=1e-9) for name, cost in expected.items()}
    total = sum(cost for cost in expected.values() if cost is not None)
    assert catalog_total(bill, small_catalog()) == pytest.approx(total, abs=1e-9)


def test_rows_of_several_sources_fill_one_ladder() -> None:
    drawn = drawn_rows(7)
    halves = [focus_bill(drawn[:150]).sources[0], focus_bill(drawn[150:]).sources[0]]
    tables = [half.tables["small_bill"] for half in halves]
    sources = [
        replace(half, scan=f"half{i}", tables={f"half{i}": table})
        for i, (half, table) in enumerate(zip(halves, tables, strict=True))
    ]

    found = {name: cost for name, _, cost in costs(Bill(sources, PREFIXES), "ResourceId")}

    assert found == {n: pytest.approx(c, abs=1e-9) for n, c in brute_force(drawn).items()}


def test_a_filter_leaves_tiers_to_the_rows_that_meet_it() -> None:
    drawn = drawn_rows(8)
    kept = [entry for entry in drawn if entry["BillingAccountId"] == "000000000002"]
    rows = price_rows(
        focus_bill(drawn), small_catalog(), ["ResourceId"], "BillingAccountId = '000000000002'"
    )

    table = rows.arrow(focus_bill(drawn), "SELECT * FROM rows")

    found = dict(
        zip(*(table[n].to_pylist() for n in ("ResourceId", "x_CatalogCost")), strict=True)
    )
    assert found == {n: pytest.approx(c, abs=1e-9) for n, c in brute_force(kept).items()}
