"""Each check passes on rows that hold and names the rows that do not."""

import json

import pytest
from typer.testing import CliRunner

import costmodel
from costmodel.bill.check.billed_rates import check_billed_rates
from costmodel.bill.check.figure import Verdict
from costmodel.bill.check.identities import IDENTITIES, check_identity
from costmodel.bill.check.quality import check_quality
from costmodel.cli.main import app
from tests.unit.bill.bill_rows import cur_bill, write_cur

OCTOBER = "cur-2018/Oct2018-WorkshopCUR-00001.snappy.parquet"
RI = "arn:aws:ec2:us-west-2:000000000001:reserved-instances/r-1"
SP = "arn:aws:savingsplans::000000000001:savingsplan/s-1"


def line(kind, cost, **other):
    return {"line_item_line_item_type": kind, "line_item_unblended_cost": cost,
            "line_item_blended_cost": cost, "line_item_unblended_rate": "", **other}  # fmt: skip


def reservation_month(used=0.06):
    """A lease of 0.05 an hour and 0.01 of upfront share: one hour used, one idle."""
    return [
        line("DiscountedUsage", 0.0, reservation_reservation_a_r_n=RI,
             reservation_effective_cost=used, reservation_recurring_fee_for_usage=0.05,
             reservation_amortized_upfront_cost_for_usage=0.01),
        line("RIFee", 0.1, reservation_reservation_a_r_n=RI, reservation_unused_quantity=1.0,
             reservation_unused_recurring_fee=0.05,
             reservation_unused_amortized_upfront_fee_for_billing_period=0.01,
             reservation_amortized_upfront_fee_for_billing_period=0.02),
    ]  # fmt: skip


def plan_hour(used=0.4, negation=-0.5, public=0.5, commitment=1.0):
    """A plan of 1 an hour, 0.25 of it paid upfront: 0.4 used for 0.5 of on-demand usage."""
    plan = {"savings_plan_savings_plan_a_r_n": SP}
    return [
        line("SavingsPlanCoveredUsage", 0.5, **plan, pricing_public_on_demand_cost=public,
             pricing_public_on_demand_rate="",
             savings_plan_savings_plan_effective_cost=used),
        line("SavingsPlanNegation", negation, **plan),
        line("SavingsPlanRecurringFee", 0.75, **plan,
             savings_plan_total_commitment_to_date=commitment, savings_plan_used_commitment=0.4,
             savings_plan_amortized_upfront_commitment_for_billing_period=0.25),
        line("SavingsPlanUpfrontFee", 2190.0, savings_plan_savings_plan_a_r_n=""),
    ]  # fmt: skip


def outcome(bill, name):
    (identity,) = [identity for identity in IDENTITIES if identity.name == name]
    return check_identity(bill, identity)


def test_amortised_cost_follows_the_rules_of_each_line_item_type(tmp_path):
    bill = cur_bill(tmp_path, {}, *reservation_month(), *plan_hour(), line("Tax", 2.0),
                    line("Credit", -1.0), line("EdpDiscount", -0.5))  # fmt: skip

    rows = dict(bill.summarize(by="x_LineItemType", metric="EffectiveCost").rows)

    assert {name: round(float(value), 9) for name, value in rows.items()} == {
        "Usage": 0.1, "DiscountedUsage": 0.06, "RIFee": 0.06, "SavingsPlanCoveredUsage": 0.4,
        "SavingsPlanNegation": 0.0, "SavingsPlanRecurringFee": 0.6, "SavingsPlanUpfrontFee": 0.0,
        "Tax": 2.0, "Credit": -1.0, "EdpDiscount": -0.5,
    }  # fmt: skip


def test_unused_commitment_is_a_row_of_its_own_and_its_fee_has_no_effective_cost(tmp_path):
    bill = cur_bill(tmp_path, *reservation_month(), *plan_hour())

    rows = bill.summarize(
        by="ChargeCategory,CommitmentDiscountStatus,CommitmentDiscountType",
        metric="EffectiveCost,BilledCost",
        filter="CommitmentDiscountId is not null",
    ).rows

    assert {row[:3]: tuple(round(float(v), 9) for v in row[3:]) for row in rows} == {
        ("Purchase", None, "Reserved Instance"): (0.0, 0.1),
        ("Usage", "Used", "Reserved Instance"): (0.06, 0.0),
        ("Usage", "Unused", "Reserved Instance"): (0.06, 0.0),
        ("Purchase", None, "Savings Plan"): (0.0, 0.75),
        ("Usage", "Used", "Savings Plan"): (0.4, 0.0),
        ("Usage", "Unused", "Savings Plan"): (0.6, 0.0),
        ("Usage", None, "Savings Plan"): (0.0, 0.0),
    }


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.name)
def test_an_identity_holds_on_a_bill_made_by_its_formula(tmp_path, identity):
    bill = cur_bill(tmp_path, {}, *reservation_month(), *plan_hour(), line("Tax", 2.0))

    figure = check_identity(bill, identity)

    assert figure.verdict is Verdict.PASS
    assert figure.tested >= 1
    assert figure.residual == pytest.approx(0.0, abs=1e-12)


