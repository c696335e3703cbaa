"""The usage table: one row is one meter of one resource in a month, without prices."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.catalog.sheet import Meter
from costmodel.engine.formula import Scope

Texts = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Working:
    """Where a row's quantity came from: the meter, the values it read, and the row among them."""

    meter: Meter
    scope: Scope
    row: int
    reads_usage: bool

    def readings(self) -> dict[str, Any]:
        """Return the value of each name the quantity and usage type read."""
        names = sorted(self.meter.quantity.names | self.meter.usage_type.names)
        return {
            name: self.scope[name][self.row if len(self.scope[name]) > 1 else 0] for name in names
        }


@dataclass(frozen=True, slots=True)
class UsageTable:
    """What is used, n rows. Texts are None where an input that decides them is not given.

    Attributes:
        resource: (n,) number of the resource in the spec.
        path: (n,) tuple of nested blocks, such as ``("root_block_device",)``.
        name: (n,) name of the meter.
        service_code, region_id, usage_type, operation, variant: (n,) the price key.
        unit: (n,) unit of the quantity.
        quantity: (n,) quantity a month; NaN where it is not given.
        is_usage_based: (n,) the quantity depends on usage nobody gave.
        pools_tiers: (n,) tiers are counted over the account, else over the resource alone.
        model: (n,) OnDemand, Reserved, SavingsPlan or Spot.
        lease, option, offering_class, plan_type: (n,) how a commitment is bought.
        workings: (n,) how each quantity was made.
    """

    resource: Ints
    path: Texts
    name: Texts
    service_code: Texts
    region_id: Texts
    usage_type: Texts
    operation: Texts
    variant: Texts
    unit: Texts
    quantity: Floats
    is_usage_based: Flags
    pools_tiers: Flags
    model: Texts
    lease: Texts
    option: Texts
    offering_class: Texts
    plan_type: Texts
    workings: Sequence[Working] = field(default_factory=tuple)

    def __len__(self) -> int:
        return len(self.quantity)


def concat_usage(parts: Sequence[UsageTable]) -> UsageTable:
    """Return the rows of several tables in order."""
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in UsageTable.__slots__
        if name != "workings"
    }
    return UsageTable(**arrays, workings=[w for part in parts for w in part.workings])


def empty_usage() -> UsageTable:
    """Return a usage table without rows."""
    dtypes = {"resource": np.intp, "quantity": np.float64, "is_usage_based": bool}
    dtypes["pools_tiers"] = bool
    arrays: dict[str, Any] = {
        name: np.empty(0, dtype=dtypes.get(name, object))
        for name in UsageTable.__slots__
        if name != "workings"
    }
    return UsageTable(**arrays)
