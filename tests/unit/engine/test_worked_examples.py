"""AWS's worked examples of tiers counted over an organisation."""

import numpy as np
import pytest

from costmodel.engine.amortization import blended_rate
from costmodel.engine.tiers import build_tier_table, graduated_cost


def test_storage_of_an_organisation_fills_one_ladder() -> None:
    # 95 TB of 1,000 GB: 1,000 at 0.10, 49,000 at 0.08, 45,000 at 0.06.
    tiers = build_tier_table([0, 3], [0.0, 1_000.0, 50_000.0], [0.10, 0.08, 0.06])

    whole = graduated_cost(tiers, [0], [95_000.0])[0]
    apart = graduated_cost(tiers, [0, 0, 0], [40_000.0, 30_000.0, 25_000.0]).sum()

    assert whole == pytest.approx(6_720.00)
    assert blended_rate(whole, 95_000.0) == pytest.approx(0.070737, abs=1e-6)
    assert apart == pytest.approx(7_660.00)


def test_egress_of_two_accounts_reaches_the_second_tier() -> None:
    # 8 + 4 TB of 1,024 GB; alone, each stays in the first tier.
    tiers = build_tier_table([0, 2], [0.0, 10_240.0], [0.17, 0.13])

    together = graduated_cost(tiers, [0], [12 * 1024.0])[0]
    apart = graduated_cost(tiers, [0, 0], np.array([8, 4]) * 1024.0).sum()

    assert together == pytest.approx(2_007.04)
    assert apart == pytest.approx(2_088.96)
