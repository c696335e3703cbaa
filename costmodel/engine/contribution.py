"""Why a sum moved: contributions of its parts by price and quantity, adding up exactly."""

from typing import NamedTuple

import numpy as np

from costmodel.engine.smoothing import Floats


class Contribution(NamedTuple):
    """Change of each part; amounts add up to the change of the sum."""

    amount: Floats  # (p,) [currency] cost after - cost before
    price_effect: Floats  # (p,) part due to the unit price, NaN where quantities are unknown
    quantity_effect: Floats  # (p,) part due to the quantity, NaN where quantities are unknown


def split_change(
    cost_before: Floats, cost_after: Floats, quantity_before: Floats, quantity_after: Floats
) -> Contribution:
    """Split the change of each part into price and quantity.

    The split is the symmetric one (each effect at the mean of the other), so that swapping before
    and after only changes signs. A part that is new or gone has no other price to compare with:
    its change is quantity.

    Args:
        cost_before: (p,) cost of each part in the base period [currency].
        cost_after: (p,) cost of each part in the period to explain [currency].
        quantity_before: (p,) quantity in the base period, NaN = unknown.
        quantity_after: (p,) quantity in the period to explain, NaN = unknown.
    """
    amount = cost_after - cost_before
    priced = (quantity_before != 0.0) & (quantity_after != 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        price_before = cost_before / quantity_before
        price_after = cost_after / quantity_after
    change = (price_after - price_before) * (quantity_before + quantity_after) / 2.0
    unknown = np.isnan(quantity_before) | np.isnan(quantity_after)
    price_effect = np.where(unknown, np.nan, np.where(priced, change, 0.0))
    return Contribution(amount, price_effect, amount - price_effect)
