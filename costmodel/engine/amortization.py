"""Upfront and recurring fees as one hourly price, and where a commitment breaks even.

AWS amortises an upfront fee evenly over the hours of the term; a term counts years of 365 days
(Savings Plans API: 31,536,000 and 94,608,000 seconds).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from costmodel.engine.tiers import Floats
from costmodel.errors import CommitmentError
from costmodel.units import HOURS_PER_MONTH

TERM_HOURS: Final = {"1yr": 8_760.0, "3yr": 26_280.0}
# Share of a Savings Plan commitment paid on the first day.
UPFRONT_SHARE: Final = {"No Upfront": 0.0, "Partial Upfront": 0.5, "All Upfront": 1.0}


def effective_hourly_price(
    upfront: npt.ArrayLike, recurring: npt.ArrayLike, term_hours: npt.ArrayLike
) -> Floats:
    """Return the amortised price of a commitment [USD per hour].

    Args:
        upfront: fee on the first day [USD].
        recurring: fee of every hour, used or not [USD per hour].
        term_hours: hours of the term.
    """
    hours = _floats(term_hours)
    if np.any(hours <= 0.0):
        raise CommitmentError("term_hours must be > 0: 8,760 for one year, 26,280 for three")
    price: Floats = _floats(upfront) / hours + _floats(recurring)
    return price


def commitment_price(upfront_share: float, term_hours: float, hourly_capital_cost: float) -> float:
    """Return what a dollar of hourly commitment really costs when money paid early has a price.

    Args:
        upfront_share: share of the commitment paid on the first day, 0 … 1.
        term_hours: hours of the term.
        hourly_capital_cost: interest of one hour; 0 gives 1.
    """
    if hourly_capital_cost == 0.0:
        return 1.0
    # An annuity of one hour's worth of the upfront payment: u·H·i / (1 − (1 + i)^−H).
    discounted = -np.expm1(-term_hours * np.log1p(hourly_capital_cost))
    annuity = upfront_share * term_hours * hourly_capital_cost / discounted
    return float(1.0 - upfront_share + annuity)


def break_even_utilization(
    committed_price: npt.ArrayLike, on_demand_price: npt.ArrayLike
) -> Floats:
    """Return the share of hours a commitment must be used to pay: committed / on-demand.

    Above 1 it never pays. Both prices in USD per hour of use.
    """
    return _floats(committed_price) / _floats(on_demand_price)


def payback_month(
    upfront: npt.ArrayLike, recurring: npt.ArrayLike, on_demand_price: npt.ArrayLike
) -> Floats:
    """Return after how many months the upfront fee is earned back; infinity for never.

    Args:
        upfront: fee on the first day [USD].
        recurring: fee of every hour [USD per hour].
        on_demand_price: what the covered usage would cost [USD per hour].
    """
    monthly_gain = (_floats(on_demand_price) - _floats(recurring)) * HOURS_PER_MONTH
    first = _floats(upfront)
    with np.errstate(divide="ignore", invalid="ignore"):
        months: Floats = np.where(monthly_gain > 0.0, first / monthly_gain, np.inf)
    return months


def blended_rate(unblended_cost: npt.ArrayLike, usage: npt.ArrayLike) -> Floats:
    """Return the organisation's average rate of a SKU; reserved usage enters at cost 0."""
    return _floats(unblended_cost) / _floats(usage)


def surplus_credit_cost(
    surplus_credits: npt.ArrayLike, earned_in_24_hours: npt.ArrayLike, vcpu_hour_price: float
) -> Floats:
    """Return the charge for T instances in unlimited mode [USD].

    Args:
        surplus_credits: credits spent beyond those earned.
        earned_in_24_hours: credits a day can earn: free if repaid.
        vcpu_hour_price: USD per vCPU-hour; a credit is a vCPU-minute.
    """
    charged = np.maximum(_floats(surplus_credits) - _floats(earned_in_24_hours), 0.0)
    cost: Floats = charged / 60.0 * vcpu_hour_price
    return cost


def burst_break_even(
    burstable_price: float,
    fixed_price: float,
    *,
    baseline: float,
    vcpus: float,
    vcpu_hour_price: float,
) -> float:
    """Return the average CPU share above which a fixed-performance instance is cheaper.

    Args:
        burstable_price: USD per hour of the T instance.
        fixed_price: USD per hour of the alternative.
        baseline: CPU share the T instance earns credits for, 0 … 1.
        vcpus: number of vCPUs.
        vcpu_hour_price: USD per vCPU-hour of surplus credits.
    """
    return baseline + (fixed_price - burstable_price) / vcpu_hour_price / vcpus


def _floats(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)
