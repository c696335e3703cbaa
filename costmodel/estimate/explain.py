"""How one number came about: formula, the values it read, SKU, tier slices, source, date."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from costmodel.errors import BadInputError
from costmodel.estimate.result import Estimate, known, line_json
from costmodel.result import Shown


@dataclass(frozen=True, slots=True)
class TierSlice:
    """The part of a line's pool that one tier prices."""

    begin_range: float
    end_range: float
    quantity: float
    unit_price: float
    cost: float


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """One line with its working."""

    line: dict[str, Any]
    formula: str
    readings: dict[str, Any]
    count: float
    pool_quantity: float
    slices: list[TierSlice]
    description: str
    published: str
    name_basis: str

    def to_json(self) -> dict[str, Any]:
        """Return the working as a JSON object."""
        return {
            **self.line,
            "formula": self.formula,
            "readings": self.readings,
            "count": self.count,
            "pool_quantity": known(self.pool_quantity),
            "tiers": [
                {
                    "begin_range": s.begin_range,
                    "end_range": None if np.isinf(s.end_range) else s.end_range,
                    "quantity": s.quantity,
                    "list_unit_price": known(s.unit_price),
                    "list_cost": known(s.cost),
                }
                for s in self.slices
            ],
            "description": self.description,
            "published": self.published,
            "name_basis": self.name_basis,
        }


@dataclass(frozen=True)
class Explanation(Shown):
    """How every line of one resource came about; a sequence of its lines.

    Attributes:
        address: the resource.
        lines: its lines, as in the estimate.
    """

    report_module: ClassVar[str] = "costmodel.report.explain"

    address: str
    lines: Sequence[ExplainedLine]

    def __iter__(self) -> Iterator[ExplainedLine]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, place: int) -> ExplainedLine:
        return self.lines[place]

    def __repr__(self) -> str:
        return f"Explanation({self.address}: {len(self)} lines; print(….to_text()) shows them)"

    def to_json(self) -> list[dict[str, Any]]:
        """Return the working of every line as JSON objects."""
        return [line.to_json() for line in self.lines]


def explain_resource(estimate: Estimate, address: str) -> Explanation:
    """Return the working of every line of one resource.

    Raises:
        BadInputError: no resource has this address; the message names the nearest.
    """
    addresses = [resource.address for resource in estimate.spec.resources]
    if address not in addresses and f"aws_{address}" in addresses:
        address = f"aws_{address}"
    if address not in addresses:
        from difflib import get_close_matches

        close = get_close_matches(address, addresses, 1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(addresses[:10])}"
        raise BadInputError(f"no resource {address!r}; {hint}")
    rows = np.flatnonzero(estimate.usage.resource == addresses.index(address))
    return Explanation(address, [_explain_line(estimate, int(row)) for row in rows])


def _explain_line(estimate: Estimate, row: int) -> ExplainedLine:
    usage, working = estimate.usage, estimate.usage.workings[row]
    sku = int(estimate.prices.sku[row])
    pool = _pool_quantity(estimate, row)
    said = estimate.prices.skus[sku] if sku >= 0 else None
    return ExplainedLine(
        line=line_json(estimate, row),
        formula=working.meter.quantity.text,
        readings={name: _plain(value) for name, value in working.readings().items()},
        count=estimate.spec.resources[usage.resource[row]].count,
        pool_quantity=pool,
        slices=[] if sku < 0 or np.isnan(pool) else tier_slices(estimate, sku, pool),
        description=said.description if said else "",
        published=said.published if said else "",
        name_basis=said.name_basis if said else "",
    )


def _pool_quantity(estimate: Estimate, row: int) -> float:
    """Return what fills the SKU's tier ladder: the account's quantity beyond what is free."""
    usage = estimate.usage
    same = (estimate.prices.sku == estimate.prices.sku[row]) & ~np.isnan(usage.quantity)
    if not usage.pools_tiers[row]:
        same &= usage.resource == usage.resource[row]
    if estimate.prices.sku[row] < 0 or np.isnan(usage.quantity[row]):
        return float("nan")
    return float((usage.quantity - estimate.free_quantity)[same].sum())


def tier_slices(estimate: Estimate, sku: int, quantity: float) -> list[TierSlice]:
    """Return how a quantity spreads over the tiers of a SKU."""
    tiers = estimate.prices.tiers
    first, last = int(tiers.first[sku]), int(tiers.first[sku + 1])
    begin = tiers.begin_range[first:last]
    end = np.append(begin[1:], np.inf)
    inside = np.clip(quantity - begin, 0.0, end - begin)
    return [
        TierSlice(float(b), float(e), float(q), float(p), float(q * p))
        for b, e, q, p in zip(begin, end, inside, tiers.unit_price[first:last], strict=True)
        if q > 0 or b == 0
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value
