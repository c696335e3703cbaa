"""The organisation behind a generated bill: accounts, resources, commitments, drawn from a seed.

A *stream* is one resource's use of one offer; it makes a row in every hour (or day) it runs.
Letters in shapes: ``s`` streams, ``o`` offers, ``l`` reservations, ``p`` savings plans.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.bill.generate.menu import Rhythm
from costmodel.bill.generate.prices import PriceTable
from costmodel.errors import BadInputError

Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Money = npt.NDArray[np.int64]  # in MONEY_UNITs

# All amounts are whole multiples of 1e-10 USD, the precision of a CUR: identities hold exactly.
MONEY_PER_USD = 10**10
HOURS_IN_TERM = 8760  # one-year commitments
_MOST_MONTHS = 240
_ROWS_PER_RESOURCE = 100
_ZONES = "abc"


class Purchase(IntEnum):
    """How a stream is paid for."""

    ON_DEMAND = 0
    SPOT = 1
    RESERVED = 2
    SAVINGS_PLAN = 3


@dataclass(frozen=True, slots=True)
class BillSettings:
    """What to generate."""

    rows: int  # about this many, over all months
    seed: int = 0
    first_month: str = "2026-01"
    months: int = 1
    accounts: int = 12
    monthly_growth: float = 0.02  # of quantities, and of resources over the range
    anomalies: int = 0

    def __post_init__(self) -> None:
        try:
            np.datetime64(self.first_month, "M")
        except ValueError:
            raise BadInputError(f"first month {self.first_month!r}: write it as 2026-01") from None
        for name, value, least in (
            ("rows", self.rows, 100), ("months", self.months, 1), ("accounts", self.accounts, 1),
            ("anomalies", self.anomalies, 0), ("seed", self.seed, 0),
        ):  # fmt: skip
            if value < least:
                raise BadInputError(f"{name} is {value}: it must be at least {least}")
        if self.months > _MOST_MONTHS:
            raise BadInputError(f"months is {self.months}: it must be at most {_MOST_MONTHS}")
        if not -1 < self.monthly_growth < 10:
            raise BadInputError(
                f"growth is {self.monthly_growth}: a number in -1 … 10, 0.02 is 2 %"
            )

    def month_hours(self) -> npt.NDArray[np.int64]:
        """Return (months + 1,) hours from the start of the range to the start of each month."""
        first = np.datetime64(self.first_month, "M")
        starts = np.arange(first, first + self.months + 1).astype("datetime64[h]")
        hours: npt.NDArray[np.int64] = (starts - starts[0]).astype(np.int64)
        return hours


class Anomaly(NamedTuple):
    """A planned surprise: one account's use of one offer multiplied for some hours."""

    account: int
    offer: int
    first_hour: int
    last_hour: int  # exclusive
    factor: float


class Streams(NamedTuple):
    """Resources with what they use; hourly streams come first, committed ones first of all."""

    offer: Ints  # (s,)
    account: Ints  # (s,)
    zone: Ints  # (s,)
    purchase: npt.NDArray[np.int8]  # (s,) Purchase
    commitment: Ints  # (s,) reservation or savings plan number, -1 none
    scale: Floats  # (s,) multiple of the offer's median
    born: Ints  # (s,) first hour
    day_hour: npt.NDArray[np.int8]  # (s,) hour of the one row a day, -1 = every hour
    office_hours: Bools  # (s,) runs weekdays 7–19 only
    team: Ints  # (s,) tag value number, -1 untagged
    environment: Ints  # (s,)


class Reservations(NamedTuple):
    """Reserved Instance leases; money per instance."""

    offer: Ints  # (l,)
    account: Ints  # (l,)
    instances: Ints  # (l,)
    hourly_fee: Money  # (l,) recurring, per hour
    hourly_upfront: Money  # (l,) amortised, per hour
    is_new: Bools  # (l,) bought in the first month: its upfront fee is on the bill


class SavingsPlans(NamedTuple):
    """Savings Plans; money per hour of the whole commitment."""

    account: Ints  # (p,)
    recurring: Money  # (p,)
    amortised_upfront: Money  # (p,)
    is_new: Bools  # (p,)


