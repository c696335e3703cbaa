"""A parent takes its children along: their saving is in its own, each dollar once."""

from datetime import timedelta

import numpy as np
import pytest

import costmodel
from costmodel.io.rule_files import load_rules
from costmodel.optimize.folding import Family
from costmodel.optimize.rule import parse_rules
from costmodel.optimize.table_scope import build_scopes
from costmodel.report.recommendations import tickets
from tests.unit.optimize.rules.test_recommend import HOURS, NOW, OLD, account, instance, volume

GIB = 2.0**30
LONG_AGO = NOW - timedelta(days=60)


def stopped(name: str, **columns):
    return instance(name, state="stopped", state_since=LONG_AGO, **columns)


def disk(name: str, owner: str, **columns):
    return volume(name, attached_instances=[owner], account_id="1", **columns)


def address(name: str, **columns):
    return {
        "resource_id": name, "region_id": "us-east-1", "account_id": "1",
        "public_ip": f"198.51.100.{len(name)}", "association_id": "a", **columns,
    }  # fmt: skip


def test_a_stopped_instance_takes_its_volumes_and_addresses_along() -> None:
    result = costmodel.recommend(
        account(
            {
                "ec2_instances": [stopped("i-1")],
                "ebs_volumes": [disk("vol-1", "i-1"), disk("vol-2", "i-1", size_gb=50.0)],
                "addresses": [address("eip-1", instance_id="i-1")],
            }
        )
    )

    (found,) = result.accepted
    assert found.rule.id == "ec2-stopped-old"
    # 150 GB x (.10 gp2 - .05 snapshot) + .005 x 730
    assert found.list_saving == pytest.approx(7.50 + 3.65)
    assert set(found.included) == {"ebs_volumes vol-1", "ebs_volumes vol-2", "addresses eip-1"}
    assert found.cost_before == pytest.approx(15.0 + 3.65)
    assert result.cost_before - result.cost_after == pytest.approx(11.15)
    why = {(who, check): text for who, check, text in result.explain()}
    assert why["vol-1", "ebs-stopped"] == "goes along with its parent"
    assert "With it go" in tickets(result)
    assert len(found.to_json()["includedResources"]) == 3


def test_what_hangs_on_others_stays() -> None:
    result = costmodel.recommend(
        account(
            {
                "ec2_instances": [stopped("i-1"), instance("i-2")],
                "ebs_volumes": [
                    disk("vol-1", "i-1"),
                    volume("vol-2", attached_instances=["i-1", "i-2"], account_id="1"),
                    disk("vol-3", "i-2", volume_type="gp3"),
                ],
            }
        )
    )

    (parent,) = [r for r in result.accepted if r.rule.id == "ec2-stopped-old"]
    assert list(parent.included) == ["ebs_volumes vol-1"]


def test_an_instance_without_children_has_nothing_to_save() -> None:
    result = costmodel.recommend(account({"ec2_instances": [stopped("i-1")]}))

    assert not result.accepted
    assert ("i-1", "ec2-stopped-old", "would save nothing") in result.explain("i-1")


def test_an_image_takes_the_snapshots_only_it_needs() -> None:
    snapshot = {
        "region_id": "us-east-1", "account_id": "1", "size_gb": 8.0, "created_at": OLD,
        "full_size_bytes": 8 * GIB, "storage_tier": "standard", "state": "completed",
    }  # fmt: skip
    image = {"region_id": "us-east-1", "account_id": "1", "created_at": OLD, "public": False}
    nothing = {kind: [] for kind in ("launch_templates", "launch_configurations")}

    result = costmodel.recommend(
        account(
            {
                "ec2_instances": [instance("i-1", image_id="ami-2")],
                "amis": [
                    {**image, "resource_id": "ami-1", "snapshot_ids": ["s-1", "s-2"]},
                    {**image, "resource_id": "ami-2", "snapshot_ids": ["s-2"]},
                ],
                "ebs_snapshots": [
                    {**snapshot, "resource_id": "s-1"}, {**snapshot, "resource_id": "s-2"},
                ],
                **nothing,
            }
        )
    )  # fmt: skip

    (found,) = [r for r in result.accepted if r.rule.id == "ami-unused"]
    assert found.list_saving == pytest.approx(0.40)  # 8 GB x .05, s-2 stays for ami-2
    assert list(found.included) == ["ebs_snapshots s-1"]
    # Snapshots are counted once, not beside their images again.
    assert result.cost_before == pytest.approx(0.096 * 730 + 2 * 0.40)


