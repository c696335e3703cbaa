"""Every column rules read that is no column of the inventory: one place that asks all makers."""

from collections.abc import Callable, Mapping
from typing import Final

import pyarrow as pa

from costmodel.catalog.catalog import PriceCatalog
from costmodel.optimize.billed_columns import billed_columns
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.market_columns import market_columns
from costmodel.optimize.related_cells import Columns
from costmodel.optimize.related_columns import related_columns
from costmodel.optimize.rightsizing.search import Preferences
from costmodel.optimize.sizing_columns import Successors, sizing_columns
from costmodel.optimize.sizing_services import service_columns
from costmodel.optimize.storage_lifecycle import cohort_columns

Maker = Callable[[Inventory, PriceCatalog, Successors, Preferences], Mapping[str, Columns]]
_MAKERS: Final[tuple[Maker, ...]] = (sizing_columns, service_columns)


def found_columns(
    inventory: Inventory,
    catalog: PriceCatalog,
    successors: Successors,
    preferences: Preferences,
    lines: pa.Table | None = None,
    hours: float = 0.0,
) -> dict[str, Columns]:
    """Return table → columns that follow from other tables, metrics, prices and a bill.

    Args:
        inventory: the account.
        catalog: prices.
        successors: service → family → its successors.
        preferences: headroom of right-sizing.
        lines: usage of a bill by resource and price key, see ``bill_usage_table``.
        hours: length of that bill.
    """
    found = related_columns(inventory)
    parts = [make(inventory, catalog, successors, preferences) for make in _MAKERS]
    parts.append(market_columns(inventory, catalog))
    if inventory.has("s3_cohorts"):
        parts.append({"s3_cohorts": cohort_columns(inventory, catalog)})
    if lines is not None:
        parts.append(billed_columns(inventory, lines, hours))
    for part in parts:
        for kind, columns in part.items():
            found.setdefault(kind, {}).update(columns)
    return found
