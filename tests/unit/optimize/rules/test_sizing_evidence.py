"""What stands behind a smaller size, and which resources are large or idle by design."""

import numpy as np
import pytest

import costmodel
from costmodel.optimize.tag_columns import LICENCE_HOST, STANDBY, tag_columns
from costmodel.report.recommendations import tables as recommendation_tables
from costmodel.report.table import to_text
from tests.unit.optimize.rules.test_recommend import HOURS, account, instance, series, volume


def advice(cpu, **columns):
    machine = instance("i-1", "m5.4xlarge", **columns)
    load = series("i-1", CPUUtilization=cpu, mem_used_percent=10.0)
    return costmodel.recommend(account({"ec2_instances": [machine]}, load))


def sized(result):
    return [r for r in result.accepted if r.rule.id.startswith("ec2-rightsize")]


def test_the_evidence_shows_speed_steps_and_the_look_back() -> None:
    rising = np.r_[np.full(HOURS // 2, 8.0), np.full(HOURS - HOURS // 2, 22.0)]

    (found,) = sized(advice(rising))

    # 22 % of 16 vCPU with headroom need 4.4: 8 vCPU stay. On the first half alone 8 % need 1.6;
    # two steps down are 4 vCPU, which 3.52 do not overload.
    assert found.evidence["smaller_steps"] <= 2
    assert found.evidence["smaller_speed"] > 0
    assert found.evidence["smaller_overload"] == 0.0
    assert found.evidence["memory_seen"] is True


def test_a_choice_that_would_not_have_held_says_so() -> None:
    # 8 % in the first half choose 4 vCPU; 40 % in the second are 6.4.
    rising = np.r_[np.full(HOURS // 2, 8.0), np.full(HOURS - HOURS // 2, 40.0)]

    found = sized(advice(rising))

    assert all(r.evidence["smaller_overload"] == pytest.approx(1.0) for r in found)
    assert found
    assert "100.0 %" in to_text(recommendation_tables(advice(rising))[0])


@pytest.mark.parametrize(
    ("name", "tags", "role"),
    [
        ("db-dr-2", {}, STANDBY),
        ("web", {"role": "standby"}, STANDBY),
        ("web", {"Purpose": "Disaster Recovery"}, STANDBY),
        ("license-server", {}, LICENCE_HOST),
        ("x", {"service": "flexlm"}, LICENCE_HOST),
        ("address-book", {"role": "web"}, None),
        ("drone", {}, None),
    ],
)
def test_roles_are_read_off_names_and_tags(name, tags, role) -> None:
    found = tag_columns([list(tags.items())], [name])

    assert found["protected_role"][0] == role
    assert not found["is_kept"][0]


@pytest.mark.parametrize("tags", [{"role": "failover"}, {"role": "licence server"}])
def test_what_is_idle_by_design_is_not_advised(tags) -> None:
    result = advice(2.0, tags=tags)

    assert not result.accepted
    reasons = {check: why for _, check, why in result.explain("i-1")}
    assert reasons["ec2-rightsize-xfamily"] == (
        "does not hold: neither standby nor licence host by tag or name"
    )


def test_free_modernisation_of_a_standby_is_advised_all_the_same() -> None:
    disk = volume("vol-1", size_gb=500.0, tags={"role": "standby"})

    (found,) = costmodel.recommend(account({"ebs_volumes": [disk]})).accepted

    assert found.rule.id == "ebs-gp2-gp3"
