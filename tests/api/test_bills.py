"""Bills over HTTP: upload, import, costs, exports; jobs and their events."""

import io
import json
import time

import pandas as pd
import pytest

from tests.api.conftest import wait_for

FOCUS = """BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingPeriodStart,\
BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ServiceName,ServiceCategory,\
RegionId,SubAccountId,BillingAccountId,ProviderName,PublisherName,InvoiceIssuerName,\
ChargeDescription,PricingQuantity,PricingUnit
10.5,10.5,12,10.5,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-01T00:00:00Z,\
2026-10-02T00:00:00Z,Usage,AWS Lambda,Compute,eu-west-1,111111111111,111111111111,AWS,AWS,AWS,x,1,Hrs
2.25,2.25,2.25,2.25,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-02T00:00:00Z,\
2026-10-03T00:00:00Z,Usage,=cmd|' /C calc'!A0,Compute,eu-west-1,111111111111,111111111111,AWS,AWS,AWS,x,1,Hrs
"""


def upload(
    client, content: bytes, name: str = "bill.csv", title: str = "mine"
) -> tuple[str, dict]:
    bill = client.post("/v1/bills", json={"name": title}).json()["bill"]["id"]
    put = client.put(f"/v1/bills/{bill}/parts/1", params={"file_name": name}, content=content)
    assert put.status_code == 200, put.text
    job = client.post(f"/v1/bills/{bill}/import").json()
    return bill, wait_for(client, job["id"])


@pytest.fixture(scope="module")
def small_bill(client):
    bill, job = upload(client, FOCUS.encode())
    assert job["status"] == "done", job
    return bill


def test_an_uploaded_bill_is_summed(client, small_bill):
    found = client.get(f"/v1/bills/{small_bill}/costs", params={"group_by": "RegionId"}).json()
    assert found["total"] == {"EffectiveCost": 12.75}  # 10.50 + 2.25
    assert found["rows"] == [{"RegionId": "eu-west-1", "EffectiveCost": 12.75}]
    bill = client.get(f"/v1/bills/{small_bill}").json()
    assert bill["status"] == "ready"
    assert bill["facts"]["rows"] == 2
    assert bill["facts"]["first"] == "2026-10-01T00:00:00"


def test_filters_metrics_and_granularity_are_those_of_the_bill(client, small_bill):
    query = {"metric": "ListCost", "granularity": "daily", "filter": "ServiceName = 'AWS Lambda'"}
    rows = client.get(f"/v1/bills/{small_bill}/costs", params=query).json()["rows"]
    assert rows == [{"ChargePeriodStart": "2026-10-01T00:00:00Z", "ListCost": 12.0}]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"group_by": "ServicName"}, "did you mean ServiceName"),
        ({"metric": "RegionId"}, "cannot be summed"),
        ({"filter": "ServiceName ="}, "expected a value"),
        ({"granularity": "weekly"}, "query.granularity"),
        ({"top": 0}, "query.top"),
    ],
)
def test_a_bad_question_is_a_problem(client, small_bill, query, words):
    answer = client.get(f"/v1/bills/{small_bill}/costs", params=query)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_csv_exports_start_no_formula(client, small_bill):
    query = {"format": "csv", "group_by": "ServiceName"}
    text = client.get(f"/v1/bills/{small_bill}/export", params=query).text
    assert "'=cmd" in text
    assert "\n=cmd" not in text


def test_parquet_exports_hold_the_same_sums(client, small_bill):
    query = {"format": "parquet", "group_by": "ServiceName"}
    answer = client.get(f"/v1/bills/{small_bill}/export", params=query)
    table = pd.read_parquet(io.BytesIO(answer.content))
    assert table["EffectiveCost"].sum() == 12.75
    whole = client.get(f"/v1/bills/{small_bill}/export", params={"format": "focus"})
    assert len(pd.read_parquet(io.BytesIO(whole.content))) == 2


def test_the_daily_sums_answer_as_the_whole_bill_does(service, client, sample_bill):
    from api.costs import CostQuery, _bill_for

    workspace = client.get("/v1/workspace").json()["id"]
    state = service.state
    daily = state.bills.open_daily(workspace, sample_bill)
    whole = state.bills.open_dataset(workspace, sample_bill)
    for by in (("ServiceName",), ("RegionId", "SubAccountId"), ("x_UsageType",), ()):
        for granularity in ("total", "monthly", "daily"):
            query = CostQuery(by, ("EffectiveCost", "BilledCost"), granularity)
            assert _bill_for(state, workspace, sample_bill, query) is daily
            asked = {"by": by, "metric": query.metric, "granularity": granularity}
            assert daily.summarize(**asked).rows == whole.summarize(**asked).rows
    resources = CostQuery(("ResourceId",))
    assert _bill_for(state, workspace, sample_bill, resources) is whole


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x00\x01\x02" * 100, "bill.csv"),
        (b"PAR1broken", "bill.parquet"),
        (b"\x1f\x8b\x08broken", "bill.csv.gz"),
        (b"{}", "bill.json"),
        (b"a,b\n1,2\n", "bill.csv"),
    ],
)
def test_an_upload_that_is_no_bill_fails_in_one_line_and_the_worker_lives(client, content, name):
    bill, job = upload(client, content, name)
    assert job["status"] == "failed"
    assert job["message"]
    assert "\n" not in job["message"]
    assert "/data" not in job["message"]
    assert client.get(f"/v1/bills/{bill}").json()["status"] == "failed"
    assert client.get(f"/v1/bills/{bill}/costs").status_code == 409


