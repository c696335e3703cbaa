"""Price the usage lines of inventory rows; tiers are filled by the whole account.

A saving is what the account's bill drops by: lines leave and enter one tier ladder per price key
in the order the changes are accepted, so that the savings of all changes add up to the difference
of the two bills.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.catalog.catalog import PriceCatalog
from costmodel.engine.formula.functions import as_flag, as_number
from costmodel.engine.tiers import TierTable, build_tier_table, graduated_cost
from costmodel.errors import IssueReason
from costmodel.optimize.rule import UsageLine
from costmodel.optimize.rule_scope import Scope
from costmodel.optimize.sheet_usage import MeterRows, meter_rows

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Key = tuple[str, str, str, str, str]  # service, region, usage type, operation, variant
UNPRICED: Final = -1
# Room for the meters of one sheet among the line numbers of a model.
_MOST_METERS: Final = 100


class Lines(NamedTuple):
    """Usage lines of the rows of a scope, l lines.

    Attributes:
        row: (l,) row of the scope.
        line: (l,) number of the line in the usage model.
        key: (l,) price key in the `PriceBook`; `UNPRICED` where the catalog has none.
        quantity: (l,) quantity a month; NaN unknown.
        paid: (l,) USD the bill drops by when the list cost drops by one: 0 where a commitment
            covers the line, 1 at list price.
    """

    row: Ints
    line: Ints
    key: Ints
    quantity: Floats
    paid: Floats

    def where(self, keep: Array) -> "Lines":
        """Return some of the lines."""
        return Lines(
            self.row[keep], self.line[keep], self.key[keep], self.quantity[keep], self.paid[keep]
        )


class Savings(NamedTuple):
    """What (n,) rows save [USD a month]; NaN unknown.

    Attributes:
        list: at list prices.
        effective: on the bill, commitments and discounts considered.
    """

    list: Floats
    effective: Floats


@dataclass
class PriceBook:
    """Every price key met so far with its tiers, numbered in the order they were met."""

    catalog: PriceCatalog
    numbers: dict[Key, int] = field(default_factory=dict)
    reasons: dict[Key, IssueReason] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)
    _begin: list[Floats] = field(default_factory=list)
    _price: list[Floats] = field(default_factory=list)
    _tiers: TierTable | None = None

    def number(self, asked: Sequence[Key]) -> Ints:
        """Return the number of each key, `UNPRICED` where it has no price."""
        fresh = [key for key in dict.fromkeys(asked) if key not in self.numbers]
        if fresh:
            self._add(fresh)
        return np.array([self.numbers[key] for key in asked], dtype=np.int64)

    def _add(self, fresh: list[Key]) -> None:
        self._match(fresh, fresh)
        # Databases above xlarge: bills write db.m5.2xl for newer families, db.m4.2xlarge before.
        lacking = [key for key in fresh if self.numbers[key] == UNPRICED and "xlarge" in key[2]]
        if lacking:
            short = [(*k[:2], k[2].replace("xlarge", "xl"), *k[3:]) for k in lacking]
            self._match(lacking, short)
        self._tiers = None

    def _match(self, named: list[Key], asked: list[Key]) -> None:
        """Number some keys by the price of the keys asked for."""
        columns = [np.array([key[part] for key in asked], dtype=object) for part in range(5)]
        match = self.catalog.match(*columns)
        for key, sku, reason in zip(named, match.sku.tolist(), match.reason, strict=True):
            if sku < 0:
                self.numbers[key] = UNPRICED
                self.reasons[key] = reason or IssueReason.NO_SKU
                continue
            tiers = slice(match.tiers.first[sku], match.tiers.first[sku + 1])
            self.numbers[key] = len(self.keys)
            self.keys.append(key)
            self._begin.append(match.tiers.begin_range[tiers])
            self._price.append(match.tiers.unit_price[tiers])

    @property
    def tiers(self) -> TierTable:
        """Tiers of every priced key."""
        if self._tiers is None:
            widths = [len(begin) for begin in self._begin]
            first = np.concatenate([[0], np.cumsum(widths)]).astype(np.intp)
            begin = np.concatenate(self._begin) if widths else np.empty(0)
            price = np.concatenate(self._price) if widths else np.empty(0)
            self._tiers = build_tier_table(first, begin, price)
        return self._tiers

    def cost(self, key: Ints, quantity: Floats) -> Floats:
        """Return the list cost of quantities, each as if it were the account's only one [USD]."""
        cost = np.full(len(key), np.nan)
        priced = key >= 0
        if priced.any():
            cost[priced] = graduated_cost(
                self.tiers, key[priced].astype(np.intp), quantity[priced]
            )
        return cost


