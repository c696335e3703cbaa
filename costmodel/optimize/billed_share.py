"""What a bill says a saving is worth: covered usage saves nothing, discounts save less.

A reservation or plan is paid whether it is used or not. Of a resource's usage only what is billed
on demand (or spot) drops off the bill when the usage ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from costmodel.optimize.line_pricing import Lines, PriceBook
from costmodel.optimize.rule_scope import Scope


class Share(NamedTuple):
    """How one resource's usage of one usage type was billed.

    Attributes:
        paid: USD the bill drops by for every USD of list cost that ends.
        hours: hours billed, scaled to a month of 730 h.
    """

    paid: float
    hours: float


@dataclass(frozen=True, slots=True)
class BilledShare:
    """Shares by (resource id, usage type); without a bill everything is at list price."""

    shares: Mapping[tuple[str, str], Share] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.shares)

    def apply(self, lines: Lines, scope: Scope, book: PriceBook) -> Lines:
        """Return the lines with the paid share of each."""
        if not self.shares:
            return lines
        names = scope.full("resource_id")
        paid = np.ones(len(lines.row))
        for place, (row, key) in enumerate(
            zip(lines.row.tolist(), lines.key.tolist(), strict=True)
        ):
            if key >= 0:
                share = self.shares.get((str(names[row]), book.keys[key][2]))
                paid[place] = 1.0 if share is None else share.paid
        return lines._replace(paid=paid)
