"""Every example beside every rule: positive, negative, boundary, missing evidence."""

import numpy as np
import pytest

import costmodel
from costmodel.io.rule_files import load_rules
from costmodel.optimize.billed_share import BilledShare
from costmodel.optimize.line_pricing import Account, PriceBook
from costmodel.optimize.rank import State, price_candidate
from costmodel.optimize.rule_engine import Verdict, check_rule
from tests.rule_cases import Case, cases, scope_of

CASES = list(cases())


@pytest.fixture(scope="module")
def book():
    return PriceBook(costmodel.load_catalog())


def saving_of(case: Case, book: PriceBook) -> float:
    scope = scope_of(case.rule, case.row)
    state = State({case.rule.table: scope}, Account(book), BilledShare())
    return float(price_candidate(state, case.rule, np.array([0])).savings.list[0])


@pytest.mark.parametrize("case", [c for c in CASES if c.kind == "fires"], ids=str)
def test_a_rule_fires_and_saves_what_the_price_list_says(case: Case, book: PriceBook) -> None:
    verdict = check_rule(case.rule, scope_of(case.rule, case.row)).verdict[0]

    assert verdict == Verdict.ADVISED
    if case.saving is not None:
        assert saving_of(case, book) == pytest.approx(case.saving, abs=0.0051)


@pytest.mark.parametrize("case", [c for c in CASES if c.kind == "passes"], ids=str)
def test_a_rule_passes_over_what_does_not_meet_its_conditions(case: Case) -> None:
    assert check_rule(case.rule, scope_of(case.rule, case.row)).verdict[0] == Verdict.PASSED


@pytest.mark.parametrize("case", [c for c in CASES if c.kind == "unknown"], ids=str)
def test_missing_evidence_is_never_advice(case: Case) -> None:
    assert check_rule(case.rule, scope_of(case.rule, case.row)).verdict[0] != Verdict.ADVISED


@pytest.mark.parametrize("case", [c for c in CASES if c.kind == "saves_nothing"], ids=str)
def test_what_would_cost_more_has_no_saving(case: Case, book: PriceBook) -> None:
    assert not saving_of(case, book) > 0.001


def test_every_rule_has_a_positive_and_a_negative_example() -> None:
    for rule in load_rules().rules:
        kinds = {case.kind for case in CASES if case.rule.id == rule.id}
        assert {"fires", "passes"} <= kinds, rule.id
        assert rule.advisory or any(
            case.saving is not None for case in CASES if case.rule.id == rule.id
        ), rule.id
