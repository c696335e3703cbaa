from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import costmodel
from costmodel.errors import BadInputError
from tests.unit.bill.bill_rows import cur_bill
from tests.unit.bill.focus_bill import focus_bill
from tests.unit.bill.focus_bill import row as focus_row


@pytest.fixture(scope="module")
def bill(tmp_path_factory):
    rows = [
        {"line_item_product_code": code, "line_item_unblended_cost": cost,
         "line_item_usage_start_date": f"2026-01-0{day} 00:00:00"}
        for code, cost, day in (("AmazonEC2", 4.0, 1), ("AmazonS3", 3.0, 1), ("AWSLambda", 2.0, 2),
                                ("awskms", 1.0, 2))
    ]  # fmt: skip
    return cur_bill(tmp_path_factory.mktemp("cur"), *rows)


def test_top_keeps_the_largest_groups_and_adds_the_rest_up(bill):
    rows = bill.summarize(by="x_ServiceCode", top=2).rows

    assert [(row[0], float(row[1])) for row in rows] == [
        ("AmazonEC2", 4.0), ("AmazonS3", 3.0), ("other", 3.0),
    ]  # fmt: skip


def test_top_is_by_the_whole_span_and_periods_stay(bill):
    rows = bill.summarize(by="x_ServiceCode", granularity="daily", top=2).rows

    assert [(row[0].day, row[1], float(row[2])) for row in rows] == [
        (1, "AmazonEC2", 4.0), (1, "AmazonS3", 3.0), (2, "other", 3.0),
    ]  # fmt: skip


def test_the_json_form_is_the_one_scripts_rely_on(bill):
    payload = bill.summarize(by="x_ServiceCode,RegionId", granularity="daily", top=1).to_json()

    assert payload["total"] == {"EffectiveCost": 10.0}
    assert payload["rows"][0] == {
        "ChargePeriodStart": "2026-01-01T00:00:00Z", "x_ServiceCode": "AmazonEC2",
        "RegionId": "us-west-2", "EffectiveCost": 4.0,
    }  # fmt: skip


def test_the_table_is_pandas_with_float_metrics(bill):
    table = bill.summarize(by="x_ServiceCode", metric=("BilledCost", "ListCost")).table

    assert list(table.columns) == ["x_ServiceCode", "BilledCost", "ListCost"]
    assert table["BilledCost"].sum() == 10.0


def test_a_summary_shows_itself_as_text_page_and_figure(bill):
    summary = bill.summarize(by="ServiceName", granularity="daily")

    assert "Amazon Simple Storage Service" in summary.to_text()
    assert "<html" in summary.to_html()
    assert len(summary.figure().data) == 4
    assert len(bill.summarize(by="ServiceName").figure().data[0].x) == 4
    assert repr(summary) == "BillSummary(4 rows, EffectiveCost=10.00)"


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"by": "ServcieName"}, "did you mean ServiceName"),
        ({"metric": "ServiceName"}, "cannot be summed"),
        ({"metric": "x_NetUnblendedCost"}, "this bill has no x_NetUnblendedCost"),
        ({"granularity": "weekly"}, "total, monthly, daily or hourly"),
    ],
)
def test_a_wrong_question_is_one_clear_line(bill, question, message):
    with pytest.raises(BadInputError, match=message):
        bill.summarize(**question)


def test_net_columns_are_what_is_billed_and_effective_where_they_exist(tmp_path):
    bill = cur_bill(tmp_path, {"line_item_unblended_cost": 1.0, "line_item_net_unblended_cost": 0.9},
                    {"line_item_unblended_cost": 1.0, "line_item_net_unblended_cost": None})  # fmt: skip

    names = ("BilledCost", "EffectiveCost", "x_AmortizedCost", "x_UnblendedCost",
             "x_NetEffectiveCost")  # fmt: skip
    assert [float(v) for v in bill.summarize(metric=names).total.values()] == [1.9, 1.9, 2, 2, 1.9]


