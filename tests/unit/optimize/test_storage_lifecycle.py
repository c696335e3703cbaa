"""The S3 class plan against the published arithmetic of the price page."""

import numpy as np
import pytest

import costmodel
from costmodel.optimize.storage_lifecycle import (
    KIB,
    ClassPrices,
    plan_classes,
    read_class_prices,
    read_tier_prices,
    smallest_object,
    tiering_saving,
)
from costmodel.units import BYTES_PER_GIB as GIB

NEVER = 0.0


@pytest.fixture(scope="module")
def prices() -> ClassPrices:
    return read_class_prices(costmodel.load_catalog(), "us-east-1")


# Payback in months by size for IA, One Zone, Glacier Instant, Glacier Flexible, Deep Archive.
@pytest.mark.parametrize(
    ("size_kib", "months"),
    [(128, [7.80, 6.30, 8.62, 14.40, 20.15]), (256, [3.90, 3.15, 4.31, 6.74, 9.68]),
     (1024, [0.98, 0.79, 1.08, 1.61, 2.35]), (10_240, [0.10, 0.08, 0.11, 0.16, 0.23])],
)  # fmt: skip
def test_payback_by_size(prices, size_kib, months) -> None:
    plan = plan_classes(np.array([size_kib * KIB]), np.array([NEVER]), 12.0, prices)

    np.testing.assert_allclose(plan.payback[0], months, atol=0.006)


@pytest.mark.parametrize(
    ("months", "sizes"),
    [(6, [166, 134, 184, 286, 407]), (12, [108, 94, 98, 151, 208]), (36, [82, 68, 48, 61, 76])],
)
def test_smallest_object_that_pays_back(prices, months, sizes) -> None:
    found = smallest_object(prices, months) / KIB

    np.testing.assert_allclose(found, sizes, atol=0.76)


def test_reads_that_still_beat_standard(prices) -> None:
    # (.023 - .0125) / .01 = 1.05; (.023 - .010) / .01 = 1.30; (.023 - .004) / .03 = .633
    large = np.array([GIB])
    for place, most in enumerate((1.05, 1.30, 0.6333)):
        below = plan_classes(large, np.array([most - 0.001]), 12.0, prices).saving[0, place]
        above = plan_classes(large, np.array([most + 0.001]), 12.0, prices).saving[0, place]

        assert below > 0 > above


def test_leaving_before_the_minimum_duration_is_charged(prices) -> None:
    one, twelve = (
        plan_classes(np.array([GIB]), np.array([NEVER]), months, prices) for months in (1.0, 12.0)
    )

    # Deep Archive: one month kept of six, five are charged.
    expected = one.saving[0, 4] - one.fee[0, 4] - 5 * (GIB + 32 * KIB) / GIB * 0.00099
    assert one.net[0, 4] == pytest.approx(expected)
    assert twelve.net[0, 4] > 0


def test_intelligent_tiering_breaks_even_at_218_kb() -> None:
    tiers = read_tier_prices(costmodel.load_catalog(), "us-east-1")

    # .192 per GB in twelve months against 4e-5: 218 KB.
    below, above = tiering_saving(np.array([217.0, 220.0]) * KIB, 12.0, tiers)
    assert below < 0 < above
    assert tiering_saving(np.array([100.0 * KIB]), 12.0, tiers)[0] < 0


def test_size_from_which_a_class_costs_less_than_standard(prices) -> None:
    # Without the fee: 128 KB x .0125 / .023 = 69.6 KB, … ; archives by their 40 KB of overhead.
    found = smallest_object(prices, 1e9) / KIB

    np.testing.assert_allclose(found, [69.6, 55.7, 22.3, 15.4, 9.8], atol=0.3)


def test_instant_retrieval_beats_infrequent_access_below_425_thousandths_of_a_read(prices) -> None:
    # (.0125 - .004) / (.03 - .01) = .425
    below, above = plan_classes(
        np.array([GIB, GIB]), np.array([0.424, 0.426]), 12.0, prices
    ).saving[:, [0, 2]]

    assert below[1] > below[0]
    assert above[1] < above[0]


def test_monitoring_is_earned_from_250_kb_in_the_infrequent_tier_and_138_in_the_archive() -> None:
    tiers = read_tier_prices(costmodel.load_catalog(), "us-east-1")

    sizes = [
        tiers.monitoring / (tiers.frequent - cold) * GIB / KIB
        for cold in (tiers.infrequent, tiers.archive)
    ]

    np.testing.assert_allclose(sizes, [250, 138], atol=0.6)
