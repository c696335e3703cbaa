"""Forecasts, anomalies, changes, what-ifs, commitments, budgets, webhooks over HTTP."""

import json

import pytest

from costmodel import read_bill
from tests.api.conftest import wait_for


@pytest.fixture(scope="module")
def place(sample_bill) -> str:
    return f"/v1/bills/{sample_bill['id']}"


def test_a_forecast_begins_with_what_was_spent(client, place):
    found = client.get(f"{place}/forecast").json()
    month = next(r for r in found["rows"] if r["x_Level"] == "total" and r["x_Horizon"] == "month")
    assert month["x_Forecast"] >= month["x_ActualToDate"] > 0
    assert month["x_Lower80"] <= month["x_Forecast"] <= month["x_Upper80"]


def test_anomalies_exceed_what_was_asked(client, place):
    found = client.get(f"{place}/anomalies", params={"amount": 5, "percent": 20}).json()
    for one in found["anomalies"]:
        assert one["impact"] >= 5
        assert one["percent"] >= 20
    assert client.get(f"{place}/anomalies", params={"amount": -1}).status_code == 422


def test_the_parts_of_a_change_add_up_to_it(client, place, sample_bill):
    last = sample_bill["facts"]["last"]
    year, month = int(last[:4]), int(last[5:7]) - 1
    after = f"{year}-{month:02d}" if month else f"{year - 1}-12"
    before = f"{year}-{month - 1:02d}" if month > 1 else f"{year - 1}-{11 + month:02d}"
    found = client.get(f"{place}/change", params={"before": before, "after": after}).json()
    total = found["total"]
    parts = total["price"] + total["quantity"] + total["mix"] + total["fees"]
    assert parts == pytest.approx(total["change"], abs=1e-6)
    assert total["after"] - total["before"] == pytest.approx(total["change"])


def test_a_bill_is_priced_in_another_region(client, place):
    body = {"scenario": {"region": {"us-east-1": "us-west-1"}}}
    found = client.post(f"{place}/reprice", json=body)
    assert found.status_code == 200, found.text
    bad = client.post(f"{place}/reprice", json={"scenario": {"regon": {}}})
    assert bad.status_code == 422


def test_commitments_are_planned_simulated_and_measured(client, sample_bill, place):
    plan = client.post("/v1/commitments/plan", json={"bill_id": sample_bill["id"]}).json()
    assert plan["lower_bound"] <= plan["cost"] * (1 + 1e-9) <= plan["on_demand_cost"] * (1 + 1e-6)
    body = {
        "bill_id": sample_bill["id"],
        "commitments": [{"plan_type": "Compute", "commitment": 0.1}],
    }
    simulated = client.post("/v1/commitments/simulate", json=body).json()
    # Every hour of the bill costs its commitment, used or not.
    assert simulated["commitment_cost"] == pytest.approx(0.1 * simulated["hours"])
    coverage = client.get(f"{place}/coverage").json()
    assert 0 <= coverage["coverage"] <= 1


def test_a_budget_lives_from_creation_to_deletion(client):
    made = client.post("/v1/budgets", json={"name": "life", "limit": 100, "thresholds": ["80%"]})
    assert made.status_code == 201
    identifier, tag = made.json()["id"], made.headers["etag"]
    place = f"/v1/budgets/{identifier}"
    assert client.get(place).headers["etag"] == tag
    changed = client.put(place, json={"name": "life", "limit": 200}, headers={"If-Match": tag})
    assert changed.json()["limit"] == 200
    assert (
        client.put(place, json={"name": "life", "limit": 3}, headers={"If-Match": tag}).status_code
        == 412
    )
    assert client.post("/v1/budgets", json={"name": "life", "limit": 1}).status_code == 409
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "limit": 5, "period": "FORTNIGHTLY"},
        {"name": "x", "limit": 5, "thresholds": ["many"]},
        {"name": "x", "limit": 5, "colour": "red"},
        {"name": "x/y", "limit": 5},
        {"limit": 5},
        {"name": "x"},
    ],
)
def test_a_bad_budget_is_refused_in_one_line(client, body):
    answer = client.post("/v1/budgets", json=body)
    assert answer.status_code == 422
    assert "\n" not in answer.json()["detail"]


def test_budgets_are_held_against_a_bill(service, client, sample_bill):
    with service.client(service.key("budgeting")) as own:
        other = own.post("/v1/budgets/check", json={"bill_id": sample_bill["id"]})
        assert other.status_code == 404
    client.post("/v1/budgets", json={"name": "tiny", "limit": 1, "thresholds": ["100%"]})
    workspace = client.get("/v1/workspace").json()["id"]
    dataset = service.state.bills.folder(workspace, sample_bill["id"]) / "dataset"
    last_month = sample_bill["facts"]["last"][:7]
    as_of = f"{last_month}-01T00:00:00Z"
    report = client.post(
        "/v1/budgets/check", json={"bill_id": sample_bill["id"], "as_of": as_of}
    ).json()
    tiny = next(status for status in report["budgets"] if status["budget"] == "tiny")
    assert tiny["state"] == "ALARM"
    spent = read_bill(dataset).summarize(
        filter=f"ChargePeriodStart >= '{tiny['period_start'][:10]}'"
    )
    assert tiny["actual"] == pytest.approx(float(spent.total["EffectiveCost"]))
    sent = {"bill_id": sample_bill["id"], "as_of": as_of, "send": True}
    assert client.post("/v1/budgets/check", json=sent).json()["alerts"]
    again = client.post("/v1/budgets/check", json=sent).json()["alerts"]
    assert not [alert for alert in again if alert["budget"] == "tiny"]
    told = client.get("/v1/deliveries").json()["items"]
    assert "tiny" in [row["alert"]["budget"] for row in told]


