"""Columns of what runs inside Kubernetes clusters, from OpenCost or Kubecost."""

from typing import Final

from costmodel.optimize.inventory_tables.field import TableSchema, read_tables

TABLES: Final[dict[str, TableSchema]] = read_tables(
    """
k8s_pods: container of a pod; resource_id is the export's own name of it
  cluster text cluster as the export names it
  node text node it runs on
  namespace text namespace
  pod text pod
  container text container
  controller text controller
  controller_kind text deployment, statefulset, daemonset, job …
  cpu_request_cores number CPU requested, mean [cores]
  cpu_usage_cores number CPU used, mean [cores]
  cpu_peak_cores number CPU used, largest [cores]
  memory_request_bytes number memory requested, mean [bytes]
  memory_usage_bytes number memory used, mean [bytes]
  memory_peak_bytes number memory used, largest [bytes]
  network_bytes_s number bytes sent and received, mean [bytes / s]
  has_volume flag mounts a persistent volume
  observed_days number days the figures cover [days]

k8s_nodes: node of a cluster
  cluster text cluster as the export names it
  instance_type text instance type
  is_spot flag runs on Spot capacity
  cpu_cores number CPU of the node [cores]
  memory_bytes number memory of the node [bytes]
  observed_days number days the figures cover [days]

k8s_volumes: persistent volume of a cluster, or local disk of a node
  cluster text cluster as the export names it
  volume_id text id of the EBS volume behind it
  is_local flag local disk of a node
  storage_class text storage class
  claim text claim that binds it; null is none
  namespace text namespace of the claim
  capacity_bytes number capacity [bytes]
  used_bytes number most bytes used, else their mean [bytes]
  observed_days number days the figures cover [days]
"""
)
