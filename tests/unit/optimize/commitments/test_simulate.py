"""Simulations by hand, and the identities of a bill on their lines."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from costmodel.errors import BadInputError
from costmodel.optimize.commitments.held import HeldCommitment
from costmodel.optimize.commitments.simulate import simulate_usage
from tests.unit.optimize.commitments.catalog_of_two_families import FewRates, charges

USAGE = {"BoxUsage:m5.large": [10.0, 4.0] * 24, "BoxUsage:c5.large": [5.0] * 48}
START = datetime(2026, 1, 1, tzinfo=UTC)
HELD = [
    HeldCommitment("Reserved", 3.0, scope="m5.large", region="us-east-1", start=START,
                   payment="Partial Upfront", commitment_id="ri"),
    HeldCommitment("EC2Instance", 0.195, scope="m5", region="us-east-1", commitment_id="esp"),
    HeldCommitment("Compute", 0.5, payment="All Upfront", start=START, commitment_id="csp"),
]  # fmt: skip


def test_a_plan_covers_and_the_rest_is_on_demand() -> None:
    held = [HeldCommitment("Compute", 0.3)]

    simulation = simulate_usage(charges({"BoxUsage:m5.large": [10.0, 2.0]}), held, FewRates())

    # 0.3 at 0.075 covers 4 of 10, then 2 of 2 (0.15 unused).
    assert simulation.on_demand_cost == pytest.approx(1.2)
    assert simulation.commitment_cost == pytest.approx(0.6)
    assert simulation.cost == pytest.approx(0.6 + 0.6)
    row = simulation.table.iloc[0]
    assert row["used"] == pytest.approx(0.45)
    assert row["unused"] == pytest.approx(0.15)
    assert row["utilization"] == pytest.approx(0.75)
    assert row["savings"] == pytest.approx(0.6 - 0.6)
    payload = simulation.to_json()
    assert payload["coverage"] == pytest.approx(0.5)
    assert payload["savings"] == pytest.approx(0.0)
    assert "1 commitments" in repr(simulation)


def test_reservations_come_first_then_instance_then_compute_plans() -> None:
    simulation = simulate_usage(charges(USAGE), HELD, FewRates())

    used = dict(zip(simulation.ids(), simulation.table["used"], strict=True))
    # Hours of 10: 3 reserved, 3 by the instance plan (0.195 / 0.065), 4 left; hours of 4: 1.
    assert used["ri"] == pytest.approx(48 * 3 * 0.06)
    assert used["esp"] == pytest.approx(24 * 0.195 + 24 * 0.065)
    # Compute at 0.0675: c5 5 x 0.054 = 0.27 and m5 first or last, 0.23 / 0.0675 = 3.407 of 4.
    assert used["csp"] == pytest.approx(24 * 0.5 + 24 * 0.27)


def test_a_commitment_that_begins_later_costs_nothing_before() -> None:
    later = HeldCommitment("Compute", 0.3, start=datetime(2026, 1, 1, 1, tzinfo=UTC))

    simulation = simulate_usage(charges({"BoxUsage:m5.large": [4.0, 4.0]}), [later], FewRates())

    assert simulation.commitment_cost == pytest.approx(0.3)
    assert simulation.hours["coverage"].to_numpy() == pytest.approx([0.0, 1.0])


def test_an_owner_is_served_first_and_sharing_can_be_restricted() -> None:
    table = pd.concat(
        [charges({"BoxUsage:m5.large": [2.0]}, SubAccountId=name) for name in ("1", "2")]
    )
    held = [HeldCommitment("Compute", 0.225, account="2")]

    free = simulate_usage(table, held, FewRates())
    bound = simulate_usage(table, held, FewRates(), sharing="RESTRICTED")
    group = simulate_usage(table, held, FewRates(), sharing="RESTRICTED", groups={"1": 0, "2": 0})

    covered = {
        name: s.coverage.covered_quantity[0] for name, s in (("free", free), ("bound", bound))
    }
    assert covered["free"] == pytest.approx([1.0, 2.0])
    assert covered["bound"] == pytest.approx([0.0, 2.0])
    assert group.coverage.covered_quantity[0] == pytest.approx([1.0, 2.0])
    with pytest.raises(BadInputError, match="sharing 'ALL'"):
        simulate_usage(table, held, FewRates(), sharing="ALL")


def test_a_plan_without_rates_is_unused_and_said_so() -> None:
    held = [HeldCommitment("Database", 1.0, commitment_id="db")]

    simulation = simulate_usage(charges({"BoxUsage:m5.large": [1.0]}), held, FewRates())

    assert simulation.table["unused"][0] == pytest.approx(1.0)
    assert any(issue.address == "db" for issue in simulation.issues)


def test_a_commitment_of_another_year_is_said_to_be_out_of_force() -> None:
    past = HeldCommitment("Compute", 1.0, end=datetime(2025, 1, 1, tzinfo=UTC))

    simulation = simulate_usage(charges({"BoxUsage:m5.large": [1.0]}), [past], FewRates())

    assert simulation.commitment_cost == 0.0
    assert any("not in force" in issue.message for issue in simulation.issues)


def test_a_reservation_without_a_price_makes_the_cost_unknown() -> None:
    held = [
        HeldCommitment(
            "Reserved", 1.0, term="3yr", scope="m5.large", region="us-east-1", commitment_id="ri"
        )
    ]

    simulation = simulate_usage(charges({"BoxUsage:m5.large": [1.0]}), held, FewRates())

    assert np.isnan(simulation.cost)
    assert any("no price of ri" in issue.message for issue in simulation.issues)


def test_no_commitments_leave_everything_on_demand() -> None:
    simulation = simulate_usage(charges({"BoxUsage:m5.large": [1.0, 2.0]}), [], FewRates())

    assert simulation.cost == simulation.on_demand_cost == pytest.approx(0.3)
    assert set(simulation.lines["line_item_line_item_type"]) == {"Usage"}


# --- identities of the lines (amortised and cash views of one bill) ---


@pytest.fixture(scope="module")
def lines():
    return simulate_usage(charges(USAGE), HELD, FewRates()).lines


def _sum(lines, kinds, column="line_item_unblended_cost"):
    chosen = lines["line_item_line_item_type"].isin(kinds)
    return float(lines.loc[chosen, column].sum())


def _amortised(lines) -> float:
    plan = lines["savings_plan_total_commitment_to_date"] - lines["savings_plan_used_commitment"]
    unused = (
        lines["reservation_unused_amortized_upfront_fee_for_billing_period"]
        + lines["reservation_unused_recurring_fee"]
    )
    value = {
        "Usage": lines["line_item_unblended_cost"],
        "SavingsPlanCoveredUsage": lines["savings_plan_savings_plan_effective_cost"],
        "SavingsPlanRecurringFee": plan,
        "DiscountedUsage": lines["reservation_effective_cost"],
        "RIFee": unused,
    }
    kind = lines["line_item_line_item_type"]
    return float(sum(amount[kind == name].sum() for name, amount in value.items()))


def test_unblended_is_amortised_plus_true_up_plus_upfront(lines) -> None:
    true_up = -float(
        lines["savings_plan_amortized_upfront_commitment_for_billing_period"].sum()
        + lines["reservation_amortized_upfront_fee_for_billing_period"].sum()
    )
    upfront = _sum(lines, ["SavingsPlanUpfrontFee", "Fee"])

    assert lines["line_item_unblended_cost"].sum() == pytest.approx(
        _amortised(lines) + true_up + upfront
    )
    # All Upfront 0.5 USD/h for a year, and half of 3 x 0.06 for the reservation.
    assert upfront == pytest.approx(8760 * (0.5 + 0.09))


def test_amortised_cost_is_the_simulated_cost(lines) -> None:
    assert _amortised(lines) == pytest.approx(
        simulate_usage(charges(USAGE), HELD, FewRates()).cost
    )


def test_a_lease_month_is_used_plus_unused(lines) -> None:
    fee = _sum(lines, ["RIFee"]) + _sum(
        lines, ["RIFee"], "reservation_amortized_upfront_fee_for_billing_period"
    )
    unused = sum(
        _sum(lines, ["RIFee"], f"reservation_unused_{part}")
        for part in ("recurring_fee", "amortized_upfront_fee_for_billing_period")
    )

    effective = _sum(lines, ["DiscountedUsage"], "reservation_effective_cost")
    assert fee == pytest.approx(effective + unused)
    assert fee == pytest.approx(48 * 3 * 0.06)


def test_covered_usage_and_negation_cancel_in_every_hour_and_plan(lines) -> None:
    kinds = ["SavingsPlanCoveredUsage", "SavingsPlanNegation"]
    chosen = lines[lines["line_item_line_item_type"].isin(kinds)]

    sums = chosen.groupby(["line_item_usage_start_date", "savings_plan_savings_plan_a_r_n"])[
        "line_item_unblended_cost"
    ].sum()

    assert np.abs(sums).max() < 1e-12


def test_the_commitment_of_every_hour_is_its_use_plus_the_rest(lines) -> None:
    keys = ["line_item_usage_start_date", "savings_plan_savings_plan_a_r_n"]
    fee = lines[lines["line_item_line_item_type"] == "SavingsPlanRecurringFee"].set_index(keys)
    covered = lines[lines["line_item_line_item_type"] == "SavingsPlanCoveredUsage"]
    effective = covered.groupby(keys)["savings_plan_savings_plan_effective_cost"].sum()

    used = fee["savings_plan_used_commitment"]
    assert effective.reindex(used.index).to_numpy() == pytest.approx(used.to_numpy())
    total = (
        fee["savings_plan_recurring_commitment_for_billing_period"]
        + fee["savings_plan_amortized_upfront_commitment_for_billing_period"]
    )
    assert total.to_numpy() == pytest.approx(
        fee["savings_plan_total_commitment_to_date"].to_numpy()
    )


def test_a_leases_effective_cost_is_recurring_plus_upfront_share(lines) -> None:
    parts = (
        lines["reservation_recurring_fee_for_usage"]
        + lines["reservation_amortized_upfront_cost_for_usage"]
    )

    assert parts.to_numpy() == pytest.approx(lines["reservation_effective_cost"].to_numpy())


def test_the_usage_on_the_lines_is_the_usage_given(lines) -> None:
    kinds = ["Usage", "SavingsPlanCoveredUsage", "DiscountedUsage"]

    assert _sum(lines, kinds, "line_item_usage_amount") == pytest.approx(24 * 14 + 48 * 5)