def test_webhook_urls_must_be_public_and_their_secrets_are_not_shown_again(client):
    for url in ("http://example.com/x", "https://127.0.0.1/x", "https://u:p@example.com/", "ftp://x/y",
                "https://example.com:8443/x"):  # fmt: skip
        answer = client.post("/v1/webhooks", json={"name": "bad", "url": url})
        assert answer.status_code == 422, url
    made = client.post(
        "/v1/webhooks", json={"name": "w", "url": "https://example.com/secret"}
    ).json()
    assert made["signing_secret"].startswith("whsec_")
    read = client.get(f"/v1/webhooks/{made['id']}")
    assert "secret" not in read.text
    changed = client.put(
        f"/v1/webhooks/{made['id']}",
        json={"name": "w", "url": "https://example.com/other", "min_severity": "error"},
        headers={"If-Match": read.headers["etag"]},
    )
    assert changed.json()["min_severity"] == "error"
    assert client.delete(f"/v1/webhooks/{made['id']}").status_code == 204


def test_a_message_that_sns_did_not_sign_is_refused(client):
    workspace = client.get("/v1/workspace").json()["id"]
    answer = client.post(f"/v1/inbound/sns/{workspace}", content=b'{"Type": "Notification"}')
    assert answer.status_code == 403
    assert client.post(f"/v1/inbound/sns/ws_{'0' * 28}", content=b"{}").status_code == 404


def test_dead_letters_can_be_replayed(client):
    assert client.post("/v1/deliveries/replay", json={}).json() == {"replayed": 0}


def test_suppressions_are_listed_and_lifted(client):
    made = client.post(
        "/v1/recommendations/suppressions", json={"key": "k1", "reason": "known"}
    ).json()
    assert made["name"] == "k1"
    assert made["id"] in [
        s["id"] for s in client.get("/v1/recommendations/suppressions").json()["items"]
    ]
    assert client.delete(f"/v1/recommendations/suppressions/{made['id']}").status_code == 204


def test_recommendations_come_from_a_bill(service, client, sample_bill):
    from costmodel import recommend

    with service.client(service.key("saving")) as own:
        asked = own.post("/v1/recommendations", json={"bill_id": sample_bill["id"]})
        assert asked.status_code == 404
    job = client.post("/v1/recommendations", json={"bill_id": sample_bill["id"]}).json()
    done = wait_for(client, job["id"])
    assert done["status"] == "done", done
    workspace = client.get("/v1/workspace").json()["id"]
    dataset = service.state.bills.folder(workspace, sample_bill["id"]) / "dataset"
    direct = recommend(bill=dataset).to_json()
    assert direct["items"]
    listed = client.get("/v1/recommendations", params={"limit": 200}).json()["items"]
    assert [row["recommendationId"] for row in listed] == [
        row["recommendationId"] for row in direct["items"]
    ][:200]
    saved = done["result"]["estimatedTotalDedupedSavings"]
    assert saved == pytest.approx(direct["estimatedTotalDedupedSavings"])


def test_advice_is_followed_from_run_to_run_and_measured(service, client, sample_bill):
    def run():
        job = client.post("/v1/recommendations", json={"bill_id": sample_bill["id"]}).json()
        done = wait_for(client, job["id"])
        assert done["status"] == "done", done
        return done["result"]

    run()
    again = run()
    assert {row["status"] for row in again["items"]} == {"open"}
    workspace = client.get("/v1/workspace").json()["id"]
    kept = service.state.settings.data / "recommendations" / f"{workspace}-bill.json"
    state = json.loads(kept.read_text())
    gone = {
        "status": "open", "check": "eip-idle", "resource": "eip-1", "recommended": "deleted",
        "saving": 3.65, "included": [], "first_seen": "2026-01-01", "last_seen": "2026-01-02",
    }  # fmt: skip
    kept.write_text(json.dumps({**state, "f": gone}))

    run()
    found = client.get("/v1/recommendations/realised").json()

    assert [row["resource"] for row in found["done"]] == ["eip-1"]
    (item,) = found["items"]
    assert (item["resourceId"], item["verdict"]) == ("eip-1", "not on the bills")
    assert found["realisedMonthlySavings"] == 0


def test_recommendations_come_from_an_uploaded_inventory(client, tmp_path):
    from datetime import UTC, datetime

    from costmodel import Inventory
    from costmodel.io.inventory.store import write_inventory

    empty = client.post("/v1/recommendations", json={})
    assert empty.status_code == 409
    folder = tmp_path / "inventory"
    write_inventory(Inventory({}, datetime(2026, 11, 1, tzinfo=UTC), (), ()), folder, {})
    for file in folder.iterdir():
        put = client.put(f"/v1/recommendations/inventory/{file.name}", content=file.read_bytes())
        assert put.status_code == 200, put.text
    job = client.post("/v1/recommendations", json={}).json()
    done = wait_for(client, job["id"])
    assert done["status"] == "done", done
    assert done["result"]["estimatedTotalDedupedSavings"] == 0
    assert client.get("/v1/recommendations").json()["items"] == []
    elsewhere = client.post("/v1/recommendations", json={"inventory": "/etc"})
    assert elsewhere.status_code == 403
