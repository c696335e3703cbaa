"""Why spend moved between two spans of time: a ranking of contributions that adds up."""

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from costmodel.budget.alert import Cause
from costmodel.budget.spend import numbers
from costmodel.engine.contribution import split_change
from costmodel.engine.smoothing import Floats

if TYPE_CHECKING:
    import pandas as pd

CAUSE_DIMENSIONS: Final = ("ServiceName", "SubAccountId", "RegionId", "x_UsageType")


def rank_causes(
    after: "pd.DataFrame", before: "pd.DataFrame", metric: str, *, scale: float = 1.0
) -> tuple[Cause, ...]:
    """Rank what made the cost of `after` differ from `scale` times that of `before`.

    Args:
        after: rows of the span to explain.
        before: rows of the span to compare with.
        metric: the cost column.
        scale: length of the one span over that of the other.

    Returns:
        One cause per combination of service, account, region and usage type (as far as the table
        has them), largest rise first; the amounts add up to the difference.
    """
    import pandas as pd

    dimensions = [name for name in CAUSE_DIMENSIONS if name in after.columns]
    if not dimensions:
        return ()
    rows = pd.concat([before, after], ignore_index=True)
    is_after = np.arange(len(rows)) >= len(before)
    labels = rows[dimensions].astype(object).where(rows[dimensions].notna(), "").astype(str)
    codes, values = pd.factorize(pd.MultiIndex.from_frame(labels))
    cost = numbers(rows, metric)
    # Quantities of different units do not add: without the usage type they say nothing.
    quantity = np.full(len(rows), np.nan)
    if "ConsumedQuantity" in rows.columns and "x_UsageType" in dimensions:
        quantity = rows["ConsumedQuantity"].to_numpy(dtype=np.float64, na_value=np.nan)

    def sums(weights: Floats, side: NDArray[np.bool_]) -> Floats:
        total: Floats = np.bincount(codes[side], weights[side], len(values)).astype(np.float64)
        return total

    change = split_change(
        scale * sums(cost, ~is_after),
        sums(cost, is_after),
        scale * sums(quantity, ~is_after),
        sums(quantity, is_after),
    )
    name = ", ".join(dimensions)
    order = np.argsort(-change.amount, kind="stable")
    return tuple(
        Cause(
            name,
            " · ".join(part for part in values[i] if part) or "(none)",
            float(change.amount[i]),
            float(change.price_effect[i]),
            float(change.quantity_effect[i]),
        )
        for i in order
        if change.amount[i] != 0.0
    )
