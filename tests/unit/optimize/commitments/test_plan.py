"""Plans on a small catalog, with every amount worked out by hand."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from costmodel.errors import BadInputError, IssueReason
from costmodel.optimize.commitments.held import HeldCommitment
from costmodel.optimize.commitments.plan import plan_from_usage
from costmodel.optimize.commitments.settings import CommitmentChoice, Uncertainty
from tests.unit.optimize.commitments.catalog_of_two_families import FewRates, charges

YEAR = 8760
STEADY = {"BoxUsage:m5.large": [10.0] * 336}
PLANS_ONLY = CommitmentChoice(offering_class=None)


def test_steady_usage_is_reserved() -> None:
    plan = plan_from_usage(charges(STEADY), FewRates())

    # Ten m5.large at 0.06 against 0.10: reservations are the cheapest offer.
    (purchase,) = plan.purchases
    assert (purchase.offer.plan_type, purchase.quantity) == ("Reserved", pytest.approx(10.0))
    assert plan.cost == pytest.approx(10 * 0.06 * YEAR)
    assert plan.on_demand_cost == pytest.approx(10 * 0.10 * YEAR)
    assert plan.savings == pytest.approx(10 * 0.04 * YEAR)
    assert plan.effective_savings_rate == pytest.approx(0.4)
    assert plan.lower_bound <= plan.cost
    assert plan.gap == pytest.approx(0.0, abs=1e-6)


def test_a_term_after_the_last_year_is_refused() -> None:
    with pytest.raises(BadInputError, match="the year 9999, too late"):
        plan_from_usage(charges(STEADY), FewRates(), as_of=datetime(9999, 12, 1, tzinfo=UTC))


def test_without_reservations_the_instance_plan_is_bought() -> None:
    plan = plan_from_usage(charges(STEADY), FewRates(), choice=PLANS_ONLY)

    (purchase,) = plan.purchases
    assert (purchase.offer.plan_type, purchase.offer.scope) == ("EC2Instance", "m5")
    assert purchase.quantity == pytest.approx(10 * 0.065)
    assert plan.cost == pytest.approx(10 * 0.065 * YEAR)


def test_the_break_even_statement_of_a_purchase() -> None:
    # Ten instances in three of four hours, committed at 0.65: utilisation 0.75.
    usage = {"BoxUsage:m5.large": [10.0, 10.0, 10.0, 0.0] * 84}
    plan = plan_from_usage(charges(usage), FewRates(), choice=PLANS_ONLY)

    (purchase,) = plan.purchases
    assert purchase.utilization == pytest.approx(0.75)
    assert purchase.break_even_utilization == pytest.approx(0.65)
    assert purchase.covered_on_demand == pytest.approx(0.75)
    assert purchase.hourly_saving == pytest.approx(0.10)
    # At level x the plan covers 0.75 x on-demand and costs 0.65: x = 0.8667.
    assert purchase.tolerated_fall == pytest.approx(1 - 0.65 / 0.75, abs=1e-3)
    # Fees of 12 months are covered after 12 x 0.65 / 0.75 months; nothing is paid upfront.
    assert purchase.earned_month == pytest.approx(12 * 0.65 / 0.75)
    assert purchase.payback_month == 0.0
    assert "used 75%, pays from 65%" in purchase.statement


def test_an_upfront_fee_is_shown_per_unit_and_in_total() -> None:
    choice = CommitmentChoice(plan_types=(), payments=("Partial Upfront",))
    plan = plan_from_usage(charges(STEADY), FewRates(), choice=choice)

    (purchase,) = plan.purchases
    assert purchase.upfront_fee == pytest.approx(10 * 0.03 * YEAR)
    assert purchase.recurring_fee == pytest.approx(10 * 0.03)
    assert plan.table["upfront_fee_per_unit"][0] == pytest.approx(0.03 * YEAR)
    # 2,628 USD upfront, 1.00 - 0.30 USD/h gained: 730 h a month.
    assert purchase.payback_month == pytest.approx(0.3 * YEAR / 0.7 / 730)


def test_a_family_reservation_covers_the_other_size() -> None:
    usage = {"BoxUsage:m5.large": [1.0] * 336, "BoxUsage:m5.xlarge": [2.0] * 336}

    plan = plan_from_usage(charges(usage), FewRates(), choice=CommitmentChoice(plan_types=()))

    (purchase,) = plan.purchases
    # One large and two xlarge are five large.
    assert (purchase.offer.scope, purchase.quantity) == ("m5.large", pytest.approx(5.0))


def test_each_offer_alone_is_listed_best_first() -> None:
    plan = plan_from_usage(charges(STEADY), FewRates(), choice=PLANS_ONLY)

    savings = [option.on_demand_cost - option.cost for option in plan.options]
    assert [o.offer.plan_type for o in plan.options] == ["EC2Instance", "Compute"]
    assert savings == pytest.approx([10 * 0.035 * YEAR, 10 * 0.025 * YEAR])


def test_held_commitments_leave_room_only_when_they_end() -> None:
    # 0.75 USD/h of Compute covers everything for half of the year.
    held = [HeldCommitment("Compute", 0.75, end=datetime(2026, 7, 2, tzinfo=UTC))]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    choice = CommitmentChoice(plan_types=("Compute",), offering_class=None)

    plan = plan_from_usage(charges(STEADY), FewRates(), choice=choice, held=held, as_of=start)

    # Buying now would stand idle until July: half a year at 0.75 saves less than it costs.
    assert plan.purchases == []
    assert plan.on_demand_cost == pytest.approx(1.0 * (YEAR - 182 * 24))
    assert plan.lower_bound <= plan.cost


def test_a_commitment_about_to_end_is_renewed() -> None:
    held = [HeldCommitment("Compute", 0.75, end=datetime(2026, 1, 31, tzinfo=UTC))]
    choice = CommitmentChoice(plan_types=("Compute",), offering_class=None)

    plan = plan_from_usage(
        charges(STEADY), FewRates(), choice=choice, held=held,
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip

    assert plan.purchases[0].quantity == pytest.approx(0.75)
    ladder = plan.ladder
    assert ladder[0].month == "2026-01"
    assert ladder[1].expiry == pytest.approx(0.75)
    assert all(step.commitment <= 1.5 + 1e-9 for step in ladder)


def test_a_cautious_plan_buys_less_and_keeps_the_bound() -> None:
    doubt = {"yearly_volatility": 0.5, "removed_share": 0.5, "removal_probability": 0.5}
    usage = charges(STEADY)

    bold = plan_from_usage(usage, FewRates(), uncertainty=Uncertainty(**doubt))
    cautious = plan_from_usage(usage, FewRates(), uncertainty=Uncertainty(**doubt, risk_weight=1))

    assert 0 < cautious.purchases[0].quantity < bold.purchases[0].quantity
    assert cautious.lower_bound <= bold.cost <= cautious.cost
    chosen = next(point for point in cautious.risk if point.is_chosen)
    assert chosen.worst_saving == max(p.worst_saving for p in cautious.risk if p.share <= 1)


def test_without_doubt_the_risk_table_repeats_the_plan() -> None:
    plan = plan_from_usage(
        charges(STEADY), FewRates(), uncertainty=Uncertainty(yearly_volatility=0.0)
    )

    whole = next(point for point in plan.risk if point.share == 1.0)
    assert whole.is_chosen
    assert whole.mean_saving == pytest.approx(0.4)
    assert whole.worst_saving == pytest.approx(0.4)
    assert whole.utilization == pytest.approx(1.0)


def test_stress_shows_a_migration_that_reservations_do_not_follow() -> None:
    plan = plan_from_usage(charges(STEADY), FewRates())

    events = {point.event: point for point in plan.stress}
    assert events["usage as it was"].savings == pytest.approx(plan.savings)
    # Half the usage: 0.5 on demand is covered, 0.6 is paid.
    assert events["half of all usage gone"].savings == pytest.approx(-0.1 * YEAR)
    assert events["m5 in us-east-1 migrated"].savings == pytest.approx(-0.6 * YEAR)


def test_one_and_three_year_terms_are_compared_over_three_years() -> None:
    choice = CommitmentChoice(plan_types=("Compute",), terms=("1yr", "3yr"), offering_class=None)

    plan = plan_from_usage(
        charges(STEADY), FewRates(), choice=choice, uncertainty=Uncertainty(yearly_volatility=0)
    )

    # 25 % and 47.5 % off for 36 months of 730 h.
    assert plan.terms[0].mean_cost == pytest.approx(0.75 * 36 * 730)
    assert plan.terms[-1].mean_cost == pytest.approx(0.525 * 36 * 730)
    assert plan.purchases[0].offer.term == "3yr"


def test_a_daily_bill_is_planned_and_labelled() -> None:
    plan = plan_from_usage(charges({"BoxUsage:m5.large": [240.0] * 28}, freq="D"), FewRates())

    assert plan.cost == pytest.approx(10 * 0.06 * YEAR)
    assert plan.to_json()["is_approximation"]
    assert IssueReason.APPROXIMATION in {issue.reason for issue in plan.issues}


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        ({"BoxUsage:zz9.large": [1.0] * 48}, "no committed rate"),
        ({"BoxUsage:m5.large": [1.0] + [0.0] * 23}, "too uneven"),
    ],
)
def test_no_purchase_says_why(usage, why) -> None:
    plan = plan_from_usage(charges(usage), FewRates())

    assert plan.purchases == []
    assert plan.cost == pytest.approx(plan.on_demand_cost)
    assert any(why in issue.message for issue in plan.issues)


def test_the_json_and_table_carry_the_proof() -> None:
    plan = plan_from_usage(charges(STEADY), FewRates())

    payload = json.loads(json.dumps(plan.to_json()))
    assert payload["lower_bound"] <= payload["cost"] <= payload["on_demand_cost"]
    assert payload["purchases"][0]["unit"] == "instances"
    assert plan.table["utilization"][0] == pytest.approx(1.0)
    assert "1 purchases" in repr(plan)


def test_coverage_over_time_is_kept() -> None:
    usage = {"BoxUsage:m5.large": [10.0, 10.0, 10.0, 5.0] * 84}
    plan = plan_from_usage(charges(usage), FewRates(), choice=PLANS_ONLY)

    frame = plan.hour_cost
    assert len(frame) == 336
    assert frame["coverage"].to_numpy()[:4] == pytest.approx([1.0] * 4)
    assert frame["utilization"].to_numpy()[:4] == pytest.approx([1.0, 1.0, 1.0, 0.5])


@pytest.mark.parametrize(
    "make",
    [
        lambda: CommitmentChoice(terms=("2yr",)),
        lambda: CommitmentChoice(terms=()),
        lambda: CommitmentChoice(plan_types=("Storage",)),
        lambda: CommitmentChoice(offering_class="best"),
        lambda: Uncertainty(risk_weight=2.0),
        lambda: Uncertainty(scenarios=0),
    ],
)
def test_wrong_settings_are_named(make) -> None:
    with pytest.raises(BadInputError):
        make()


def test_the_cost_curve_has_its_least_cost_at_the_broad_optimum() -> None:
    plan = plan_from_usage(charges(STEADY), FewRates())

    assert plan.curve is not None
    assert "Compute" in plan.curve_label
    best = plan.curve.commitment[np.argmin(plan.curve.cost)]
    assert best == pytest.approx(0.75)


def test_the_cost_curve_is_of_the_plan_for_most_spend_not_most_rows() -> None:
    # m5 has two usage types worth 0.30 an hour together, c5 one worth 0.80.
    usage = {
        "BoxUsage:m5.large": [1.0] * 336,
        "BoxUsage:m5.xlarge": [1.0] * 336,
        "BoxUsage:c5.large": [10.0] * 336,
    }
    choice = CommitmentChoice(plan_types=("EC2Instance",), offering_class=None)

    plan = plan_from_usage(charges(usage), FewRates(), choice=choice)

    assert "c5" in plan.curve_label
