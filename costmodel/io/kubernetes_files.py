"""OpenCost and Kubecost answers saved as JSON → tables of pods, nodes and volumes.

Allocations (``/allocation/compute``, not aggregated, or by pod) give requests, usage and traffic
of containers; assets (``/assets``) give nodes and disks. Both wrap a mapping of name → entry in
``data``, one mapping per window; several windows of one entry are put together.
https://opencost.io/docs/integrations/api/

A table of one's own, CSV or Parquet, say of kube-state-metrics, has the columns of ``k8s_pods``,
``k8s_nodes`` or ``k8s_volumes`` by name.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from costmodel.errors import BadInputError
from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.inventory_tables import INVENTORY_TABLES

_ZONE: Final = re.compile(r"aws:///([a-z]+(?:-[a-z]+)+-\d)[a-z]?/")
_SPOT: Final = frozenset(("spot", "SPOT"))
# Parts of an answer that are no workload.
_NO_WORKLOAD: Final = re.compile(r"__(idle|unallocated|unmounted)__")
_LABELS: Final = {
    "type": ("node_kubernetes_io_instance_type", "beta_kubernetes_io_instance_type"),
    "region": ("topology_kubernetes_io_region", "failure_domain_beta_kubernetes_io_region"),
    "capacity": ("eks_amazonaws_com_capacityType", "karpenter_sh_capacity_type"),
}  # fmt: skip
Entry = Mapping[str, Any]


def read_kubernetes_files(paths: Iterable[Path]) -> Inventory:
    """Read saved answers into ``k8s_pods``, ``k8s_nodes`` and ``k8s_volumes``.

    Raises:
        BadInputError: a file is no answer of OpenCost or Kubecost; the message names it.
    """
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    files = [file for path in paths for file in _files(path)]
    for path in files:
        listed = _table_rows(path) if _is_table(path) else (_row(path, e) for e in _entries(path))
        for table, row in listed:
            if row is not None:
                mine = rows.setdefault(table, {})
                key = row["resource_id"]
                mine[key] = _together(mine[key], row) if key in mine else row
    tables = {kind: build_table(kind, found.values()) for kind, found in rows.items()}
    return Inventory(tables, sources=tuple(map(str, files)))


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise BadInputError(f"{path}: does not exist")
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if _is_table(p) or p.suffix == ".json")
    if not found:
        raise BadInputError(f"{path}: holds no file of OpenCost, Kubecost, pods or nodes")
    return found


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in (".csv", ".parquet")


# The column that tells which table a file holds.
_MARKS: Final = {
    "cpu_request_cores": "k8s_pods", "cpu_cores": "k8s_nodes", "capacity_bytes": "k8s_volumes",
}  # fmt: skip


def _table_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of a table whose columns have the names of an inventory table."""
    import pyarrow as pa
    import pyarrow.csv as pv
    import pyarrow.parquet as pq

    try:
        found = pq.read_table(path) if path.suffix.lower() == ".parquet" else pv.read_csv(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise BadInputError(f"{path}: cannot be read ({error})") from None
    kind = next((table for mark, table in _MARKS.items() if mark in found.column_names), None)
    if kind is None or "resource_id" not in found.column_names:
        raise BadInputError(
            f"{path}: has no column resource_id beside {', '.join(_MARKS)}: one tells the table"
        )
    known = set(INVENTORY_TABLES[kind].names)
    if unknown := sorted(set(found.column_names) - known):
        raise BadInputError(f"{path}: {kind} has no column {unknown[0]}")
    for row in found.to_pylist():
        yield kind, {"observed_days": None, **row, "resource_id": str(row["resource_id"])}


def _entries(path: Path) -> Iterator[Entry]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path}: is not JSON ({error})") from None
    data = document.get("data") if isinstance(document, dict) else document
    windows = data if isinstance(data, list) else [data]
    for window in windows or [None]:
        if not isinstance(window, dict) or not all(isinstance(e, dict) for e in window.values()):
            raise BadInputError(f"{path}: is no answer of OpenCost or Kubecost (see 'data')")
        yield from window.values()


def _row(path: Path, entry: Entry) -> tuple[str, dict[str, Any] | None]:
    if "cpuCoreRequestAverage" in entry:
        return "k8s_pods", _pod(entry)
    match entry.get("type"):
        case "Node":
            return "k8s_nodes", _node(entry)
        case "Disk":
            return "k8s_volumes", _disk(entry)
        case None:
            raise BadInputError(f"{path}: an entry is neither an allocation nor an asset")
        case _:
            return "", None


