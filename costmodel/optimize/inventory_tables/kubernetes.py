"""Columns of what runs inside Kubernetes clusters, from OpenCost or Kubecost."""

from typing import Final

from costmodel.optimize.inventory_tables.field import Field, TableSchema, resource_table

_CLUSTER: Final = Field("cluster", "text", "cluster as the export names it")
_DAYS: Final = Field("observed_days", "number", "days the figures cover", "days")

TABLES: Final[dict[str, TableSchema]] = {
    "k8s_pods": resource_table(
        "container of a pod; resource_id is the export's own name of it",
        (
            _CLUSTER,
            Field("node", "text", "node it runs on"),
            Field("namespace", "text", "namespace"),
            Field("pod", "text", "pod"),
            Field("container", "text", "container"),
            Field("controller", "text", "controller"),
            Field("controller_kind", "text", "deployment, statefulset, daemonset, job …"),
            Field("cpu_request_cores", "number", "CPU requested, mean", "cores"),
            Field("cpu_usage_cores", "number", "CPU used, mean", "cores"),
            Field("cpu_peak_cores", "number", "CPU used, largest", "cores"),
            Field("memory_request_bytes", "number", "memory requested, mean", "bytes"),
            Field("memory_usage_bytes", "number", "memory used, mean", "bytes"),
            Field("memory_peak_bytes", "number", "memory used, largest", "bytes"),
            Field("network_bytes_s", "number", "bytes sent and received, mean", "bytes / s"),
            Field("has_volume", "flag", "mounts a persistent volume"),
            _DAYS,
        ),
    ),
    "k8s_nodes": resource_table(
        "node of a cluster",
        (
            _CLUSTER,
            Field("instance_type", "text", "instance type"),
            Field("is_spot", "flag", "runs on Spot capacity"),
            Field("cpu_cores", "number", "CPU of the node", "cores"),
            Field("memory_bytes", "number", "memory of the node", "bytes"),
            _DAYS,
        ),
    ),
    "k8s_volumes": resource_table(
        "persistent volume of a cluster, or local disk of a node",
        (
            _CLUSTER,
            Field("volume_id", "text", "id of the EBS volume behind it"),
            Field("is_local", "flag", "local disk of a node"),
            Field("storage_class", "text", "storage class"),
            Field("claim", "text", "claim that binds it; null is none"),
            Field("namespace", "text", "namespace of the claim"),
            Field("capacity_bytes", "number", "capacity", "bytes"),
            Field("used_bytes", "number", "most bytes used, else their mean", "bytes"),
            _DAYS,
        ),
    ),
}
