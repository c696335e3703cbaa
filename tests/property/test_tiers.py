"""The tier kernel against exact decimal arithmetic, and what must hold for any ladder."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.engine.tiers import build_tier_table, graduated_cost, pooled_cost

PRICES = st.decimals(0, 100, places=6, allow_nan=False)
Ladder = list[tuple[Decimal, Decimal]]


@st.composite
def ladders(draw: st.DrawFn) -> Ladder:
    bounds = sorted(draw(st.sets(st.integers(1, 10**7), max_size=5)))
    prices = draw(st.lists(PRICES, min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    return list(zip(map(Decimal, [0, *bounds]), prices, strict=True))


def decimal_cost(ladder: Ladder, quantity: Decimal) -> Decimal:
    ends = [begin for begin, _ in ladder[1:]] + [Decimal("Infinity")]
    return sum(
        (
            (min(quantity, end) - begin) * price
            for (begin, price), end in zip(ladder, ends, strict=True)
            if quantity > begin
        ),
        start=Decimal(0),
    )


def table_of(many: list[Ladder]):
    flat = [tier for ladder in many for tier in ladder]
    first = np.cumsum([0, *map(len, many)])
    return build_tier_table(first, [float(b) for b, _ in flat], [float(p) for _, p in flat])


@settings(max_examples=300)
@given(st.lists(ladders(), min_size=1, max_size=20), st.integers(0, 2 * 10**7))
def test_graduated_cost_equals_decimal_arithmetic(many: list[Ladder], quantity: int) -> None:
    cost = graduated_cost(table_of(many), np.arange(len(many)), np.full(len(many), quantity))

    expected = [float(decimal_cost(ladder, Decimal(quantity))) for ladder in many]
    assert cost == pytest.approx(expected, rel=1e-12, abs=1e-9)


@given(ladders(), st.lists(st.integers(0, 10**7), min_size=1, max_size=50), st.randoms())
def test_row_order_does_not_matter(ladder: Ladder, quantities: list[int], random) -> None:
    order = list(range(len(quantities)))
    random.shuffle(order)
    table, amount = table_of([ladder]), np.array(quantities, dtype=float)

    straight = graduated_cost(table, np.zeros(len(amount), dtype=int), amount)
    shuffled = graduated_cost(table, np.zeros(len(amount), dtype=int), amount[order])

    assert (straight[order] == shuffled).all()


@given(ladders())
def test_cost_is_continuous_at_every_bound(ladder: Ladder) -> None:
    table = table_of([ladder])
    bounds = np.array([float(begin) for begin, _ in ladder[1:]])
    zeros = np.zeros(len(bounds), dtype=int)

    below = graduated_cost(table, zeros, np.nextafter(bounds, 0.0))
    at = graduated_cost(table, zeros, bounds)

    assert at == pytest.approx(below, rel=1e-12, abs=1e-6)


@given(ladders(), st.lists(st.integers(0, 10**7), min_size=2, max_size=50))
def test_more_usage_never_costs_less(ladder: Ladder, quantities: list[int]) -> None:
    amount = np.array(sorted(quantities), dtype=float)

    cost = graduated_cost(table_of([ladder]), np.zeros(len(amount), dtype=int), amount)

    assert (np.diff(cost) >= -1e-9 * np.maximum(cost[1:], 1.0)).all()
    assert (cost[amount == 0] == 0.0).all()


@given(ladders(), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_pooled_shares_add_up_to_the_pool(ladder: Ladder, quantities: list[int]) -> None:
    amount = np.array(quantities, dtype=float)
    zeros = np.zeros(len(amount), dtype=int)

    shares = pooled_cost(table_of([ladder]), zeros, amount, zeros)

    expected = float(decimal_cost(ladder, Decimal(sum(quantities))))
    assert shares.sum() == pytest.approx(expected, rel=1e-12, abs=1e-9)
