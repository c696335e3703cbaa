"""Columns of inventory tables that stand on a bill with resource ids and nowhere else."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Array, Columns, column

_GIB: Final = 2.0**30
_SNAPSHOTS: Final = "EBS:SnapshotUsage"
_REQUESTS: Final = "Requests-"
# OptScale looks at a bucket for a week before it calls it abandoned.
_LEAST_HOURS: Final = 168.0


def billed_columns(inventory: Inventory, lines: pa.Table, hours: float) -> dict[str, Columns]:
    """Return table → columns read off the lines of a bill.

    Args:
        inventory: the account.
        lines: usage by resource and price key, scaled to a month.
        hours: length of the bill.
    """
    found: dict[str, Columns] = {"bill_usage": {"bucket_requests": _requests(lines, hours)}}
    if inventory.has("ebs_snapshots"):
        found["ebs_snapshots"] = {"stored_bytes": _stored_bytes(inventory, lines)}
    return found


def _stored_bytes(inventory: Inventory, lines: pa.Table) -> Array:
    """Return the GB-months billed for every snapshot, as bytes; NaN where none were."""
    sums = _sums(lines.filter(pc.equal(lines["usage_type"], _SNAPSHOTS)))
    names = column(inventory, "ebs_snapshots", "resource_id")
    return np.array([sums.get(name, np.nan) for name in names]) * _GIB


def _requests(lines: pa.Table, hours: float) -> Array:
    """Return the requests of the bucket of every line; NaN where no bucket is named."""
    mine = pc.equal(lines["service_code"], "AmazonS3")
    asked = pc.starts_with(pc.fill_null(lines["usage_type"], ""), _REQUESTS)
    sums = _sums(lines.filter(pc.and_(mine, asked)))
    names = lines["resource_id"].to_pylist()
    if hours < _LEAST_HOURS:
        return np.full(len(names), np.nan)
    # The name of a bucket has no slash; a line without resource id is called by a path.
    return np.array([np.nan if "/" in n else sums.get(_short(n), 0.0) for n in names])


def _sums(lines: pa.Table) -> dict[str, float]:
    """Return quantities by the short id of the resource."""
    sums: dict[str, float] = {}
    pairs = zip(lines["resource_id"].to_pylist(), lines["quantity"].to_pylist(), strict=True)
    for name, quantity in pairs:
        sums[_short(name)] = sums.get(_short(name), 0.0) + quantity
    return sums


def _short(resource_id: str) -> str:
    """Return the last part of an ARN: bills name a bucket or a snapshot by either."""
    return resource_id.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
