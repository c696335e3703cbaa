"""Who may do what: every route of the OpenAPI document, with no key, a bad key, too small a key,
and the key of another workspace."""

import subprocess
import time

import pytest

from api.routes import ROUTERS
from tests.api.conftest import SPEC

_BODIES = {
    "/v1/estimates": {"spec": SPEC},
    "/v1/estimates/diff": {"before": {"spec": SPEC}, "after": {"spec": SPEC}},
}


def routes() -> list[tuple[str, str, str]]:
    """Return (method, path, scope) of every route behind the door."""
    from api.access import Door, scope_of

    found = []
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, Door):
                found += [(m, route.path_format, scope_of(route)) for m in sorted(route.methods)]
    return found


ROUTES = routes()


def test_every_route_of_the_api_is_behind_the_door(client):
    paths = client.get("/openapi.json").json()["paths"]
    documented = {
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/v1/")
    }
    # SNS has no key: it signs what it sends.
    assert documented - {(m, p) for m, p, _ in ROUTES} == {
        ("POST", "/v1/inbound/sns/{workspace_id}")
    }
    assert len(ROUTES) > 40


def ask(client, method: str, path: str, **identifiers: str):
    place = path
    for name in ("estimate_id", "bill_id", "job_id", "key_id", "budget_id", "webhook_id",
                 "suppression_id", "verdict_id"):  # fmt: skip
        place = place.replace("{" + name + "}", identifiers.get(name, "x_" + "0" * 28))
    place = (
        place.replace("{number}", "1")
        .replace("{rate_code}", "x")
        .replace("{file_name}", "a.parquet")
    )
    params = {"address": "a", "service": "AmazonS3", "before": "2026-10", "after": "2026-11",
              "file_name": "a.csv"}  # fmt: skip
    body = _BODIES.get(path, identifiers.get("body", {}))
    headers = {"If-Match": '"1"'}
    if method == "PUT" and ("parts" in path or "inventory" in path):
        return client.request(method, place, params=params, content=b"x", headers=headers)
    json = None if method in ("GET", "DELETE") else body
    return client.request(method, place, params=params, json=json, headers=headers)


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_nothing_is_answered_without_a_valid_key(service, method, path, scope):
    for key in (None, "nonsense", "key_" + "0" * 28 + ".x"):
        with service.client(key) as client:
            answer = ask(client, method, path)
        assert answer.status_code == 401, (key, answer.text)
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.fixture(scope="module")
def by_scope(service):
    clients = {s: service.client(service.key("scopes", (s,))) for s in ("read", "write", "admin")}
    yield clients
    for client in clients.values():
        client.close()


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_a_key_needs_the_scope_of_the_route(by_scope, method, path, scope):
    order = ("read", "write", "admin")
    for held in order:
        answer = ask(by_scope[held], method, path)
        if order.index(held) < order.index(scope):
            assert answer.status_code == 403, answer.text
            assert scope in answer.json()["detail"]
        else:
            assert answer.status_code != 401
            assert not (answer.status_code == 403 and answer.json()["type"].endswith("scope"))
            assert answer.status_code < 500, answer.text


@pytest.fixture(scope="module")
def theirs(service, client, sample_bill) -> dict[str, str]:
    """One thing of each kind in the workspace of ``client``."""
    estimate = client.post("/v1/estimates", json={"spec": SPEC}).json()
    budget = client.post("/v1/budgets", json={"name": "iso", "limit": 5}).json()
    hook = client.post("/v1/webhooks", json={"name": "iso", "url": "https://example.com/x"}).json()
    quiet = client.post("/v1/recommendations/suppressions", json={"key": "iso"}).json()
    said = {"monitor": "iso", "from": "2026-11-01", "verdict": "ignore"}
    verdict = client.post("/v1/verdicts", json=said).json()
    key = client.post("/v1/keys", json={"name": "iso"}).json()
    job = client.get("/v1/jobs").json()["items"][0]
    return {
        "estimate_id": estimate["id"], "bill_id": sample_bill["id"], "job_id": job["id"],
        "key_id": key["id"], "budget_id": budget["id"], "webhook_id": hook["id"],
        "suppression_id": quiet["id"], "verdict_id": verdict["id"],
    }  # fmt: skip


_OWNED = [(m, p) for m, p, _ in ROUTES if "_id}" in p]


