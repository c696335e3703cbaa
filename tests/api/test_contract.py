"""The OpenAPI document against the service: schemathesis on every operation, with auth on."""

import subprocess
import sys

import openapi_spec_validator

from api.settings import Limits, Settings
from tests.api.conftest import running

# What a schema cannot say is refused too: a filter's grammar, a cursor of another list, an ETag.
_NOT_CHECKED = "positive_data_acceptance"


def test_the_document_is_valid_openapi_3_1(client):
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    openapi_spec_validator.validate(document)


def test_schemathesis_finds_nothing(tmp_path):
    # 5xx, undocumented statuses and types, bodies that break their schema, doors that stand open.
    limits = Limits(requests_per_minute=10_000_000, concurrent_requests=100)
    with running(Settings(data=tmp_path, limits=limits, runs_jobs=False)) as service:
        done = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "run", f"{service.url}/openapi.json",
                "--header", f"Authorization: Bearer {service.key()}", "--workers", "2",
                "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "5", "--seed", "1",
                "--checks", "all", "--exclude-checks", _NOT_CHECKED, "--exclude-path-regex", "events",
                "--suppress-health-check", "all", "--no-color",
            ],
            capture_output=True, text=True, timeout=300, cwd=tmp_path, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "cases" in done.stdout