def test_spot_has_no_list_price_rather_than_a_free_one(tmp_path):
    spot = {
        "line_item_usage_type": "USW2-SpotUsage:m5.large",
        "pricing_public_on_demand_cost": 0.0,
    }
    bill = cur_bill(tmp_path, spot)

    (row,) = bill.sql("SELECT ListCost, PricingCategory, x_InstanceType FROM bill").to_pylist()

    assert row == {"ListCost": None, "PricingCategory": "Dynamic", "x_InstanceType": "m5.large"}


def test_what_a_missing_column_disables_is_said(tmp_path):
    bill = cur_bill(tmp_path, {})

    assert [issue.message for issue in bill.issues] == [
        "the column lineItem/ResourceId is missing: no costs by resource",
        "the column reservation/EffectiveCost is missing: no effective cost of reserved usage",
        "the column savingsPlan/SavingsPlanEffectiveCost is missing: no effective cost of usage "
        "under savings plans",
    ]


def test_hand_written_sql_sees_bill_and_money_stays_exact(bill):
    answer = bill.sql("SELECT SUM(BilledCost) AS cost FROM bill WHERE x_ServiceCode LIKE 'A%'")

    assert answer.to_pylist() == [{"cost": Decimal("9.000000000000000000")}]


def test_wrong_sql_is_one_clear_line(bill):
    with pytest.raises(BadInputError, match="nowhere"):
        bill.sql("SELECT * FROM nowhere")


@settings(max_examples=15)
@given(st.lists(st.floats(-1e7, 1e7, allow_nan=False).map(lambda v: round(v, 10)), min_size=1,
                max_size=40))  # fmt: skip
def test_sums_are_those_of_decimals(tmp_path_factory, costs):
    bill = cur_bill(tmp_path_factory.mktemp("sum"),
                    *({"line_item_unblended_cost": cost} for cost in costs))  # fmt: skip

    total = bill.summarize(metric="BilledCost").total["BilledCost"]

    oracle = sum(Decimal(repr(cost)) for cost in costs)
    scale = sum(abs(Decimal(repr(cost))) for cost in costs)
    assert abs(total - oracle) <= scale * Decimal("1e-14")


def test_a_real_month_sums_the_same_from_run_to_run(sample):
    bill = costmodel.read_bill(sample("cur-2018"))

    totals = {bill.summarize(metric="EffectiveCost").total["EffectiveCost"] for _ in range(5)}

    assert len(totals) == 1


@pytest.mark.parametrize("spelling", ["Tags['it''s']", "tag:it's", "tag:'it''s'"])
def test_a_tag_key_with_a_quote_is_found_by_every_spelling(spelling):
    bill = focus_bill([focus_row(Tags={"it's": "x"})])

    assert bill.summarize(by=[spelling]).rows[0][0] == "x"


@pytest.mark.parametrize("spelling", ["Tags['it''s']", "tag:'it''s'"])
def test_a_filter_finds_a_tag_key_with_a_quote(spelling):
    bill = focus_bill([focus_row(Tags={"it's": "x"}), focus_row()])

    assert bill.summarize(filter=f"{spelling} = 'x'").total["EffectiveCost"] == 1


def test_unused_reservations_of_a_focus_export_are_spread_over_their_period():
    unused = focus_row(
        EffectiveCost=31.0, CommitmentDiscountId="ri", CommitmentDiscountStatus="Unused",
        ChargePeriodEnd=datetime(2026, 2, 1, tzinfo=UTC),
    )  # fmt: skip

    days = focus_bill([unused]).summarize(granularity="daily", unused="spread").rows

    assert [float(row[1]) for row in days] == pytest.approx([1.0] * 31)


def test_a_filter_that_no_row_meets_is_said(bill):
    summary = bill.summarize(filter="ServiceName = 'Amazon EC3'")

    assert summary.issues[-1].message == "no row meets ServiceName = 'Amazon EC3'"
    assert bill.summarize(filter="x_ServiceCode = 'AmazonEC2'").issues == bill.issues
