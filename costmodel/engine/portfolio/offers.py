"""Commitments that can be bought, as arrays.

Letters in shapes: ``p`` offers, ``k`` usage rows.
"""

from typing import NamedTuple

import numpy as np

from costmodel.engine.coverage.commitments import Bools, Commitments
from costmodel.engine.tiers import Floats, Ints


class Offers(NamedTuple):
    """Savings Plans (in USD per hour) and reservations (in units) on sale."""

    draw: Floats  # (p, k) commitment per unit of usage, NaN where not covered
    price: Floats  # (p,) USD per hour and unit of commitment; 1 for a Savings Plan
    stage: Ints  # (p,) order of application
    is_reservation: Bools  # (p,)
    step: Floats  # (p,) smallest purchase: 0.001 USD, or the units of one instance

    def commitments(self, quantity: Floats) -> Commitments:
        """Return the offers as commitments of the given quantities, (p,)."""
        return Commitments(self.draw, quantity[None, :], self.stage, self.is_reservation)

    def select(self, number: Ints | Bools) -> "Offers":
        """Return some of the offers."""
        return Offers(
            self.draw[number],
            self.price[number],
            self.stage[number],
            self.is_reservation[number],
            self.step[number],
        )


def dominated_offers(offers: Offers) -> Bools:
    """Say which offers another one beats on every row it covers, in the same stage.

    A dominated offer (the dearer payment option of one plan) only makes the programme larger.
    """
    cost = offers.price[:, None] * offers.draw
    beaten = np.zeros(len(cost), dtype=bool)
    for p in range(len(cost)):
        covered = ~np.isnan(cost[p])
        rivals = np.flatnonzero(~beaten & (offers.stage == offers.stage[p]))
        rivals = rivals[rivals != p]
        no_dearer = np.all(cost[np.ix_(rivals, covered)] <= cost[p, covered], axis=1)
        # The same rows only: a broader rival draws in another order.
        same_rows = np.all(~np.isnan(cost[rivals]) == covered, axis=1)
        beaten[p] = bool(np.any(no_dearer & same_rows)) and bool(covered.any())
    return beaten
