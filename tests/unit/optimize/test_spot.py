"""Spot advice on a small catalog, by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from costmodel.engine.spot import RestartModel
from costmodel.engine.tiers import build_tier_table
from costmodel.errors import BadInputError, CommitmentError
from costmodel.optimize.spot import plan_spot_fleet

ON_DEMAND = {"m5.large": 0.10, "c5.large": 0.08, "m5.xlarge": 0.20}
SPOT = {"m5.large": 0.04, "c5.large": 0.03, "m5.xlarge": 0.06}


class FewPools:
    def spot(self, region):
        rows = [(name, "RunInstances", price) for name, price in SPOT.items()]
        rows.append(("m5.large", "RunInstances:0002", 9.0))
        return _table(rows, ["x_InstanceType", "x_Operation", "ListUnitPrice"])

    def spot_interruption(self, region):
        rows = [("m5.large", "Linux", 0, "<5%"), ("c5.large", "Linux", 4, ">20%")]
        columns = ["x_InstanceType", "x_OperatingSystem"]
        return _table(rows, [*columns, "x_InterruptionBucket", "x_InterruptionLabel"])

    def spot_history(self, region):
        rows = [
            (name, f"2024-0{month}", price * factor)
            for name, price in SPOT.items()
            for month, factor in enumerate((1.0, 2.0, 1.0, 2.0), 1)
        ]
        return _table(rows, ["x_InstanceType", "x_Month", "x_MeanUnitPrice"])

    def hardware(self):
        rows = [("m5.large", 2.0), ("c5.large", 2.0), ("m5.xlarge", 4.0)]
        return _table(rows, ["instance_type", "vcpus"])

    def match(self, services, regions, usage_types, operations):
        names = [usage_type.partition(":")[2] for usage_type in usage_types]
        known = [name for name in names if name in ON_DEMAND]
        sku = np.array([known.index(name) if name in known else -1 for name in names])
        prices = [ON_DEMAND[name] for name in known]
        tiers = build_tier_table(np.arange(len(known) + 1), np.zeros(len(known)), prices)
        return SimpleNamespace(sku=sku, tiers=tiers)


def _table(rows, columns):
    return pa.Table.from_pandas(pd.DataFrame(rows, columns=columns))


def test_the_cheapest_pools_per_vcpu_share_the_fleet() -> None:
    plan = plan_spot_fleet(FewPools(), "us-east-1", list(SPOT), highest_share=0.6)

    # Per vCPU 0.020, 0.015 and 0.015; without restarts interruptions cost nothing.
    share = dict(zip(plan.table["instance_type"], plan.table["share"], strict=True))
    assert share == pytest.approx({"m5.large": 0.0, "c5.large": 0.6, "m5.xlarge": 0.4})
    assert plan.fleet.share == 1.0
    assert plan.fleet.cost == pytest.approx(0.6 * 0.015 + 0.4 * 0.015)
    assert plan.fleet.on_demand_cost == pytest.approx(0.6 * 0.04 + 0.4 * 0.05)


def test_interruptions_make_a_useful_hour_dearer() -> None:
    restart = RestartModel(lost_hours=100.0)

    plan = plan_spot_fleet(FewPools(), "us-east-1", ["m5.large", "c5.large"], restart=restart)

    # c5: -ln(0.75) / 730 per hour loses 100 hours each.
    rate = -np.log(0.75) / 730
    effective = plan.table.set_index("instance_type")["effective_price"]
    assert effective["c5.large"] == pytest.approx(0.03 / (1 - 100 * rate))


def test_dear_shortage_keeps_the_spare_on_demand() -> None:
    plan = plan_spot_fleet(
        FewPools(), "us-east-1", ["m5.large", "c5.large"], shortage_cost=1e6, spare=0.2
    )

    # Half of spot is in one pool: 0.2 / 0.5.
    assert plan.fleet.share == pytest.approx(0.4)


def test_history_gives_mean_and_volatility() -> None:
    plan = plan_spot_fleet(FewPools(), "us-east-1", ["m5.large", "c5.large"])

    pool = plan.pools[0]
    assert pool.mean_price == pytest.approx(0.06)
    changes = np.log([2.0, 0.5, 2.0])
    assert pool.volatility == pytest.approx(changes.std(ddof=1))
    # Both pools move together: mixing does not help.
    assert plan.price_volatility == pytest.approx(changes.std(ddof=1))


def test_unknown_types_are_reported_and_left_out() -> None:
    plan = plan_spot_fleet(FewPools(), "us-east-1", ["c5.large", "zz9.large"], highest_share=1.0)

    assert plan.table["share"].tolist() == [1.0, 0.0]
    assert {issue.address for issue in plan.issues} == {"zz9.large"}
    payload = plan.to_json()
    assert payload["pools"][0]["interruption"] == ">20%"
    assert payload["spot_share"] == 1.0


def test_the_advice_can_be_read_and_drawn() -> None:
    plan = plan_spot_fleet(FewPools(), "us-east-1", ["m5.large", "c5.large"])

    assert "on spot" in plan.to_text()
    assert "Spot fleet" in plan.to_html()
    assert plan.figure().data[0].y[0] == pytest.approx(0.02)


def test_wrong_fleets_are_named() -> None:
    with pytest.raises(BadInputError, match="at least one instance type"):
        plan_spot_fleet(FewPools(), "us-east-1", [])
    with pytest.raises(CommitmentError, match="whole fleet"):
        plan_spot_fleet(FewPools(), "us-east-1", ["c5.large"], highest_share=0.5)
