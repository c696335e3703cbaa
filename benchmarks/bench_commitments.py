"""The exact one-plan optimum beside the same programme in HiGHS; portfolio and simulator."""

import highspy
import numpy as np

from benchmarks.timing import best_seconds, report_limit
from costmodel.engine.commitment import optimal_commitment
from costmodel.engine.coverage import Ownership, SharingMode, apply_savings_plans
from costmodel.engine.portfolio import Offers, plan_portfolio

HOURS = 8760
BOTH_CAN = (744, 50)  # hours, usage types


def main() -> None:
    bench_optimum()
    bench_against_solver()
    bench_portfolio()
    bench_simulator()
    bench_organisation()


def usage_of(random, hours: int, types: int):
    """Return usage with days, weekends, growth and noise."""
    hour = np.arange(hours)[:, None]
    day = 1 + 0.5 * random.random(types) * np.sin(2 * np.pi * (hour / 24 + random.random(types)))
    week = 1 - 0.4 * random.random(types) * ((hour // 24) % 7 >= 5)
    noise = np.exp(0.1 * random.standard_normal((hours, types)))
    return random.gamma(1.5, 4.0, types) * day * week * noise


def rates_of(random, types: int):
    on_demand = random.uniform(0.05, 2.0, types)
    return on_demand, on_demand * random.uniform(0.5, 0.85, types)


def bench_optimum() -> None:
    random = np.random.default_rng(1)
    usage, (on_demand, plan) = usage_of(random, HOURS, 200), rates_of(random, 200)
    seconds = best_seconds(lambda: optimal_commitment(usage, on_demand, plan), 5)
    report_limit("exact optimum, 8,760 h x 200 types", seconds, 0.7)


def bench_against_solver() -> None:
    random = np.random.default_rng(2)
    hours, types = BOTH_CAN
    usage, (on_demand, plan) = usage_of(random, hours, types), rates_of(random, types)
    ours = best_seconds(lambda: optimal_commitment(usage, on_demand, plan), 20)
    best = optimal_commitment(usage, on_demand, plan)
    peers = {}
    for method in ("simplex", "ipm"):
        costs = []
        peers[method] = best_seconds(
            lambda m=method, c=costs: c.append(solve(usage, on_demand, plan, m)), 1
        )
        assert abs(costs[0] - best.cost) < 1e-5 * best.cost
    name = min(peers, key=peers.__getitem__)
    print(
        f"one plan, {hours} h x {types} types: ours {ours:.5f} s, HiGHS "
        f"({name}, the faster) {peers[name]:.3f} s, ratio {peers[name] / ours:,.0f} "
        "(required >= 100)"
    )


def solve(usage, on_demand, plan, method: str) -> float:
    """Return the least cost by HiGHS: covered value per (hour, type), bounded by its value."""
    hours, types = usage.shape
    value = usage * on_demand
    count = hours * types
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = count + 1, hours
    model.col_cost_ = np.append(-np.ones(count), float(hours))
    model.col_lower_, model.col_upper_ = np.zeros(count + 1), np.append(value.ravel(), np.inf)
    model.row_lower_, model.row_upper_ = np.full(hours, -np.inf), np.zeros(hours)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.append(np.arange(count + 1), count + hours).astype(np.int32)
    row = np.repeat(np.arange(hours), types)
    model.a_matrix_.index_ = np.append(row, np.arange(hours)).astype(np.int32)
    drawn = np.tile(plan / on_demand, hours)
    model.a_matrix_.value_ = np.append(drawn, -np.ones(hours))
    solver = highspy.Highs()
    solver.silent()
    solver.setOptionValue("solver", method)
    solver.passModel(model)
    solver.run()
    return float(value.sum() + solver.getInfo().objective_function_value)


def bench_portfolio() -> None:
    random = np.random.default_rng(3)
    types, families = 75, 20
    usage, (on_demand, _) = usage_of(random, HOURS, types), rates_of(random, types)
    family = random.integers(0, families, types)
    draws, price, stage = [], [], []
    for number in range(9):
        draws.append(np.where(family == number, on_demand, np.nan))
        price.append(random.uniform(0.55, 0.65))
        stage.append(1)
    for number in range(families):
        rate = on_demand * random.uniform(0.58, 0.7) * random.uniform(0.97, 1.03, types)
        draws.append(np.where(family == number, rate, np.nan))
        price.append(1.0)
        stage.append(2)
    for _ in range(2):
        draws.append(on_demand * random.uniform(0.7, 0.8, types))
        price.append(1.0)
        stage.append(3)
    stages = np.array(stage)
    step = np.where(stages == 1, 0.1, 0.001)
    offers = Offers(np.array(draws), np.array(price), stages, stages == 1, step)
    plan = plan_portfolio(usage, on_demand, offers)
    seconds = best_seconds(lambda: plan_portfolio(usage, on_demand, offers), 3)
    report_limit("portfolio, 8,760 h x 75 types x 31 plans", seconds, 5.0)
    report_limit("portfolio, proven gap", 100 * plan.gap, 1.0, "%")


def bench_simulator() -> None:
    random = np.random.default_rng(4)
    usage, (on_demand, _) = usage_of(random, HOURS, 200), rates_of(random, 200)
    rates = on_demand * random.uniform(0.5, 0.85, (5, 200))
    order = [0, 0, 1, 1, 1]
    commitments = np.array([30.0, 40.0, 20.0, 50.0, 25.0])
    seconds = best_seconds(
        lambda: apply_savings_plans(usage, on_demand, rates, commitments, order), 5
    )
    report_limit("simulator, 8,760 h x 200 types x 5 plans", seconds, 2.0)


def bench_organisation() -> None:
    random = np.random.default_rng(5)
    accounts, types, plans, hours = 1000, 8, 20, 744
    kind = np.tile(np.arange(types), accounts)
    on_demand, _ = rates_of(random, types)
    usage = usage_of(random, hours, accounts * types)
    rates = (on_demand * random.uniform(0.5, 0.85, (plans, types)))[:, kind]
    ownership = Ownership(
        np.repeat(np.arange(accounts), types),
        random.integers(0, accounts, plans),
        random.integers(-1, 5, accounts),
        SharingMode.PRIORITIZED,
    )
    # A third of the usage: sharing runs through hundreds of accounts in every hour.
    commitments = np.full(plans, float((usage @ on_demand[kind]).mean()) / 3 / plans)
    order = np.repeat([0, 1], plans // 2)
    seconds = best_seconds(
        lambda: apply_savings_plans(
            usage, on_demand[kind], rates, commitments, order, ownership=ownership
        ),
        2,
    )
    report_limit("simulator, 1,000 accounts x 744 h, 20 shared plans", seconds, 10.0)


if __name__ == "__main__":
    main()
