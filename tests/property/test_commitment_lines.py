"""Identities of the lines of a simulated bill, on 300 random sets of commitments."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.optimize.commitments.held import HeldCommitment
from costmodel.optimize.commitments.simulate import simulate_usage
from tests.unit.optimize.commitments.catalog_of_two_families import FewRates, charges

START = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = {"region": "us-east-1"}


@st.composite
def held_commitments(draw):
    begin = START + timedelta(hours=draw(st.integers(-5, 5)))
    end = begin + timedelta(hours=draw(st.integers(1, 20)))
    kind = draw(st.sampled_from(["Compute", "EC2Instance", "Reserved"]))
    amount = draw(st.floats(0.0, 2.0))
    name = f"c-{draw(st.integers(0, 10**9))}"
    if kind == "Compute":
        payment = draw(st.sampled_from(["No Upfront", "All Upfront"]))
        return HeldCommitment(
            kind, amount, payment=payment, start=begin, end=end, commitment_id=name
        )
    if kind == "EC2Instance":
        family = draw(st.sampled_from(["m5", "c5"]))
        return HeldCommitment(
            kind, amount, scope=family, start=begin, end=end, commitment_id=name, **PLACE
        )
    payment = draw(st.sampled_from(["No Upfront", "Partial Upfront"]))
    size = draw(st.sampled_from(["m5.large", "m5.xlarge", "c5.large"]))
    return HeldCommitment(
        kind,
        amount,
        payment=payment,
        scope=size,
        start=begin,
        end=end,
        commitment_id=name,
        **PLACE,
    )


@settings(max_examples=300, deadline=None)
@given(
    st.lists(held_commitments(), max_size=4, unique_by=lambda held: held.commitment_id),
    st.integers(0, 2**32 - 1),
)
def test_cash_and_amortised_views_of_the_lines_agree(held, seed) -> None:
    rng = np.random.default_rng(seed)
    usage = {
        name: rng.gamma(1.0, 3.0, 12) * (rng.random(12) < 0.8)
        for name in ("BoxUsage:m5.large", "BoxUsage:m5.xlarge", "BoxUsage:c5.large")
    }

    simulation = simulate_usage(charges(usage), held, FewRates())

    lines = simulation.lines
    kind = lines["line_item_line_item_type"]

    def total(column, *kinds):
        return float(lines.loc[kind.isin(kinds), column].sum())

    plan_unused = total(
        "savings_plan_total_commitment_to_date", "SavingsPlanRecurringFee"
    ) - total("savings_plan_used_commitment", "SavingsPlanRecurringFee")
    lease_unused = total("reservation_unused_recurring_fee", "RIFee") + total(
        "reservation_unused_amortized_upfront_fee_for_billing_period", "RIFee"
    )
    lease_used = total("reservation_effective_cost", "DiscountedUsage")
    amortised = (
        total("line_item_unblended_cost", "Usage")
        + total("savings_plan_savings_plan_effective_cost", "SavingsPlanCoveredUsage")
        + plan_unused
        + lease_used
        + lease_unused
    )
    spread = total(
        "savings_plan_amortized_upfront_commitment_for_billing_period", "SavingsPlanRecurringFee"
    ) + total("reservation_amortized_upfront_fee_for_billing_period", "RIFee")
    upfront = total("line_item_unblended_cost", "SavingsPlanUpfrontFee", "Fee")
    cash = float(lines["line_item_unblended_cost"].sum())
    # Amortised cost is the simulated cost; cash differs by the upfront fees alone.
    assert amortised == pytest.approx(simulation.cost)
    assert cash == pytest.approx(amortised - spread + upfront)
    # A lease month is its use plus its rest; covered usage and its negation cancel.
    fee = total("line_item_unblended_cost", "RIFee") + total(
        "reservation_amortized_upfront_fee_for_billing_period", "RIFee"
    )
    assert fee == pytest.approx(lease_used + lease_unused)
    cancelled = total("line_item_unblended_cost", "SavingsPlanCoveredUsage", "SavingsPlanNegation")
    assert cancelled == pytest.approx(0.0, abs=1e-9)
    billed = total("line_item_usage_amount", "Usage", "SavingsPlanCoveredUsage", "DiscountedUsage")
    assert billed == pytest.approx(sum(q.sum() for q in usage.values()))
