"""The OpenAPI document against the service: schemathesis on every operation, with auth on."""

import subprocess
import sys

import openapi_spec_validator

from api.settings import Limits, Settings
from tests.api.conftest import running

_CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance", "response_headers_conformance", "unsupported_method",
    "ignored_auth", "missing_required_header",
)  # fmt: skip


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
                "--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "1",
                "--checks", ",".join(_CHECKS), "--exclude-path-regex", "events",
                "--suppress-health-check", "all", "--no-color",
            ],
            capture_output=True, text=True, timeout=300, cwd=tmp_path, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "cases" in done.stdout
