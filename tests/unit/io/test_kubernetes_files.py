"""OpenCost and Kubecost answers, as their APIs give them."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costmodel.errors import BadInputError
from costmodel.io.kubernetes_files import read_kubernetes_files

POD = {
    "name": "c/node-1/shop/web-1/app",
    "properties": {
        "cluster": "c", "node": "node-1", "container": "app", "controller": "web",
        "controllerKind": "Deployment", "namespace": "shop", "pod": "web-1",
        "labels": {"env": "dev"},
    },
    "minutes": 1440.0, "cpuCoreRequestAverage": 2.0, "cpuCoreUsageAverage": 0.1,
    "ramByteRequestAverage": 4e9, "ramByteUsageAverage": 1e9,
    "networkTransferBytes": 8_640_000.0, "networkReceiveBytes": 0.0, "pvs": None,
    "rawAllocationOnly": {"cpuCoreUsageMax": 0.5, "ramByteUsageMax": 1.5e9},
}  # fmt: skip
NODE = {
    "type": "Node",
    "properties": {"cluster": "c", "name": "node-1", "providerID": "aws:///eu-west-1a/i-0abc"},
    "labels": {"label_node_kubernetes_io_instance_type": "m5.xlarge",
               "label_eks_amazonaws_com_capacityType": "ON_DEMAND"},
    "minutes": 1440.0, "nodeType": "", "cpuCores": 4.0, "ramBytes": 16e9, "preemptible": 0,
}  # fmt: skip
DISK = {
    "type": "Disk", "properties": {"cluster": "c", "name": "pvc-1", "providerID": "vol-1"},
    "minutes": 120.0, "bytes": 100e9, "byteHoursUsed": 40e9, "byteUsageMax": None,
    "storageClass": "gp3", "volumeName": "pvc-1", "claimName": "data", "claimNamespace": "shop",
}  # fmt: skip


def read(tmp_path, *windows: dict):
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"code": 200, "data": list(windows)}))
    return read_kubernetes_files([path])


def only(inventory, kind: str) -> dict:
    (row,) = inventory.table(kind).to_pylist()
    return row


def test_a_container_has_requests_peaks_and_traffic(tmp_path) -> None:
    row = only(read(tmp_path, {POD["name"]: POD}), "k8s_pods")

    assert (row["namespace"], row["controller_kind"], row["pod"]) == (
        "shop",
        "deployment",
        "web-1",
    )
    assert (row["cpu_request_cores"], row["cpu_peak_cores"]) == (2.0, 0.5)
    assert (row["memory_request_bytes"], row["memory_peak_bytes"]) == (4e9, 1.5e9)
    assert row["network_bytes_s"] == 100.0  # 8.64 MB in a day
    assert row["has_volume"] is False
    assert (row["observed_days"], dict(row["tags"])) == (1.0, {"env": "dev"})


def test_several_windows_of_a_container_are_one_row(tmp_path) -> None:
    busy = {**POD, "minutes": 4320.0, "cpuCoreRequestAverage": 6.0,
            "rawAllocationOnly": {"cpuCoreUsageMax": 3.0, "ramByteUsageMax": 1e9}}  # fmt: skip

    row = only(read(tmp_path, {"a": POD}, {"a": busy}), "k8s_pods")

    # A day of 2 and three days of 6 cores; the peak is the larger one.
    assert (row["cpu_request_cores"], row["observed_days"]) == (5.0, 4.0)
    assert (row["cpu_peak_cores"], row["memory_peak_bytes"]) == (3.0, 1.5e9)


def test_a_peak_one_window_does_not_know_is_unknown(tmp_path) -> None:
    row = only(read(tmp_path, {"a": POD}, {"a": {**POD, "rawAllocationOnly": None}}), "k8s_pods")

    assert row["cpu_peak_cores"] is None


def test_a_node_is_its_instance(tmp_path) -> None:
    row = only(read(tmp_path, {"n": NODE}), "k8s_nodes")

    assert (row["resource_id"], row["region_id"]) == ("i-0abc", "eu-west-1")
    assert (row["instance_type"], row["is_spot"], row["cpu_cores"]) == ("m5.xlarge", False, 4.0)


@pytest.mark.parametrize(
    "change",
    [{"labels": {"label_eks_amazonaws_com_capacityType": "SPOT"}},
     {"labels": {"label_karpenter_sh_capacity_type": "spot"}}, {"labels": {}, "preemptible": 1}],
)  # fmt: skip
def test_spot_nodes_are_known_by_label_or_flag(tmp_path, change: dict) -> None:
    assert only(read(tmp_path, {"n": {**NODE, **change}}), "k8s_nodes")["is_spot"] is True


def test_a_volume_has_its_claim_and_the_mean_where_no_peak_is_known(tmp_path) -> None:
    row = only(read(tmp_path, {"d": DISK}), "k8s_volumes")

    assert (row["volume_id"], row["claim"], row["is_local"]) == ("vol-1", "data", False)
    assert row["used_bytes"] == 20e9  # 40 GB-hours in two hours


def test_local_disks_and_peaks_are_told_apart(tmp_path) -> None:
    local = {**DISK, "storageClass": "__local__", "claimName": "", "byteUsageMax": 30e9}

    row = only(read(tmp_path, {"d": local}), "k8s_volumes")

    assert (row["is_local"], row["claim"], row["used_bytes"]) == (True, None, 30e9)


def test_idle_shares_and_other_assets_are_no_rows(tmp_path) -> None:
    idle = {**POD, "name": "c/__idle__"}

    inventory = read(tmp_path, {"i": idle, "l": {"type": "LoadBalancer"}})

    assert not inventory.tables


@pytest.mark.parametrize(
    ("content", "says"),
    [("{", "not JSON"), ("{}", "no answer"), ('{"data": [1]}', "no answer"), ('{"data": []}',
     "no answer"), ('{"data": [{"a": 1}]}', "no answer"), ('{"data": [{"a": {}}]}', "neither")],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, content: str, says: str) -> None:
    (tmp_path / "x.json").write_text(content)

    with pytest.raises(BadInputError, match=says):
        read_kubernetes_files([tmp_path])


def test_a_missing_file_is_one_line(tmp_path) -> None:
    with pytest.raises(BadInputError, match="does not exist"):
        read_kubernetes_files([tmp_path / "none.json"])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_of_ones_own_has_the_columns_by_name(tmp_path, kind: str) -> None:
    path = tmp_path / f"pods.{kind}"
    path.write_text(
        "resource_id,cluster,namespace,cpu_request_cores,cpu_peak_cores,has_volume,observed_days\n"
        "web-1,c,shop,2,0.5,false,7\n"
    )
    if kind == "parquet":
        table = pa.table({"resource_id": ["web-1"], "cluster": ["c"], "namespace": ["shop"],
                          "cpu_request_cores": [2.0], "cpu_peak_cores": [0.5],
                          "has_volume": [False], "observed_days": [7]})  # fmt: skip
        pq.write_table(table, path)

    row = only(read_kubernetes_files([tmp_path]), "k8s_pods")

    assert (row["cpu_request_cores"], row["cpu_peak_cores"]) == (2.0, 0.5)
    assert (row["has_volume"], row["observed_days"], row["memory_peak_bytes"]) == (False, 7, None)


@pytest.mark.parametrize(
    ("content", "says"),
    [("a,b\n1,2\n", "one tells the table"), ("cpu_cores\n4\n", "no column resource_id"),
     ("resource_id,cpu_cores,colour\nn,4,red\n", "k8s_nodes has no column colour"),
     ("", "cannot be read")],
)  # fmt: skip
def test_tables_of_other_columns_are_refused(tmp_path, content: str, says: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(content)

    with pytest.raises(BadInputError, match=says):
        read_kubernetes_files([path])


def test_a_folder_without_answers_is_refused(tmp_path) -> None:
    with pytest.raises(BadInputError, match="holds no file of OpenCost"):
        read_kubernetes_files([tmp_path])
