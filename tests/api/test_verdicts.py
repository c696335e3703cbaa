"""Verdicts on anomalies over HTTP."""

import httpx
import pytest

from api.settings import Settings
from tests.api.conftest import running

QUESTION = {"amount": 0.5, "percent": 1}


@pytest.fixture(scope="module")
def place(sample_bill) -> str:
    return f"/v1/bills/{sample_bill['id']}/anomalies"


def days(anomaly: dict) -> dict:
    """Return the day of an anomaly of one day as a verdict names it."""
    assert anomaly["days"] == 1
    return {"monitor": anomaly["monitor"], "from": anomaly["start"]}


def same(one: dict, other: dict) -> bool:
    return (one["monitor"], one["start"]) == (other["monitor"], other["start"])


@pytest.fixture
def anomaly(client, place) -> dict:
    found = client.get(place, params=QUESTION).json()
    assert found["ignored"] == 0
    return next(one for one in found["anomalies"] if one["days"] == 1)


def test_an_ignored_anomaly_is_left_out_counted_and_comes_back(client, place, anomaly):
    before = client.get(place, params=QUESTION).json()["anomalies"]
    body = {**days(anomaly), "verdict": "ignore", "note": "load test"}
    made = client.post("/v1/verdicts", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["to"] == anomaly["start"]  # one day without an end
    after = client.get(place, params=QUESTION).json()
    assert after["ignored"] == 1
    assert len(after["anomalies"]) == len(before) - 1
    assert not any(same(one, anomaly) for one in after["anomalies"])
    assert client.delete(f"/v1/verdicts/{made.json()['id']}").status_code == 204
    assert client.get(place, params=QUESTION).json()["anomalies"] == before


def test_a_verdict_is_changed_by_who_read_it_last(client, place, anomaly):
    body = {**days(anomaly), "verdict": "ignore"}
    made = client.post("/v1/verdicts", json=body)
    here = f"/v1/verdicts/{made.json()['id']}"
    read = client.get(here)
    assert read.json() == made.json()
    tag = {"If-Match": read.headers["etag"]}
    changed = client.put(here, json={**body, "verdict": "confirm"}, headers=tag)
    assert changed.json()["verdict"] == "confirm"
    assert client.put(here, json=body, headers=tag).status_code == 412
    found = client.get(place, params=QUESTION).json()
    assert found["ignored"] == 0
    assert [one["verdict"] for one in found["anomalies"] if same(one, anomaly)] == ["confirm"]
    assert made.json()["id"] in [v["id"] for v in client.get("/v1/verdicts").json()["items"]]
    assert client.post("/v1/verdicts", json=body).status_code == 409  # one per series and days
    client.delete(here)
    assert client.get(here).status_code == 404


def test_wildcards_ignore_every_series_and_other_workspaces_keep_theirs(
    service, client, place, anomaly
):
    body = {"monitor": "*", "from": "2000-01-01", "to": "2100-01-01", "verdict": "ignore"}
    with service.client(service.key("judging")) as other:
        theirs = other.post("/v1/verdicts", json=body)
        assert theirs.status_code == 201
        assert client.get(place, params=QUESTION).json()["ignored"] == 0
    made = client.post("/v1/verdicts", json=body).json()
    assert client.get(place, params=QUESTION).json()["anomalies"] == []
    client.delete(f"/v1/verdicts/{made['id']}")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"verdict": "maybe"}, "body.verdict"),
        ({"to": "2026-10-01"}, "body.to"),
        ({"from": "yesterday"}, "body.from"),
        ({"monitor": ""}, "body.monitor"),
        ({"colour": "red"}, "body.colour"),
    ],
)
def test_a_bad_verdict_names_its_field(client, change, path):
    body = {"monitor": "EC2", "from": "2026-11-01", "verdict": "ignore"} | change
    answer = client.post("/v1/verdicts", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == path


def test_the_page_takes_names_as_they_are_and_replaces_a_verdict(tmp_path):
    with (
        running(Settings(data=tmp_path, is_dev=True, runs_jobs=False)) as service,
        httpx.Client(base_url=service.url) as page,
    ):
        form = {"monitor": "odd [name]*", "first": "2026-11-01", "last": "2026-11-02"}
        for verdict in ("confirm", "ignore"):
            answer = page.post("/verdicts", data=form | {"verdict": verdict})
            assert answer.status_code == 303
        kept = page.get("/v1/verdicts").json()["items"]
        assert [(v["monitor"], v["verdict"]) for v in kept] == [("odd [[]name][*]", "ignore")]
        assert page.post("/verdicts/delete", data={"id": kept[0]["id"]}).status_code == 303
        assert page.get("/v1/verdicts").json()["items"] == []


def test_a_day_is_written_as_a_date_not_as_a_number(client):
    body = {"monitor": "EC2", "from": 0, "verdict": "ignore"}
    answer = client.post("/v1/verdicts", json=body)
    assert answer.status_code == 422
    assert "ISO 8601" in answer.json()["detail"]
