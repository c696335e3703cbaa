"""The identities of AWS's bills hold on generated rows, to the last of ten decimals."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from costmodel.bill.generate.plan import BillSettings
from costmodel.engine.tiers import graduated_cost
from costmodel.io.generated_bill import GeneratedBill, generate_bill
from tests.unit.bill.generate import offers

Rows = list[dict[str, Any]]
PERIOD = "bill_billing_period_start_date"
AMORTISED = """
    CASE line_item_line_item_type
        WHEN 'SavingsPlanCoveredUsage' THEN savings_plan_savings_plan_effective_cost
        WHEN 'SavingsPlanRecurringFee'
            THEN savings_plan_total_commitment_to_date - savings_plan_used_commitment
        WHEN 'SavingsPlanNegation' THEN 0
        WHEN 'SavingsPlanUpfrontFee' THEN 0
        WHEN 'DiscountedUsage' THEN reservation_effective_cost
        WHEN 'RIFee' THEN reservation_unused_amortized_upfront_fee_for_billing_period
            + reservation_unused_recurring_fee
        ELSE CASE WHEN line_item_line_item_type = 'Fee' AND reservation_reservation_a_r_n != ''
            THEN 0 ELSE line_item_unblended_cost END
    END"""


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> GeneratedBill:
    folder = tmp_path_factory.mktemp("bill") / "cur"
    settings = BillSettings(rows=100_000, seed=3, first_month="2026-02", months=2, accounts=5)
    return generate_bill(settings, offers.small_prices(), folder, "cur")


@pytest.fixture(scope="module")
def rows(bill: GeneratedBill) -> Rows:
    names = [
        name
        for name in pq.read_schema(bill.files[0]).names
        if name.startswith(("line_item_", "reservation_", "savings_plan_", "pricing_"))
        or name == "product_region_code"
    ]
    tables = (pq.read_table(file, columns=[*names, PERIOD]) for file in bill.files)
    return [row for table in tables for row in table.to_pylist()]


def exact(value: float) -> Decimal:
    return round(Decimal(value), 10)


def total(rows: Rows, column: str) -> Decimal:
    return sum((exact(row[column]) for row in rows), Decimal(0))


def of_type(rows: Rows, *names: str) -> Rows:
    return [row for row in rows if row["line_item_line_item_type"] in names]


def test_every_kind_of_line_item_occurs(rows: Rows) -> None:
    assert {row["line_item_line_item_type"] for row in rows} == {
        "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation",
        "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee", "RIFee", "Fee", "Tax", "Credit",
        "Refund",
    }  # fmt: skip


def test_unblended_is_amortised_plus_true_up_plus_upfront_in_each_month(
    bill: GeneratedBill,
) -> None:
    pattern = str(bill.folder / "**" / "*.parquet")
    query = f"""
        SELECT sum(CAST(line_item_unblended_cost AS DECIMAL(38, 10))),
            sum(CAST({AMORTISED} AS DECIMAL(38, 10))),
            sum(CAST(-savings_plan_amortized_upfront_commitment_for_billing_period
                - reservation_amortized_upfront_fee_for_billing_period AS DECIMAL(38, 10))),
            sum(CASE WHEN line_item_line_item_type = 'SavingsPlanUpfrontFee'
                OR (line_item_line_item_type = 'Fee' AND reservation_reservation_a_r_n != '')
                THEN CAST(line_item_unblended_cost AS DECIMAL(38, 10)) ELSE 0 END)
        FROM read_parquet('{pattern}') GROUP BY bill_billing_period_start_date"""
    months = duckdb.sql(query).fetchall()

    assert len(months) == 2
    for unblended, amortised, true_up, upfront in months:
        assert unblended == amortised + true_up + upfront


def test_a_lease_month_costs_what_its_use_and_its_idle_part_cost(rows: Rows) -> None:
    leases: dict[Any, Rows] = defaultdict(list)
    for row in of_type(rows, "RIFee", "DiscountedUsage"):
        key = (row["reservation_reservation_a_r_n"], row["bill_billing_period_start_date"])
        leases[key].append(row)

    assert len(leases) >= 4
    for lease in leases.values():
        fees = of_type(lease, "RIFee")
        paid = total(fees, "line_item_unblended_cost") + total(
            fees, "reservation_amortized_upfront_fee_for_billing_period"
        )
        used = total(lease, "reservation_effective_cost")
        idle = total(fees, "reservation_unused_recurring_fee") + total(
            fees, "reservation_unused_amortized_upfront_fee_for_billing_period"
        )
        assert paid == used + idle


def test_a_plan_hour_costs_what_its_use_and_its_idle_part_cost(rows: Rows) -> None:
    hours: dict[Any, Rows] = defaultdict(list)
    for row in of_type(rows, "SavingsPlanRecurringFee", "SavingsPlanCoveredUsage"):
        key = (row["savings_plan_savings_plan_a_r_n"], row["line_item_usage_start_date"])
        hours[key].append(row)

    assert len(hours) >= 59 * 24
    for hour in hours.values():
        commitment = total(hour, "savings_plan_total_commitment_to_date")
        used = total(hour, "savings_plan_used_commitment")
        assert used == total(hour, "savings_plan_savings_plan_effective_cost") <= commitment
        assert commitment == total(
            hour, "savings_plan_recurring_commitment_for_billing_period"
        ) + total(hour, "savings_plan_amortized_upfront_commitment_for_billing_period")


def test_negation_takes_covered_usage_back_in_every_hour(rows: Rows) -> None:
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for row in of_type(rows, "SavingsPlanCoveredUsage", "SavingsPlanNegation"):
        key = (row["savings_plan_savings_plan_a_r_n"], row["line_item_usage_start_date"])
        sums[key] += exact(row["line_item_unblended_cost"])

    assert sums
    assert set(sums.values()) == {Decimal(0)}


def test_effective_cost_of_a_reservation_is_recurring_plus_amortised(rows: Rows) -> None:
    for row in of_type(rows, "DiscountedUsage"):
        parts = exact(row["reservation_recurring_fee_for_usage"]) + exact(
            row["reservation_amortized_upfront_cost_for_usage"]
        )
        assert exact(row["reservation_effective_cost"]) == parts


def test_blended_adds_up_to_unblended_in_each_month(rows: Rows) -> None:
    for start in {row["bill_billing_period_start_date"] for row in rows}:
        month = [row for row in rows if row["bill_billing_period_start_date"] == start]

        assert total(month, "line_item_blended_cost") == total(month, "line_item_unblended_cost")


def test_quantity_times_rate_is_cost_on_every_metered_row(rows: Rows) -> None:
    metered = of_type(rows, "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage")
    for row in metered:
        amount = Decimal(row["line_item_usage_amount"])
        assert abs(
            amount * Decimal(row["line_item_unblended_rate"])
            - exact(row["line_item_unblended_cost"])
        ) <= Decimal("1e-10")
        assert abs(
            amount * Decimal(row["pricing_public_on_demand_rate"])
            - exact(row["pricing_public_on_demand_cost"])
        ) <= Decimal("1e-10")


def test_tiers_fill_over_the_month_and_start_anew(bill: GeneratedBill, rows: Rows) -> None:
    prices = bill.plan.prices
    egress = next(i for i, o in enumerate(prices.offers) if o.meter.usage_type.startswith("Data"))
    months: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in of_type(rows, "Usage"):
        if row["line_item_usage_type"] == prices.offers[egress].usage_type:
            months[row["bill_billing_period_start_date"]].append(row)

    assert len(months) == 2
    for month in months.values():
        amount = float(sum(Decimal(row["line_item_usage_amount"]) for row in month))
        expected = graduated_cost(prices.tiers, np.array([egress]), np.array([amount]))[0]
        assert amount > 2000
        assert len({row["pricing_rate_code"] for row in month}) == 3
        assert float(total(month, "line_item_unblended_cost")) == pytest.approx(expected, rel=1e-9)


def test_spot_has_no_public_cost(rows: Rows) -> None:
    spot = [row for row in rows if "Spot Instance" in row["line_item_line_item_description"]]

    assert spot
    assert {row["line_item_usage_type"].rpartition("SpotUsage")[1] for row in spot} == {
        "SpotUsage"
    }
    assert {row["pricing_public_on_demand_cost"] for row in spot} == {0.0}


def test_fees_that_close_a_month_span_that_month(rows: Rows) -> None:
    spans = {
        kind: sorted(
            {
                (
                    f"{row['line_item_usage_start_date']:%m-%d %H:%M:%S}",
                    f"{row['line_item_usage_end_date']:%m-%d %H:%M:%S}",
                )
                for row in of_type(rows, kind)
            }
        )
        for kind in ("RIFee", "Credit", "Refund", "Tax")
    }

    # As AWS writes them: a lease's month ends with its last second.
    whole = [("02-01 00:00:00", "03-01 00:00:00"), ("03-01 00:00:00", "04-01 00:00:00")]
    leased = [("02-01 00:00:00", "02-28 23:59:59"), ("03-01 00:00:00", "03-31 23:59:59")]
    assert spans == {"RIFee": leased, "Credit": whole, "Refund": whole, "Tax": whole}


def test_a_zone_is_one_of_the_row_s_region(rows: Rows) -> None:
    placed = [row for row in rows if row["line_item_availability_zone"]]

    zones = {(row["product_region_code"], row["line_item_availability_zone"]) for row in placed}
    assert len(zones) > 1
    assert {zone[:-1] for _, zone in zones} == {region for region, _ in zones}
    assert all(zone[:-1] == region and zone[-1] in "abc" for region, zone in zones)


def test_accounts_keep_their_twelve_digits(rows: Rows) -> None:
    accounts = {row["line_item_usage_account_id"] for row in rows}

    assert {len(account) for account in accounts} == {12}
    assert any(account.startswith("0") for account in accounts)


def test_row_count_is_about_what_was_asked_for(bill: GeneratedBill) -> None:
    assert bill.rows == pytest.approx(100_000, rel=0.02)


def test_focus_agrees_with_the_cur_of_the_same_seed(bill: GeneratedBill, tmp_path: Path) -> None:
    focus = generate_bill(bill.plan.settings, offers.small_prices(), tmp_path / "f", "focus-1.2")

    money = "CAST({} AS DECIMAL(38, 10))"
    cur = duckdb.sql(
        f"SELECT sum({money.format('line_item_unblended_cost')}),"
        f" sum({money.format(AMORTISED)}) FROM read_parquet('{bill.folder}/**/*.parquet')"
    ).fetchall()[0]
    billed_effective = duckdb.sql(
        f"SELECT sum({money.format('BilledCost')}), sum({money.format('EffectiveCost')})"
        f" FROM read_parquet('{focus.folder}/**/*.parquet')"
    ).fetchall()[0]

    assert billed_effective == cur


def test_commitment_purchases_equal_used_and_unused_over_a_full_recurring_month(
    tmp_path: Path,
) -> None:
    settings = BillSettings(rows=60_000, seed=5, accounts=3)
    focus = generate_bill(settings, offers.small_prices(), tmp_path / "f", "focus-1.2")

    # A plan without upfront payment is paid hour by hour: purchases = used + unused.
    plans = duckdb.sql(
        "SELECT sum(CASE WHEN ChargeCategory = 'Purchase' THEN CAST(BilledCost AS DECIMAL(38, 10))"
        " ELSE 0 END) AS paid, sum(CAST(EffectiveCost AS DECIMAL(38, 10))) AS amortised,"
        " bool_or(ChargeFrequency = 'One-Time') AS has_upfront"
        f" FROM read_parquet('{focus.folder}/**/*.parquet')"
        " WHERE CommitmentDiscountType = 'Savings Plan' GROUP BY CommitmentDiscountId"
    ).fetchall()

    recurring_only = [(paid, amortised) for paid, amortised, upfront in plans if not upfront]
    assert recurring_only
    assert all(paid == amortised for paid, amortised in recurring_only)
