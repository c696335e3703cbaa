"""Inventory tables as scopes: columns, tags in words, and what the mathematical modules find."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from costmodel.errors import BadInputError
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.metric_names import METRIC_STATS
from costmodel.optimize.rule import RuleBook, UsageModel
from costmodel.optimize.rule_scope import Scope
from costmodel.optimize.tag_columns import tag_columns

Array = NDArray[Any]
Columns = Mapping[str, Array]


def build_scopes(
    inventory: Inventory,
    book: RuleBook,
    found: Mapping[str, Columns] | None = None,
    bill: pa.Table | None = None,
) -> dict[str, Scope]:
    """Return the scope of every table that was collected and has a usage model.

    Args:
        inventory: the account.
        book: usage models.
        found: table → columns the mathematical modules add.
        bill: lines of a bill, see ``billed_rows``.
    """
    scopes = {}
    if bill is not None and "bill_usage" in book.models:
        columns = (found or {}).get("bill_usage", {})
        scopes["bill_usage"] = Scope(bill.num_rows, columns, book.models["bill_usage"], bill)
    for kind, model in book.models.items():
        if kind in inventory.tables:
            scopes[kind] = _scope(inventory, kind, model, (found or {}).get(kind, {}))
    return scopes


def _scope(inventory: Inventory, kind: str, model: UsageModel, found: Columns) -> Scope:
    table = inventory.table(kind)

    def metric(name: str, stat: str) -> Array:
        if stat not in METRIC_STATS:
            raise BadInputError(f"a metric has no figure {stat!r}")
        return inventory.metric(kind, name, stat)

    day = float(inventory.collected_at.strftime("%Y%m%d"))
    columns = {
        "as_of": np.array([day]),
        **tag_columns(table["tags"].to_pylist(), table["name"].to_pylist()),
        **found,
    }
    return Scope(table.num_rows, columns, model, table, metric, inventory.collected_at)
