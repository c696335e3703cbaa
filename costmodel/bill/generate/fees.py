"""The rows beside usage: commitment fees, support, tax, credit and refund of a generated month.

The arithmetic is AWS's: fee + amortised upfront of a lease-month = cost of its use + its unused
part; a savings plan's hour = cost of its use + its unused part.
"""

import numpy as np
import numpy.typing as npt

from costmodel.bill.generate.lines import LineKind
from costmodel.bill.generate.plan import HOURS_IN_TERM, MONEY_PER_USD, Ints, Money
from costmodel.bill.generate.rows import (
    MICRO,
    PLAN_EFFECTIVE,
    Chunk,
    MonthLedger,
    StreamState,
    join_chunks,
)

# Money columns of fee rows, by their CUR names.
MONTH_UPFRONT = "reservation_amortized_upfront_fee_for_billing_period"
UNUSED_QUANTITY = "reservation_unused_quantity"  # in MONEY units of 1e-10, like the money beside
UNUSED_RECURRING = "reservation_unused_recurring_fee"
UNUSED_UPFRONT = "reservation_unused_amortized_upfront_fee_for_billing_period"
PLAN_TOTAL = "savings_plan_total_commitment_to_date"
PLAN_USED = "savings_plan_used_commitment"
PLAN_UPFRONT_PERIOD = "savings_plan_amortized_upfront_commitment_for_billing_period"
PLAN_RECURRING_PERIOD = "savings_plan_recurring_commitment_for_billing_period"

_CENT = MONEY_PER_USD // 100
_TAX_PERCENT = 10
_SUPPORT_PERCENT = 7  # of the month's usage charges
_CREDIT_PERCENT, _REFUND_PERCENT = 2, 1


def plan_fee_rows(state: StreamState, usage: Chunk, first: int, last: int) -> Chunk:
    """Return the hourly fee of every savings plan in hours [first, last).

    Args:
        state: the plan, prepared.
        usage: rows of these hours with all covered usage.
        first: first hour of the slice.
        last: end of the slice, exclusive.
    """
    plans, hours = state.plan.savings_plans, last - first
    count = len(plans.account)
    used = np.zeros(hours * count, np.int64)
    planned = np.flatnonzero(state.lines.kind[usage.line] == LineKind.PLANNED)
    if len(planned):
        place = (usage.hour[planned] - first) * count + state.lines.commitment[usage.line[planned]]
        effective = usage.extra[PLAN_EFFECTIVE][planned]
        used += np.bincount(place, weights=effective, minlength=len(used)).astype(np.int64)
    hour = np.repeat(np.arange(first, last), count)
    recurring, upfront = np.tile(plans.recurring, hours), np.tile(plans.amortised_upfront, hours)
    line = np.tile(np.arange(count), hours) + state.lines.first[LineKind.PLAN_FEE]
    extra = {
        PLAN_TOTAL: recurring + upfront,
        PLAN_USED: used,
        PLAN_UPFRONT_PERIOD: upfront,
        PLAN_RECURRING_PERIOD: recurring,
    }
    return _fee_chunk(state, line, recurring, hour, 1, extra=extra)


def month_fee_rows(state: StreamState, month: int, ledger: MonthLedger) -> Chunk:
    """Return the rows that close a month; the ledger has all of its usage."""
    begin, end = state.plan.settings.month_hours()[month : month + 2].tolist()
    parts = [_reservation_fees(state, begin, end - begin, ledger)]
    if month == 0:
        parts += [_reservation_upfront(state), _plan_upfront(state)]
    cost = ledger.account_cost
    for part in parts:
        np.add.at(cost, state.lines.account[part.line], part.unblended)
    total = int(cost.sum())
    hours, first = end - begin, state.lines.first
    single = [
        (LineKind.SUPPORT, _whole_cents(total * _SUPPORT_PERCENT // 100)),
        (LineKind.CREDIT, -_whole_cents(int(cost[0]) * _CREDIT_PERCENT // 100)),
        (LineKind.REFUND, -_whole_cents(int(cost[0]) * _REFUND_PERCENT // 100)),
    ]
    for kind, amount in single:
        line = np.array([first[kind]])
        parts.append(_fee_chunk(state, line, np.array([amount]), np.array([begin]), hours))
    tax = _whole_cents(cost * _TAX_PERCENT // 100)
    accounts = np.arange(len(cost)) + first[LineKind.TAX]
    parts.append(_fee_chunk(state, accounts, tax, np.full(len(cost), begin), hours))
    return join_chunks(parts)


def _whole_cents(amount: npt.NDArray[np.int64] | int) -> npt.NDArray[np.int64]:
    return np.asarray(amount) // _CENT * _CENT


def _reservation_fees(state: StreamState, begin: int, hours: int, ledger: MonthLedger) -> Chunk:
    """Return one RIFee row per lease: the fee of the whole month and what nobody used."""
    leases = state.plan.reservations
    instance_hours = leases.instances.astype(np.int64) * hours
    fee, upfront = instance_hours * leases.hourly_fee, instance_hours * leases.hourly_upfront
    unused = instance_hours * MICRO - ledger.lease_quantity
    extra = {
        MONTH_UPFRONT: upfront,
        UNUSED_QUANTITY: unused * (MONEY_PER_USD // MICRO),
        UNUSED_RECURRING: fee - ledger.lease_recurring,
        UNUSED_UPFRONT: upfront - ledger.lease_upfront,
    }
    line = np.arange(len(fee)) + state.lines.first[LineKind.RESERVATION_FEE]
    # Blended cost of the lease-month equals its fee: the used part is on the usage rows.
    chunk = _fee_chunk(
        state, line, fee, np.full(len(fee), begin), hours, quantity=instance_hours * MICRO,
        extra=extra,
    )  # fmt: skip
    return chunk._replace(blended=fee - ledger.lease_recurring)


def _reservation_upfront(state: StreamState) -> Chunk:
    leases = state.plan.reservations
    new = np.flatnonzero(leases.is_new)
    paid = leases.hourly_upfront[new] * HOURS_IN_TERM * leases.instances[new]
    line = np.arange(len(new)) + state.lines.first[LineKind.RESERVATION_UPFRONT]
    count = leases.instances[new].astype(np.int64) * MICRO
    return _fee_chunk(state, line, paid, np.zeros(len(new)), 1, quantity=count)


def _plan_upfront(state: StreamState) -> Chunk:
    plans = state.plan.savings_plans
    new = np.flatnonzero(plans.is_new)
    line = np.arange(len(new)) + state.lines.first[LineKind.PLAN_UPFRONT]
    paid = plans.amortised_upfront[new] * HOURS_IN_TERM
    return _fee_chunk(state, line, paid, np.zeros(len(new)), HOURS_IN_TERM)


def _fee_chunk(
    state: StreamState,
    line: npt.NDArray[np.integer],
    cost: Money,
    hour: npt.NDArray[np.integer] | npt.NDArray[np.float64],
    hours: int,
    *,
    quantity: npt.NDArray[np.int64] | None = None,
    extra: dict[str, Money] | None = None,
) -> Chunk:
    """Return rows of fees; the quantity is one unless given."""
    place: Ints = line.astype(np.int32)
    units = np.full(len(place), MICRO, np.int64) if quantity is None else quantity
    return Chunk(
        place, hour.astype(np.int32), np.full(len(place), hours, np.int32),
        state.lines.rate_row[place], units, cost, cost, np.zeros(len(place), np.int64),
        extra or {},
    )  # fmt: skip
