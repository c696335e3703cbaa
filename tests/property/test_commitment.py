"""Properties of the one-plan optimum and of the waterfall, each on 300 random cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.engine.commitment import (
    commitment_curve,
    cost_at_commitment,
    curve_cost,
    optimal_commitment,
)
from costmodel.engine.coverage import (
    Ownership,
    SharingMode,
    apply_savings_plans,
    trace_commitments,
)
from costmodel.engine.coverage.commitments import savings_plan_commitments

CASES = settings(max_examples=300, deadline=None)


@st.composite
def pools(draw):
    """Usage with gaps, on-demand rates and a deeper or shallower plan rate for each type."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hours, types = draw(st.integers(1, 24)), draw(st.integers(1, 6))
    usage = rng.gamma(1.5, 2.0, (hours, types)) * (rng.random((hours, types)) < 0.8)
    on_demand = rng.uniform(0.01, 5.0, types)
    plan = on_demand * rng.uniform(0.3, 1.0, types)
    return usage, on_demand, plan


@CASES
@given(pools())
def test_no_breakpoint_and_no_grid_point_is_cheaper_than_the_optimum(pool) -> None:
    usage, on_demand, plan = pool
    best = optimal_commitment(*pool)
    highest = float((usage @ plan).max())
    order = np.lexsort((plan, -on_demand / plan))
    breakpoints = np.cumsum(usage[:, order] * plan[order], axis=1).ravel()

    tried = [*breakpoints, *np.linspace(0.0, 1.2 * highest, 25)]
    costs = [_brute_force_cost(*pool, commitment) for commitment in tried]

    assert best.cost <= min(costs) + 1e-9 * (1 + best.on_demand_cost)
    assert 0.0 <= best.commitment <= highest * (1 + 1e-12)
    assert best.cost <= best.on_demand_cost
    assert best.cost == pytest.approx(_brute_force_cost(*pool, best.commitment))


def _brute_force_cost(usage, on_demand, plan, commitment) -> float:
    """Fill the commitment hour by hour and type by type, in plain Python."""
    total = 0.0
    order = sorted(range(len(plan)), key=lambda k: (plan[k] / on_demand[k], plan[k]))
    for hour in usage:
        left, total = commitment, total + commitment
        for k in order:
            covered = min(hour[k], left / plan[k])
            left -= covered * plan[k]
            total += (hour[k] - covered) * on_demand[k]
    return total


@CASES
@given(pools())
def test_the_cost_curve_is_convex_and_never_below_its_bounds(pool) -> None:
    usage, on_demand, plan = pool
    curve = commitment_curve(*pool)
    slopes = np.append(np.diff(curve.cost) / np.diff(curve.commitment), curve.last_slope)

    # Slopes over gaps of a rounding error are noise: compare those over real gaps.
    real = np.append(np.diff(curve.commitment) > 1e-6 * curve.commitment[-1], True)
    assert np.all(np.diff(slopes[real]) >= -1e-5 * len(usage))
    assert np.all(curve.cost >= curve.commitment * len(usage) - 1e-7)
    assert np.all(curve.cost >= (usage * np.minimum(on_demand, plan)).sum() - 1e-7)
    middle = curve.commitment[-1] * 0.4
    assert curve_cost(curve, middle) == pytest.approx(cost_at_commitment(*pool, middle).cost)


@CASES
@given(pools(), st.floats(0.1, 50.0))
def test_scaling_usage_scales_the_cost(pool, scale) -> None:
    usage, on_demand, plan = pool

    scaled = optimal_commitment(usage * scale, on_demand, plan)

    assert scaled.cost == pytest.approx(scale * optimal_commitment(*pool).cost)


@CASES
@given(pools(), st.randoms(use_true_random=False))
def test_hours_may_be_permuted_and_doubled(pool, random) -> None:
    usage, on_demand, plan = pool
    best = optimal_commitment(*pool)
    shuffled = list(range(len(usage)))
    random.shuffle(shuffled)

    permuted = optimal_commitment(usage[shuffled], on_demand, plan)
    doubled = optimal_commitment(np.vstack([usage, usage]), on_demand, plan)

    assert permuted.commitment == pytest.approx(best.commitment)
    assert permuted.cost == pytest.approx(best.cost)
    assert doubled.commitment == pytest.approx(best.commitment)
    assert doubled.cost == pytest.approx(2 * best.cost)


@CASES
@given(pools(), st.floats(0.5, 1.0), st.floats(1.0, 3.0))
def test_deeper_discounts_cost_less_and_more_usage_costs_more(pool, deeper, more) -> None:
    usage, on_demand, plan = pool
    best = optimal_commitment(*pool)
    tolerance = 1e-9 * (1 + best.on_demand_cost)

    assert optimal_commitment(usage, on_demand, plan * deeper).cost <= best.cost + tolerance
    assert optimal_commitment(usage * more, on_demand, plan).cost >= best.cost - tolerance


@CASES
@given(pools())
def test_utilisation_and_savings_rate_are_bounded_by_the_best_discount(pool) -> None:
    _, on_demand, plan = pool
    best = optimal_commitment(*pool)
    deepest = float((1 - plan / on_demand).max())

    assert best.utilization >= 1 - deepest - 1e-9
    assert best.effective_savings_rate <= deepest + 1e-9