def usage_lines(scope: Scope, book: PriceBook) -> Lines:
    """Return the usage lines of every row of a scope."""
    parts = [_line(scope, number, line, book) for number, line in enumerate(scope.model.lines)]
    place = len(parts)
    for use in scope.model.sheets:
        parts += [_meter(found, place, book) for found in meter_rows(scope, use, book.catalog)]
        place += _MOST_METERS
    if not parts:
        return no_lines()
    return Lines(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _line(scope: Scope, number: int, line: UsageLine, book: PriceBook) -> Lines:
    tables, length = scope.model.tables, scope.length
    applies = np.ones(length, dtype=bool)
    if line.when is not None:
        applies = np.broadcast_to(as_flag(line.when.evaluate(scope, tables)), (length,))
    rows = np.flatnonzero(applies)
    part = scope.take(rows)
    count = len(rows)
    quantity = np.broadcast_to(as_number(line.quantity.evaluate(part, tables)), (count,))
    usage_type = line.usage_type.evaluate(part, count, tables)
    operation = line.operation.evaluate(part, count, tables)
    region = part.full("region_id")
    if line.region is not None:
        region = np.broadcast_to(line.region.evaluate(part, tables), (count,))
    service = line.service_code.evaluate(part, count, tables)
    asked = [
        (who or "", where or "", what or "", how or "", "")
        for who, where, what, how in zip(service, region, usage_type, operation, strict=True)
    ]
    return Lines(
        rows.astype(np.int64),
        np.full(count, number, dtype=np.int64),
        book.number(asked),
        np.asarray(quantity, dtype=np.float64),
        np.ones(count),
    )


def once_cost(scope: Scope, lines: Sequence[UsageLine], book: PriceBook) -> Floats:
    """Return what usage that happens once costs each row, (n,) [USD]; NaN unknown."""
    total = np.zeros(scope.length)
    for number, line in enumerate(lines):
        found = _line(scope, number, line, book)
        np.add.at(total, found.row, book.cost(found.key, found.quantity))
    return total


def _meter(found: MeterRows, place: int, book: PriceBook) -> Lines:
    keys = zip(found.region, found.usage_type, found.operation, found.variant, strict=True)
    asked = [
        (found.service_code, where or "", what or "", how or "", kind or "")
        for where, what, how, kind in keys
    ]
    count = len(found.row)
    return Lines(
        found.row.astype(np.int64),
        np.full(count, place + found.meter, dtype=np.int64),
        book.number(asked),
        np.asarray(found.quantity, dtype=np.float64),
        np.ones(count),
    )


@dataclass
class Account:
    """Quantity of every price key the account uses now; changes move it.

    Lines without a price or a quantity are not part of it.
    """

    book: PriceBook
    total: Floats = field(default_factory=lambda: np.empty(0))

    def add(self, lines: Lines, sign: float = 1.0) -> None:
        """Add the lines of some rows."""
        self._grow()
        known = (lines.key >= 0) & ~np.isnan(lines.quantity)
        np.add.at(self.total, lines.key[known], sign * lines.quantity[known])

    def cost(self) -> float:
        """Return the list cost of everything [USD a month]."""
        self._grow()
        return float(self.book.cost(np.arange(len(self.total)), np.maximum(self.total, 0.0)).sum())

    def savings(self, before: Lines, after: Lines, count: int) -> Savings:
        """Return what each of (count,) rows saves if their changes happen in this order.

        A row of whose changing lines one has no price or quantity saves NaN.
        """
        self._grow()
        before, after, unknown = _only_changes(before, after, count)
        row = np.concatenate([before.row, after.row])
        key = np.concatenate([before.key, after.key])
        paid = np.concatenate([before.paid, after.paid])
        moved = np.concatenate([-before.quantity, after.quantity])
        known = (key >= 0) & ~np.isnan(moved) & ~unknown[row]
        row, key, moved, paid = row[known], key[known], moved[known], paid[known]
        drop = -self._steps(row, key, moved)
        listed, effective = (
            np.bincount(row, weights=weights, minlength=count).astype(np.float64)
            for weights in (drop, drop * paid)
        )
        listed[unknown] = effective[unknown] = np.nan
        return Savings(listed, effective)

    def move(self, before: Lines, after: Lines, savings: Savings) -> None:
        """Carry out changes whose savings are known."""
        done = ~np.isnan(savings.list)
        for lines, sign in ((before, -1.0), (after, 1.0)):
            self.add(lines.where(done[lines.row]), sign)

    def _steps(self, row: Ints, key: Ints, moved: Floats) -> Floats:
        """Return the cost each movement adds, movements of a key in the order of the rows."""
        cost = np.empty(len(key))
        tiers = self.book.tiers
        single = np.diff(tiers.first)[key] == 1
        cost[single] = tiers.unit_price[tiers.first[key[single]]] * moved[single]
        tiered = np.flatnonzero(~single)
        order = tiered[np.lexsort((row[tiered], key[tiered]))]
        keys = key[order]
        running = np.cumsum(moved[order])
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        offset = np.zeros(len(order))
        if len(order):
            lengths = np.diff(np.append(starts, len(order)))
            offset = np.repeat(running[starts] - moved[order][starts], lengths)
        after = self.total[keys] + running - offset
        before = after - moved[order]
        cost[order] = self.book.cost(keys, np.maximum(after, 0.0)) - self.book.cost(
            keys, np.maximum(before, 0.0)
        )
        return cost

    def _grow(self) -> None:
        lacking = len(self.book.keys) - len(self.total)
        if lacking > 0:
            self.total = np.concatenate([self.total, np.zeros(lacking)])


def _only_changes(before: Lines, after: Lines, count: int) -> tuple[Lines, Lines, Array]:
    """Leave out lines that stay; say which (count,) rows have a change without price."""
    width = 1 + int(max(before.line.max(initial=0), after.line.max(initial=0)))
    place_before = before.row * width + before.line
    place_after = after.row * width + after.line
    size = count * width
    stays = np.zeros(size, dtype=bool)
    key = np.full(size, -2, dtype=np.int64)
    quantity = np.full(size, np.nan)
    key[place_before], quantity[place_before] = before.key, before.quantity
    same = (key[place_after] == after.key) & (
        (quantity[place_after] == after.quantity)
        | (np.isnan(quantity[place_after]) & np.isnan(after.quantity))
    )
    stays[place_after[same]] = True
    unknown = np.zeros(count, dtype=bool)
    kept = []
    for lines, place in ((before, place_before), (after, place_after)):
        part = lines.where(~stays[place])
        unknown[part.row[(part.key < 0) | np.isnan(part.quantity)]] = True
        kept.append(part)
    return kept[0], kept[1], unknown


def carry_paid(before: Lines, after: Lines) -> Lines:
    """Return lines after a change with the paid share of the line each comes from, else 1."""
    width = 1 + int(max(before.line.max(initial=0), after.line.max(initial=0)))
    size = width * (1 + int(max(before.row.max(initial=0), after.row.max(initial=0))))
    paid = np.ones(size)
    paid[before.row * width + before.line] = before.paid
    return after._replace(paid=paid[after.row * width + after.line])


def no_lines() -> Lines:
    """Return the lines of a resource that is gone."""
    nothing = np.empty(0, dtype=np.int64)
    return Lines(nothing, nothing, nothing, np.empty(0), np.empty(0))
