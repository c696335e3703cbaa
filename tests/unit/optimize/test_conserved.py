"""Savings add up to the difference of two costs."""

import pytest

from costmodel.errors import CostModelError
from costmodel.optimize.conserved import check_conserved


@pytest.mark.parametrize(
    ("saved", "before", "after"),
    [(30.0, 100.0, 70.0), (30.004, 100.0, 70.0), (-5.0, 10.0, 15.0), (1e8 + 0.1, 1e9, 9e8)],
)
def test_savings_that_are_the_difference_pass(saved, before, after) -> None:
    check_conserved("the changes save", saved, before, after)


@pytest.mark.parametrize("saved", [30.006, 29.99, 0.0])
def test_savings_that_are_more_or_less_than_the_difference_are_refused(saved) -> None:
    with pytest.raises(CostModelError, match=r"the changes save .* differ by 30\.0000"):
        check_conserved("the changes save", saved, 100.0, 70.0)
