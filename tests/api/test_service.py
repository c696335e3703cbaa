"""Health, limits, headers and problems."""

import httpx
import pytest

from api.settings import Limits, Settings
from tests.api.conftest import SPEC, running


def test_the_service_says_that_it_lives_and_is_ready(service):
    with service.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        ready = client.get("/readyz").json()
    assert ready["status"] == "ok"
    assert ready["database"] == "ok"


def test_metrics_count_requests_by_route(service, client):
    client.get("/v1/workspace")
    text = client.get("/metrics").text
    assert 'costmodel_requests_total{method="GET",route="/v1/workspace",status="200"}' in text
    assert 'costmodel_jobs{status="queued"}' in text


def test_every_answer_has_a_request_id_and_security_headers(client):
    given = client.get("/healthz", headers={"X-Request-Id": "abc-1"})
    assert given.headers["x-request-id"] == "abc-1"
    odd = client.get("/healthz", headers={"X-Request-Id": "a b\tc"})
    assert odd.headers["x-request-id"].startswith("req_")
    policy = given.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert given.headers["x-content-type-options"] == "nosniff"


def test_what_does_not_exist_is_a_problem(client):
    answer = client.get("/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.fixture
def small(tmp_path):
    limits = Limits(
        body_bytes=2000, part_bytes=3000, bill_bytes=4000, requests_per_minute=60,
        request_seconds=5,
    )  # fmt: skip
    with running(Settings(data=tmp_path, limits=limits, runs_jobs=False)) as found:
        yield found


def test_bodies_beyond_the_limit_are_refused_also_when_they_hide_their_length(small):
    with small.client(small.key()) as client:
        text = "#" * 3000
        told = client.post("/v1/estimates", json={"text": text})
        hidden = client.post(
            "/v1/estimates",
            content=iter([b'{"text": "', text.encode(), b'"}']),
            headers={"Content-Type": "application/json"},
        )
    assert told.status_code == hidden.status_code == 413
    assert told.json()["type"].endswith("too-large")


def test_a_key_beyond_its_rate_is_told_when_to_come_again(small):
    with small.client(small.key()) as client:
        answers = [client.get("/v1/workspace") for _ in range(14)]
    codes = [answer.status_code for answer in answers]
    # 60 a minute with a burst of ten seconds: ten pass, at most one more trickles in.
    assert codes[:10] == [200] * 10
    assert 429 in codes[10:]
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_prices_are_found_by_pattern_and_by_rate_code(client):
    query = {"service": "AmazonS3", "region": "us-east-1", "usage_type": "TimedStorage-ByteHrs"}
    found = client.get("/v1/prices", params=query).json()["items"]
    first = next(row for row in found if row["BeginRange"] == 0)
    assert first["ListUnitPrice"] == 0.023  # S3 Standard, first 50 TB, us-east-1
    one = client.get(f"/v1/prices/rate-codes/{first['SkuPriceId']}").json()["items"]
    assert one[0]["ListUnitPrice"] == 0.023
    assert client.get("/v1/prices/rate-codes/NOPE").status_code == 404


def test_pages_of_prices_end(client):
    query = {"service": "AmazonS3", "region": "us-east-1", "limit": 200}
    seen: list[str] = []
    cursor = None
    while True:
        page = client.get(
            "/v1/prices", params=query | ({"cursor": cursor} if cursor else {})
        ).json()
        seen += [row["SkuPriceId"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) > 50


def test_an_unknown_service_gets_advice(client):
    answer = client.get("/v1/prices", params={"service": "AmazonS"})
    assert answer.status_code == 422
    assert "AmazonS3" in answer.json()["detail"]


def test_the_service_in_development_needs_no_key(tmp_path):
    with (
        running(Settings(data=tmp_path, is_dev=True, runs_jobs=False)) as found,
        httpx.Client(base_url=found.url) as client,
    ):
        assert client.post("/v1/estimates", json={"spec": SPEC}).status_code == 201


def test_the_wrong_method_is_told_every_right_one(client):
    answer = client.request("OPTIONS", "/v1/bills")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    one = client.request("POST", "/v1/bills/bill_" + "0" * 28)
    assert one.headers["allow"] == "DELETE, GET, PATCH"


def test_a_browser_that_lost_its_way_gets_a_page(client):
    page = client.get("/nothing", headers={"Accept": "text/html,*/*"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "There is no such page." in page.text
    data = client.get("/v1/nothing", headers={"Accept": "text/html,*/*"})
    assert data.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"text": "region: us-east-1", "spec": NaN}', 422),
        ('{"text": "\\ud800"}', 422),
        ('{"spec": {"region": "us-east-1", "resources": {}, "x": ' + "9" * 40 + "}}", 422),
        ("[" * 5000, 422),
        ('{"spec": ' + '{"a":' * 2000 + "1" + "}" * 2000 + "}", 422),
        ("", 422),
    ],
)
def test_json_that_cannot_be_kept_is_refused_in_one_line(client, body, status):
    answer = client.post(
        "/v1/estimates", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert "\n" not in answer.json()["detail"]


def test_numbers_beyond_64_bits_are_numbers(client):
    huge = 10**30
    made = client.post("/v1/budgets", json={"name": "huge", "limit": huge})
    assert made.status_code == 201, made.text
    assert made.json()["limit"] == 1e30
    spec = {
        "region": "us-east-1",
        "resources": {"sqs_queue.q": {"usage": {"monthly_requests": huge}}},
    }
    priced = client.post("/v1/estimates", json={"spec": spec})
    assert priced.status_code in (201, 422), priced.text
