"""The rows of a generated bill, chunk by chunk: amounts that satisfy every identity exactly.

Letters in shapes: ``n`` rows of a chunk, ``i`` lines, ``h`` hours of a slice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.bill.generate.lines import LineKind, Lines, build_lines
from costmodel.bill.generate.menu import Rhythm
from costmodel.bill.generate.plan import (
    MONEY_PER_USD,
    BillPlan,
    Floats,
    Ints,
    Money,
    is_office_hour,
    to_money,
    weekday_and_hour,
)
from costmodel.engine.tiers import TierTable, tier_of

MICRO = 10**6  # quantities are whole multiples of 1e-6
Micro = npt.NDArray[np.int64]

# Money columns that only some kinds of row fill, by their CUR names.
RECURRING_FOR_USAGE = "reservation_recurring_fee_for_usage"
UPFRONT_FOR_USAGE = "reservation_amortized_upfront_cost_for_usage"
RESERVED_EFFECTIVE = "reservation_effective_cost"
PLAN_EFFECTIVE = "savings_plan_savings_plan_effective_cost"
_ROW_TARGET = 500_000  # rows of a chunk, about


class Chunk(NamedTuple):
    """Some rows: which line, when, how much."""

    line: Ints  # (n,)
    hour: Ints  # (n,) start, hours since the start of the range
    hours: Ints  # (n,) length
    rate_row: Ints  # (n,) row of Lines.rates
    quantity: Micro  # (n,) millionths of a unit
    unblended: Money  # (n,)
    blended: Money  # (n,)
    public: Money  # (n,)
    extra: Mapping[str, Money]  # (n,) further CUR columns; absent means zero


@dataclass(slots=True)
class MonthLedger:
    """What the fees at the end of a month need to know of its usage."""

    tier_counter: Micro  # (o,) the organisation's use of each offer so far
    lease_quantity: Micro  # (l,)
    lease_recurring: Money  # (l,)
    lease_upfront: Money  # (l,)
    account_cost: Money  # (a,)

    def add(self, lines: Lines, chunk: Chunk) -> None:
        """Count the rows of a chunk."""
        _add_at(self.account_cost, lines.account[chunk.line], chunk.unblended)
        reserved = np.flatnonzero(lines.kind[chunk.line] == LineKind.RESERVED)
        if len(reserved):
            lease = lines.commitment[chunk.line[reserved]]
            _add_at(self.lease_quantity, lease, chunk.quantity[reserved])
            _add_at(self.lease_recurring, lease, chunk.extra[RECURRING_FOR_USAGE][reserved])
            _add_at(self.lease_upfront, lease, chunk.extra[UPFRONT_FOR_USAGE][reserved])


def new_ledger(plan: BillPlan) -> MonthLedger:
    """Return the ledger of a month that has not begun."""
    leases = len(plan.reservations.offer)
    sizes = (len(plan.prices.offers), leases, leases, leases, plan.settings.accounts)
    return MonthLedger(*(np.zeros(size, dtype=np.int64) for size in sizes))


def _add_at(total: Micro, place: npt.NDArray[np.integer], amount: Micro) -> None:
    # Whole numbers below 2**53 add up exactly in doubles, and bincount is the fast way.
    total += np.bincount(place, weights=amount, minlength=len(total)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class StreamState:
    """What every chunk of a plan needs, worked out once."""

    plan: BillPlan
    lines: Lines
    base: Floats  # (s,) units per row before rhythm; STORED: the stock times the hours of a row
    rhythm: npt.NDArray[np.int8]  # (s,)
    is_tiered: npt.NDArray[np.bool_]  # (s,) on demand at several tiers
    hourly: int  # the first so many streams run every hour


def stream_state(plan: BillPlan) -> StreamState:
    """Prepare a plan for making rows."""
    streams, prices = plan.streams, plan.prices
    rhythm = prices.rhythm[streams.offer]
    hours_per_row = np.where(streams.day_hour < 0, 1.0, 24.0)
    tiers = np.diff(prices.tiers.first)[streams.offer]
    return StreamState(
        plan,
        build_lines(plan),
        prices.median[streams.offer] * streams.scale * hours_per_row,
        rhythm,
        (tiers > 1) & (streams.purchase == LineKind.ON_DEMAND),
        int(np.sum(streams.day_hour < 0)),
    )


class Slice(NamedTuple):
    """Some hours of one month: part of a day, or whole days."""

    month: int
    first: int
    last: int  # exclusive


def month_slices(state: StreamState, month: int) -> Iterator[Slice]:
    """Yield the hours of a month in slices of about half a million rows."""
    begin, end = state.plan.settings.month_hours()[month : month + 2].tolist()
    rows_per_hour = max(1, state.hourly + (len(state.base) - state.hourly) // 24)
    step = max(1, _ROW_TARGET // rows_per_hour)
    if step > 24:
        step -= step % 24
    # Slices end with the day, so that those of less than a day need not divide it.
    span = max(step, 24)
    for start in range(begin, end, span):
        stop = min(start + span, end)
        for first in range(start, stop, step):
            yield Slice(month, first, min(first + step, stop))


def stream_blocks(state: StreamState, part: Slice) -> Iterator[tuple[int, int]]:
    """Yield ranges of streams that make a chunk each.

    Committed streams come first and in one block, so that a slice's savings-plan hours are whole.
    """
    total = len(state.base)
    rows_per_hour = max(1, state.hourly + (total - state.hourly) // 24)
    rows = rows_per_hour * (part.last - part.first)
    per_block = max(1, total * _ROW_TARGET // max(rows, 1))
    first = max(int(np.sum(state.plan.streams.commitment >= 0)), min(per_block, total))
    yield 0, first
    for start in range(first, total, per_block):
        yield start, min(start + per_block, total)


def usage_chunk(
    state: StreamState, part: Slice, block: tuple[int, int], ledger: MonthLedger
) -> Chunk:
    """Return the usage of a block of streams in a slice of hours; slices come in time order."""
    rng = np.random.default_rng([state.plan.settings.seed, 1, part.first, block[0]])
    line, hour = _active(state, block, part.first, part.last)
    return _priced(state, line, hour, _month(state, part.month), ledger, rng)


class _Month(NamedTuple):
    hours: int
    growth: float


def _month(state: StreamState, month: int) -> _Month:
    begin, end = state.plan.settings.month_hours()[month : month + 2].tolist()
    return _Month(end - begin, (1.0 + state.plan.settings.monthly_growth) ** month)


def _active(
    state: StreamState, block: tuple[int, int], first: int, last: int
) -> tuple[Ints, Ints]:
    """Return line and hour of every row of the block's streams in hours [first, last)."""
    streams, settings = state.plan.streams, state.plan.settings
    start, stop = block
    hourly = np.arange(start, min(stop, state.hourly), dtype=np.int32)
    hours = np.arange(first, last, dtype=np.int32)
    runs = streams.born[hourly] <= hours[:, None]
    closed = hours[~is_office_hour(hours, settings.first_month)] - first
    runs[np.ix_(closed, streams.office_hours[hourly])] = False
    hour_place, stream_place = np.nonzero(runs)
    daily = np.arange(max(start, state.hourly), stop, dtype=np.int32)
    days = np.arange(first - first % 24, last, 24, dtype=np.int32)
    at = days[:, None] + streams.day_hour[daily]
    seen = (at >= first) & (at < last) & (streams.born[daily] <= at)
    day_place, daily_place = np.nonzero(seen)
    return (
        np.concatenate([hourly[stream_place], daily[daily_place]]),
        np.concatenate([hours[hour_place], at[day_place, daily_place]]),
    )


