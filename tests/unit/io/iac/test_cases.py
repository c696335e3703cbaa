"""The reference cases read the same as a spec of their own and as a plan JSON."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from costmodel import read_plan, read_spec
from tests.cases import case_names, case_spec, load_case, plan_document, terraform_source


@pytest.mark.parametrize("name", case_names() or ["any"])
def test_a_case_reads_the_same_from_its_plan(name: str, tmp_path: Path) -> None:
    case = load_case(name)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_document(case.document)), encoding="utf-8")

    before, after = read_plan(path)

    expected = case_spec(case.document)
    assert before.resources == []
    assert [(r.address, r.type, r.region, r.inputs, r.references) for r in after.resources] == [
        (r.address, r.type, r.region, r.inputs, r.references) for r in expected.resources
    ]


def without_what_the_parser_knows(value):
    # An S3 ARN follows from the name; depends_on is no attribute.
    if isinstance(value, dict):
        return {
            key: without_what_the_parser_knows(item)
            for key, item in value.items()
            if key not in ("bucket_arn", "depends_on")
        }
    return [without_what_the_parser_knows(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", case_names() or ["any"])
def test_a_case_reads_the_same_from_its_source(name: str, tmp_path: Path) -> None:
    pytest.importorskip("tfparse", reason="needs the terraform extra")
    case = load_case(name)
    (tmp_path / "main.tf").write_text(terraform_source(case.document), encoding="utf-8")

    read = {resource.address: resource for resource in read_spec(tmp_path).resources}

    expected = [r for r in case_spec(case.document).resources if not r.address.endswith("]")]
    assert read.keys() == {resource.address for resource in expected}
    for resource in expected:
        found = read[resource.address]
        assert found.region == resource.region
        assert found.references == resource.references
        assert without_what_the_parser_knows(found.inputs) == without_what_the_parser_knows(
            resource.inputs
        )


@pytest.mark.parametrize("name", case_names() or ["any"])
def test_the_lines_of_a_case_add_up_to_its_total(name: str) -> None:
    case = load_case(name)

    # Lines are rounded one by one: half a cent each, and the total's own half.
    costs = [line.monthly_cost for line in case.expected if line.monthly_cost is not None]
    assert abs(sum(costs) - case.total) <= (len(costs) + 1) * Decimal("0.005")
