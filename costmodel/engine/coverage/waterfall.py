"""Replay AWS's order of application in every hour.

Reserved instances come before Savings Plans, narrow plans before broad ones; inside one type all
plans are applied together, the highest savings percentage first and ties to the lower rate; the
owner's usage first, then sharing. Nothing carries over between hours, so every step runs on all
hours at once. Source: AWS, Savings Plans user guide, "Understanding how Savings Plans apply to
your usage"; EC2 user guide, "How Reserved Instances are applied".
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.engine.coverage.commitments import (
    Bools,
    Commitments,
    Ownership,
    SharingMode,
    check_ownership,
    savings_plan_commitments,
)
from costmodel.engine.hourly_input import hourly_usage, rates
from costmodel.engine.tiers import Floats, Ints
from costmodel.errors import CommitmentError

Draw = Callable[[int | Ints, int | Ints, slice | Ints, Floats], None]


class Coverage(NamedTuple):
    """What is covered in each hour and what is left at on-demand rates."""

    used_commitment: Floats  # (h, p) USD per hour, or units of a reservation
    unused_commitment: Floats  # (h, p)
    on_demand_quantity: Floats  # (h, k) usage that nothing covers
    on_demand_cost: Floats  # (h,) USD
    # (h, k) usage that something covers
    covered_quantity: Floats


class Allocation(NamedTuple):
    """Which commitment covers how much of which row in which hour; only where it covers any."""

    hour: Ints  # (n,)
    row: Ints  # (n,)
    plan: Ints  # (n,)
    quantity: Floats  # (n,) units of usage


class _Pairs(NamedTuple):
    """(commitment, row) pairs in AWS's order."""

    plan: Ints  # (m,)
    row: Ints  # (m,)
    draw: Floats  # (m,)


class _Ledger(NamedTuple):
    """What is left while the waterfall runs; rows and plans are contiguous in memory."""

    usage: Floats  # (k, h)
    commitment: Floats  # (p, h)
    record: Draw


def apply_savings_plans(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    plan_rates: npt.ArrayLike,
    commitments: npt.ArrayLike,
    order: npt.ArrayLike | None = None,
    *,
    ownership: Ownership | None = None,
) -> Coverage:
    """Return used commitment and remaining on-demand cost of every hour.

    Args:
        usage: (h, k) quantity of each usage row in each hour.
        on_demand_rate: (k,) USD per unit.
        plan_rates: (p, k) Savings Plan rate, USD per unit; NaN where a plan does not cover a row.
        commitments: (p,) or (h, p) USD per hour; the second form for plans that begin or end.
        order: (p,) stage of each plan. Plans of one stage are of one type and applied together;
            EC2 Instance plans get a lower stage than Compute plans. All together when None.
        ownership: accounts of rows and plans; without it there is one account.
    """
    quantity = hourly_usage(usage)
    plans = savings_plan_commitments(plan_rates, commitments, order, quantity.shape[1])
    return apply_commitments(quantity, on_demand_rate, plans, ownership)


def apply_commitments(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    commitments: Commitments,
    ownership: Ownership | None = None,
) -> Coverage:
    """Return the coverage by reservations and Savings Plans together.

    Arguments as for ``apply_savings_plans``.
    """
    return _run(usage, on_demand_rate, commitments, ownership, lambda *_: None)


def trace_commitments(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    commitments: Commitments,
    ownership: Ownership | None = None,
) -> tuple[Coverage, Allocation]:
    """Return the coverage and, row by row, which commitment gave it.

    Arguments as for ``apply_savings_plans``.
    """
    entries: list[tuple[Ints, Ints, Ints, Floats]] = []

    def record(plan: int | Ints, row: int | Ints, hour: slice | Ints, units: Floats) -> None:
        covered = np.flatnonzero(units > 0.0)
        at = covered if isinstance(hour, slice) else hour[covered]
        entries.append((at, _taken(row, covered), _taken(plan, covered), units[covered]))

    coverage = _run(usage, on_demand_rate, commitments, ownership, record)
    if not entries:
        none = np.empty(0, dtype=np.intp)
        return coverage, Allocation(none, none, none, np.empty(0))
    hour, row, plan, units = (np.concatenate(part) for part in zip(*entries, strict=True))
    order = np.lexsort((row, hour))
    return coverage, Allocation(hour[order], row[order], plan[order], units[order])