def _priced(
    state: StreamState,
    line: Ints,
    hour: Ints,
    month: _Month,
    ledger: MonthLedger,
    rng: np.random.Generator,
) -> Chunk:
    quantity = _quantities(state, line, hour, month, rng)
    rate_row = state.lines.rate_row[line]
    tiered = np.flatnonzero(state.is_tiered[line])
    if len(tiered):
        split = split_at_tiers(
            state.plan.prices.tiers, state.plan.streams.offer[line[tiered]], quantity[tiered],
            ledger.tier_counter,
        )  # fmt: skip
        line, hour, rate_row, quantity = _with_splits(
            tiered, split, line, hour, rate_row, quantity
        )
    units = quantity / MICRO
    rates = state.lines.rates
    unblended = to_money(units * rates.unblended[rate_row])
    public = to_money(units * rates.public[rate_row])
    usage = Chunk(
        line, hour, np.ones(len(line), np.int32), rate_row, quantity, unblended, unblended,
        public, {},
    )  # fmt: skip
    return _with_commitments(state, usage)


def _quantities(
    state: StreamState, line: Ints, hour: Ints, month: _Month, rng: np.random.Generator
) -> Micro:
    settings = state.plan.settings
    rhythm, amount = state.rhythm[line], state.base[line]
    amount[rhythm == Rhythm.STORED] *= month.growth / month.hours
    traffic = np.flatnonzero(rhythm == Rhythm.TRAFFIC)
    if len(traffic):
        first = int(hour.min())
        shape = _traffic_shape(np.arange(first, int(hour.max()) + 1), settings.first_month)
        noise = 0.8 + 0.4 * rng.random(len(traffic), dtype=np.float32)
        amount[traffic] *= shape[hour[traffic] - first] * noise * month.growth
    for anomaly in state.plan.anomalies:
        struck = (
            (hour >= anomaly.first_hour)
            & (hour < anomaly.last_hour)
            & (state.plan.streams.offer[line] == anomaly.offer)
            & (state.plan.streams.account[line] == anomaly.account)
        )
        amount[struck] *= anomaly.factor
    return np.maximum(np.rint(amount * MICRO).astype(np.int64), 1)


