"""Estimates over HTTP."""

import pytest

from api.identity import new_id
from tests.api.conftest import SPEC


def test_an_estimate_is_priced_kept_listed_and_deleted(client):
    made = client.post("/v1/estimates", json={"spec": SPEC, "name": "web"})
    assert made.status_code == 201
    estimate = made.json()
    # 730 h × 0.096 USD of m5.large and 8 GB × 0.10 USD of gp2: the AMI's root volume.
    assert estimate["total"]["list_cost"] == pytest.approx(730 * 0.096 + 8 * 0.10)
    assert made.headers["location"] == f"/v1/estimates/{estimate['id']}"
    assert client.get(f"/v1/estimates/{estimate['id']}").json() == estimate
    assert estimate["id"] in [e["id"] for e in client.get("/v1/estimates").json()["items"]]
    assert client.delete(f"/v1/estimates/{estimate['id']}").status_code == 204
    assert client.get(f"/v1/estimates/{estimate['id']}").status_code == 404


def test_an_estimate_that_is_not_kept_has_no_id(client):
    made = client.post("/v1/estimates", json={"spec": SPEC, "store": False}).json()
    assert made["id"] is None


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        ({"spec": {"resource": {}}}, "body.spec", "unknown key 'resource'"),
        ({"text": "a: [1"}, "body.text", "not valid YAML"),
        ({"plan": {"resources": {}}}, "body.plan", "no resources"),
        ({}, "body", "exactly one of spec, text and plan"),
        ({"spec": 3}, "body.spec", "valid dictionary"),
        ({"spec": SPEC, "colour": "red"}, "body.colour", "Extra inputs"),
    ],
)
def test_a_bad_architecture_is_a_problem_that_names_its_field(client, body, path, words):
    answer = client.post("/v1/estimates", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["errors"][0]["path"] == path
    assert words in problem["errors"][0]["message"]
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_the_difference_of_two_is_the_difference_of_their_totals(client):
    before = client.post("/v1/estimates", json={"spec": SPEC}).json()
    text = "region: us-east-1\nresources:\n  instance.web: {instance_type: m5.xlarge}\n"
    body = {"before_id": before["id"], "after": {"text": text}}
    found = client.post("/v1/estimates/diff", json=body).json()
    # m5.xlarge costs twice m5.large: 730 × 0.096 more.
    assert found["change"] == pytest.approx(730 * 0.096)
    assert found["before"] == pytest.approx(before["total"]["effective_cost"])


def test_a_number_is_explained_down_to_its_price(client):
    made = client.post("/v1/estimates", json={"spec": SPEC}).json()
    found = client.get(
        f"/v1/estimates/{made['id']}/explanation", params={"address": "aws_instance.web"}
    ).json()
    assert "0.096" in str(found["lines"])


def test_an_idempotency_key_prices_once(client):
    headers = {"Idempotency-Key": "once-1"}
    first = client.post("/v1/estimates", json={"spec": SPEC}, headers=headers)
    again = client.post("/v1/estimates", json={"spec": SPEC}, headers=headers)
    other = client.post(
        "/v1/estimates", json={"spec": {**SPEC, "region": "eu-west-1"}}, headers=headers
    )
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")


def test_pages_of_a_list_neither_overlap_nor_leave_gaps(service):
    with service.client(service.key("paging")) as client:
        made = [client.post("/v1/estimates", json={"spec": SPEC}).json()["id"] for _ in range(5)]
        found, cursor = [], None
        while True:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/estimates", params=query).json()
            found += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert found == made[::-1]


def test_identifiers_of_one_millisecond_sort_in_the_order_they_were_made(monkeypatch):
    moments = [1_795_629_304_178_000_000 + 1_000 * i for i in range(1000)]
    monkeypatch.setattr("api.identity.time.time_ns", iter(moments).__next__)

    made = [new_id("est") for _ in moments]

    assert made == sorted(made)
    assert {len(name) for name in made} == {len("est_") + 28}


def test_a_large_estimate_is_priced_beside_the_event_loop(client):
    resources = {f"sqs_queue.q{i}": {"usage": {"monthly_requests": 1000 + i}} for i in range(900)}
    made = client.post(
        "/v1/estimates", json={"spec": {"region": "us-east-1", "resources": resources}}
    )
    assert made.json()["coverage"]["resources"] == 900


def test_an_uploaded_template_reads_nothing_else_on_this_machine(client, tmp_path):
    secret = tmp_path / "secret.yaml"
    secret.write_text("Resources:\n  Hidden: {Type: AWS::SQS::Queue}\n")
    for place in (str(secret), f"../../../../../../../{secret}", "/etc/passwd"):
        nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": place}}
        body = {"spec": {"Resources": {"Inner": nested}}, "region": "us-east-1"}
        answer = client.post("/v1/estimates", json=body)
        assert "Hidden" not in answer.text
        assert "root:" not in answer.text
        assert answer.status_code == 201
        assert "not in its folder" in answer.text


def test_issues_name_no_file_of_the_service(client):
    text = "region: us-east-1\nresources:\n  instance.web: {instance_type: m5.large, hue: 1}\n"
    for body in ({"text": text}, {"spec": {**SPEC, "x-note": 1}}, {"spec": SPEC}):
        made = client.post("/v1/estimates", json=body).json()
        assert "/" not in "".join(issue["message"] for issue in made["issues"])

    (issue,) = client.post("/v1/estimates", json={"text": text}).json()["issues"]
    assert issue["message"].startswith("yaml:3: 'hue' does not change the price")


def test_an_answer_from_memory_is_the_answer_again_under_its_own_name(client):
    spec = {**SPEC, "resources": {**SPEC["resources"], "sqs_queue.q": {"monthly_requests": 7e6}}}
    first = client.post("/v1/estimates", json={"spec": spec, "name": "one"}).json()
    second = client.post("/v1/estimates", json={"spec": spec, "name": "two"}).json()

    assert (first.pop("name"), second.pop("name")) == ("one", "two")
    assert first.pop("id") != second.pop("id")
    assert first.pop("created_at") <= second.pop("created_at")
    assert first == second