# Identity, rows that break it and none but it where that can be, by how much.
BREAKS = pytest.mark.parametrize(
    ("name", "rows", "residual"),
    [
        ("unblended = amortised + true-up + upfront", reservation_month(used=0.07), 0.01),
        ("reservation lease-month", reservation_month(used=0.07), 0.01),
        ("savings plan hour", plan_hour(used=0.45), 0.05),
        ("savings plan commitment = fee + upfront share", plan_hour(commitment=1.1), 0.1),
        ("savings plan use = effective cost", plan_hour(used=0.45), 0.05),
        ("savings plan saving", plan_hour(public=0.6), 0.1),
        ("covered + negation = 0", plan_hour(negation=-0.2), 0.3),
        ("reserved use = recurring + upfront share", reservation_month(used=0.07), 0.01),
        ("blended = unblended", [{"line_item_blended_cost": 0.3}], 0.2),
        ("usage x rate = cost", [{"line_item_unblended_rate": "0.3"}], 0.2),
        ("usage x public rate = list cost", [{"pricing_public_on_demand_rate": "0.3"}], 0.2),
    ],
)


@BREAKS
def test_an_identity_that_breaks_shows_the_row(tmp_path, name, rows, residual):
    figure = outcome(cur_bill(tmp_path, *rows), name)

    assert figure.verdict is Verdict.FAIL
    assert figure.broken == 1
    assert figure.residual == pytest.approx(residual)
    assert len(figure.rows) == 1
    json.dumps(figure.to_json())


@BREAKS
def test_the_command_exits_1_with_the_rows_that_break_an_identity(tmp_path, name, rows, residual):
    path = write_cur(tmp_path / "cur.parquet", rows)

    done = CliRunner().invoke(app, ["bill", "check", str(path), "--format", "json"])

    assert done.exit_code == 1
    figures = {figure["name"]: figure for figure in json.loads(done.stdout)["figures"]}
    (row,) = figures[name]["rows"]
    assert abs(row["left"] - row["right"]) == pytest.approx(residual)


def test_every_identity_has_a_bill_that_breaks_it():
    broken = {name for name, _rows, _residual in BREAKS.args[1]}

    assert broken == {identity.name for identity in IDENTITIES}


def test_usage_under_the_plan_of_another_account_proves_nothing_about_its_fees(tmp_path):
    covered, negation, _fee, _upfront = plan_hour()

    figure = outcome(cur_bill(tmp_path, covered, negation), "savings plan saving")

    assert figure.verdict is Verdict.SKIPPED


def quality(bill):
    return {figure.name: figure for figure in check_quality(bill)}


def test_the_same_line_twice_is_a_duplicate(tmp_path):
    twice = {"identity_line_item_id": "a"}
    other = {"identity_line_item_id": "a", "line_item_usage_start_date": "2026-01-05 01:00:00"}

    figure = quality(cur_bill(tmp_path, twice, twice, other))["no duplicates"]

    assert (figure.verdict, figure.tested, figure.broken) == (Verdict.FAIL, 2, 1)
    assert figure.rows[0][0] == "a"


def test_a_day_without_usage_is_a_gap(tmp_path):
    days = [{"line_item_usage_start_date": f"2026-01-0{day} 00:00:00"} for day in (1, 2, 5)]

    figure = quality(cur_bill(tmp_path, *days))["no gaps in days"]

    assert (figure.verdict, figure.broken) == (Verdict.FAIL, 2)
    assert figure.rows == [("2026-01-02", "2026-01-05")]


def test_usage_of_an_earlier_month_is_noted_as_late(tmp_path):
    late = {"line_item_usage_start_date": "2025-12-31 00:00:00"}

    figure = quality(cur_bill(tmp_path, {}, late))["late restatements"]

    assert (figure.verdict, figure.broken) == (Verdict.NOTE, 1)


