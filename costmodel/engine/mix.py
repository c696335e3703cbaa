"""Why a sum moved: price, quantity and mix of its parts, adding up exactly.

Inside a group that is counted in one unit, the quantity effect is the change of the group's whole
quantity at its average price; what the parts' quantities did beyond that — a shift to dearer or
cheaper ones — is mix.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.engine.contribution import split_change
from costmodel.engine.smoothing import Floats
from costmodel.engine.tiers import Ints

Bools = npt.NDArray[np.bool_]


class MixSplit(NamedTuple):
    """Change of each group; the effects add up to it."""

    amount: Floats  # (g,) [currency] cost after - cost before
    price: Floats  # (g,) unit prices moved
    quantity: Floats  # (g,) more or less was used
    mix: Floats  # (g,) dearer or cheaper parts were used
    unmetered: Floats  # (g,) parts without a quantity: fees, taxes, credits


def split_price_quantity_mix(
    cost_before: Floats,
    cost_after: Floats,
    quantity_before: Floats,
    quantity_after: Floats,
    group: Ints,
) -> MixSplit:
    """Split the change of groups of parts into price, quantity and mix.

    Args:
        cost_before: (p,) cost of each part in the base period [currency].
        cost_after: (p,) cost of each part in the period to explain [currency].
        quantity_before: (p,) quantity in the base period; NaN where a part is not metered.
        quantity_after: (p,) quantity in the period to explain; NaN likewise.
        group: (p,) group of each part, from 0; a group's quantities have one unit.
    """
    count = int(group.max(initial=-1)) + 1
    part = split_change(cost_before, cost_after, quantity_before, quantity_after)
    metered = ~np.isnan(part.price_effect)

    def add_up(values: Floats, parts: Bools = metered) -> Floats:
        return np.bincount(group[parts], weights=values[parts], minlength=count).astype(np.float64)

    price, other = add_up(part.price_effect), add_up(part.quantity_effect)
    before, after = add_up(quantity_before), add_up(quantity_after)
    with np.errstate(divide="ignore", invalid="ignore"):
        average = (add_up(cost_before) / before + add_up(cost_after) / after) / 2.0
    # A group that is new or gone has one average price only: all of its change is quantity.
    is_steady = (before != 0.0) & (after != 0.0)
    quantity = np.where(is_steady, (after - before) * average, other)
    unmetered = add_up(part.amount, ~metered)
    amount = add_up(part.amount, np.ones(len(group), dtype=bool))
    return MixSplit(amount, price, quantity, amount - price - quantity - unmetered, unmetered)
