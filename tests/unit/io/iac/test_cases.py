"""The reference cases read the same as a spec of their own and as a plan JSON."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from costmodel import read_plan
from tests.cases import case_names, case_spec, load_case, plan_document


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


@pytest.mark.parametrize("name", case_names() or ["any"])
def test_the_lines_of_a_case_add_up_to_its_total(name: str) -> None:
    case = load_case(name)

    # Lines are rounded one by one: half a cent each, and the total's own half.
    costs = [line.monthly_cost for line in case.expected if line.monthly_cost is not None]
    assert abs(sum(costs) - case.total) <= (len(costs) + 1) * Decimal("0.005")
