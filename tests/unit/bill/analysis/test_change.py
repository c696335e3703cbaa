"""A change of a bill splits into price, quantity, mix and fees that add up."""

import pytest

from costmodel.bill.analysis.change import explain_change
from costmodel.errors import BadInputError
from tests.unit.bill.focus_bill import focus_bill, row


def usage(month: str, kind: str, quantity: float, price: float, **values: object) -> dict:
    return row(
        month, quantity * price, PricingQuantity=quantity, x_UsageType=f"BoxUsage:{kind}", **values
    )


def test_a_dearer_price_is_price() -> None:
    bill = focus_bill([usage("2026-01", "a", 100, 1.0), usage("2026-02", "a", 100, 1.2)])

    total = explain_change(bill, "2026-01", "2026-02").total

    assert (total.before, total.after) == (100.0, 120.0)
    assert (total.price, total.quantity) == pytest.approx((20.0, 0.0))
    assert (total.mix, total.fees) == pytest.approx((0.0, 0.0))


def test_more_of_the_same_is_quantity() -> None:
    bill = focus_bill([usage("2026-01", "a", 100, 1.0), usage("2026-02", "a", 150, 1.0)])

    total = explain_change(bill, "2026-01", "2026-02").total

    assert (total.price, total.quantity, total.mix) == pytest.approx((0.0, 50.0, 0.0))


def test_the_same_hours_on_dearer_kinds_is_mix() -> None:
    bill = focus_bill(
        [
            usage("2026-01", "a", 100, 1.0), usage("2026-01", "b", 100, 3.0),
            usage("2026-02", "a", 50, 1.0), usage("2026-02", "b", 150, 3.0),
        ]
    )  # fmt: skip

    total = explain_change(bill, "2026-01", "2026-02").total

    # 400 -> 500 with 200 hours both times and no price moved.
    assert (total.price, total.quantity, total.mix) == pytest.approx((0.0, 0.0, 100.0))


def test_a_new_kind_is_no_price_change() -> None:
    bill = focus_bill(
        [usage("2026-01", "a", 100, 1.0), usage("2026-02", "a", 100, 1.0),
         usage("2026-02", "new", 10, 5.0)]
    )  # fmt: skip

    total = explain_change(bill, "2026-01", "2026-02").total

    assert total.price == pytest.approx(0.0)
    # 110 hours instead of 100 at the mean of 1.00 and 150/110; the rest is the dearer kind.
    quantity = 10 * (1.0 + 150 / 110) / 2
    assert (total.quantity, total.mix) == pytest.approx((quantity, 50 - quantity))


def test_fees_are_apart() -> None:
    fee = {"ChargeCategory": "Purchase", "PricingQuantity": None, "PricingUnit": None}
    bill = focus_bill([usage("2026-01", "a", 1, 1.0), row("2026-02", 7.0, **fee)])

    total = explain_change(bill, "2026-01", "2026-02").total

    assert total.fees == pytest.approx(7.0)
    assert total.quantity == pytest.approx(-1.0)


def test_effects_add_up_in_every_group_and_groups_to_the_bill() -> None:
    rows = [
        usage(month, kind, quantity, price, RegionId=region, PricingUnit=unit)
        for place, (month, region) in enumerate(
            (m, r) for m in ("2026-01", "2026-02") for r in ("us-east-1", "eu-west-1")
        )
        for kind, unit, quantity, price in (
            ("a", "Hrs", 10.3 + place, 1.1 * (place + 1)),
            ("b", "Hrs", 7.7 * (place + 1), 0.3),
            ("c", "GB", 1000.0 / (place + 1), 0.02 + 0.01 * place),
        )
    ]
    change = explain_change(focus_bill(rows), "2026-01", "2026-02", by=("RegionId",))

    assert {row.group for row in change.rows} == {("us-east-1",), ("eu-west-1",)}
    assert len(change.rows) == 2
    for group in (*change.rows, change.total):
        effects = group.price + group.quantity + group.mix + group.fees
        assert effects == pytest.approx(group.change, abs=1e-9)
    after = sum(entry["EffectiveCost"] for entry in rows[6:])
    assert change.total.after == pytest.approx(after, rel=1e-12)


def test_swapping_the_periods_swaps_the_signs() -> None:
    rows = [
        usage("2026-01", "a", 100, 1.0), usage("2026-01", "b", 30, 2.0),
        usage("2026-02", "a", 80, 1.5), usage("2026-02", "b", 60, 2.5),
    ]  # fmt: skip
    bill = focus_bill(rows)

    there = explain_change(bill, "2026-01", "2026-02").total
    back = explain_change(bill, "2026-02", "2026-01").total

    assert back.price == pytest.approx(-there.price)
    assert back.quantity == pytest.approx(-there.quantity)
    assert back.mix == pytest.approx(-there.mix)


def test_days_and_filters_select() -> None:
    from datetime import UTC, datetime

    def on(day: int, cost: float, service: str) -> dict:
        start = datetime(2026, 1, day, tzinfo=UTC)
        return row("2026-01", cost, ChargePeriodStart=start, ServiceName=service)

    bill = focus_bill([on(1, 1.0, "A"), on(2, 2.0, "A"), on(3, 4.0, "A"), on(3, 8.0, "B")])

    change = explain_change(
        bill, "2026-01-01..2026-01-02", "2026-01-03..2026-01-03", filter_text="ServiceName = 'A'"
    )

    assert (change.total.before, change.total.after) == (3.0, 4.0)
    assert change.to_json()["total"]["change"] == 1.0
    assert list(change.table["x_After"]) == [4.0]


@pytest.mark.parametrize(
    "period", ["2026", "2026-13", "2026-01-05", "January", "2026-01-32..2026"]
)
def test_a_period_that_is_none_is_named(period: str) -> None:
    bill = focus_bill([row()])

    with pytest.raises(BadInputError, match="write 2026-01 or"):
        explain_change(bill, period, "2026-01")


def test_an_unknown_column_or_metric_is_named() -> None:
    bill = focus_bill([row()])

    with pytest.raises(BadInputError, match="Servce"):
        explain_change(bill, "2026-01", "2026-02", by=["Servce"])
    with pytest.raises(BadInputError, match="--metric Cost"):
        explain_change(bill, "2026-01", "2026-02", cost="Cost")
