"""Any account: savings are conserved, positive, and counted once."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import costmodel
from tests.unit.optimize.rules.test_recommend import HOURS, NOW, account, instance, volume

TYPES = ("m5.large", "m5.2xlarge", "m4.xlarge", "t3.large", "c5.4xlarge")
LOADS = (2.0, 15.0, 60.0, 99.0)


@st.composite
def accounts(draw):
    """Draw instances with loads, their volumes and addresses, images with shared snapshots."""
    count = draw(st.integers(1, 5))
    machines, observed, disks, addresses = [], [], [], []
    for number in range(count):
        name = f"i-{number}"
        state = draw(st.sampled_from(("running", "stopped")))
        since = NOW - timedelta(days=draw(st.sampled_from((5, 60))))
        machines.append(
            instance(name, draw(st.sampled_from(TYPES)), state=state, state_since=since)
        )
        load = draw(st.sampled_from(LOADS))
        metrics = {"CPUUtilization": load, "NetworkIn": 1e4 * load, "NetworkOut": 1e4 * load}
        if draw(st.booleans()):
            metrics["mem_used_percent"] = load
        observed += [
            ({"resource_id": name, "table": "ec2_instances", "metric": m}, np.full(HOURS, v))
            for m, v in metrics.items()
        ]
        for disk in range(draw(st.integers(0, 2))):
            owner = draw(st.sampled_from(([name], [])))
            disks.append(
                volume(
                    f"vol-{number}-{disk}", attached_instances=owner,
                    state="in-use" if owner else "available",
                    size_gb=float(draw(st.integers(1, 2000))),
                    volume_type=draw(st.sampled_from(("gp2", "gp3", "st1"))),
                )
            )  # fmt: skip
        if draw(st.booleans()):
            addresses.append(
                {"resource_id": f"eip-{number}", "region_id": "us-east-1",
                 "public_ip": f"198.51.100.{number}", "association_id": "a", "instance_id": name}
            )  # fmt: skip
    return account(
        {"ec2_instances": machines, "ebs_volumes": disks, "addresses": addresses}, observed
    )


@given(accounts())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_savings_are_conserved_positive_and_counted_once(inventory) -> None:
    result = costmodel.recommend(inventory)

    total = result.cost_before - result.cost_after
    assert result.list_saving == pytest.approx(total, abs=0.005)
    assert all(r.list_saving > 0.0 and r.effective_saving > 0.0 for r in result.accepted)
    assert 0.0 <= result.cost_after <= result.cost_before
    groups = [(r.resource_id, r.rule.table, r.rule.group) for r in result.accepted]
    assert len(groups) == len(set(groups))
    along = [name for r in result.accepted for name in r.included]
    assert len(along) == len(set(along))
    own = {f"{r.rule.table} {r.resource_id}" for r in result.accepted}
    assert not own & set(along)
