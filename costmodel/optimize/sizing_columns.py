"""What the right-sizing search says, as columns the rules read.

None is not known (the load was not seen), an empty text is that there is no such type.

``smaller_type`` is the cheapest type that carries the load and costs less than the present one,
``smaller_speed`` what its vCPU does against the present one's, ``smaller_steps`` by how many sizes
it is smaller and ``smaller_overload`` the share of hours in which such a choice was too small;
``burstable_type`` the cheapest one on CPU credits; ``newer_type``, ``amd_type`` and
``graviton_type`` follow the map of family successors.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.catalog.catalog import PriceCatalog
from costmodel.engine.week_schedule import off_hours
from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Array, Columns, objects
from costmodel.optimize.rightsizing.backtest import backtest_sizes
from costmodel.optimize.rightsizing.capacity import Capacities, build_capacities, family_of
from costmodel.optimize.rightsizing.market import (
    instance_markets,
    price_matrix,
)
from costmodel.optimize.rightsizing.observed import (
    instance_load,
)
from costmodel.optimize.rightsizing.search import Choices, Load, Preferences, find_sizes
from costmodel.optimize.rightsizing.sizes import FamilySuccessor, successor_types

Floats = NDArray[np.float64]
Successors = Mapping[str, Mapping[str, FamilySuccessor]]
# OptScale: an hour is unused below 5 % CPU and 1,000 bytes a second; here of the hour's peak.
_UNUSED_CPU: Final = 5.0
_UNUSED_BYTES: Final = 1000.0
_LEAST_BLOCK: Final = 4
_LEAD_HOURS: Final = 0.5


class Sized(NamedTuple):
    """Right-sizing of one table."""

    load: Load
    capacities: Capacities
    choices: Choices


def sizing_columns(
    inventory: Inventory,
    catalog: PriceCatalog,
    successors: Successors,
    preferences: Preferences,
) -> dict[str, Columns]:
    """Return table → columns of the tables whose resources have a size."""
    found: dict[str, Columns] = {}
    if inventory.has("ec2_instances"):
        found["ec2_instances"] = _instances(inventory, catalog, successors, preferences)
    return found


def _instances(
    inventory: Inventory, catalog: PriceCatalog, successors: Successors, preferences: Preferences
) -> Columns:
    capacities = build_capacities(catalog.hardware())
    markets, market = instance_markets(inventory)
    prices = price_matrix(catalog, markets, capacities.names)
    load = instance_load(inventory, capacities, market)
    sized = Sized(load, capacities, find_sizes(load, capacities, prices, preferences))
    names = inventory.table("ec2_instances")["instance_type"].to_pylist()
    known = set(capacities.names)
    columns = choice_columns(sized)
    columns |= family_columns(names, successors.get("AmazonEC2", {}), known)
    columns["vcpus"] = np.where(load.current < 0, np.nan, capacities.vcpus[load.current])
    columns["fixed_type"] = _fixed_types(sized, prices)
    columns["storeless_type"] = objects([_without_store(name, known) for name in names])
    columns |= unused_hours(inventory, "ec2_instances", "CPUUtilization", _UNUSED_CPU)
    columns |= overload_columns(
        inventory, "ec2_instances", "CPUUtilization", sized, prices, preferences
    )
    return columns


def choice_columns(sized: Sized) -> Columns:
    """Return the first cheaper choice of the same kind, and the first on credits."""
    load, has, choices = sized
    cheaper = choices.hourly_price < choices.current_price[:, None] - 1e-9
    bursts = has.burstable[np.maximum(choices.best, 0)] & (choices.best >= 0)
    own_bursts = has.burstable[np.maximum(load.current, 0)]
    usable = cheaper & (~bursts | own_bursts[:, None])
    chosen, place = _first(choices, usable)
    smaller = _name_or("", has, chosen)
    burstable = _name_or("", has, _first(choices, cheaper & bursts & ~own_bursts[:, None])[0])
    current = _name_or(None, has, load.current)
    seen = ~np.isnan(load.cpu)
    to, at = np.maximum(chosen, 0), np.maximum(load.current, 0)
    is_smaller = seen & (chosen >= 0)
    return {
        "smaller_type": _where(seen, smaller),
        "burstable_type": _where(seen, burstable),
        "smaller_risk": np.where(seen, choices.risk[np.arange(len(place)), place], np.nan),
        "smaller_speed": np.where(is_smaller, has.relative_speed(to, at), np.nan),
        "smaller_steps": np.where(is_smaller, has.steps_down(to, at), np.nan),
        "smaller_is_same_family": objects(
            [
                family_of(new) == family_of(old) if s and new and old else (False if s else None)
                for new, old, s in zip(smaller, current, seen, strict=True)
            ]
        ),
        "is_carried": objects(
            [bool(c) if s else None for c, s in zip(choices.carried, seen, strict=True)]
        ),
        "memory_seen": objects(choices.memory_seen.tolist()),
    }


def _name_or(other: str | None, has: Capacities, rows: Array) -> Array:
    """Return the names of rows, another value where there is none."""
    names: Array = has.names[np.maximum(rows, 0)].copy()
    names[rows < 0] = other
    return names


def _where(known: Array, values: Array) -> Array:
    """Return the values, None where nobody knows."""
    result: Array = values.astype(object)
    result[~known] = None
    return result


def _first(choices: Choices, usable: Array) -> tuple[Array, Array]:
    """Return the first usable choice of every row, -1 for none, and its place."""
    place = np.argmax(usable, axis=1)
    rows = choices.best[np.arange(len(place)), place]
    return np.where(usable.any(axis=1), rows, -1), place


def overload_columns(
    inventory: Inventory, kind: str, metric: str, sized: Sized, prices: Floats, wanted: Preferences
) -> Columns:
    """Return how often a size chosen on the first half of the past was too small in the second.

    Only for resources that have a smaller size; the others stay unknown.
    """
    largest = inventory.series(kind, metric, "hourly_max") / 100.0
    overload = np.full(len(sized.load.current), np.nan)
    smaller = choice_columns(sized)["smaller_type"]
    rows = np.flatnonzero([bool(name) for name in smaller])
    if largest.shape[1] and len(rows):
        part = Load._make(values[rows] for values in sized.load)
        found = backtest_sizes(part, sized.capacities, prices, wanted, largest[rows])
        overload[rows] = found.overload
    return {"smaller_overload": overload}


def family_columns(
    names: Sequence[Any], successors: Mapping[str, FamilySuccessor], known: set[Any]
) -> Columns:
    """Return the same size in newer families, where such a type exists."""
    texts = [name or "" for name in names]
    processors = [
        getattr(successors.get(family_of(name)), "processor", "").lower() for name in texts
    ]
    moves = {p: successor_types(texts, successors, p) for p in ("intel", "amd", "graviton")}
    newer = [moves[p][row] if p in moves else None for row, p in enumerate(processors)]
    amd = [moves["amd"][row] if p == "intel" else None for row, p in enumerate(processors)]
    arm = [
        moves["graviton"][row] if p in ("intel", "amd") else None
        for row, p in enumerate(processors)
    ]
    found = {"newer_type": newer, "amd_type": amd, "graviton_type": arm}
    return {
        name: objects([value if value in known else None for value in values])
        for name, values in found.items()
    }


def _fixed_types(sized: Sized, prices: Floats) -> Array:
    """Return the cheapest type of fixed performance with as much of everything."""
    load, has, _ = sized
    result = np.full(len(load.current), None, dtype=object)
    pairs = np.stack([load.current, load.market], axis=1)
    for current, market in np.unique(pairs, axis=0).tolist():
        if current < 0 or not has.burstable[current]:
            continue
        fits = ~has.burstable & (has.architecture == has.architecture[current])
        fits &= (has.vcpus >= has.vcpus[current]) & (has.memory_gib >= has.memory_gib[current])
        fits &= (has.generation >= has.generation[current]) & ~np.isnan(prices[market])
        if fits.any():
            best = np.flatnonzero(fits)[np.argmin(prices[market][fits])]
            result[(pairs == (current, market)).all(axis=1)] = has.names[best]
    return result


def _without_store(name: Any, known: set[Any]) -> str | None:
    """Return the type without the d of its instance store: m5d.large → m5.large."""
    family, _, size = str(name or "").partition(".")
    head = family.rstrip("abcdefghijklmnopqrstuvwxyz")
    letters = family[len(head) :]
    plain = f"{head}{letters.replace('d', '', 1)}.{size}"
    return plain if "d" in letters and plain in known else None


def unused_hours(
    inventory: Inventory,
    kind: str,
    metric: str,
    limit: float,
    traffic: Sequence[str] = ("NetworkIn", "NetworkOut"),
) -> Columns:
    """Return the hours a week in which nothing happened in any week, and the weeks seen.

    Args:
        inventory: the account.
        kind: inventory table.
        metric: metric that says whether a resource is used.
        limit: the hour is unused below this.
        traffic: metrics of bytes that must be small too.
    """
    fold = inventory.fold(kind, metric)
    quiet = fold < limit
    weeks = inventory.metric(kind, metric, "fold_weeks")
    for name in traffic:
        seconds = inventory.metric(kind, name, "period_seconds")[:, None]
        quiet &= inventory.fold(kind, name) / seconds < _UNUSED_BYTES
        weeks = np.fmin(weeks, inventory.metric(kind, name, "fold_weeks"))
    seen = ~np.isnan(fold).all(axis=1)
    hours = off_hours(quiet, least_block=_LEAST_BLOCK, lead_hours=_LEAD_HOURS)
    # Never used at all is idle, not a schedule.
    return {
        "off_hours": np.where(seen, np.where(hours < 168.0, hours, 0.0), np.nan),
        "off_weeks": np.where(seen, weeks, np.nan),
    }
