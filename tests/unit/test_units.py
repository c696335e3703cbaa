"""Units and the one rounding rule."""

import math

import pytest

from costmodel.units import canonical_unit, round_usd


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [(2.675, 2.68), (-2.675, -2.68), (0.004999, 0.0), (1402.88, 1402.88), (0.0, 0.0)],
)
def test_half_cents_go_away_from_zero(amount, rounded) -> None:
    assert round_usd(amount) == pytest.approx(rounded, abs=1e-12)


def test_unknown_stays_unknown() -> None:
    assert math.isnan(round_usd(float("nan")))


def test_spellings_of_one_unit_are_one() -> None:
    assert canonical_unit("Hours") == canonical_unit(" hrs ") == "Hrs"
    assert canonical_unit("LCU-Hrs") == canonical_unit("LCU-Hours")
    assert canonical_unit("Furlongs") == "Furlongs"
