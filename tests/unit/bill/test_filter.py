import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.bill.filter import compile_filter
from costmodel.errors import BadInputError
from tests.unit.bill.bill_rows import cur_bill

ROWS = (
    {"line_item_resource_id": "i-1", "line_item_unblended_cost": 1.0},
    {"line_item_resource_id": "o'brien", "line_item_unblended_cost": 2.0,
     "line_item_usage_type": "EU-EBS:VolumeUsage.gp3", "product_region_code": "eu-west-1"},
    {"line_item_resource_id": "", "line_item_unblended_cost": 4.0,
     "line_item_usage_start_date": "2026-01-20 00:00:00", "resource_tags_user_team": "a"},
)  # fmt: skip


@pytest.fixture(scope="module")
def bill(tmp_path_factory):
    return cur_bill(tmp_path_factory.mktemp("cur"), *ROWS)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("ResourceId = 'i-1'", 1.0),
        ("resourceid == \"i-1\"", 1.0),
        ("ResourceId = 'o''brien'", 2.0),
        ("ResourceId != 'i-1'", 2.0),
        ("ResourceId is null", 4.0),
        ("ResourceId is not null", 3.0),
        ("ResourceId in ('i-1', 'o''brien')", 3.0),
        ("ResourceId not in ('i-1')", 2.0),
        ("x_UsageType like 'EBS%'", 2.0),
        ("x_UsageType not like 'EBS%'", 5.0),
        ("BilledCost > 1", 6.0),
        ("BilledCost >= 2 and BilledCost < 4", 2.0),
        ("BilledCost between 1 and 2", 3.0),
        ("ChargePeriodStart >= '2026-01-10'", 4.0),
        ("ChargePeriodStart < '2026-01-05T01:00:00Z'", 3.0),
        ("tag:team = 'a'", 4.0),
        ("Tags['team'] is null", 3.0),
        ("RegionId = 'eu-west-1' or tag:team = 'a'", 6.0),
        ("not (RegionId = 'eu-west-1' or tag:team = 'a')", 1.0),
        ("RegionId = 'us-west-2' and (ResourceId = 'i-1' or tag:team = 'a')", 5.0),
        ("SubAccountId = 000000000002", 7.0),
    ],
)  # fmt: skip
def test_a_filter_selects(bill, text, cost):
    assert float(bill.summarize(metric="BilledCost", filter=text).total["BilledCost"]) == cost


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("RegionID2 = 'x'", "did you mean RegionId"),
        ("RegionId", "expected a comparison at the end"),
        ("RegionId = ", "expected a value at the end"),
        ("RegionId = x", "expected a 'text' or a number at 'x' (character 12)"),
        ("RegionId = 'x' RegionId", "expected 'and', 'or' or the end"),
        ("RegionId in 'x'", "expected '('"),
        ("(RegionId = 'x'", "expected ')'"),
        ("RegionId = 'x'; drop table bill", "cannot read ';'"),
        ("BilledCost > 'x'", "write it without quotes"),
        ("ChargePeriodStart > 'soon'", "is not a date"),
        ("Tags = 'x'", "Tags['key']"),
        ("and = 'x'", "expected a column"),
        ("not not RegionId = 'x'", "expected a column"),
        ("RegionId not = 'x'", "after 'not' comes"),
        ("RegionId is 'x'", "expected 'null'"),
        ("(" * 60 + "RegionId = 'x'" + ")" * 60, "nested more than 50 deep"),
    ],
)
def test_a_wrong_filter_is_one_clear_line(bill, text, message):
    with pytest.raises(BadInputError) as caught:
        bill.summarize(filter=text)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_compared_as_itself(text):
    quoted = "'" + text.replace("'", "''") + "'"

    compiled = compile_filter(f"x = {quoted}", lambda name: (f'"{name}"', "text"))

    assert compiled.sql == f'"x" = {quoted}'


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text):
    with contextlib.suppress(BadInputError):
        compile_filter(text, lambda name: (f'"{name}"', "text"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ChargePeriodStart >= '2026-13-45'", "no such day"),
        ("ChargePeriodStart >= '2026-01-31T25:00'", "no such day"),
        ("ChargePeriodStart like '2026%'", "like is for texts"),
    ],
)
def test_a_day_there_is_not_and_a_pattern_for_a_time_are_refused(text, message):
    with pytest.raises(BadInputError, match=message):
        compile_filter(text, lambda name: (name, "time"))