def test_two_currencies_fail_the_check_and_refuse_a_sum(tmp_path):
    bill = cur_bill(tmp_path, {}, {"line_item_currency_code": "EUR"})

    assert quality(bill)["one currency"].verdict is Verdict.FAIL
    with pytest.raises(costmodel.BadInputError, match="several currencies"):
        bill.summarize()
    rows = bill.summarize(by="BillingCurrency").rows
    assert [row[0] for row in rows] == ["EUR", "USD"]


def test_hourly_and_daily_usage_together_are_noted(tmp_path):
    day = {"line_item_usage_end_date": "2026-01-06 00:00:00"}

    figure = quality(cur_bill(tmp_path, {}, day))["one granularity"]

    assert figure.verdict is Verdict.NOTE
    assert [row[0] for row in figure.rows] == ["daily", "hourly"]


def test_a_real_month_passes_every_check(sample):
    check = costmodel.check_bill(sample(OCTOBER))

    assert check.failed == []
    figures = {figure.name: figure for figure in check.figures}
    assert figures["unblended = amortised + true-up + upfront"].residual < 6e-6
    assert figures["reservation lease-month"].residual < 4e-6
    assert figures["blended = unblended"].residual < 3e-6
    assert figures["usage x rate = cost"].broken == 0
    payload = check.to_json()
    assert payload["total"]["x_UnblendedCost"] == pytest.approx(4064.483132, abs=5e-7)
    assert payload["total"]["EffectiveCost"] == pytest.approx(4195.957109, abs=1e-6)
    json.dumps(payload)


def test_most_of_a_real_months_usage_is_found_in_the_catalog(sample):
    found = check_billed_rates(costmodel.read_bill(sample(OCTOBER)), costmodel.load_catalog())

    # Usage and DiscountedUsage less Spot: 3914.71 - 31.51.
    assert found.cost == pytest.approx(3883.20, abs=0.01)
    assert found.share > 0.99
    costs = [row.cost for row in found.unmatched]
    assert costs == sorted(costs, reverse=True)
    assert sum(costs) == pytest.approx(found.cost * (1 - found.share))


def test_list_prices_of_the_focus_sample_are_those_of_the_catalog(sample):
    check = costmodel.check_bill(sample("focus-1.0/focus_sample.csv"))

    figures = {figure.name: figure for figure in check.figures}
    assert figures["usage x public rate = list cost"].broken == 0
    assert figures["one list price per rate code"].verdict is Verdict.PASS
    known = figures["list prices of rate codes in the catalog"]
    assert known.tested > 100
    # DynamoDB on-demand requests were halved in November 2024, after the sample.
    assert {row[0] for row in known.rows} == {
        "4G4G98VBTENWGY5R.JRTCKXETXF.6YS6EN2CT7", "K6UMRY3TVDVCBP56.JRTCKXETXF.6YS6EN2CT7",
    }  # fmt: skip


def test_a_console_file_with_totals_that_do_not_add_up_fails(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text('"Service","S3($)","Total costs($)"\n"Service total","3","3"\n'
                    '"2026-01-01","1","1"\n"2026-01-02","1","1"\n')  # fmt: skip

    check = costmodel.check_bill(path)

    assert [figure.residual for figure in check.failed] == [1.0]


@pytest.mark.parametrize(
    "condition", ["BillingCurrency in ('USD', 'EUR')", "BillingCurrency is not null"]
)
def test_a_filter_that_leaves_two_currencies_is_refused(tmp_path, condition):
    bill = cur_bill(tmp_path, {}, {"line_item_currency_code": "EUR"})

    with pytest.raises(costmodel.BadInputError, match="several currencies"):
        bill.summarize(filter=condition)
    assert bill.summarize(filter="BillingCurrency = 'EUR'").currency == "EUR"


def test_groups_by_currency_have_no_total_and_are_not_folded(tmp_path):
    bill = cur_bill(tmp_path, {}, {"line_item_currency_code": "EUR"})

    summary = bill.summarize(by="BillingCurrency")

    assert summary.total["EffectiveCost"].is_nan()
    assert summary.to_json()["total"] == {"EffectiveCost": None}
    with pytest.raises(costmodel.BadInputError, match="currencies do not"):
        bill.summarize(by="BillingCurrency", top=1)
