"""Forecasts that add up: leaves and their sums agree, each moved by how uncertain it is."""

from typing import Final, NamedTuple

import numpy as np

from costmodel.engine.smoothing import Floats

_LEAST_VARIANCE: Final = 1e-9  # of the largest


class Reconciled(NamedTuple):
    """Forecasts whose sums agree exactly."""

    leaf: Floats  # (b, h)
    total: Floats  # (a, h) = membership @ leaf


def reconcile(
    leaf: Floats,
    leaf_variance: Floats,
    total: Floats,
    total_variance: Floats,
    membership: Floats,
) -> Reconciled:
    """Reconcile leaf forecasts with independent forecasts of their sums.

    Weighted least squares with a diagonal error covariance: whoever is less certain moves more.
    Written with one row per sum (Woodbury), so that thousands of leaves stay cheap.

    Args:
        leaf: (b, h) forecasts of the leaves.
        leaf_variance: (b,) error variance of each leaf.
        total: (a, h) forecasts of the sums.
        total_variance: (a,) error variance of each sum.
        membership: (a, b) 1 where the leaf belongs to the sum.

    Returns:
        Leaves and sums that agree; leaves that were not negative stay so.
    """
    largest = max(leaf_variance.max(initial=0.0), total_variance.max(initial=0.0))
    scale = largest if largest > 0.0 else 1.0
    weighted = membership * (leaf_variance / scale)
    # No sum is quite certain: two certain sums of the same leaves would contradict each other.
    own = np.maximum(total_variance / scale, _LEAST_VARIANCE)
    gap = total - membership @ leaf
    moved = leaf + weighted.T @ np.linalg.solve(weighted @ membership.T + np.diag(own), gap)
    moved = np.where((leaf >= 0.0) & (moved < 0.0), 0.0, moved)
    return Reconciled(moved, membership @ moved)
