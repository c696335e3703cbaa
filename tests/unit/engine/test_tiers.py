"""Tier arithmetic against worked examples of AWS's price pages."""

import numpy as np
import pytest

from costmodel.engine.tiers import (
    build_tier_table,
    graduated_cost,
    marginal_price,
    pooled_cost,
    volume_cost,
)

# S3 Standard storage, us-east-1: 0.023 to 50 TB, 0.022 to 500 TB, 0.021 beyond (GB = GiB).
S3 = ([0, 3], [0.0, 51_200.0, 512_000.0], [0.023, 0.022, 0.021])


def test_s3_standard_crossing_the_first_bound_costs_what_the_price_page_says() -> None:
    table = build_tier_table(*S3)

    cost = graduated_cost(table, [0], [61_440.0])

    # 51,200 × 0.023 + 10,240 × 0.022
    assert cost == pytest.approx([1_402.88], abs=1e-9)


def test_500_tb_of_s3_standard_is_11315_20() -> None:
    table = build_tier_table(*S3)

    cost = graduated_cost(table, [0], [512_000.0])

    # 51,200 × 0.023 + 460,800 × 0.022; an estimator without tiers prints 11,776
    assert cost == pytest.approx([11_315.20], abs=1e-9)


def test_volume_pricing_takes_the_reached_tier_for_everything() -> None:
    table = build_tier_table([0, 2], [0.0, 10.0], [5.0, 3.0])

    cost = volume_cost(table, [0, 0, 0], [9.0, 10.0, 20.0])

    assert cost.tolist() == [45.0, 30.0, 60.0]


def test_an_unknown_sku_price_or_quantity_is_nan_and_never_zero() -> None:
    table = build_tier_table([0, 1, 2], [0.0, 0.0], [1.0, np.nan])

    cost = graduated_cost(table, [-1, 1, 0, 0], [1.0, 1.0, np.nan, 0.0])

    assert np.isnan(cost[:3]).all()
    assert cost[3] == 0.0


def test_every_negative_sku_number_is_unknown_and_one_beyond_the_table_is_an_error() -> None:
    table = build_tier_table([0, 1, 3], [0.0, 0.0, 10.0], [7.0, 5.0, 3.0])

    cost = graduated_cost(table, [-1, -2, -3, 0, 1], [2.0] * 5)

    assert np.isnan(cost[:3]).all()
    assert cost[3:].tolist() == [14.0, 10.0]
    with pytest.raises(IndexError, match="SKU 2 of 2"):
        graduated_cost(table, [0, 2], [1.0, 1.0])


def test_a_table_of_nothing_prices_nothing() -> None:
    empty = build_tier_table([0], [], [])

    assert np.isnan(graduated_cost(empty, [-1, -1], [1.0, 2.0])).all()
    with pytest.raises(IndexError, match="SKU 0 of 0"):
        graduated_cost(empty, [0], [1.0])


def test_an_endless_quantity_ends_in_the_last_tier() -> None:
    table = build_tier_table(*S3)

    assert marginal_price(table, np.array([0]), np.array([np.inf])).tolist() == [0.021]
    assert graduated_cost(table, [0], [np.inf]).tolist() == [np.inf]


def test_millions_of_charges_priced_in_threads_equal_the_same_priced_alone() -> None:
    table = build_tier_table([0, 1, 4], [0.0, *S3[1]], [0.5, *S3[2]])
    sku = np.tile([0, 1, -1, 1], 300_000)
    quantity = np.tile([4.0, 61_440.0, 1.0, 512_000.0], 300_000)

    cost = graduated_cost(table, sku, quantity)

    alone = np.concatenate([graduated_cost(table, sku[:4], quantity[:4])] * 300_000)
    np.testing.assert_array_equal(cost, alone)
    assert alone[[0, 1, 3]] == pytest.approx([2.0, 1_402.88, 11_315.20], abs=1e-9)


def test_a_negative_correction_is_priced_in_the_first_tier() -> None:
    table = build_tier_table([0, 2], [0.0, 10.0], [5.0, 3.0])

    assert graduated_cost(table, [0], [-2.0]).tolist() == [-10.0]


def test_two_buckets_of_40_tb_in_one_account_fill_one_ladder() -> None:
    table = build_tier_table(*S3)

    cost = pooled_cost(table, [0, 0, 0], [40_960.0, 40_960.0, 40_960.0], [7, 7, 8])

    # one account: 51,200 × 0.023 + 30,720 × 0.022 = 1,853.44, half each; the other account alone
    assert cost == pytest.approx([926.72, 926.72, 942.08], abs=1e-9)


def test_pooled_cost_keeps_unknown_rows_unknown_and_does_not_pool_them() -> None:
    table = build_tier_table(*S3)

    cost = pooled_cost(table, [0, -1, 0], [100.0, 100.0, np.nan], [0, 0, 0])

    assert cost[0] == pytest.approx(2.3)
    assert np.isnan(cost[1:]).all()


def test_pooled_cost_of_only_unknown_rows_is_all_nan() -> None:
    assert np.isnan(pooled_cost(build_tier_table(*S3), [-1], [1.0], [0])).all()


def test_marginal_price_is_that_of_the_next_unit() -> None:
    table = build_tier_table(*S3)

    price = marginal_price(table, np.array([0, 0]), np.array([51_199.0, 51_200.0]))

    assert price.tolist() == [0.023, 0.022]


@pytest.mark.parametrize(
    ("first", "begin", "price"),
    [
        ([0, 2], [0.0, 0.0], [1.0, 2.0]),  # does not ascend
        ([0, 1], [1.0], [1.0]),  # begins above 0
        ([0, 0, 1], [0.0], [1.0]),  # a SKU without a tier
        ([0, 1], [0.0], [1.0, 2.0]),  # lengths differ
        ([1, 2], [0.0, 0.0], [1.0, 2.0]),  # does not start at row 0
    ],
)
def test_tables_that_are_no_ladder_are_refused(first, begin, price) -> None:
    with pytest.raises(ValueError, match=r"tier|first|length"):
        build_tier_table(first, begin, price)


def test_charges_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        graduated_cost(build_tier_table(*S3), [0, 0], [1.0])
