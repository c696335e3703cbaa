"""Columns of inventory tables that stand on a bill with resource ids and nowhere else."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costmodel.optimize.billed_rows import short_name
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Array, Columns, column
from costmodel.units import BYTES_PER_GIB

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
        found["ebs_snapshots"] = _snapshots(inventory, lines)
    return found


def _snapshots(inventory: Inventory, lines: pa.Table) -> Columns:
    """Return the bytes billed for every snapshot, and at most how many where no line names it.

    What a region is billed without naming snapshots is the pool of those it does not name; each
    has its share by full size, and no more than that.
    """
    kind = "ebs_snapshots"
    mine = lines.filter(pc.equal(lines["usage_type"], _SNAPSHOTS))
    sums = _sums(mine)
    stored = np.array([sums.get(n, np.nan) for n in column(inventory, kind, "resource_id")])
    full = inventory.numbers(kind, "full_size_bytes")
    regions = np.array(column(inventory, kind, "region_id"), dtype=object)
    ceiling = np.full(len(full), np.nan)
    for region, pool in _pools(mine).items():
        rows = np.flatnonzero((regions == region) & np.isnan(stored) & ~np.isnan(full))
        whole = full[rows].sum()
        ceiling[rows] = full[rows] * min(1.0, pool * BYTES_PER_GIB / whole) if whole else 0.0
    return {"stored_bytes": stored * BYTES_PER_GIB, "ceiling_bytes": ceiling}


def _pools(lines: pa.Table) -> dict[str, float]:
    """Return, by region billed for snapshots, the GB-months that name no snapshot."""
    pools: dict[str, float] = {}
    names = ("resource_id", "region_id", "quantity")
    for row in lines.select(names).to_pylist():
        # A line without resource id is called by a path that ends in its usage type.
        unnamed = row["resource_id"].endswith(f"/{_SNAPSHOTS}")
        pools.setdefault(row["region_id"], 0.0)
        pools[row["region_id"]] += row["quantity"] if unnamed else 0.0
    return pools


def _requests(lines: pa.Table, hours: float) -> Array:
    """Return the requests of the bucket of every line; NaN where no bucket is named."""
    mine = pc.equal(lines["service_code"], "AmazonS3")
    asked = pc.starts_with(pc.fill_null(lines["usage_type"], ""), _REQUESTS)
    sums = _sums(lines.filter(pc.and_(mine, asked)))
    names = lines["resource_id"].to_pylist()
    if hours < _LEAST_HOURS:
        return np.full(len(names), np.nan)
    # The name of a bucket has no slash; a line without resource id is called by a path.
    return np.array([np.nan if "/" in n else sums.get(short_name(n), 0.0) for n in names])


def _sums(lines: pa.Table) -> dict[str, float]:
    """Return quantities by the short id of the resource."""
    sums: dict[str, float] = {}
    pairs = zip(lines["resource_id"].to_pylist(), lines["quantity"].to_pylist(), strict=True)
    for name, quantity in pairs:
        sums[short_name(name)] = sums.get(short_name(name), 0.0) + quantity
    return sums