@CASES
@given(pools(), st.integers(1, 99))
def test_with_one_discount_the_optimum_is_a_quantile_of_spend(pool, percent) -> None:
    usage, on_demand, _ = pool
    plan = on_demand * (1 - percent / 100)

    best = optimal_commitment(usage, on_demand, plan)

    # Where d x hours is whole every point between two quantiles is optimal: compare costs.
    quantile = float(np.quantile(usage @ plan, percent / 100, method="inverted_cdf"))
    assert best.cost == pytest.approx(cost_at_commitment(usage, on_demand, plan, quantile).cost)
    if (percent * len(usage)) % 100:
        assert best.commitment == pytest.approx(quantile)


# --- the waterfall ---


@st.composite
def organisations(draw):
    """Usage rows of some accounts and several plans, some owned, in stages."""
    usage, on_demand, _ = draw(pools())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, plans, accounts = len(on_demand), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rate = on_demand * rng.uniform(0.3, 1.05, (plans, rows))
    rate[rng.random(rate.shape) < 0.3] = np.nan
    commitments = rng.uniform(0.0, 3.0, plans)
    order = rng.integers(0, 2, plans)
    ownership = Ownership(
        rng.integers(0, accounts, rows),
        rng.integers(0, accounts, plans),
        rng.integers(-1, 2, accounts),
        draw(st.sampled_from(SharingMode)),
    )
    return usage, on_demand, rate, commitments, order, ownership


@CASES
@given(organisations(), st.booleans())
def test_nothing_is_lost_and_nothing_is_negative(case, is_organisation) -> None:
    usage, on_demand, rate, commitments, order, ownership = case
    plans = savings_plan_commitments(rate, commitments, order, len(on_demand))

    coverage, allocation = trace_commitments(
        usage, on_demand, plans, ownership if is_organisation else None
    )

    total = coverage.used_commitment + coverage.unused_commitment
    assert total == pytest.approx(np.broadcast_to(commitments, total.shape))
    assert coverage.covered_quantity + coverage.on_demand_quantity == pytest.approx(usage)
    for part in coverage:
        assert part.min(initial=0.0) >= -1e-12
    drawn = np.zeros_like(total)
    np.add.at(
        drawn,
        (allocation.hour, allocation.plan),
        allocation.quantity * rate[allocation.plan, allocation.row],
    )
    assert drawn == pytest.approx(coverage.used_commitment, abs=1e-9)


@CASES
@given(organisations())
def test_the_owner_is_never_left_uncovered_while_another_is_served(case) -> None:
    usage, on_demand, rate, commitments, _, ownership = case
    plans = savings_plan_commitments(rate, commitments, None, len(on_demand))

    coverage, allocation = trace_commitments(usage, on_demand, plans, ownership)

    foreign = ownership.owner[allocation.plan] != ownership.account[allocation.row]
    for hour, plan in zip(allocation.hour[foreign], allocation.plan[foreign], strict=True):
        own_rows = (ownership.account == ownership.owner[plan]) & ~np.isnan(rate[plan])
        assert coverage.on_demand_quantity[hour, own_rows].sum() == pytest.approx(0.0, abs=1e-9)


@CASES
@given(organisations(), st.floats(0.0, 5.0))
def test_an_unshared_plan_never_changes_other_accounts(case, raised) -> None:
    usage, on_demand, rate, commitments, order, ownership = case
    alone = ownership._replace(group=np.full(4, -1), mode=SharingMode.RESTRICTED)
    more = commitments.copy()
    more[0] += raised

    before = apply_savings_plans(usage, on_demand, rate, commitments, order, ownership=alone)
    after = apply_savings_plans(usage, on_demand, rate, more, order, ownership=alone)

    others = ownership.account != ownership.owner[0]
    assert after.covered_quantity[:, others] == pytest.approx(before.covered_quantity[:, others])


@CASES
@given(organisations())
def test_a_restricted_mode_never_uses_more_commitment_than_an_open_one(case) -> None:
    usage, on_demand, rate, commitments, _, ownership = case
    one_plan = ownership._replace(owner=ownership.owner[:1])
    restricted = one_plan._replace(mode=SharingMode.RESTRICTED)
    first = (usage, on_demand, rate[:1], commitments[:1])

    free = apply_savings_plans(*first, ownership=one_plan._replace(mode=SharingMode.OPEN))
    bound = apply_savings_plans(*first, ownership=restricted)

    assert np.all(bound.unused_commitment >= free.unused_commitment - 1e-9)


@CASES
@given(organisations())
def test_one_stage_equals_plain_python(case) -> None:
    usage, on_demand, rate, commitments, _, _ = case

    coverage = apply_savings_plans(usage, on_demand, rate, commitments)

    assert coverage.on_demand_cost == pytest.approx(
        [_on_demand_left(hour, on_demand, rate, commitments) for hour in usage], abs=1e-9
    )


def _on_demand_left(hour, on_demand, rate, commitments) -> float:
    pairs = sorted(
        (round(rate[p, k] / on_demand[k], 12), rate[p, k], p, k)
        for p, k in zip(*np.nonzero(~np.isnan(rate)), strict=True)
    )
    usage, left = list(hour), list(commitments)
    for _, draw, p, k in pairs:
        covered = min(usage[k], left[p] / draw)
        usage[k] -= covered
        left[p] -= covered * draw
    return float(np.dot(usage, on_demand))


@CASES
@given(pools(), st.floats(0.0, 20.0))
def test_one_plan_in_the_simulator_costs_what_the_formula_says(pool, commitment) -> None:
    usage, on_demand, plan = pool

    coverage = apply_savings_plans(usage, on_demand, [plan], [commitment])

    simulated = coverage.on_demand_cost.sum() + commitment * len(usage)
    assert simulated == pytest.approx(cost_at_commitment(*pool, commitment).cost)
