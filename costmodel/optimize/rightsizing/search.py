"""Search the cheapest type that carries a load in every dimension.

Demand is a high percentile (CPU) or the peak (the rest) of what was seen, plus headroom. What was
not seen is never assumed away: memory without a metric keeps at least its size, and so does every
other unseen dimension; the risk says so. A vCPU is worth what CoreMark measured on its family, so
that CPU seen on one type is converted to another. Reference: Compute Optimizer's defaults (P99.5,
20 % headroom), https://docs.aws.amazon.com/compute-optimizer/latest/ug/rightsizing-preferences.html
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.engine.utilization import Burstable, unlimited_credits
from costmodel.optimize.rightsizing.capacity import Capacities

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CHOICES: Final = 3
# Instances × candidates compared at once: keeps the masks below 40 MB.
_MOST_CELLS: Final = 4_000_000
_UNSEEN_RISK: Final = 2.0


class Architecture(Enum):
    """Which architectures a candidate may have."""

    SAME = "same"
    ARM64 = "arm64"


class Load(NamedTuple):
    """What (n,) instances use; NaN is unseen.

    Attributes:
        current: row of the current type in `Capacities`.
        cpu: high percentile of CPU, share of all vCPUs.
        cpu_mean: mean CPU, share of all vCPUs.
        memory: peak of memory used, share of the memory.
        network_gbps: peak network in + out [Gbit/s].
        ebs_iops: peak EBS operations a second.
        ebs_mbps: peak EBS throughput [Mbit/s].
        interfaces: attached network interfaces.
        store_used: the instance store is in use, or nobody knows.
        market: row of the price matrix: region, operation and tenancy.
        hourly_cpu: (n, hours) mean CPU of each hour, share of all vCPUs; no columns if unseen.
    """

    current: Ints
    cpu: Floats
    cpu_mean: Floats
    memory: Floats
    network_gbps: Floats
    ebs_iops: Floats
    ebs_mbps: Floats
    interfaces: Floats
    store_used: Bools
    market: Ints
    hourly_cpu: Floats


@dataclass(frozen=True, slots=True)
class Preferences:
    """How careful to be.

    Attributes:
        cpu_headroom, memory_headroom, other_headroom: share of a candidate that stays free.
        architecture: whether a candidate may have another one.
        most_steps: sizes a change may go down at once; the rest is for the next look.
    """

    cpu_headroom: float = 0.2
    memory_headroom: float = 0.2
    other_headroom: float = 0.2
    architecture: Architecture = Architecture.SAME
    most_steps: float = 2.0


class Choices(NamedTuple):
    """The cheapest feasible types of (n,) instances.

    Attributes:
        best: (n, 3) rows of `Capacities` in ascending price, -1 where there are fewer.
        hourly_price: (n, 3) their prices [USD / h], NaN for -1.
        current_price: (n,) price of the current type [USD / h].
        risk: (n, 3) performance risk of each choice, 0 to 3: two for less of something nobody
            saw, one for leaving fixed performance.
        memory_seen: (n,) memory was measured, so that less of it may be chosen.
        carried: (n,) the current type itself carries the need; False is under-provisioned.
    """

    best: Ints
    hourly_price: Floats
    current_price: Floats
    risk: Floats
    memory_seen: Bools
    carried: Bools


def find_sizes(
    load: Load, capacities: Capacities, prices: Floats, preferences: Preferences
) -> Choices:
    """Find the cheapest feasible types of every instance.

    Args:
        load: what (n,) instances use.
        capacities: (m,) types.
        prices: (markets, m) hourly on-demand prices [USD / h], NaN where a type is not offered.
        preferences: headroom and architecture.
    """
    count = len(load.current)
    best = np.full((count, CHOICES), -1, dtype=np.int64)
    needs = _needs(load, capacities, preferences)
    known = load.current >= 0
    keys = np.stack([load.market, load.current, load.store_used.astype(np.int64)], axis=1)
    keys[~known] = -1
    groups, member = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(member.ravel(), kind="stable")
    bounds = np.searchsorted(member.ravel()[order], np.arange(len(groups) + 1))
    for number, (market, current, store_used) in enumerate(groups.tolist()):
        if current < 0:
            continue
        rows = order[bounds[number] : bounds[number + 1]]
        candidates = _candidates(capacities, prices[market], current, store_used, preferences)
        for part in _parts(rows, len(candidates)):
            best[part] = _first_feasible(load, needs, capacities, part, candidates, preferences)
    return _choices(load, capacities, prices, needs, best, preferences)


def _parts(rows: Ints, width: int) -> list[Ints]:
    size = max(1, _MOST_CELLS // max(1, width))
    return [rows[begin : begin + size] for begin in range(0, len(rows), size)]


class _Needs(NamedTuple):
    """What a candidate must offer, (n,) each."""

    vcpus: Floats
    memory_gib: Floats
    network_gbps: Floats
    ebs_iops: Floats
    ebs_mbps: Floats
    interfaces: Floats


def _needs(load: Load, capacities: Capacities, preferences: Preferences) -> _Needs:
    has = capacities
    at = np.maximum(load.current, 0)
    cpu, memory, other = (
        1.0 - headroom
        for headroom in (
            preferences.cpu_headroom,
            preferences.memory_headroom,
            preferences.other_headroom,
        )
    )

    def seen_or_kept(seen: Floats, kept: Floats) -> Floats:
        # Nobody saw it: the current capacity is needed; nobody knows that either: anything does.
        return np.where(np.isnan(seen), np.nan_to_num(kept), seen)

    return _Needs(
        seen_or_kept(load.cpu * has.vcpus[at] / cpu, has.vcpus[at]),
        seen_or_kept(load.memory * has.memory_gib[at] / memory, has.memory_gib[at]),
        seen_or_kept(load.network_gbps / other, has.network_gbps[at]),
        seen_or_kept(load.ebs_iops / other, has.ebs_iops[at]),
        seen_or_kept(load.ebs_mbps / other, has.ebs_mbps[at]),
        np.nan_to_num(load.interfaces),
    )


def _candidates(
    capacities: Capacities,
    prices: Floats,
    current: int,
    store_used: int,
    preferences: Preferences,
) -> Ints:
    """Return the types that may replace a type at all, cheapest first; itself is among them."""
    has = capacities
    allowed = ~np.isnan(prices)
    wanted = has.architecture[current]
    if preferences.architecture is Architecture.ARM64:
        wanted = "arm64"
    allowed &= has.architecture == wanted
    allowed &= has.accelerators == has.accelerators[current]
    allowed &= has.bare_metal == has.bare_metal[current]
    # A newer generation does more than CPU; where no speed was measured it alone is safe.
    allowed &= has.generation >= has.generation[current]
    # A Nitro image has no Xen drivers; the other way round is a change of platform.
    allowed &= (has.hypervisor != "xen") | (has.hypervisor[current] == "xen")
    everyone = np.arange(len(has.names))
    allowed &= ~(
        has.steps_down(everyone, np.full_like(everyone, current)) > preferences.most_steps
    )
    if store_used:
        allowed &= has.store_gb >= has.store_gb[current]
    found = np.flatnonzero(allowed)
    # Of equal prices the fewest differences: the same family first.
    return found[np.lexsort((found != current, prices[found]))]


def _first_feasible(
    load: Load,
    needs: _Needs,
    capacities: Capacities,
    rows: Ints,
    candidates: Ints,
    preferences: Preferences,
) -> Ints:
    """Return the first three candidates that carry each load, (rows, 3)."""
    current = np.full_like(candidates, load.current[rows[0]]) if len(rows) else candidates
    speed = _known_or_equal(capacities.relative_speed(candidates, current))
    feasible = _carries(needs, capacities, rows, candidates, speed)
    own = candidates[None, :] == load.current[rows, None]
    bursts = capacities.burstable[candidates]
    if bursts.any():
        feasible[:, bursts] &= own[:, bursts] | _affordable(
            load, capacities, rows, candidates[bursts], speed[bursts], feasible[:, bursts]
        )
    rank = np.cumsum(feasible, axis=1)
    best = np.full((len(rows), CHOICES), -1, dtype=np.int64)
    if len(candidates) == 0:  # no price where these stand
        return best
    for choice in range(CHOICES):
        hit = feasible & (rank == choice + 1)
        row = np.flatnonzero(hit.any(axis=1))
        best[row, choice] = candidates[np.argmax(hit[row], axis=1)]
    return best


def _known_or_equal(speed: Floats) -> Floats:
    """Return relative speeds, 1 where nobody measured them."""
    return np.where(np.isnan(speed), 1.0, speed)


def _carries(
    needs: _Needs, capacities: Capacities, rows: Ints, candidates: Ints, speed: Floats
) -> Bools:
    """Say which candidates meet the needs; an unknown capacity meets only a need of nothing.

    ``speed`` is what a vCPU of each candidate does against one of the current type, (c,).
    """
    has = capacities
    pairs = (
        (needs.vcpus, has.vcpus[candidates] * speed),
        (needs.memory_gib, has.memory_gib[candidates]),
        (needs.network_gbps, has.network_gbps[candidates]),
        (needs.ebs_iops, has.ebs_iops[candidates]),
        (needs.ebs_mbps, has.ebs_mbps[candidates]),
        (needs.interfaces, has.interfaces[candidates]),
    )
    feasible = np.ones((len(rows), len(candidates)), dtype=np.bool_)
    for need, capacity in pairs:
        offered = np.nan_to_num(capacity)
        # 1e-9: 4 vCPU × 0.4 / 0.8 must fit into 2 vCPU.
        feasible &= need[rows, None] <= offered[None, :] * (1 + 1e-9)
    return feasible


def _affordable(
    load: Load,
    capacities: Capacities,
    rows: Ints,
    candidates: Ints,
    speed: Floats,
    feasible: Bools,
) -> Bools:
    """Say where a burstable type would carry the load without paying for surplus credits.

    Needs an hourly series: a mean alone does not show how long a burst lasts.
    """
    result = np.zeros(feasible.shape, dtype=np.bool_)
    if load.hourly_cpu.shape[1] == 0:
        return result
    series = load.hourly_cpu[rows]
    seen = ~np.isnan(series).all(axis=1)
    used = load.cpu_mean[rows] * capacities.vcpus[load.current[rows]]
    for column, candidate in enumerate(candidates.tolist()):
        terms = capacities.credits
        earned, vcpus = terms.earned_per_hour[candidate], terms.vcpus[candidate]
        # On average above the baseline: no simulation is needed to know.
        chosen = np.flatnonzero(
            feasible[:, column] & seen & (used / speed[column] * 60.0 < earned)
        )
        if not len(chosen):
            continue
        scale = capacities.vcpus[load.current[rows[chosen]]] / (vcpus * speed[column])
        one = np.ones(len(chosen))
        same = Burstable(vcpus * one, earned * one, terms.limit[candidate] * one, 0.0 * one)
        cpu = np.minimum(series[chosen] * scale[:, None], 1.0)
        run = unlimited_credits(same, cpu)
        result[chosen, column] = (run.charged == 0) & (run.surplus == 0)
    return result


def _choices(
    load: Load,
    capacities: Capacities,
    prices: Floats,
    needs: _Needs,
    best: Ints,
    preferences: Preferences,
) -> Choices:
    price = prices[load.market[:, None], np.maximum(best, 0)]
    at = np.maximum(load.current, 0)
    own = _own_carries(needs, capacities, at)
    return Choices(
        best,
        np.where(best < 0, np.nan, price),
        np.where(load.current < 0, np.nan, prices[load.market, at]),
        np.stack([_risk(load, capacities, np.maximum(row, 0)) for row in best.T], axis=1),
        ~np.isnan(load.memory),
        own & (load.current >= 0),
    )


def _own_carries(needs: _Needs, capacities: Capacities, at: Ints) -> Bools:
    has = capacities
    pairs = zip(
        needs,
        (has.vcpus, has.memory_gib, has.network_gbps, has.ebs_iops, has.ebs_mbps, has.interfaces),
        strict=True,
    )
    fits = [need <= np.nan_to_num(capacity[at]) * (1 + 1e-9) for need, capacity in pairs]
    return np.asarray(np.logical_and.reduce(fits), dtype=np.bool_)


def _risk(load: Load, capacities: Capacities, chosen: Ints) -> Floats:
    """Return the risk: unseen dimensions the choice has less of count two, unseen CPU too."""
    at = np.maximum(load.current, 0)
    unseen = np.isnan(load.cpu)
    for seen, capacity in (
        (load.memory, capacities.memory_gib),
        (load.network_gbps, capacities.network_gbps),
        (load.ebs_iops, capacities.ebs_iops),
        (load.ebs_mbps, capacities.ebs_mbps),
    ):
        unseen |= np.isnan(seen) & ~(capacity[chosen] >= capacity[at])
    return np.where(unseen, _UNSEEN_RISK, 0.0) + _burst_risk(capacities, at, chosen)


def _burst_risk(capacities: Capacities, at: Ints, chosen: Ints) -> Floats:
    """Return the risk of leaving fixed performance: one step, as the past may not repeat."""
    return (capacities.burstable[chosen] & ~capacities.burstable[at]).astype(np.float64)