def _pod(entry: Entry) -> dict[str, Any] | None:
    about = entry.get("properties") or {}
    name = str(entry.get("name") or "")
    if _NO_WORKLOAD.search(name):
        return None
    days = _days(entry)
    peaks = entry.get("rawAllocationOnly") or {}
    ways = [entry.get(f"network{way}Bytes") for way in ("Transfer", "Receive")]
    traffic = [float(amount) for amount in ways if amount is not None]
    known = days and len(traffic) == len(ways)
    return {
        "resource_id": name,
        "name": about.get("pod") or name,
        "cluster": about.get("cluster"),
        "node": about.get("node"),
        "namespace": about.get("namespace"),
        "pod": about.get("pod"),
        "container": about.get("container"),
        "controller": about.get("controller"),
        "controller_kind": str(about.get("controllerKind") or "").lower() or None,
        "tags": {str(k): str(v) for k, v in (about.get("labels") or {}).items()},
        "cpu_request_cores": entry.get("cpuCoreRequestAverage"),
        "cpu_usage_cores": entry.get("cpuCoreUsageAverage"),
        "cpu_peak_cores": peaks.get("cpuCoreUsageMax"),
        "memory_request_bytes": entry.get("ramByteRequestAverage"),
        "memory_usage_bytes": entry.get("ramByteUsageAverage"),
        "memory_peak_bytes": peaks.get("ramByteUsageMax"),
        "network_bytes_s": math.fsum(traffic) / (days * 86_400.0) if known else None,
        "has_volume": bool(entry["pvs"]) if "pvs" in entry else None,
        "observed_days": days,
    }


def _node(entry: Entry) -> dict[str, Any]:
    about, labels = entry.get("properties") or {}, _labels(entry)
    provider = str(about.get("providerID") or "")
    zone = _ZONE.search(provider)
    capacity = _label(labels, "capacity") or ("spot" if entry.get("preemptible") else "on-demand")
    return {
        "resource_id": provider.rsplit("/", 1)[-1] or about.get("name"),
        "name": about.get("name"),
        "cluster": about.get("cluster"),
        "region_id": _label(labels, "region") or (zone.group(1) if zone else None),
        "instance_type": entry.get("nodeType") or _label(labels, "type"),
        "is_spot": capacity in _SPOT,
        "tags": labels,
        "cpu_cores": entry.get("cpuCores"),
        "memory_bytes": entry.get("ramBytes"),
        "observed_days": _days(entry),
    }


def _disk(entry: Entry) -> dict[str, Any]:
    about = entry.get("properties") or {}
    local = bool(entry.get("local")) or entry.get("storageClass") == "__local__"
    name = str(about.get("providerID") or entry.get("volumeName") or about.get("name") or "")
    used, hours = entry.get("byteHoursUsed"), float(entry.get("minutes") or 0.0) / 60.0
    mean = used / hours if used is not None and hours else None
    return {
        "resource_id": f"{about.get('cluster') or ''}/{about.get('name') or name}",
        "name": about.get("name") or name,
        "cluster": about.get("cluster"),
        "volume_id": name.rsplit("/", 1)[-1] or None,
        "is_local": local,
        "storage_class": entry.get("storageClass") or None,
        "claim": entry.get("claimName") or None,
        "namespace": entry.get("claimNamespace") or None,
        "tags": _labels(entry),
        "capacity_bytes": entry.get("bytes"),
        "used_bytes": mean if entry.get("byteUsageMax") is None else entry["byteUsageMax"],
        "observed_days": _days(entry),
    }


def _days(entry: Entry) -> float:
    return float(entry.get("minutes") or 0.0) / 1440.0


def _labels(entry: Entry) -> dict[str, str]:
    """Return labels without the prefix OpenCost gives those of nodes."""
    return {str(k).removeprefix("label_"): str(v) for k, v in (entry.get("labels") or {}).items()}


def _label(labels: Mapping[str, str], what: str) -> str | None:
    return next((labels[name] for name in _LABELS[what] if labels.get(name)), None)


# How the columns of several windows go together; the others keep what is known first.
_MEANS: Final = (
    "cpu_request_cores", "cpu_usage_cores", "memory_request_bytes", "memory_usage_bytes",
    "network_bytes_s",
)  # fmt: skip
_PEAKS: Final = ("cpu_peak_cores", "memory_peak_bytes", "used_bytes", "capacity_bytes")


def _together(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return one row of two windows: means weighed by time, the larger peak, the sum of days."""
    a, b = first["observed_days"] or 0.0, second["observed_days"] or 0.0
    joined = {k: second.get(k) if v is None else v for k, v in first.items()}
    for name in (*_MEANS, *_PEAKS):
        x, y = first.get(name), second.get(name)
        if x is None or y is None:
            joined[name] = None
        elif name in _PEAKS:
            joined[name] = max(x, y)
        else:
            joined[name] = (x * a + y * b) / (a + b) if a + b else x
    return {**{k: v for k, v in joined.items() if k in first}, "observed_days": a + b}
