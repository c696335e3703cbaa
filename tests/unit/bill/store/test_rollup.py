"""Daily sums of a store, put together."""

from datetime import datetime
from decimal import Decimal

import pyarrow as pa

from costmodel.bill import engine
from costmodel.bill.store.rollup import merged

# Times of a store are UTC without a zone.
DAYS = [datetime(2026, 1, day) for day in (1, 2)]  # noqa: DTZ001 - as Arrow gives them back


def part(accounts, days, costs, payer="009"):
    count = len(costs)
    return pa.table(
        {
            "BillingAccountId": pa.array([payer] * count, pa.string()),
            "SubAccountId": pa.array(accounts, pa.string()),
            "x_InstanceType": pa.nulls(count, pa.string()),
            "ChargePeriodStart": pa.array(days, pa.timestamp("us")),
            "BilledCost": pa.array(list(map(Decimal, costs)), pa.decimal128(38, 18)),
        }
    )


def test_sums_of_equal_keys_are_added_and_keys_of_one_value_stay():
    parts = [part(["2", "1"], DAYS, ["0.1", "5"]), part(["2", None], DAYS[:1] * 2, ["0.2", "7"])]

    found = merged(engine.connect(), parts)

    assert found.column_names == parts[0].column_names
    rows = [tuple(row.values()) for row in found.to_pylist()]
    assert rows == [
        ("009", "1", None, DAYS[1], Decimal("5")),
        ("009", "2", None, DAYS[0], Decimal("0.3")),
        ("009", None, None, DAYS[0], Decimal("7")),
    ]


def test_one_value_and_null_are_two_keys():
    parts = [part(["1"], DAYS[:1], ["1"]), part(["1"], DAYS[:1], ["2"], payer=None)]

    found = merged(engine.connect(), parts)

    assert found["BillingAccountId"].to_pylist() == ["009", None]
    assert found["BilledCost"].to_pylist() == [Decimal(1), Decimal(2)]


def test_a_single_row_of_single_values_is_itself():
    only = part(["1"], DAYS[:1], ["1.5"])

    assert merged(engine.connect(), [only]).to_pylist() == only.to_pylist()
