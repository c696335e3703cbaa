import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.engine.contribution import split_change


def test_price_and_quantity_share_the_change_symmetrically() -> None:
    # 10 h at 2 -> 14 h at 3: +22 = (3 - 2) · 12 + (14 - 10) · 2.5
    change = split_change(*np.array([[20.0], [42.0], [10.0], [14.0]]))

    assert change.amount.tolist() == [22.0]
    assert change.price_effect == pytest.approx([12.0])
    assert change.quantity_effect == pytest.approx([10.0])


def test_a_new_part_is_quantity_and_an_unknown_quantity_stays_unknown() -> None:
    change = split_change(
        np.array([0.0, 5.0]), np.array([8.0, 9.0]), np.array([0.0, np.nan]), np.array([4.0, 2.0])
    )

    assert change.price_effect[0] == 0.0
    assert change.quantity_effect[0] == 8.0
    assert np.isnan([change.price_effect[1], change.quantity_effect[1]]).all()


positive = st.floats(0.01, 1e6)


@given(positive, positive, positive, positive)
def test_effects_add_up_and_change_sign_when_time_is_turned(a, b, p, q) -> None:
    before, after = np.array([a]), np.array([b])
    there = split_change(before, after, np.array([p]), np.array([q]))
    back = split_change(after, before, np.array([q]), np.array([p]))

    assert there.price_effect + there.quantity_effect == pytest.approx(there.amount)
    assert there.price_effect == pytest.approx(-back.price_effect)
