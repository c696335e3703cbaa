"""The usage table: one row is one meter of one resource in a month, without prices."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.catalog.sheet import Meter

Texts = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Working:
    """Where a row's quantity came from: the meter and the values its formulas read."""

    meter: Meter
    names: tuple[str, ...]
    values: tuple[Any, ...]
    reads_usage: bool

    def readings(self) -> dict[str, Any]:
        """Return the value of each name the quantity and usage type read."""
        scope = dict(zip(self.names, self.values, strict=True))
        names = sorted(self.meter.quantity.names | self.meter.usage_type.names)
        return {name: scope[name] for name in names}


class UsageLine(NamedTuple):
    """One row of a usage table, without the resource it belongs to; see ``UsageTable``."""

    path: tuple[str, ...]
    name: str
    service_code: str
    region_id: str | None
    usage_type: str | None
    operation: str | None
    variant: str | None
    unit: str
    quantity: float
    is_usage_based: bool
    pools_tiers: bool
    model: str
    lease: str | None
    option: str | None
    offering_class: str | None
    plan_type: str | None
    working: Working


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


def usage_table(rows: Sequence[tuple[int, UsageLine]]) -> UsageTable:
    """Return lines, each with the number of its resource, as a table."""
    columns = list(zip(*[line for _, line in rows], strict=True)) or [()] * len(UsageLine._fields)
    *named, workings = zip(UsageLine._fields, columns, strict=True)
    arrays = {name: _column(name, values) for name, values in named}
    resource = np.array([number for number, _ in rows], dtype=np.intp)
    return UsageTable(resource=resource, workings=workings[1], **arrays)


_DTYPES: Final = {"quantity": np.float64, "is_usage_based": np.bool_, "pools_tiers": np.bool_}


def _column(name: str, values: Sequence[Any]) -> npt.NDArray[Any]:
    if name in _DTYPES:
        return np.array(values, dtype=_DTYPES[name])
    column = np.empty(len(values), dtype=object)
    if name == "path":  # numpy would take tuples of one length for a second dimension
        for row, value in enumerate(values):
            column[row] = value
    else:
        column[:] = values
    return column