class BillPlan(NamedTuple):
    """Everything a bill is generated from."""

    settings: BillSettings
    prices: PriceTable
    streams: Streams
    reservations: Reservations
    savings_plans: SavingsPlans
    anomalies: tuple[Anomaly, ...]


def to_money(usd: npt.ArrayLike) -> Money:
    """Return amounts as whole multiples of 1e-10 USD."""
    units: Money = np.rint(np.asarray(usd) * MONEY_PER_USD).astype(np.int64)
    return units


def build_plan(settings: BillSettings, prices: PriceTable) -> BillPlan:
    """Draw an organisation whose bill has about ``settings.rows`` rows."""
    rng = np.random.default_rng([settings.seed, 0])
    hourly, daily = _stream_counts(settings)
    # More daily streams than needed: the rows of all others decide how many are kept.
    streams = _draw_streams(settings, prices, hourly, daily + daily // 2 + 20, rng)
    streams, reservations = _reserve(settings, prices, streams, rng)
    streams, plans = _plan_savings(settings, prices, streams, rng)
    before = np.cumsum(_rows_of(settings, streams)) + _rows_beside(settings, streams, plans)
    kept = np.flatnonzero((streams.day_hour < 0) | (before <= settings.rows))
    order = kept[np.lexsort((streams.day_hour[kept] >= 0, -streams.purchase[kept]))]
    streams = Streams._make(column[order] for column in streams)
    anomalies = _anomalies(settings, prices, streams, rng)
    return BillPlan(settings, prices, streams, reservations, plans, anomalies)


def _rows_of(settings: BillSettings, streams: Streams) -> npt.NDArray[np.int64]:
    """Return how many rows each stream makes, (s,)."""
    hours = int(settings.month_hours()[-1])
    office = is_office_hour(np.arange(hours), settings.first_month)
    office_left = np.append(np.cumsum(office[::-1])[::-1], 0)
    hourly = np.where(streams.office_hours, office_left[streams.born], hours - streams.born)
    # Days whose hour is past before the stream is born have no row.
    missed = -(-(streams.born - streams.day_hour) // 24)
    rows: npt.NDArray[np.int64] = np.where(
        streams.day_hour < 0, hourly, hours // 24 - np.maximum(missed, 0)
    ).astype(np.int64)
    return rows


def _rows_beside(settings: BillSettings, streams: Streams, plans: SavingsPlans) -> int:
    """Return how many rows negations and plan fees make: one an hour each."""
    covered = np.flatnonzero(streams.purchase == Purchase.SAVINGS_PLAN)
    groups = np.unique(np.stack([column[covered] for column in negation_key(streams)]), axis=1)
    rows_an_hour = int(groups.shape[1]) + len(plans.account)
    return rows_an_hour * int(settings.month_hours()[-1])


def negation_key(streams: Streams) -> tuple[Ints, Ints, Ints, Ints]:
    """Return what AWS writes one negation row per hour for: plan, account, offer and zone."""
    return streams.commitment, streams.account, streams.offer, streams.zone


def is_office_hour(hour: npt.ArrayLike, first_month: str) -> Bools:
    """Return whether hours since the start of the range fall on a weekday from 7 to 19 o'clock."""
    weekday, hour_of_day = weekday_and_hour(hour, first_month)
    office: Bools = (weekday < 5) & (hour_of_day >= 7) & (hour_of_day < 19)
    return office


def weekday_and_hour(hour: npt.ArrayLike, first_month: str) -> tuple[Ints, Ints]:
    """Return weekday (Monday 0) and hour of day of hours since the start of the range."""
    days, hour_of_day = np.divmod(np.asarray(hour), 24)
    # 1970-01-01 was a Thursday.
    first_day = int(np.datetime64(first_month, "M").astype("datetime64[D]").astype(int)) + 3
    return (days + first_day) % 7, hour_of_day


# About how much of the streams is committed, and how many rows an hour they cost more than others:
# a covered stream has a negation row beside it.
_RESERVED_SHARE, _PLANNED_SHARE, _SPOT_SHARE = 0.10, 0.15, 0.05
_OFFICE_SHARE = 0.15
_STREAMS_PER_PLAN = 4
_UNBORN_SHARE = 0.5  # mean life of a stream born inside the range


def _stream_counts(settings: BillSettings) -> tuple[int, int]:
    """Return how many hourly and daily streams give the rows asked for."""
    hours = int(settings.month_hours()[-1])
    days = hours // 24
    resources = max(8, settings.rows // _ROWS_PER_RESOURCE // settings.months)
    grown = 1.0 - _late_share(settings) * _UNBORN_SHARE
    per_hourly = hours * grown * (1.0 + _PLANNED_SHARE - _OFFICE_SHARE * (1 - 60 / 168))
    per_daily = days * grown
    # Each savings plan has a fee row an hour.
    plans = _plan_count(round(settings.rows / per_hourly * _PLANNED_SHARE))
    rows = settings.rows - plans * hours
    hourly = (rows - resources * per_daily) / (per_hourly - per_daily)
    if hourly < 1:
        return 1, max(1, int((rows - per_hourly) / per_daily))
    hourly = min(round(hourly), resources)
    return hourly, round((rows - hourly * per_hourly) / per_daily)


def _plan_count(covered_streams: int) -> int:
    return min(3, -(-covered_streams // _STREAMS_PER_PLAN))


def _late_share(settings: BillSettings) -> float:
    return float(1.0 - (1.0 + settings.monthly_growth) ** -(settings.months - 1))


def _draw_streams(
    settings: BillSettings, prices: PriceTable, hourly: int, daily: int, rng: np.random.Generator
) -> Streams:
    count = hourly + daily
    is_instance = prices.rhythm == Rhythm.INSTANCE
    offer = np.concatenate([
        _draw_offers(prices.weight, hourly, rng),
        _draw_offers(np.where(is_instance, 0.0, prices.weight), daily, rng),
    ])  # fmt: skip
    # Accounts differ in size: the first has most.
    account_share = 1.0 / np.arange(1, settings.accounts + 1)
    account = rng.choice(settings.accounts, count, p=account_share / account_share.sum())
    day_hour = np.concatenate([np.full(hourly, -1), rng.integers(0, 24, daily)])
    late = rng.random(count) < _late_share(settings)
    born = np.where(late, rng.integers(0, settings.month_hours()[-1], count), 0)
    kind = np.where(is_instance[offer] & (day_hour < 0), rng.random(count), 1.0)
    spot = (kind < _SPOT_SHARE) & ~np.isnan(prices.spot_price[offer])
    return Streams(
        offer=offer.astype(np.int32),
        account=account.astype(np.int32),
        zone=rng.integers(0, len(_ZONES), count, dtype=np.int32),
        purchase=np.where(spot, Purchase.SPOT, Purchase.ON_DEMAND).astype(np.int8),
        commitment=np.full(count, -1, dtype=np.int32),
        scale=np.where(is_instance[offer], 1.0, rng.lognormal(0.0, 0.8, count)),
        born=born.astype(np.int32),
        day_hour=day_hour.astype(np.int8),
        office_hours=is_instance[offer] & (kind > 1 - _OFFICE_SHARE * 2) & (kind < 1),
        team=np.where(rng.random(count) < 0.2, -1, rng.integers(0, 9, count)).astype(np.int32),
        environment=rng.choice(3, count, p=[0.6, 0.15, 0.25]).astype(np.int32),
    )


def _draw_offers(weight: Floats, count: int, rng: np.random.Generator) -> Ints:
    """Draw offers by weight, each at least once where there are streams enough."""
    possible = np.flatnonzero(weight > 0)
    if not len(possible):
        possible, weight = np.arange(len(weight)), np.full(len(weight), 1.0)
    share = weight[possible] / weight[possible].sum()
    drawn = rng.choice(possible, count, p=share)
    if count >= 2 * len(possible):
        drawn[: len(possible)] = possible
    return drawn.astype(np.int32)


def _committable(prices: PriceTable, streams: Streams, rate: Floats) -> Bools:
    can: Bools = (
        (prices.rhythm[streams.offer] == Rhythm.INSTANCE)
        & (streams.day_hour < 0)
        & (streams.purchase == Purchase.ON_DEMAND)
        & ~streams.office_hours
        & (streams.born == 0)
        & ~np.isnan(rate[streams.offer])
    )
    return can


def _reserve(
    settings: BillSettings, prices: PriceTable, streams: Streams, rng: np.random.Generator
) -> tuple[Streams, Reservations]:
    """Give some instances to leases: one per offer and account, a little larger than its use."""
    can = np.flatnonzero(_committable(prices, streams, prices.reserved_hourly))
    hourly = int(np.sum(streams.day_hour < 0))
    chosen = can[: round(hourly * _RESERVED_SHARE)]
    keys, lease, count = np.unique(
        np.stack([streams.offer[chosen], streams.account[chosen]], axis=1),
        axis=0, return_inverse=True, return_counts=True,
    )  # fmt: skip
    offer = keys[:, 0].astype(np.int32)
    upfront = to_money(prices.reserved_upfront[offer]) // HOURS_IN_TERM
    spare = (rng.random(len(keys)) < 0.3).astype(np.int32)
    purchase, commitment = streams.purchase.copy(), streams.commitment.copy()
    purchase[chosen] = Purchase.RESERVED
    commitment[chosen] = lease
    reservations = Reservations(
        offer,
        keys[:, 1].astype(np.int32),
        (count + spare).astype(np.int32),
        to_money(prices.reserved_hourly[offer]),
        upfront,
        rng.random(len(keys)) < 0.2,
    )
    return streams._replace(purchase=purchase, commitment=commitment), reservations


def _plan_savings(
    settings: BillSettings, prices: PriceTable, streams: Streams, rng: np.random.Generator
) -> tuple[Streams, SavingsPlans]:
    """Cover further instances by a few plans, each a little larger than its use."""
    can = np.flatnonzero(_committable(prices, streams, prices.savings_plan_rate))
    hourly = int(np.sum(streams.day_hour < 0))
    chosen = can[: round(hourly * _PLANNED_SHARE)]
    plans = _plan_count(len(chosen))
    plan = rng.integers(0, max(plans, 1), len(chosen))
    purchase, commitment = streams.purchase.copy(), streams.commitment.copy()
    purchase[chosen] = Purchase.SAVINGS_PLAN
    commitment[chosen] = plan
    rate = to_money(prices.savings_plan_rate[streams.offer[chosen]])
    used = np.bincount(plan, weights=rate, minlength=plans).astype(np.int64)
    # AWS sells commitments to the tenth of a cent per hour.
    step = MONEY_PER_USD // 1000
    total = -(-(used * 103 // 100) // step) * step
    # One plan in three is paid half up front.
    upfront = np.where(np.arange(plans) % 3 == 1, total // 2, 0)
    savings_plans = SavingsPlans(
        rng.integers(0, settings.accounts, plans).astype(np.int32),
        total - upfront,
        upfront,
        np.arange(plans) % 3 == 1,
    )
    return streams._replace(purchase=purchase, commitment=commitment), savings_plans


def _anomalies(
    settings: BillSettings, prices: PriceTable, streams: Streams, rng: np.random.Generator
) -> tuple[Anomaly, ...]:
    """Plan the surprises: one account's use of one metered offer, for one to three days."""
    is_metered = prices.rhythm[streams.offer] != Rhythm.INSTANCE
    free = np.flatnonzero(is_metered & (streams.born == 0))
    chosen = rng.choice(free, min(settings.anomalies, len(free)), replace=False)
    days = int(settings.month_hours()[-1]) // 24
    found = []
    for stream in chosen.tolist():
        first = 24 * int(rng.integers(days // 2, max(days - 3, days // 2 + 1)))
        length = 24 * int(rng.integers(1, 4))
        factor = round(float(rng.uniform(4.0, 8.0)), 1)
        found.append(
            Anomaly(int(streams.account[stream]), int(streams.offer[stream]), first,
                    first + length, factor)
        )  # fmt: skip
    return tuple(found)
