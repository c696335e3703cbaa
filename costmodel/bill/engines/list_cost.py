"""Pricing inside an engine's workers: the tier kernel on Arrow batches."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costmodel.engine.tiers import TierTable, graduated_cost

LIST_COST_SCHEMA = "x_PriceKey LONG, PricingQuantity DOUBLE, ListCost DOUBLE"


def list_cost_function(
    tiers: TierTable, sku_of_key: npt.NDArray[np.intp]
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return a function that prices batches of ``x_PriceKey`` (LONG) and ``PricingQuantity``.

    Args:
        tiers: price tiers of the SKUs.
        sku_of_key: (k,) SKU of each distinct price key, -1 where there is none; costs NaN.
    """

    def price(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            key = batch.column("x_PriceKey").to_numpy(zero_copy_only=False)
            quantity = batch.column("PricingQuantity").to_numpy(zero_copy_only=False)
            cost = graduated_cost(tiers, sku_of_key[key], quantity)
            yield pa.RecordBatch.from_pydict(
                {"x_PriceKey": key, "PricingQuantity": quantity, "ListCost": cost}
            )

    return price
