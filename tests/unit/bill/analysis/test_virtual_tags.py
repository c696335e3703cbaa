"""Virtual tags say whose a row is; shared costs are split and nothing is lost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.bill.analysis.virtual_tags import allocate, parse_virtual_tag, split_amount
from costmodel.errors import BadInputError
from tests.unit.bill.focus_bill import focus_bill, row

RULES = {
    "name": "team",
    "rules": [
        {"value": "platform", "filter": "x_ServiceCode = 'AWSSupportBusiness'"},
        {"value_of": "tag:team"},
        {"value": "search", "filter": "SubAccountId = '000000000099'"},
    ],
}


def rules(**changes: object) -> dict:
    return RULES | changes


def bill():
    return focus_bill(
        [
            row(cost=30.0, Tags={"user:team": "checkout"}),
            row(cost=10.0, SubAccountId="000000000099"),
            row(cost=4.0, x_ServiceCode="AWSSupportBusiness"),
            row(cost=1.0),
        ]
    )


def totals(**changes: object) -> dict[str, float]:
    allocation = allocate(bill(), parse_virtual_tag(rules(**changes), "rules.yaml"))
    assert allocation.total == Decimal(45)
    return {entry.value: float(entry.total) for entry in allocation.rows}


def test_the_first_rule_that_fits_wins_and_the_rest_has_the_default() -> None:
    assert totals() == {"checkout": 30.0, "search": 10.0, "platform": 4.0, "unallocated": 1.0}


def test_shared_cost_follows_direct_cost() -> None:
    shared = [{"value": "platform"}, {"value": "unallocated", "split": "even"}]

    # 4 split 30 : 10 = 3 + 1; 1 split evenly = 0.5 + 0.5.
    assert totals(shared=shared) == {
        "checkout": 33.5, "search": 11.5, "platform": 0.0, "unallocated": 0.0,
    }  # fmt: skip


def test_weights_may_name_an_owner_without_cost() -> None:
    shared = [{"value": "platform", "split": "weights", "weights": {"search": 3, "new": 1}}]

    assert totals(shared=shared) == {
        "checkout": 30.0, "search": 13.0, "unallocated": 1.0, "new": 1.0, "platform": 0.0,
    }  # fmt: skip


def test_without_takers_a_shared_cost_stays() -> None:
    only = focus_bill([row(cost=5.0)])
    tag = parse_virtual_tag(rules(shared=[{"value": "unallocated"}]), "rules.yaml")

    (entry,) = allocate(only, tag).rows

    assert (entry.value, entry.total) == ("unallocated", Decimal(5))


@given(
    amount=st.decimals(-(10**9), 10**9, places=10),
    weights=st.dictionaries(
        st.sampled_from("abcdef"), st.decimals("0.001", 10**6, places=3), min_size=1
    ),
)
def test_parts_add_up_exactly(amount: Decimal, weights: dict[str, Decimal]) -> None:
    parts = split_amount(amount, weights)

    assert sum(parts.values(), Decimal(0)) == amount
    for value, weight in weights.items():
        fair = amount * weight / sum(weights.values())
        assert abs(parts[value] - fair) <= Decimal("1e-8")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([], "expected a mapping"),
        ({"rules": []}, "rules is empty"),
        ({"rule": []}, "unknown key 'rule'"),
        ({"rules": {"a": 1}}, "rules is a list"),
        ({"rules": [{"value": "a"}]}, "rule 1: a rule with a value needs a filter"),
        ({"rules": [{"value": "a", "value_of": "b"}]}, "value or value_of"),
        (rules(shared=[{"split": "even"}]), "name the value"),
        (rules(shared=[{"value": "a", "split": "fair"}]), "split 'fair'"),
        (rules(shared=[{"value": "a", "split": "weights"}]), "weights go with"),
        (rules(shared=[{"value": "a", "weights": {"b": 1}}]), "weights go with"),
        (rules(shared=[{"value": "a", "split": "weights", "weights": {"b": -1}}]), "above 0"),
        (rules(shared=[{"value": "a"}, {"value": "a"}]), "shared twice"),
    ],
)
def test_wrong_rules_are_named(wrong: object, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        parse_virtual_tag(wrong, "rules.yaml")


def test_a_filter_that_cannot_be_read_is_named() -> None:
    tag = parse_virtual_tag({"rules": [{"value": "a", "filter": "Servce = 1"}]}, "rules.yaml")

    with pytest.raises(BadInputError, match="Servce"):
        allocate(bill(), tag)


def test_results_show_themselves() -> None:
    allocation = allocate(bill(), parse_virtual_tag(RULES, "rules.yaml"))

    assert allocation.to_json()["rows"][0] == {
        "value": "checkout", "direct": 30.0, "shared": 0.0, "total": 30.0,
    }  # fmt: skip
    assert list(allocation.table["team"]) == ["checkout", "search", "platform", "unallocated"]
    assert "45.00" in allocation.to_text()
    assert "plotly" in allocation.to_html()


@pytest.mark.parametrize("column", ["Tags", "BilledCost"])
def test_the_value_of_a_map_or_an_amount_is_no_owner(column) -> None:
    with pytest.raises(BadInputError, match="name a column of text"):
        totals(rules=[{"value_of": column}])