def test_empty_parts_and_bad_names_are_refused(client):
    bill = client.post("/v1/bills", json={"name": "x"}).json()["bill"]["id"]
    place = f"/v1/bills/{bill}/parts/1"
    assert client.put(place, params={"file_name": "a.csv"}).status_code == 422
    for name in ("../a.csv", "/etc/passwd", "", "a/b", ".hidden"):
        assert client.put(place, params={"file_name": name}, content=b"x").status_code == 422
    assert client.post(f"/v1/bills/{bill}/import").status_code == 409


def test_a_reference_must_lie_where_the_operator_allows(client, allowed_folder, tmp_path):
    (allowed_folder / "bill.csv").write_text(FOCUS)
    (allowed_folder / "link").symlink_to(tmp_path)
    good = client.post("/v1/bills", json={"name": "r", "reference": f"{allowed_folder}/bill.csv"})
    assert wait_for(client, good.json()["job"]["id"])["status"] == "done"
    for place in ("/etc", f"{allowed_folder}/../x", f"{allowed_folder}/link/x", "s3://b/c", "a\0b",
                  "http://localhost/x"):  # fmt: skip
        answer = client.post("/v1/bills", json={"name": "r", "reference": place})
        assert answer.status_code == 403, place


def test_a_job_can_be_followed_as_events(client):
    made = client.post("/v1/bills/sample", json={"rows": 1000, "months": 1}).json()
    with client.stream("GET", f"/v1/jobs/{made['job']['id']}/events") as stream:
        lines = list(stream.iter_lines())
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert names[-1] == "end"
    assert "progress" in names[:-1]


def test_a_job_under_way_can_be_cancelled(client):
    made = client.post("/v1/bills/sample", json={"rows": 2_000_000, "months": 24}).json()
    job = made["job"]["id"]
    time.sleep(0.5)
    assert client.post(f"/v1/jobs/{job}/cancel").status_code == 200
    assert wait_for(client, job)["status"] == "cancelled"
    assert client.post(f"/v1/jobs/{job}/cancel").status_code == 409
    assert client.delete(f"/v1/bills/{made['bill']['id']}").status_code == 204


def test_a_bill_is_renamed_only_by_who_read_its_newest_version(client, small_bill):
    read = client.get(f"/v1/bills/{small_bill}")
    place, new = f"/v1/bills/{small_bill}", {"name": "October"}
    assert client.patch(place, json=new).status_code == 428
    assert client.patch(place, json=new, headers={"If-Match": '"99"'}).status_code == 412
    changed = client.patch(place, json=new, headers={"If-Match": read.headers["etag"]})
    assert changed.json()["name"] == "October"
    assert (
        client.patch(place, json=new, headers={"If-Match": read.headers["etag"]}).status_code
        == 412
    )


def test_a_deleted_bill_leaves_no_files(service, client):
    bill, _ = upload(client, FOCUS.encode())
    folder = service.state.bills.folder(client.get("/v1/workspace").json()["id"], bill)
    assert folder.exists()
    assert client.delete(f"/v1/bills/{bill}").status_code == 204
    assert not folder.exists()
    assert client.get(f"/v1/bills/{bill}").status_code == 404


def test_a_manifest_cannot_reach_the_files_of_others(service, client, small_bill):
    workspace = client.get("/v1/workspace").json()["id"]
    target = f"{workspace}/{small_bill}/dataset/bill.parquet"
    text = json.dumps({"reportKeys": [target], "assemblyId": "x"}).encode()
    with service.client(service.key("thief")) as thief:
        _, job = upload(thief, text, "costs-Manifest.json")
        assert job["status"] == "failed"
        assert "together with its files" in job["message"]
        bill = thief.post("/v1/bills", json={"name": "two"}).json()["bill"]["id"]
        for number, (name, content) in enumerate(
            (("costs-Manifest.json", text), ("bill.csv", FOCUS.encode())), start=1
        ):
            place = f"/v1/bills/{bill}/parts/{number}"
            assert thief.put(place, params={"file_name": name}, content=content).status_code == 200
        job = thief.post(f"/v1/bills/{bill}/import").json()
        done = wait_for(thief, job["id"])
        if done["status"] == "done":  # the manifest was passed over: only the thief's own rows
            assert done["result"]["rows"] == 2
