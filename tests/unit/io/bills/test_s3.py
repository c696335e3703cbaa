"""A bucket reads as a folder: current assembly only, through moto's server on loopback."""

import json

import pytest

from costmodel.errors import BillError
from costmodel.io.bills.reader import open_bill
from tests.unit.bill.bill_rows import PREFIXES, write_cur

pytest.importorskip("moto.server", reason="needs moto's server")
boto3 = pytest.importorskip("boto3")


@pytest.fixture
def bucket(monkeypatch):
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    client.create_bucket(Bucket="bills")
    yield client, f"?scheme=http&endpoint_override={host}:{port}&region=us-east-1"
    server.stop()


def test_an_s3_prefix_reads_the_current_assembly(bucket, tmp_path):
    client, options = bucket
    period = "pre/report/20260101-20260201"
    for assembly, cost in (("aaaa", 0.1), ("bbbb", 0.2)):
        path = write_cur(tmp_path / f"{assembly}.parquet", [{"line_item_unblended_cost": cost}])
        client.upload_file(str(path), "bills", f"{period}/{assembly}/report-1.parquet")
    manifest = {"reportKeys": [f"{period}/bbbb/report-1.parquet"]}
    client.put_object(
        Bucket="bills", Key=f"{period}/report-Manifest.json", Body=json.dumps(manifest)
    )

    bill = open_bill([f"s3://bills/pre{options}"], PREFIXES)

    assert float(bill.summarize().total["EffectiveCost"]) == 0.2


def test_an_empty_prefix_and_an_absent_bucket_are_one_clear_line(bucket):
    _, options = bucket

    with pytest.raises(BillError, match="no bill under this prefix"):
        open_bill([f"s3://bills/nothing{options}"], PREFIXES)
    with pytest.raises(BillError, match="s3://absent"):
        open_bill([f"s3://absent/x{options}"], PREFIXES)
