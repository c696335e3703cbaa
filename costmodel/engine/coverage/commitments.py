"""Commitments as arrays: what each covers, at which draw, in which stage, and who owns it.

Letters in shapes: ``h`` hours, ``k`` usage rows, ``p`` commitments, ``a`` accounts.
"""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.engine.hourly_input import plan_rates
from costmodel.engine.tiers import Floats, Ints
from costmodel.errors import CommitmentError

Bools = npt.NDArray[np.bool_]


class SharingMode(StrEnum):
    """Whom an owner's unused commitment reaches (Savings Plans API, November 2025)."""

    OPEN = "OPEN"  # the whole organisation
    PRIORITIZED = "PRIORITIZED"  # the owner's group, then the rest
    RESTRICTED = "RESTRICTED"  # the owner's group only


class Commitments(NamedTuple):
    """Reservations and Savings Plans side by side.

    A Savings Plan draws its rate [USD per unit] from a commitment in USD per hour; a reservation
    draws normalised units (or 1 for an exact match) from the units it holds.
    """

    draw: Floats  # (p, k) commitment drawn per unit of usage, NaN where not covered
    quantity: Floats  # (h, p) or (1, p) commitment of each hour
    stage: Ints  # (p,) lower stages first; one stage is applied together
    is_reservation: Bools  # (p,)


class Ownership(NamedTuple):
    """Accounts of an organisation: who uses, who owns, who shares with whom."""

    account: Ints  # (k,) account number of each usage row
    owner: Ints  # (p,) account number of each commitment
    group: Ints  # (a,) sharing group of each account, -1 for none
    mode: SharingMode = SharingMode.OPEN


def savings_plan_commitments(
    draw: npt.ArrayLike, commitment: npt.ArrayLike, order: npt.ArrayLike | None, rows: int
) -> Commitments:
    """Return checked Savings Plans.

    Args:
        draw: (p, k) Savings Plan rate, USD per unit; NaN where not covered.
        commitment: (p,) or (h, p) USD per hour.
        order: (p,) stage of each plan, all together when None.
        rows: k.
    """
    rate = np.atleast_2d(plan_rates(draw, rows, "plan_rates"))
    plans = len(rate)
    stage = np.zeros(plans, dtype=np.intp) if order is None else np.asarray(order, dtype=np.intp)
    if stage.shape != (plans,):
        raise CommitmentError(f"order has shape {stage.shape}: give one stage for each of {plans}")
    quantity = commitment_quantity(commitment, plans)
    return Commitments(rate, quantity, stage, np.zeros(plans, dtype=bool))


def commitment_quantity(commitment: npt.ArrayLike, plans: int) -> Floats:
    """Return commitments as (h, p) or (1, p) floats >= 0."""
    quantity = np.atleast_2d(np.asarray(commitment, dtype=np.float64))
    if quantity.ndim != 2 or quantity.shape[1] != plans:
        raise CommitmentError(
            f"commitments have shape {quantity.shape}: give {plans} numbers, or hours × {plans}"
        )
    if not np.all(np.isfinite(quantity) & (quantity >= 0.0)):
        raise CommitmentError("commitments must be numbers >= 0, in USD per hour or units")
    return quantity


def join_commitments(*parts: Commitments) -> Commitments:
    """Return several sets of commitments as one; stages keep their numbers."""
    hours = max(len(part.quantity) for part in parts)
    quantity = [np.broadcast_to(part.quantity, (hours, part.quantity.shape[1])) for part in parts]
    return Commitments(
        np.concatenate([part.draw for part in parts]),
        np.concatenate(quantity, axis=1),
        np.concatenate([part.stage for part in parts]),
        np.concatenate([part.is_reservation for part in parts]),
    )


def check_ownership(ownership: Ownership, plans: int, rows: int) -> Ownership:
    """Return the ownership with integer arrays, or say what does not fit."""
    account, owner, group = (np.asarray(a, dtype=np.intp) for a in ownership[:3])
    if account.shape != (rows,) or owner.shape != (plans,):
        raise CommitmentError(
            f"ownership names {account.shape} rows and {owner.shape} owners for "
            f"{rows} usage rows and {plans} commitments"
        )
    highest = max(account.max(initial=-1), owner.max(initial=-1))
    if highest >= len(group) or min(account.min(initial=0), owner.min(initial=0)) < 0:
        raise CommitmentError(f"account numbers must lie in 0 … {len(group) - 1}")
    return Ownership(account, owner, group, SharingMode(ownership.mode))