def test_a_group_scaled_to_zero_takes_the_volumes_that_go_with_its_instances() -> None:
    group = {
        "resource_id": "arn:web", "name": "web", "region_id": "us-east-1", "account_id": "1",
        "desired_capacity": 1.0, "min_size": 1.0, "created_at": OLD, "instance_types": ["m5.large"],
        "mixed_instance_types": [], "tags": {"team": "a"},
    }  # fmt: skip
    keys = [
        ({"resource_id": "arn:web", "table": "auto_scaling_groups", "metric": m}, np.zeros(HOURS))
        for m in ("CPUUtilization", "NetworkIn", "NetworkOut")
    ]
    member = instance("i-1", auto_scaling_group="web", public_ip="203.0.113.9")

    result = costmodel.recommend(
        account(
            {
                "auto_scaling_groups": [group],
                "ec2_instances": [member],
                "ebs_volumes": [
                    disk("vol-1", "i-1", volume_type="gp3", delete_on_termination=True),
                    disk("vol-2", "i-1", volume_type="gp3", delete_on_termination=False),
                ],
            },
            keys,
        )
    )

    (found,) = [r for r in result.accepted if r.rule.id == "asg-idle"]
    # .096 x 730, its address .005 x 730, and 100 GB of gp3
    assert found.list_saving == pytest.approx(70.08 + 3.65 + 8.00)
    assert set(found.included) == {"ec2_instances i-1", "ebs_volumes vol-1"}


def test_a_cluster_takes_its_nodes_along_and_not_those_of_its_namesake() -> None:
    base = {"region_id": "us-east-1", "account_id": "1", "name": "prod", "state": "ACTIVE"}
    cluster = {**base, "resource_id": "c-1", "version": "1.35", "created_at": OLD}
    nodes = {
        "resource_id": "n-1", "region_id": "us-east-1", "account_id": "1", "cluster_name": "prod",
        "capacity_type": "ON_DEMAND", "desired_size": 2.0, "instance_types": ["m5.large"],
        "ami_type": "AL2_x86_64",
    }  # fmt: skip
    metric = "namespace_number_of_running_pods"
    keys = [({"resource_id": "c-1", "table": "eks_clusters", "metric": metric}, np.zeros(HOURS))]

    result = costmodel.recommend(
        account(
            {
                "eks_clusters": [cluster],
                "eks_nodegroups": [nodes, {**nodes, "resource_id": "n-2", "account_id": "2"}],
                "ec2_instances": [instance("i-1", eks_cluster="prod")],
            },
            keys,
        )
    )

    (found,) = [r for r in result.accepted if r.rule.id == "eks-idle"]
    assert set(found.included) == {"eks_nodegroups n-1", "ec2_instances i-1"}
    assert found.list_saving == pytest.approx(0.10 * 730 + 3 * 0.096 * 730)
    graviton = [r.resource_id for r in result.accepted if r.rule.id == "eks-arm"]
    assert graviton == ["n-2"]
    assert result.cost_before - result.cost_after == pytest.approx(result.list_saving, abs=0.005)


def test_an_elastic_address_is_paid_whether_its_instance_runs_or_not() -> None:
    quiet = [
        ({"resource_id": "i-1", "table": "ec2_instances", "metric": m}, np.full(HOURS, v))
        for m, v in (("CPUUtilization", 2.0), ("NetworkIn", 1e3), ("NetworkOut", 1e3))
    ]
    ip = "198.51.100.5"
    tables = {"ec2_instances": [instance("i-1", public_ip=ip)]}

    own = costmodel.recommend(account({**tables, "addresses": []}, quiet))
    elastic = costmodel.recommend(
        account({**tables, "addresses": [address("e", instance_id="i-1", public_ip=ip)]}, quiet)
    )

    assert own.list_saving == pytest.approx((0.096 + 0.005) * 730)
    assert elastic.list_saving == pytest.approx(0.096 * 730)
    assert elastic.cost_before == own.cost_before


def test_a_child_without_another_form_goes_with_its_parents_id() -> None:
    rules = parse_rules({"f": {"usage": {
        "a": {"resource_type": "A"},
        "b": {"resource_type": "B", "parent": [{"table": "a", "child": "owner"}]},
    }}})  # fmt: skip
    link = rules.models["b"].parents[0]

    assert (link.parent, link.deletes) == ("resource_id", True)
    assert rules.models["a"].parents == []


def test_tables_without_children_have_none() -> None:
    inventory = account({"ec2_instances": [instance("i-1")]})

    family = Family(build_scopes(inventory, load_rules()))

    assert not family.has_children("ec2_instances")
