"""The client that openapi-python-client generates from the document, used against the service."""

import importlib
import json
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from tests.api.test_bills import FOCUS

# SNS sends text/plain and signs it: no client of ours calls that.
_NOT_GENERATED = "POST /v1/inbound/sns/{workspace_id}"


@pytest.fixture(scope="module")
def generated(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(client.get("/openapi.json").text)
    done = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json",
         "--output-path", "costmodel_client", "--meta", "none"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout + done.stderr
    told = [line for line in printed.splitlines() if line.startswith(("WARNING", "ERROR"))]
    assert len(told) == 1, printed
    assert _NOT_GENERATED in told[0]
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("costmodel_client")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.startswith("costmodel_client")]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def api(generated, service):
    """Operations by name, bound to a client with a key of a workspace of its own."""
    key = service.key("generated client")
    client = generated.AuthenticatedClient(
        base_url=service.url, token=key, raise_on_unexpected_status=True, timeout=60
    )

    def operation(group: str, name: str):
        module = importlib.import_module(f"costmodel_client.api.{group}.{name}")
        return lambda *args, **kwargs: module.sync(*args, client=client, **kwargs)

    with client:
        yield operation


@pytest.fixture(scope="module")
def models(generated):
    found = importlib.import_module("costmodel_client.models")
    types = importlib.import_module("costmodel_client.types")
    return SimpleNamespace(**vars(found), File=types.File)


def ended(api, job):
    until = time.monotonic() + 60
    while job.status not in ("done", "failed", "cancelled"):
        assert time.monotonic() < until, job
        time.sleep(0.1)
        job = api("jobs", "jobs_read")(job.id)
    return job


@pytest.fixture(scope="module")
def bill(api, models):
    made = api("bills", "bills_create")(body=models.BillRequest(name="by client"))
    part = api("bills", "bills_upload_part")(
        made.bill.id, 1, file_name="bill.csv", body=models.File(payload=FOCUS.encode())
    )
    assert part.bytes_ == len(FOCUS)
    job = ended(api, api("bills", "bills_start_import")(made.bill.id))
    assert job.status == "done", job.message
    return made.bill.id


def test_every_operation_but_that_of_sns_is_generated_and_can_be_imported(client, generated):
    groups = {}
    for methods in client.get("/openapi.json").json()["paths"].values():
        for operation in methods.values():
            groups[operation["operationId"]] = operation["tags"][0]
    assert len(groups) > 50
    del groups["inbound_receive_sns"]
    for name, group in groups.items():
        module = importlib.import_module(f"costmodel_client.api.{group}.{name}")
        assert callable(module.sync_detailed)


def test_an_estimate_is_priced_read_again_and_compared(api, models):
    def spec(kind: str):
        tree = {"region": "us-east-1", "resources": {"instance.web": {"instance_type": kind}}}
        return models.EstimateRequest.from_dict({"spec": tree, "name": kind})

    small = api("estimates", "estimates_create_estimate")(body=spec("m5.large"))
    large = api("estimates", "estimates_create_estimate")(body=spec("m5.xlarge"))
    # 730 hours of m5.large at 0.096 USD and its root volume, 8 GB of gp2 at 0.10 USD.
    assert small.total.list_cost == pytest.approx(730 * 0.096 + 8 * 0.10)
    again = api("estimates", "estimates_read_estimate")(small.id)
    assert again.to_dict() == small.to_dict()
    found = api("estimates", "estimates_diff_estimates")(
        body=models.DiffRequest(before_id=small.id, after_id=large.id)
    )
    assert found.change == pytest.approx(730 * 0.096)


def test_an_uploaded_bill_answers_what_it_costs(api, bill):
    answer = api("bills", "bills_costs")(bill, group_by=["RegionId"])
    assert answer.total.to_dict() == {"EffectiveCost": 12.75}
    assert answer.rows[0].to_dict() == {"RegionId": "eu-west-1", "EffectiveCost": 12.75}


def test_recommendations_of_a_bill_are_looked_for_and_listed(api, models, bill):
    job = api("recommendations", "recommendations_run")(body=models.RunRequest(bill_id=bill))
    job = ended(api, job)
    assert job.status == "done", job.message
    listed = api("recommendations", "recommendations_list_recommendations")()
    assert len(listed.items) == len(job.result.to_dict()["items"])


def test_a_budget_is_made_changed_checked_and_deleted(api, models, bill):
    body = models.BudgetRequest(name="by client", limit=10, thresholds=["100%"])
    made = api("budgets", "budgets_create")(body=body)
    body.limit = 12
    changed = api("budgets", "budgets_change")(made.id, body=body, if_match=f'"{made.version}"')
    assert changed.version == 2
    late = api("budgets", "budgets_change")(made.id, body=body, if_match=f'"{made.version}"')
    assert isinstance(late, models.Problem)
    assert late.status == 412
    check = models.CheckRequest.from_dict({"bill_id": bill, "as_of": "2026-10-31T00:00:00Z"})
    report = api("budgets", "budgets_check")(body=check)
    status = report.to_dict()["budgets"][0]
    assert (status["state"], status["actual"], status["limit"]) == ("ALARM", 12.75, 12)
    api("budgets", "budgets_delete")(made.id)
    gone = api("budgets", "budgets_read")(made.id)
    assert isinstance(gone, models.Problem)
    assert gone.status == 404


def test_a_problem_names_the_field(api, models):
    bad = models.EstimateRequest.from_dict({"text": "resource: {}"})
    problem = api("estimates", "estimates_create_estimate")(body=bad)
    assert isinstance(problem, models.Problem)
    assert problem.status == 422
    assert json.loads(json.dumps(problem.to_dict()))["errors"][0]["path"] == "body.text"