def _taken(number: int | Ints, covered: Ints) -> Ints:
    if isinstance(number, np.ndarray):
        return number[covered]
    return np.full(len(covered), number, dtype=np.intp)


def _run(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    commitments: Commitments,
    ownership: Ownership | None,
    record: Draw,
) -> Coverage:
    quantity = hourly_usage(usage)
    hours, rows = quantity.shape
    on_demand = rates(on_demand_rate, rows, "on_demand_rate")
    committed = commitments.quantity
    if len(committed) not in (1, hours):
        raise CommitmentError(f"commitments cover {len(committed)} hours, usage {hours}")
    committed = np.broadcast_to(committed, (hours, committed.shape[1]))
    # Copies: the ledger is written to, and a transposed column is contiguous already.
    ledger = _Ledger(np.array(quantity.T, order="C"), np.array(committed.T, order="C"), record)
    # Offers that are not bought would only make the pairs more.
    holds = committed.max(axis=0, initial=0.0) > 0.0
    for stage in np.unique(commitments.stage[holds]):
        in_stage = holds & (commitments.stage == stage)
        _apply_stage(ledger, commitments, on_demand, in_stage, ownership)
    left = ledger.usage.T
    return Coverage(
        committed - ledger.commitment.T,
        ledger.commitment.T,
        left,
        left @ on_demand,
        quantity - left,
    )


def _apply_stage(
    ledger: _Ledger,
    commitments: Commitments,
    on_demand: Floats,
    in_stage: Bools,
    ownership: Ownership | None,
) -> None:
    covers = in_stage[:, None] & ~np.isnan(commitments.draw)
    if ownership is None:
        _draw_in_order(ledger, _ordered_pairs(commitments, on_demand, covers))
        return
    owned = check_ownership(ownership, *commitments.draw.shape)
    own, *shared = _passes(owned)
    _draw_in_order(ledger, _ordered_pairs(commitments, on_demand, covers & own))
    # Savings Plans reach the account that saves most first; reservations the smallest size.
    spend = ~commitments.is_reservation[:, None]
    for reach in shared:
        _draw_in_order(ledger, _ordered_pairs(commitments, on_demand, covers & reach & ~spend))
        _draw_by_account(ledger, commitments, on_demand, covers & reach & spend, owned)


def _passes(ownership: Ownership) -> Iterator[Bools]:
    """Yield which commitment may reach which row: the owner, then as the sharing mode says."""
    own = ownership.owner[:, None] == ownership.account[None, :]
    yield own
    group_of_owner = ownership.group[ownership.owner][:, None]
    group_of_row = ownership.group[ownership.account][None, :]
    same_group = (group_of_owner == group_of_row) & (group_of_owner >= 0) & ~own
    if ownership.mode is not SharingMode.OPEN:
        yield same_group
    if ownership.mode is not SharingMode.RESTRICTED:
        yield ~own


def _ordered_pairs(commitments: Commitments, on_demand: Floats, covers: Bools) -> _Pairs:
    """Return the pairs of one stage: highest savings first, ties to the lower draw.

    For reservations the draw is the normalised size and no saving counts: smallest size first.
    """
    plan, row = np.nonzero(covers)
    draw = commitments.draw[plan, row]
    with np.errstate(divide="ignore"):
        price_left = np.where(on_demand[row] > 0.0, draw / on_demand[row], np.inf)
    price_left = np.where(commitments.is_reservation[plan], 0.0, price_left)
    # Equal savings differ in the last bits after division (0.03 / 0.04 and 0.003 / 0.004).
    order = np.lexsort((row, plan, draw, np.round(price_left, 12)))
    return _Pairs(plan[order], row[order], draw[order])