def _traffic_shape(hours: npt.NDArray[np.integer], first_month: str) -> Floats:
    """Return the share of the median in each hour: nights are quiet, weekends quieter."""
    weekday, hour_of_day = weekday_and_hour(hours, first_month)
    day = 1.0 + 0.4 * np.sin(2 * np.pi * (hour_of_day - 9) / 24)
    shape: Floats = day * np.where(weekday >= 5, 0.6, 1.15)
    return shape


class TierSplit(NamedTuple):
    """Rows cut where their organisation's counter crosses a tier bound."""

    source: npt.NDArray[np.intp]  # (m,) row each piece is cut from
    quantity: Micro  # (m,)
    tier: npt.NDArray[np.intp]  # (m,) row of the tier table


def split_at_tiers(tiers: TierTable, offer: Ints, quantity: Micro, counter: Micro) -> TierSplit:
    """Return rows, in time order, with the tier each is in; the counter moves on.

    Args:
        tiers: price tiers of every offer.
        offer: (n,) offer of each row.
        quantity: (n,) millionths of a unit.
        counter: (o,) use before these rows; updated.
    """
    order = np.argsort(offer, kind="stable")
    sorted_offer, amount = offer[order], quantity[order]
    running = np.cumsum(amount)
    is_first = np.concatenate([[True], sorted_offer[1:] != sorted_offer[:-1]])
    group_start = np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))
    before = running - amount - (running - amount)[group_start] + counter[sorted_offer]
    _add_at(counter, offer, quantity)
    bound = np.append(tiers.begin_range[1:], np.inf)
    bound[tiers.first[1:] - 1] = np.inf
    pieces: list[TierSplit] = []
    source = order
    while len(source):
        tier = tier_of(tiers, sorted_offer.astype(np.intp), before / MICRO)
        room = np.where(np.isinf(bound[tier]), np.inf, np.rint(bound[tier] * MICRO)) - before
        here = np.minimum(amount, room).astype(np.int64)
        pieces.append(TierSplit(source, here, tier))
        left = np.flatnonzero(amount > here)
        source, sorted_offer = source[left], sorted_offer[left]
        before, amount = (before + here)[left], (amount - here)[left]
    return TierSplit._make(np.concatenate(columns) for columns in zip(*pieces, strict=True))


