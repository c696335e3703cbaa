import numpy as np
import pytest

from costmodel.engine.reconcile import reconcile


def test_gap_is_shared_by_variance() -> None:
    # Leaves 10 + 20 against a total of 36: gap 6 over variances 1 + 2 + 3 -> +1, +2, total -3.
    result = reconcile(
        np.array([[10.0], [20.0]]), np.array([1.0, 2.0]), np.array([[36.0]]), np.array([3.0]),
        np.ones((1, 2)),
    )  # fmt: skip

    assert result.leaf[:, 0] == pytest.approx([11.0, 22.0])
    assert result.total[0, 0] == pytest.approx(33.0)


def test_it_is_the_weighted_least_squares_of_all_nodes() -> None:
    random = np.random.default_rng(0)
    leaf_variance, total_variance = random.uniform(0.5, 2, 6), random.uniform(0.5, 2, 3)
    membership = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0]], float)
    leaf = random.uniform(5, 9, (6, 4))
    total = membership @ leaf + random.uniform(-3, 3, (3, 4))

    result = reconcile(leaf, leaf_variance, total, total_variance, membership)

    # min ‖W^-½ (S b - ŷ)‖ over b, solved densely
    summing = np.vstack([np.eye(6), membership])
    weight = 1.0 / np.sqrt(np.concatenate([leaf_variance, total_variance]))
    expected = np.linalg.lstsq(
        weight[:, None] * summing, weight[:, None] * np.vstack([leaf, total]), rcond=None
    )[0]
    assert result.leaf == pytest.approx(expected)
    assert result.total == pytest.approx(membership @ result.leaf)


def test_certain_leaves_keep_their_values_and_nothing_turns_negative() -> None:
    leaf = np.array([[1.0], [5.0]])

    certain = reconcile(leaf, np.zeros(2), np.array([[99.0]]), np.ones(1), np.ones((1, 2)))
    falling = reconcile(leaf, np.ones(2), np.array([[0.0]]), np.zeros(1), np.ones((1, 2)))

    assert certain.leaf == pytest.approx(leaf)
    assert (falling.leaf >= 0.0).all()