def _draw_in_order(ledger: _Ledger, pairs: _Pairs) -> None:
    every_hour = slice(None)
    for plan, row, draw in zip(
        pairs.plan.tolist(), pairs.row.tolist(), pairs.draw.tolist(), strict=True
    ):
        usage, commitment = ledger.usage[row], ledger.commitment[plan]
        units = _cover(usage, commitment, draw)
        ledger.record(plan, row, every_hour, units)
        np.subtract(usage, units, out=usage)


def _cover(usage: Floats, commitment: Floats, draw: float | Floats) -> Floats:
    """Return the units covered and take their draw from the commitment, in place."""
    affordable = commitment / draw
    units: Floats = np.minimum(usage, affordable)
    np.subtract(commitment, units * draw, out=commitment)
    # c - (c / r) * r may be a few units in the last place off zero, either way.
    commitment[affordable <= usage] = 0.0
    np.maximum(commitment, 0.0, out=commitment)
    return units


class _AccountPairs(NamedTuple):
    """Pairs of each account in AWS's order, padded with -1."""

    plan: Ints  # (a, j)
    row: Ints  # (a, j)
    draw: Floats  # (a, j)


def _draw_by_account(
    ledger: _Ledger,
    commitments: Commitments,
    on_demand: Floats,
    covers: Bools,
    ownership: Ownership,
) -> None:
    """Share with the account whose calculated savings are largest in each hour, then the next."""
    plans = np.flatnonzero(covers.any(axis=1))
    if not len(plans):
        return
    rows = np.flatnonzero(covers.any(axis=0))
    pairs = _pairs_by_account(_ordered_pairs(commitments, on_demand, covers), ownership)
    rank = _account_rank(ledger, commitments, on_demand, covers, ownership.account, rows)
    active = np.flatnonzero(ledger.commitment[plans].sum(axis=0) > 0.0)
    for ranked in rank:
        account = ranked[active]
        for column in range(pairs.plan.shape[1]):
            plan = pairs.plan[account, column]
            drawing = np.flatnonzero(plan >= 0)
            if not len(drawing):
                break
            taker = account[drawing]
            _draw_scattered(
                ledger,
                (plan[drawing], pairs.row[taker, column], pairs.draw[taker, column]),
                active[drawing],
            )
        active = active[ledger.commitment[np.ix_(plans, active)].sum(axis=0) > 0.0]
        if not len(active):
            return


def _draw_scattered(ledger: _Ledger, pair: tuple[Ints, Ints, Floats], hour: Ints) -> None:
    """Draw one pair per hour, another pair in each hour."""
    plan, row, draw = pair
    usage, commitment = ledger.usage[row, hour], ledger.commitment[plan, hour]
    units = _cover(usage, commitment, draw)
    ledger.record(plan, row, hour, units)
    ledger.usage[row, hour] = usage - units
    ledger.commitment[plan, hour] = commitment


def _pairs_by_account(pairs: _Pairs, ownership: Ownership) -> _AccountPairs:
    account = ownership.account[pairs.row]
    order = np.argsort(account, kind="stable")
    count = np.bincount(account, minlength=len(ownership.group))
    place = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    shape = (len(count), int(count.max(initial=0)))
    plan, row = np.full(shape, -1, dtype=np.intp), np.full(shape, -1, dtype=np.intp)
    draw = np.ones(shape)
    at = (account[order], place)
    plan[at], row[at], draw[at] = pairs.plan[order], pairs.row[order], pairs.draw[order]
    return _AccountPairs(plan, row, draw)


def _account_rank(
    ledger: _Ledger,
    commitments: Commitments,
    on_demand: Floats,
    covers: Bools,
    account: Ints,
    rows: Ints,
) -> Ints:
    """Return account numbers by calculated savings in each hour, (a', h), largest first.

    Calculated savings: the usage left × (on-demand − the lowest rate that may reach it).
    """
    lowest = np.nanmin(np.where(covers, commitments.draw, np.nan)[:, rows], axis=0)
    saving = np.maximum(on_demand[rows] - lowest, 0.0)
    order = np.argsort(account[rows], kind="stable")
    numbers, first = np.unique(account[rows][order], return_index=True)
    value = np.add.reduceat(ledger.usage[rows[order]] * saving[order, None], first, axis=0)
    return numbers[np.argsort(-value, axis=0, kind="stable")]
