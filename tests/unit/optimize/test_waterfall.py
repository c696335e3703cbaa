"""What the bill really drops by, against a replay of one hour after the other in plain Python."""

import numpy as np
import pytest

import costmodel
from costmodel.errors import CostModelError
from costmodel.optimize.commitments.held import HeldCommitment
from costmodel.optimize.commitments.usage import EITHER, read_usage
from costmodel.optimize.hourly_bill import HourlyBill
from costmodel.optimize.line_pricing import Lines, PriceBook
from costmodel.optimize.waterfall import build_waterfall
from tests.unit.optimize.commitments.catalog_of_two_families import (
    COMPUTE,
    ON_DEMAND,
    FewRates,
    charges,
)

HOURS = 48
LARGE, XLARGE, OTHER = "BoxUsage:m5.large", "BoxUsage:m5.xlarge", "BoxUsage:c5.large"
UNITS = {LARGE: 4.0, XLARGE: 8.0}  # normalised units of the m5 family
START = "2026-01-01"


def key(usage_type: str):
    return ("AmazonEC2", "us-east-1", usage_type, "RunInstances")


def on_demand_cost(usage, reserved_units: float, plan: float) -> float:
    """Return what is left on demand: reservations smallest size first, then the plan's best rate.

    Every type here has the plan's same discount, so the plan takes the lower rate first.
    """
    total = 0.0
    for hour in range(HOURS):
        units, commitment = reserved_units, plan
        left = {name: float(series[hour]) for name, series in usage.items()}
        for name in (LARGE, XLARGE):
            covered = min(left.get(name, 0.0), units / UNITS[name])
            left[name] = left.get(name, 0.0) - covered
            units -= covered * UNITS[name]
        for name in sorted(left, key=lambda n: ON_DEMAND[n]):
            rate = ON_DEMAND[name] * COMPUTE
            covered = min(left[name], commitment / rate)
            left[name] -= covered
            commitment -= covered * rate
            total += left[name] * ON_DEMAND[name]
    return total


def hourly_bill(profiles, held) -> HourlyBill:
    """Return a bill of some resources: (name, usage type) → hours."""
    sums = dict.fromkeys((LARGE, XLARGE, OTHER), 0.0)
    for (_, usage_type), hours in profiles.items():
        sums[usage_type] = sums[usage_type] + hours
    usage = read_usage(
        charges({name: hours for name, hours in sums.items() if np.any(hours)}, start=START),
        pricing=EITHER,
    )
    known = {(name, key(usage_type)): hours for (name, usage_type), hours in profiles.items()}
    return HourlyBill(usage, held, known, {name: name for name, _ in profiles})


def lines(book: PriceBook, *rows) -> Lines:
    """Return lines of (row, usage type, quantity), each the first line of its row."""
    row = np.array([r for r, _, _ in rows], dtype=np.int64)
    number = book.number([(*key(usage_type), "") for _, usage_type, _ in rows])
    quantity = np.array([q for _, _, q in rows], dtype=float)
    return Lines(row, np.zeros(len(rows), dtype=np.int64), number, quantity, np.ones(len(rows)))


@pytest.fixture(scope="module")
def book():
    return PriceBook(costmodel.load_catalog())


def held(reserved: float, plan: float):
    return [
        HeldCommitment("Reserved", reserved, scope="m5.large", region="us-east-1"),
        HeldCommitment("Compute", plan),
    ]


def waterfall_of(profiles, commitments, book):
    room = book.number([(*key(t), "") for t in ON_DEMAND]).tolist()
    return build_waterfall(hourly_bill(profiles, commitments), FewRates(), book, room)


@pytest.mark.parametrize("seed", range(12))
def test_every_saving_is_the_difference_of_two_replays_of_the_bill(seed, book) -> None:
    rng = np.random.default_rng(seed)
    kinds = [LARGE, XLARGE, OTHER, LARGE, XLARGE, OTHER]
    profiles = {(f"i-{n}", kind): (rng.random(HOURS) < 0.7) * 1.0 for n, kind in enumerate(kinds)}
    reserved, plan = float(rng.integers(0, 4)), float(rng.uniform(0.0, 0.3))
    found = waterfall_of(profiles, held(reserved, plan), book)
    # The first three end; the xlarge after them becomes a large; the last ends too.
    names = ["i-0", "i-1", "i-2", "i-4", "i-5"]
    types = [LARGE, XLARGE, OTHER, XLARGE, OTHER]
    before = lines(book, *((n, t, 730.0) for n, t in enumerate(types)))
    after = lines(book, (3, LARGE, 730.0))

    settled = found.settle(names, before, after, np.zeros(5), least=-1.0)

    usage = {t: np.zeros(HOURS) for t in ON_DEMAND}
    for (_, kind), hours in profiles.items():
        usage[kind] = usage[kind] + hours
    costs = [on_demand_cost(usage, 4.0 * reserved, plan)]
    for name, kind in zip(names, types, strict=True):
        usage[kind] = usage[kind] - profiles[name, kind]
        if name == "i-4":
            usage[LARGE] = usage[LARGE] + profiles[name, kind]
        costs.append(on_demand_cost(usage, 4.0 * reserved, plan))
    drops = -np.diff(costs) * 730.0 / HOURS
    assert settled.effective == pytest.approx(drops, abs=0.005)
    found.check_replayed()


