"""Published reserved-instance figures, AWS's worked examples, and arithmetic by hand."""

import numpy as np
import pytest

from costmodel.engine.amortization import (
    TERM_HOURS,
    blended_rate,
    break_even_utilization,
    burst_break_even,
    commitment_price,
    effective_hourly_price,
    payback_month,
    surplus_credit_cost,
)
from costmodel.errors import CommitmentError


def test_a_real_lease_amortises_its_upfront_fee_by_the_hour() -> None:
    # AWS Well-Architected Labs bill of October 2018: a c4.large lease of 263 USD upfront and
    # 0.03 USD/h shows 22.336986 USD amortised upfront and 22.32 USD recurring for 744 hours.
    hourly = effective_hourly_price(263.0, 0.03, TERM_HOURS["1yr"])

    assert 744 * hourly == pytest.approx(22.336986 + 22.32, abs=1e-6)


def test_an_upfront_fee_spread_over_three_years_counts_no_leap_day() -> None:
    assert effective_hourly_price(26_280.0, 0.5, TERM_HOURS["3yr"]) == pytest.approx(1.5)


def test_a_term_without_hours_is_named() -> None:
    with pytest.raises(CommitmentError, match="term_hours"):
        effective_hourly_price(1.0, 0.0, 0.0)


def test_a_reservation_at_60_percent_of_on_demand_must_run_60_percent() -> None:
    assert break_even_utilization(0.06, 0.10) == pytest.approx(0.6)


def test_the_upfront_fee_is_earned_back_by_the_monthly_difference() -> None:
    # 263 / ((0.1 - 0.03) * 730) = 5.147 months; no gain never pays back.
    assert payback_month(263.0, 0.03, 0.1) == pytest.approx(5.1468, abs=1e-4)
    assert payback_month(263.0, 0.1, 0.1) == np.inf
    assert payback_month(0.0, 0.03, 0.1) == 0.0


def test_money_paid_early_makes_a_commitment_dearer() -> None:
    # 1 USD/h for 8,760 h upfront at 10 % a year is an annuity: i / (1 - (1+i)^-n) * n.
    hourly = 1.1 ** (1 / 8760) - 1
    by_hand = 8760 * hourly / (1 - 1.1**-1)

    assert commitment_price(1.0, 8760, hourly) == pytest.approx(by_hand)
    assert commitment_price(0.5, 8760, hourly) == pytest.approx(0.5 + 0.5 * by_hand)
    assert commitment_price(1.0, 8760, 0.0) == 1.0
    assert commitment_price(0.0, 8760, hourly) == 1.0


def test_the_blended_rate_of_the_aws_example() -> None:
    assert blended_rate(16.56, 2880) == pytest.approx(0.00575)


def test_surplus_credits_beyond_a_day_are_charged() -> None:
    # t3.nano: 144 credits a day, 448 spent: 304 credits = 5.0667 vCPU-hours at 0.05.
    assert surplus_credit_cost(448, 144, 0.05) == pytest.approx(304 / 60 * 0.05)
    assert surplus_credit_cost(100, 144, 0.05) == 0.0


def test_t3_large_costs_more_than_m5_large_above_42_5_percent() -> None:
    share = burst_break_even(0.0835, 0.096, baseline=0.30, vcpus=2, vcpu_hour_price=0.05)

    assert share == pytest.approx(0.425)
