"""Ladders and terms, by hand."""

import numpy as np
import pytest

from costmodel.engine.ladder import compare_terms, ladder_purchases
from costmodel.errors import CommitmentError


def test_a_third_of_the_gap_is_bought_each_month() -> None:
    ladder = ladder_purchases([9.0] * 3, [0.0] * 3, term_months=12)

    # 9/3, then (9-3)/3, then (9-5)/3 rounded down to 0.001.
    assert ladder.purchase == pytest.approx([3.0, 2.0, 1.333])
    assert ladder.commitment == pytest.approx([3.0, 5.0, 6.333])


def test_purchases_end_after_their_term_and_are_renewed() -> None:
    ladder = ladder_purchases([4.0] * 5, [0.0] * 5, term_months=2, share=1.0)

    assert ladder.purchase == pytest.approx([4, 0, 4, 0, 4])
    assert ladder.expiry == pytest.approx([0, 0, 4, 0, 4])
    assert ladder.commitment == pytest.approx([4] * 5)


def test_existing_commitments_leave_room_when_they_end() -> None:
    ladder = ladder_purchases([5.0] * 4, [5.0, 5.0, 2.0, 2.0], term_months=12, share=1.0)

    assert ladder.purchase == pytest.approx([0, 0, 3, 0])
    assert ladder.expiry == pytest.approx([0, 0, 3, 0])


def test_no_purchase_goes_beyond_the_worst_plausible_optimum() -> None:
    ladder = ladder_purchases([9.0] * 3, [0.0] * 3, term_months=12, share=1.0, highest=4.0)

    assert ladder.commitment == pytest.approx([4.0] * 3)


def test_with_steady_demand_three_years_are_cheapest() -> None:
    terms = compare_terms(
        np.ones((1, 36)), np.ones(10), one_year_discount=0.3, three_year_discount=0.5
    )

    # 36 months at 0.5 against 36 at 0.7 of 730 USD.
    assert terms.mean_cost[-1] == pytest.approx(36 * 730 * 0.5)
    assert terms.mean_cost[0] == pytest.approx(36 * 730 * 0.7)


def test_with_falling_demand_one_year_is_cheapest() -> None:
    level = np.repeat([1.0, 0.2, 0.2], 12)[None, :]

    terms = compare_terms(level, np.ones(4), one_year_discount=0.3, three_year_discount=0.5)

    # One year: 12 months at 0.7, then 24 at 0.7 of a fifth; three years: 36 months at 0.5.
    assert terms.mean_cost[0] == pytest.approx(730 * (12 * 0.7 + 24 * 0.7 * 0.2))
    assert terms.mean_cost[-1] == pytest.approx(730 * 36 * 0.5)
    assert terms.worst_cost == pytest.approx(terms.mean_cost)


def test_spend_above_the_commitment_is_paid_on_demand() -> None:
    terms = compare_terms(
        np.ones((1, 12)), [1.0, 2.0], one_year_discount=0.5, three_year_discount=0.5
    )

    # Covered value 1 (the median): fee 0.5, and half of the hours 1 USD on demand.
    assert terms.mean_cost[0] == pytest.approx(12 * 730 * (0.5 + 0.5))


@pytest.mark.parametrize(
    "changes",
    [{"share": 0.0}, {"share": 1.5}, {"term_months": 0}, {"existing": [0.0]}],
)
def test_wrong_ladders_are_named(changes) -> None:
    arguments = {"target": [1.0, 1.0], "existing": [0.0, 0.0], "term_months": 12, **changes}
    with pytest.raises(CommitmentError):
        ladder_purchases(arguments.pop("target"), arguments.pop("existing"), **arguments)


def test_terms_without_spend_are_named() -> None:
    with pytest.raises(CommitmentError, match="hourly spend"):
        compare_terms(np.ones((1, 12)), [], one_year_discount=0.3, three_year_discount=0.5)
