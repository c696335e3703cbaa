"""What the bill really drops by: usage changes, commitments move to what is left.

A reservation or plan is paid whatever it covers. When a change frees it, AWS applies it to other
usage in the same hour; so a change saves what all usage costs on demand before, less what it
costs after, by replaying every hour of the bill under the commitments in force.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.catalog.catalog import PriceCatalog
from costmodel.engine.coverage import Commitments, apply_commitments
from costmodel.optimize.commitments.held import held_commitments
from costmodel.optimize.commitments.rates import CommittedRates
from costmodel.optimize.commitments.usage import PRICE_KEYS, HourlyUsage, with_rows
from costmodel.optimize.conserved import check_conserved
from costmodel.optimize.hourly_bill import HourlyBill, PriceKey, Profiles, row_keys
from costmodel.optimize.line_pricing import Lines, PriceBook
from costmodel.units import HOURS_PER_MONTH

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
# Changes of one check beyond this are replayed in groups, whose drop is then shared.
_MOST_REPLAYS: Final = 100
# Share of a key's usage whose end shows what the next unit is worth.
_MARGIN: Final = 0.01


class Moves(NamedTuple):
    """The lines of n changes that are on the hourly bill.

    Attributes:
        before, after: which lines are.
        replayed: (n,) changes that touch usage a commitment covers or could cover.
    """

    before: Bools
    after: Bools
    replayed: Bools


class Settled(NamedTuple):
    """What (n,) changes save on the bill, one after the other.

    Attributes:
        effective: drop of the bill [USD a month].
        accepted: changes that save enough; the others were not made.
    """

    effective: Floats
    accepted: Bools


@dataclass
class Waterfall:
    """The hourly bill as changes are accepted.

    Attributes:
        usage: what is used now; rows without usage stand for prices changes move to.
        commitments: (p) in force, by hour.
        profiles: hours of each billed resource and price key, moved along with the changes.
        names: ids an inventory may write → resource as billed.
    """

    usage: HourlyUsage
    commitments: Commitments
    profiles: Profiles | None
    names: Mapping[str, str]
    book: PriceBook

    def __post_init__(self) -> None:
        self.keys = row_keys(self.usage)
        self.column = {key: place for place, key in enumerate(self.keys)}
        self.covered = np.flatnonzero(~np.isnan(self.commitments.draw).all(axis=0))
        self._inside = self.commitments._replace(draw=self.commitments.draw[:, self.covered])
        self._month = HOURS_PER_MONTH / float(self.usage.weight.sum())
        self._begun = self.cost()
        self._covered_now = self._covered_cost(self.usage.quantity[:, self.covered])
        self._dropped = 0.0

    def cost(self) -> float:
        """Return the on-demand cost of all usage that commitments may cover [USD a month]."""
        open_rate = self.usage.on_demand_rate.copy()
        open_rate[self.covered] = 0.0
        left = float(self.usage.weight @ self.usage.quantity @ open_rate) * self._month
        return self._covered_cost(self.usage.quantity[:, self.covered]) + left

    def _covered_cost(self, quantity: Floats) -> float:
        """Return what the rows commitments cover, (h, c), cost on demand [USD a month]."""
        if not len(self.covered):
            return 0.0
        rate = self.usage.on_demand_rate[self.covered]
        found = apply_commitments(quantity, rate, self._inside)
        return float(self.usage.weight @ found.on_demand_cost) * self._month

    def check_replayed(self) -> None:
        """Replay all hours once more: the drops must add up to the difference."""
        check_conserved("changes lower the bill by", self._dropped, self._begun, self.cost())

    def remaining(self) -> HourlyUsage:
        """Return the usage that present commitments leave on demand."""
        left = self.usage.quantity.copy()
        if len(self.covered):
            rate = self.usage.on_demand_rate[self.covered]
            found = apply_commitments(left[:, self.covered], rate, self._inside)
            left[:, self.covered] = found.on_demand_quantity
        return replace(self.usage, quantity=left).select(left.sum(axis=0) > 0.0)

    def columns(self, lines: Lines) -> Ints:
        """Return the usage row of each line, -1 where there is none."""
        numbers = np.unique(lines.key).tolist()
        found = {n: -1 if n < 0 else self._column(self.book.keys[n][:4]) for n in numbers}
        return np.array([found[key] for key in lines.key.tolist()], dtype=np.int64)

    def _column(self, key: PriceKey) -> int:
        # Bills write db.m5.2xl for newer families, inventories db.m5.2xlarge.
        short = (*key[:2], key[2].replace("xlarge", "xl"), key[3])
        return self.column.get(key, self.column.get(short, -1))

    def moves(self, names: Sequence[str], before: Lines, after: Lines, count: int) -> Moves:
        """Return which lines of changes are on the hourly bill.

        Args:
            names: resource of every line before, as billed.
            before: lines of the changes.
            after: lines once changed.
            count: number of changes.
        """
        at, to = self.columns(before), self.columns(after)
        billed, seen = np.zeros(len(at), dtype=np.bool_), set()
        for n, (name, row, column) in enumerate(
            zip(names, before.row.tolist(), at.tolist(), strict=True)
        ):
            # Two lines of one key: the hours of the first are those of both.
            pair = (name if self.profiles is not None else row, column)
            billed[n] = column >= 0 and pair not in seen and self._has(name, column)
            seen.add(pair)
        known = set(zip(before.row[billed].tolist(), before.line[billed].tolist(), strict=True))
        moved = np.array(
            [pair in known for pair in zip(after.row.tolist(), after.line.tolist(), strict=True)],
            dtype=np.bool_,
        )
        moved &= to >= 0
        replayed = np.zeros(count, dtype=np.bool_)
        is_covered = np.zeros(len(self.usage.rows) + 1, dtype=np.bool_)
        is_covered[self.covered] = True
        replayed[before.row[billed & is_covered[at]]] = True
        replayed[after.row[moved & is_covered[to]]] = True
        return Moves(billed, moved, replayed)

    def _has(self, name: str, column: int) -> bool:
        return self.profiles is None or (name, self.keys[column]) in self.profiles

    def marginal(self) -> Floats:
        """Return what the bill drops by when one unit of a row's usage ends, (k,) [USD].

        NaN where nothing is used.
        """
        worth = self.usage.on_demand_rate.copy()
        amount = self.usage.weight @ self.usage.quantity * self._month
        worth[amount <= 0.0] = np.nan
        part = self.usage.quantity[:, self.covered]
        now = self._covered_cost(part)
        for place, column in enumerate(self.covered.tolist()):
            if amount[column] > 0.0:
                less = part.copy()
                less[:, place] *= 1.0 - _MARGIN
                worth[column] = (now - self._covered_cost(less)) / (_MARGIN * amount[column])
        return worth

    def settle(
        self, names: Sequence[str], before: Lines, after: Lines, rest: Floats, least: float
    ) -> Settled:
        """Make the changes that save enough, one after the other.

        Args:
            names: resource of every line before, as billed.
            before: lines of the changes.
            after: lines once changed.
            rest: (n,) drop of the lines that are not replayed [USD a month].
            least: smaller savings are not made [USD a month].
        """
        moves = self.moves(names, before, after, len(rest))
        deltas = self._deltas(names, before, after, moves, len(rest))
        effective, accepted = rest.copy(), rest >= least
        chosen = np.flatnonzero(moves.replayed)
        accepted[chosen] = False
        size = max(1, -(-len(chosen) // _MOST_REPLAYS))
        for group in [chosen[n : n + size] for n in range(0, len(chosen), size)]:
            self._settle_group(group, deltas, effective, accepted, least)
        for row in np.flatnonzero(accepted & ~moves.replayed).tolist():
            columns = list(deltas[row])
            now = self._open_cost(columns)
            self._carry_out(deltas[row])
            self._dropped += now - self._open_cost(columns)
        self._move_profiles(names, before, after, moves, accepted)
        return Settled(effective, accepted)

    def _settle_group(
        self, group: Ints, deltas: Sequence[dict[int, Floats]], effective: Floats,
        accepted: Bools, least: float,
    ) -> None:  # fmt: skip
        """Replay some changes together and share the drop by what each is worth on demand."""
        columns = sorted({column for row in group.tolist() for column in deltas[row]})
        kept = self.usage.quantity[:, columns].copy()
        now = self._covered_now + self._open_cost(columns)
        for row in group.tolist():
            self._carry_out(deltas[row])
        covered = self._covered_cost(self.usage.quantity[:, self.covered])
        drop = now - covered - self._open_cost(columns)
        worth = np.array([self._worth(deltas[row]) for row in group.tolist()])
        share = worth / worth.sum() if worth.sum() > 0.0 else np.full(len(group), 1 / len(group))
        found = effective[group] + drop * share
        if (found >= least).all():
            effective[group], accepted[group] = found, True
            self._dropped += drop
            self._covered_now = covered
            return
        self.usage.quantity[:, columns] = kept
        if len(group) == 1 or found.sum() < least:
            effective[group] = found
            return
        for half in np.array_split(group, 2):
            self._settle_group(half, deltas, effective, accepted, least)

    def _open_cost(self, columns: Sequence[int]) -> float:
        """Return the cost of those of some rows that no commitment covers [USD a month]."""
        rest = np.setdiff1d(np.array(columns, dtype=np.intp), self.covered)
        usage = self.usage
        left = usage.weight @ usage.quantity[:, rest] @ usage.on_demand_rate[rest]
        return float(left) * self._month

    def _worth(self, delta: dict[int, Floats]) -> float:
        rate, weight = self.usage.on_demand_rate, self.usage.weight
        return float(max(-sum(weight @ d * rate[c] for c, d in delta.items()), 0.0))

    def _carry_out(self, delta: dict[int, Floats]) -> None:
        for column, change in delta.items():
            quantity = self.usage.quantity[:, column]
            self.usage.quantity[:, column] = np.maximum(quantity + change, 0.0)

    def _deltas(
        self, names: Sequence[str], before: Lines, after: Lines, moves: Moves, count: int
    ) -> list[dict[int, Floats]]:
        """Return what every change adds to each usage row, by hour."""
        deltas: list[dict[int, Floats]] = [{} for _ in range(count)]
        at, to = self.columns(before), self.columns(after)
        hours: dict[tuple[int, int], tuple[Floats, float]] = {}
        for n in np.flatnonzero(moves.before).tolist():
            row, quantity = int(before.row[n]), float(before.quantity[n])
            if self.profiles is None:
                profile = np.full(len(self.usage.weight), quantity / HOURS_PER_MONTH)
            else:
                profile = self.profiles[names[n], self.keys[at[n]]]
            hours[row, int(before.line[n])] = (profile, quantity)
            _add(deltas[row], int(at[n]), -profile)
        for n in np.flatnonzero(moves.after).tolist():
            row = int(after.row[n])
            profile, quantity = hours[row, int(after.line[n])]
            share = float(after.quantity[n]) / quantity if quantity > 0.0 else 0.0
            _add(deltas[row], int(to[n]), profile * share)
        return deltas

    def _move_profiles(
        self, names: Sequence[str], before: Lines, after: Lines, moves: Moves, accepted: Bools
    ) -> None:
        if self.profiles is None:
            return
        at, to = self.columns(before), self.columns(after)
        hours: dict[tuple[int, int], tuple[str, Floats, float]] = {}
        for n in np.flatnonzero(moves.before & accepted[before.row]).tolist():
            profile = self.profiles.pop((names[n], self.keys[at[n]]))
            pair = (int(before.row[n]), int(before.line[n]))
            hours[pair] = (names[n], profile, float(before.quantity[n]))
        for n in np.flatnonzero(moves.after & accepted[after.row]).tolist():
            name, profile, quantity = hours[int(after.row[n]), int(after.line[n])]
            share = float(after.quantity[n]) / quantity if quantity > 0.0 else 0.0
            self.profiles[name, self.keys[to[n]]] = profile * share


def _add(delta: dict[int, Floats], column: int, change: Floats) -> None:
    delta[column] = delta[column] + change if column in delta else change


def build_waterfall(
    hourly: HourlyBill, catalog: PriceCatalog, book: PriceBook, keys: Sequence[int]
) -> Waterfall:
    """Return the hourly bill with room for the price keys changes may move to.

    Args:
        hourly: the bill.
        catalog: committed rates.
        book: price keys.
        keys: numbers of the keys in the book that changes may move to.
    """
    usage = _with_room(hourly.usage, book, keys)
    held = hourly.held or ()
    full = held_commitments(held, CommittedRates(usage, catalog))
    starts = list(usage.start.to_pydatetime())
    in_force = np.array([[h.is_in_force(at) for h in held] for at in starts], dtype=np.float64)
    in_force = in_force.reshape(len(starts), len(held))
    profiles = None if hourly.profiles is None else dict(hourly.profiles)
    return Waterfall(
        replace(usage, quantity=usage.quantity.copy()),
        full._replace(quantity=in_force * full.quantity),
        profiles,
        hourly.names,
        book,
    )


def _with_room(usage: HourlyUsage, book: PriceBook, keys: Sequence[int]) -> HourlyUsage:
    present = set(row_keys(usage))
    services = set(usage.rows["x_ServiceCode"])
    fresh = {book.keys[n][:4]: n for n in keys if book.keys[n][:4] not in present}
    fresh = {key: n for key, n in fresh.items() if key[0] in services}
    discount = _discounts(usage, book)
    rates = [first_price(book, n) * discount[key[0]] for key, n in fresh.items()]
    rows = [dict(zip(PRICE_KEYS, key, strict=True)) for key in fresh]
    return with_rows(usage, rows, np.array(rates))


def first_price(book: PriceBook, number: int) -> float:
    """Return the price of the first unit of a key [USD]."""
    return float(book.tiers.unit_price[book.tiers.first[number]])


def _discounts(usage: HourlyUsage, book: PriceBook) -> dict[str, float]:
    """Return paid / list of each service, over usage the catalog has a price for."""
    keys = row_keys(usage)
    number = book.number([(*key, "") for key in keys])  # type: ignore[misc] # four texts
    amount = usage.weight @ usage.quantity
    sums: dict[str, list[float]] = {key[0]: [0.0, 0.0] for key in keys}
    for key, n, quantity, rate in zip(
        keys, number.tolist(), amount, usage.on_demand_rate, strict=True
    ):
        if n >= 0:
            sums[key[0]][0] += quantity * rate
            sums[key[0]][1] += quantity * first_price(book, n)
    return {name: paid / listed if listed > 0.0 else 1.0 for name, (paid, listed) in sums.items()}
