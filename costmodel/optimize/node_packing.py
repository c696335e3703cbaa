"""Which nodes of a Kubernetes cluster could go: their pods fit on the others.

First fit of the largest pods first, by what a pod requests or uses, the more of the two. Pods of
daemon sets go with their node; a pod without controller or with a volume of its own keeps its
node.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Columns, objects

# Kubecost's target utilisation of production; the rest is room for the system and for peaks.
TARGET_USE: Final = 0.65
# Fewer nodes than this leave no room for the failure of one.
_LEAST_NODES: Final = 2
_GOES_WITH_NODE: Final = "daemonset"


class _Pod(NamedTuple):
    """What a pod needs: cores and bytes; whether it may move."""

    cpu: float
    memory: float
    may_move: bool


@dataclass
class _Node:
    """What is left of a node's target use."""

    cpu: float
    memory: float

    def take(self, pod: _Pod) -> bool:
        """Place a pod if it fits."""
        fits = pod.cpu <= self.cpu and pod.memory <= self.memory
        if fits:
            self.cpu -= pod.cpu
            self.memory -= pod.memory
        return fits


def node_columns(inventory: Inventory) -> Columns:
    """Return, per row of ``k8s_nodes``, whether it is superfluous and how full it is.

    Unknown (None, NaN) where the pods of its cluster, their size or the node's are not known.
    """
    nodes = inventory.table("k8s_nodes").to_pylist()
    pods = _pods_by_node(inventory)
    superfluous: list[Any] = [None] * len(nodes)
    by_cluster: dict[Any, list[int]] = defaultdict(list)
    for row, node in enumerate(nodes):
        by_cluster[node["cluster"]].append(row)
    for rows in by_cluster.values():
        mine = {row: pods.get((nodes[row]["cluster"], nodes[row]["name"]), []) for row in rows}
        if any(mine.values()) and _all_known(nodes, mine):
            gone = _superfluous({row: nodes[row] for row in rows}, mine)
            for row in rows:
                superfluous[row] = row in gone
    return {
        "is_superfluous": objects(superfluous),
        "requested_share": np.array([_share(n, pods) for n in nodes]),
    }


def pod_columns(inventory: Inventory) -> Columns:
    """Return, per row of ``k8s_pods``, the pods of its controller and whether its node is Spot."""
    rows = inventory.table("k8s_pods").to_pylist()
    members: dict[Any, set[Any]] = defaultdict(set)
    for row in rows:
        members[_controller(row)].add(row["pod"])
    spot = {
        (node["cluster"], node["name"]): node["is_spot"]
        for node in inventory.table("k8s_nodes").to_pylist()
    }
    return {
        "replicas": np.array(
            [np.nan if r["pod"] is None else float(len(members[_controller(r)])) for r in rows]
        ),
        "node_is_spot": objects([spot.get((r["cluster"], r["node"])) for r in rows]),
    }


def _controller(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["cluster"], row["namespace"], row["controller_kind"], row["controller"]


def _pods_by_node(inventory: Inventory) -> dict[tuple[Any, Any], list[_Pod | None]]:
    """Return the pods of every node, None where the size of one is not known."""
    found: dict[tuple[Any, Any], list[_Pod | None]] = defaultdict(list)
    for row in inventory.table("k8s_pods").to_pylist():
        if row["node"] is not None:
            found[row["cluster"], row["node"]].append(_pod(row))
    return found


def _pod(row: Mapping[str, Any]) -> _Pod | None:
    cpu = _larger(row["cpu_request_cores"], row["cpu_usage_cores"])
    memory = _larger(row["memory_request_bytes"], row["memory_peak_bytes"])
    if cpu is None or memory is None:
        return None
    kind = row["controller_kind"]
    if kind == _GOES_WITH_NODE:
        return _Pod(0.0, 0.0, may_move=True)
    return _Pod(cpu, memory, may_move=kind is not None and not row["has_volume"])


def _larger(requested: float | None, used: float | None) -> float | None:
    """Return the more of two figures; a request of nothing says nothing about the need."""
    known = [value for value in (requested, used) if value]
    return max(known) if known and used is not None else None


def _all_known(nodes: Sequence[Mapping[str, Any]], mine: Mapping[int, list[_Pod | None]]) -> bool:
    sized = all(nodes[row]["cpu_cores"] and nodes[row]["memory_bytes"] for row in mine)
    return sized and all(pod is not None for pods in mine.values() for pod in pods)


def _superfluous(
    nodes: Mapping[int, Mapping[str, Any]], pods: Mapping[int, Sequence[_Pod | None]]
) -> set[int]:
    """Return the nodes that can be drained, the emptiest first."""
    mine = {row: [pod for pod in listed if pod is not None] for row, listed in pods.items()}
    left = dict(nodes)
    gone: set[int] = set()
    for row in sorted(nodes, key=lambda r: sum(p.cpu for p in mine[r])):
        rest = [r for r in left if r != row]
        if len(rest) < _LEAST_NODES or not all(pod.may_move for pod in mine[row]):
            continue
        moved = _placed(mine[row], {r: _room(left[r], mine[r]) for r in rest})
        if moved is not None:
            for target, pod in moved:
                mine[target].append(pod)
            del left[row]
            gone.add(row)
    return gone


def _room(node: Mapping[str, Any], pods: Sequence[_Pod]) -> _Node:
    return _Node(
        node["cpu_cores"] * TARGET_USE - sum(pod.cpu for pod in pods),
        node["memory_bytes"] * TARGET_USE - sum(pod.memory for pod in pods),
    )


def _placed(pods: Sequence[_Pod], rooms: Mapping[int, _Node]) -> list[tuple[int, _Pod]] | None:
    """Return a node for every pod, the largest pods first; None where one fits nowhere."""
    places = []
    for pod in sorted(pods, key=lambda p: (p.cpu, p.memory), reverse=True):
        target = next((row for row, room in rooms.items() if room.take(pod)), None)
        if target is None:
            return None
        places.append((target, pod))
    return places


def _share(
    node: Mapping[str, Any], pods: Mapping[tuple[Any, Any], Sequence[_Pod | None]]
) -> float:
    """Return the share of a node's CPU its pods ask for or use; NaN unknown."""
    mine = pods.get((node["cluster"], node["name"]), [])
    if not mine or not node["cpu_cores"] or None in mine:
        return float("nan")
    return sum(pod.cpu for pod in mine if pod is not None) / float(node["cpu_cores"])
