"""Checks shared by everything that reads hourly usage and rates as arrays.

Letters in shapes: ``h`` hours, ``k`` usage types (or rows), ``p`` plans.
"""

import numpy as np
import numpy.typing as npt

from costmodel.engine.tiers import Floats
from costmodel.errors import CommitmentError


def hourly_usage(usage: npt.ArrayLike) -> Floats:
    """Return usage as (h, k) floats, or say which value cannot be used.

    Raises:
        CommitmentError: not two-dimensional, no hour, or a value is NaN, infinite or negative.
    """
    quantity = np.asarray(usage, dtype=np.float64)
    if quantity.ndim != 2 or quantity.shape[0] == 0:
        raise CommitmentError(f"usage has shape {quantity.shape}: give hours × usage types")
    # A sum is finite only if every value is: one pass instead of three for the normal case.
    if not np.isfinite(quantity.sum()) or quantity.min(initial=0.0) < 0.0:
        _report_bad_quantity(quantity)
    return quantity


def _report_bad_quantity(quantity: Floats) -> None:
    bad = ~(np.isfinite(quantity) & (quantity >= 0.0))
    if bad.any():
        hour, column = (int(index) for index in np.argwhere(bad)[0])
        raise CommitmentError(
            f"usage[{hour}, {column}] is {quantity[hour, column]}: usage must be a number >= 0; "
            "fill missing hours with 0 or leave them out"
        )


def rates(values: npt.ArrayLike, count: int, name: str) -> Floats:
    """Return known rates >= 0 as (count,) floats [USD per unit]."""
    rate = np.asarray(values, dtype=np.float64)
    if rate.shape != (count,):
        raise CommitmentError(f"{name} has shape {rate.shape}: give {count}, one per usage type")
    bad = ~(np.isfinite(rate) & (rate >= 0.0))
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        raise CommitmentError(f"{name}[{place}] is {rate[place]}: rates must be numbers >= 0")
    return rate


def plan_rates(values: npt.ArrayLike, count: int, name: str) -> Floats:
    """Return commitment drawn per unit of usage as (…, count) floats; NaN is not covered.

    A rate of infinity is read as not covered too; 0 and below is refused, for usage that costs
    no commitment would never use any up.
    """
    rate = np.array(values, dtype=np.float64)
    if rate.ndim == 0 or rate.shape[-1] != count:
        raise CommitmentError(f"{name} has shape {rate.shape}: the last axis must be {count}")
    rate[np.isinf(rate)] = np.nan
    if np.any(rate <= 0.0):
        place = tuple(int(index) for index in np.argwhere(rate <= 0.0)[0])
        raise CommitmentError(
            f"{name}{list(place)} is {rate[place]}: a plan rate must be > 0; "
            "write NaN for usage the plan does not cover"
        )
    return rate


def hour_weights(weight: npt.ArrayLike | None, hours: int) -> Floats:
    """Return how many real hours each row stands for, (h,); 1 each by default."""
    if weight is None:
        return np.ones(hours)
    return rates(weight, hours, "weight")