def _with_splits(
    tiered: npt.NDArray[np.intp],
    split: TierSplit,
    line: Ints,
    hour: Ints,
    rate_row: Ints,
    quantity: Micro,
) -> tuple[Ints, Ints, Ints, Micro]:
    """Put the pieces in the place of the rows they were cut from, the cut-off ones at the end."""
    whole = len(tiered)
    quantity[tiered[split.source[:whole]]] = split.quantity[:whole]
    rate_row[tiered[split.source[:whole]]] = split.tier[:whole]
    more = tiered[split.source[whole:]]
    return (
        np.concatenate([line, line[more]]),
        np.concatenate([hour, hour[more]]),
        np.concatenate([rate_row, split.tier[whole:].astype(np.int32)]),
        np.concatenate([quantity, split.quantity[whole:]]),
    )


def _with_commitments(state: StreamState, usage: Chunk) -> Chunk:
    """Fill in what reservations and savings plans pay, and take covered usage back."""
    lines, plan = state.lines, state.plan
    kind = lines.kind[usage.line]
    reserved = np.flatnonzero(kind == LineKind.RESERVED)
    planned = np.flatnonzero(kind == LineKind.PLANNED)
    if not len(reserved) and not len(planned):
        return usage
    recurring, upfront, effective = (np.zeros(len(kind), np.int64) for _ in range(3))
    lease = lines.commitment[usage.line[reserved]]
    hours = usage.quantity[reserved] / MICRO
    recurring[reserved] = np.rint(hours * plan.reservations.hourly_fee[lease])
    upfront[reserved] = np.rint(hours * plan.reservations.hourly_upfront[lease])
    rate = plan.prices.savings_plan_rate[plan.streams.offer[usage.line[planned]]]
    effective[planned] = np.rint(usage.quantity[planned] / MICRO * to_money(rate))
    blended = usage.unblended.copy()
    blended[reserved] = recurring[reserved]
    usage = usage._replace(
        blended=blended,
        extra={
            RECURRING_FOR_USAGE: recurring,
            UPFRONT_FOR_USAGE: upfront,
            RESERVED_EFFECTIVE: recurring + upfront,
            PLAN_EFFECTIVE: effective,
        },
    )
    return join_chunks([usage, _negation(state, usage, planned)])


def _negation(state: StreamState, usage: Chunk, planned: npt.NDArray[np.intp]) -> Chunk:
    """Return minus the covered usage: one row per hour and negation line."""
    groups = state.lines.negation[usage.line[planned]]
    hour = usage.hour[planned]
    keys, place = np.unique(hour.astype(np.int64) << 32 | groups, return_inverse=True)
    totals = [np.zeros(len(keys), np.int64) for _ in range(3)]
    for total, column in zip(totals, (usage.quantity, usage.unblended, usage.public), strict=True):
        _add_at(total, place, column[planned])
    quantity, cost, public = totals
    line = (keys & 0xFFFFFFFF).astype(np.int32)
    return Chunk(
        line, (keys >> 32).astype(np.int32), np.ones(len(keys), np.int32),
        state.lines.rate_row[line], quantity, -cost, -cost, -public, {},
    )  # fmt: skip


def join_chunks(chunks: list[Chunk]) -> Chunk:
    """Return the rows of several chunks as one."""
    names = {name: None for chunk in chunks for name in chunk.extra}
    extra = {
        name: np.concatenate([
            chunk.extra.get(name, np.zeros(len(chunk.line), np.int64)) for chunk in chunks
        ])
        for name in names
    }  # fmt: skip
    columns = zip(*(chunk[:-1] for chunk in chunks), strict=True)
    return Chunk._make([*(np.concatenate(values) for values in columns), extra])


def money_as_usd(amount: Money) -> Floats:
    """Return amounts in USD."""
    return amount / MONEY_PER_USD