@pytest.mark.parametrize(("method", "path"), _OWNED)
def test_another_workspace_finds_nothing(service, theirs, method, path):
    body: dict = {}
    if path.endswith("reprice"):
        body = {"scenario": {"region": {"us-east-1": "us-east-2"}}}
    elif "/budgets/" in path:
        body = {"name": "mine now", "limit": 1}
    elif "/bills/" in path:
        body = {"name": "mine now"}
    elif "/verdicts/" in path:
        body = {"monitor": "mine now", "from": "2026-11-01", "verdict": "ignore"}
    elif "/webhooks/" in path:
        body = {"name": "mine now", "url": "https://example.com/y"}
    with service.client(service.key("intruder")) as intruder:
        answer = ask(intruder, method, path, **theirs, body=body)
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/budgets/check", {}),
        ("/v1/commitments/plan", {}),
        ("/v1/commitments/simulate", {"commitments": [{"commitment": 1}]}),
    ],
)
def test_another_workspace_cannot_name_a_bill_in_a_body(service, theirs, path, body):
    with service.client(service.key("intruder")) as intruder:
        answer = intruder.post(path, json={**body, "bill_id": theirs["bill_id"]})
    assert answer.status_code == 404, answer.text


def test_another_workspace_cannot_compare_with_an_estimate(service, theirs):
    body = {"before_id": theirs["estimate_id"], "after": {"spec": SPEC}}
    with service.client(service.key("intruder")) as intruder:
        assert intruder.post("/v1/estimates/diff", json=body).status_code == 404


@pytest.mark.parametrize(
    "path",
    sorted({p for m, p, _ in ROUTES if m == "GET" and "{" not in p and p != "/v1/workspace"}),
)
def test_lists_of_another_workspace_hold_nothing_of_this(service, theirs, path):
    with service.client(service.key("lurker")) as lurker:
        answer = lurker.get(path, params={"service": "AmazonS3"})
    assert answer.status_code == 200
    for identifier in theirs.values():
        assert identifier not in answer.text


def test_an_expired_or_revoked_or_rotated_key_is_no_key(service, client):
    expired = service.key("expired", expires_at=time.time() - 1)
    with service.client(expired) as late:
        assert late.get("/v1/workspace").status_code == 401
    made = client.post("/v1/keys", json={"name": "k", "scopes": ["read"]}).json()
    with service.client(made["secret"]) as own:
        assert own.get("/v1/workspace").json()["scopes"] == ["read"]
        turned = client.post(f"/v1/keys/{made['id']}/rotate").json()
        assert own.get("/v1/workspace").status_code == 401
    with service.client(turned["secret"]) as own:
        assert own.get("/v1/workspace").status_code == 200
        assert client.delete(f"/v1/keys/{made['id']}").status_code == 204
        assert own.get("/v1/workspace").status_code == 401
    listed = [key for key in client.get("/v1/keys").json()["items"] if key["id"] == made["id"]]
    assert listed[0]["revoked_at"]
    assert listed[0]["last_used_at"]
    assert "secret" not in str(listed)


def test_secrets_are_stored_as_hashes_only(service, client):
    secret = client.post("/v1/keys", json={"name": "hashed"}).json()["secret"].partition(".")[2]
    # Read by another process: closing SQLite's files in ours would drop its locks.
    files = sorted(map(str, service.settings.data.glob("costmodel.db*")))
    stored = subprocess.run(["cat", *files], capture_output=True, check=True).stdout
    assert len(stored) > 4096
    assert secret.encode() not in stored


def test_writes_are_in_the_audit_log_and_reads_are_not(client):
    made = client.post("/v1/budgets", json={"name": "audited", "limit": 1})
    client.get("/v1/budgets")
    lines = client.get("/v1/audit").json()["items"]
    newest = lines[0]
    assert (newest["method"], newest["path"], newest["status"]) == ("POST", "/v1/budgets", 201)
    assert newest["request_id"] == made.headers["x-request-id"]
    assert all(line["method"] != "GET" for line in lines)
    client.post("/v1/budgets", json={"name": "bad"})
    assert client.get("/v1/audit").json()["items"][0]["status"] == 422


def test_first_keys_come_from_init(tmp_path):
    from api.server import init
    from api.settings import Settings
    from tests.api.conftest import running

    settings = Settings(data=tmp_path, runs_jobs=False)
    key = init(settings, "team")
    with running(settings) as found, found.client(key) as own:
        assert own.get("/v1/workspace").json()["name"] == "team"
