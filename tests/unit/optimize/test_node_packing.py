"""Which nodes could go, and what that saves."""

import numpy as np
import pytest

import costmodel
from costmodel.optimize.node_packing import TARGET_USE, node_columns, pod_columns
from tests.unit.optimize.rules.test_recommend import account

GIB = 2.0**30


def node(name: str, **columns) -> dict:
    return {
        "resource_id": f"i-{name}", "name": name, "cluster": "c", "region_id": "us-east-1",
        "instance_type": "m5.xlarge", "is_spot": False, "cpu_cores": 4.0,
        "memory_bytes": 16 * GIB, "observed_days": 7.0, **columns,
    }  # fmt: skip


def pod(name: str, where: str, cpu: float, **columns) -> dict:
    return {
        "resource_id": f"c/{where}/n/{name}/app", "cluster": "c", "node": where, "namespace": "n",
        "pod": name, "controller": "web", "controller_kind": "deployment",
        "cpu_request_cores": cpu, "cpu_usage_cores": 0.1, "memory_request_bytes": GIB,
        "memory_peak_bytes": GIB / 2, "has_volume": False, **columns,
    }  # fmt: skip


def gone(*rows: dict) -> list:
    nodes = [row for row in rows if "cpu_cores" in row]
    pods = [row for row in rows if "cpu_cores" not in row]
    return node_columns(account({"k8s_nodes": nodes, "k8s_pods": pods}))["is_superfluous"].tolist()


def test_a_node_goes_when_its_pods_fit_on_the_others() -> None:
    rows = (node("a"), node("b"), node("c"), pod("1", "a", 1.0), pod("2", "b", 1.0),
            pod("3", "c", 0.5))  # fmt: skip

    assert gone(*rows) == [False, False, True]


@pytest.mark.parametrize(("cpu", "fits"), [(0.6, True), (0.61, False)])
def test_the_others_are_filled_to_the_target_and_no_further(cpu: float, fits: bool) -> None:
    # 4 cores x 65 % = 2.6; 2.0 are taken.
    assert TARGET_USE == 0.65
    rows = (node("a"), node("b"), node("c"), pod("1", "a", 2.0), pod("2", "b", 2.0),
            pod("3", "c", cpu))  # fmt: skip

    assert gone(*rows)[2] is fits


def test_memory_binds_too() -> None:
    full = {"memory_request_bytes": 10 * GIB}
    rows = (node("a"), node("b"), node("c"), pod("1", "a", 0.1, **full),
            pod("2", "b", 0.1, **full), pod("3", "c", 0.1, **full))  # fmt: skip

    assert gone(*rows) == [False, False, False]


def test_two_nodes_stay_for_the_failure_of_one() -> None:
    assert gone(node("a"), node("b"), pod("1", "a", 0.1), pod("2", "b", 0.1)) == [False, False]


@pytest.mark.parametrize(
    "columns", [{"has_volume": True}, {"controller_kind": None}], ids=["volume", "bare pod"]
)
def test_pods_that_cannot_move_keep_their_node(columns: dict) -> None:
    rows = (node("a"), node("b"), node("c"), pod("1", "a", 1.0), pod("2", "b", 1.0),
            pod("3", "c", 0.1, **columns))  # fmt: skip

    assert gone(*rows)[2] is False


def test_daemon_sets_go_with_their_node() -> None:
    daemon = pod("d", "c", 3.9, controller_kind="daemonset")

    assert gone(node("a"), node("b"), node("c"), pod("1", "a", 2.6), pod("2", "b", 2.6), daemon)[2]


@pytest.mark.parametrize(
    "columns",
    [{"cpu_usage_cores": None}, {"memory_request_bytes": None, "memory_peak_bytes": None}],
    ids=["use of CPU", "memory"],
)
def test_a_pod_of_unknown_size_leaves_its_cluster_open(columns: dict) -> None:
    rows = (node("a"), node("b"), node("c"), pod("1", "a", 1.0), pod("2", "c", 0.1, **columns))

    assert gone(*rows) == [None, None, None]


def test_a_cluster_without_pods_is_not_called_empty() -> None:
    assert gone(node("a"), node("b"), node("c")) == [None, None, None]


def test_nothing_is_lost_in_random_clusters() -> None:
    random = np.random.default_rng(3)
    for _ in range(30):
        count = int(random.integers(3, 8))
        nodes = [node(str(n)) for n in range(count)]
        pods = [
            pod(f"{p}", str(int(random.integers(count))), float(random.uniform(0.05, 0.9)))
            for p in range(int(random.integers(3, 20)))
        ]
        kept = [n for n, is_gone in zip(nodes, gone(*nodes, *pods), strict=True) if not is_gone]
        needed = sum(row["cpu_request_cores"] for row in pods)
        before = sum(row["cpu_cores"] for row in nodes) * TARGET_USE
        # What fitted before fits after: all pods on the nodes that stay.
        assert len(kept) >= 2
        if len(kept) < count:
            over = sum(
                max(0.0, sum(p["cpu_request_cores"] for p in pods if p["node"] == n["name"]) - 2.6)
                for n in kept
            )
            assert needed <= len(kept) * 2.6 + over + 1e-9
            assert needed <= before + over


def test_pods_know_their_replicas_and_their_node() -> None:
    inventory = account(
        {
            "k8s_nodes": [node("a"), node("b", is_spot=True)],
            "k8s_pods": [
                pod("1", "a", 1.0), pod("2", "b", 1.0), pod("3", "x", 1.0, controller="other")
            ],
        }
    )  # fmt: skip

    found = pod_columns(inventory)

    assert found["replicas"].tolist() == [2.0, 2.0, 1.0]
    assert found["node_is_spot"].tolist() == [False, True, None]


def test_a_drained_node_saves_its_price_once(tmp_path) -> None:
    inventory = account(
        {
            "k8s_nodes": [node("a"), node("b"), node("c")],
            "k8s_pods": [pod("1", "a", 1.0), pod("2", "b", 1.0), pod("3", "c", 0.5)],
            "ec2_instances": [
                {"resource_id": "i-c", "region_id": "us-east-1", "instance_type": "m5.xlarge",
                 "state": "running", "eks_cluster": "c", "operation": "RunInstances"}
            ],
        }
    )  # fmt: skip

    result = costmodel.recommend(inventory)

    (found,) = [r for r in result.accepted if r.rule.id == "k8s-nodes"]
    assert (found.resource_id, found.list_saving) == ("i-c", pytest.approx(0.192 * 730))
    # The node stands in two tables; it is paid once: three nodes.
    assert result.cost_before == pytest.approx(3 * 0.192 * 730)