def test_a_freed_reservation_moves_to_the_next_instance(book) -> None:
    # One reservation, two m5.large: whichever ends, the other is covered and 0.10 an hour goes.
    always = np.ones(HOURS)
    profiles = {("i-1", LARGE): always, ("i-2", LARGE): always}
    found = waterfall_of(profiles, held(1.0, 0.0), book)

    first = found.settle(["i-1"], lines(book, (0, LARGE, 730.0)), lines(book), np.zeros(1), 0.001)
    second = found.settle(["i-2"], lines(book, (0, LARGE, 730.0)), lines(book), np.zeros(1), 0.001)

    assert first.effective[0] == pytest.approx(73.0)
    assert (second.effective[0], bool(second.accepted[0])) == (pytest.approx(0.0), False)


def test_a_change_that_saves_nothing_leaves_the_bill_as_it_was(book) -> None:
    found = waterfall_of({("i-1", LARGE): np.ones(HOURS)}, held(1.0, 0.0), book)

    before, after = lines(book, (0, LARGE, 730.0)), lines(book, (0, OTHER, 730.0))
    settled = found.settle(["i-1"], before, after, np.zeros(1), 0.001)

    # The reservation stands idle; c5.large is paid at its list price times .10 / .096.
    assert settled.effective[0] == pytest.approx(-0.085 * 0.10 / 0.096 * 730)
    assert not settled.accepted[0]
    assert found.usage.quantity[:, found.column[key(OTHER)]].sum() == 0.0


def test_the_hours_go_along_with_the_change(book) -> None:
    half = np.arange(HOURS) % 2.0
    found = waterfall_of({("i-1", XLARGE): half}, [], book)

    found.settle(
        ["i-1"], lines(book, (0, XLARGE, 730.0)), lines(book, (0, LARGE, 730.0)), np.ones(1), 0.0
    )

    left = found.remaining()
    assert list(left.rows["x_UsageType"]) == [LARGE]
    assert left.quantity[:, 0] == pytest.approx(half)
    # The same price as the bill pays for m5.large of the list: .10 of .096 for xlarge's .20 of .192
    assert left.on_demand_rate[0] == pytest.approx(0.096 * 0.20 / 0.192)


def test_resources_that_are_not_on_the_bill_are_not_replayed(book) -> None:
    found = waterfall_of({("i-1", LARGE): np.ones(HOURS)}, held(1.0, 0.0), book)

    settled = found.settle(
        ["i-9"], lines(book, (0, LARGE, 730.0)), lines(book), np.array([70.08]), 0.001
    )

    assert settled.effective[0] == 70.08
    assert found.usage.quantity.sum() == HOURS


def test_a_bill_without_resources_loses_constant_hours(book) -> None:
    bill = hourly_bill({("i-1", LARGE): 2.0 * np.ones(HOURS)}, held(1.0, 0.0))
    found = build_waterfall(HourlyBill(bill.usage, bill.held, None), FewRates(), book, ())

    settled = found.settle(
        ["i-7"], lines(book, (0, LARGE, 365.0)), lines(book), np.zeros(1), 0.001
    )

    assert settled.effective[0] == pytest.approx(36.5)


def test_the_margin_shows_who_stands_behind_a_covered_unit(book) -> None:
    always = np.ones(HOURS)
    alone = waterfall_of({("i-1", LARGE): always}, held(1.0, 0.0), book)
    followed = waterfall_of(
        {("i-1", LARGE): always, ("i-2", XLARGE): always}, held(1.0, 0.0), book
    )

    assert alone.marginal()[alone.column[key(LARGE)]] == pytest.approx(0.0)
    # Four units freed cover half an xlarge of 0.20.
    assert followed.marginal()[followed.column[key(LARGE)]] == pytest.approx(0.10)


def test_many_alike_changes_are_replayed_in_groups_and_still_add_up(book) -> None:
    profiles = {(f"i-{n}", LARGE): np.ones(HOURS) for n in range(450)}
    found = waterfall_of(profiles, held(100.0, 0.0), book)
    names = [f"i-{n}" for n in range(450)]
    before = lines(book, *((n, LARGE, 730.0) for n in range(450)))

    settled = found.settle(names, before, lines(book), np.zeros(450), 0.001)

    # 450 run, 100 are paid for anyway: 350 save 73 each, the rest nothing; one group of five
    # stands across the border and shares.
    assert settled.effective[settled.accepted].sum() == pytest.approx(350 * 73.0)
    assert settled.accepted.sum() in range(350, 355)


def test_drops_that_do_not_add_up_are_an_error(book) -> None:
    found = waterfall_of({("i-1", LARGE): np.ones(HOURS)}, held(1.0, 0.0), book)
    found.usage.quantity[:, found.column[key(LARGE)]] = 3.0

    with pytest.raises(CostModelError, match="differ by"):
        found.check_replayed()
