"""What a change costs once, its first month, its first year, and when it is paid back."""

import math
from dataclasses import replace

import numpy as np
import pytest

import costmodel
from costmodel.io.rule_files import load_rules
from costmodel.optimize.line_pricing import PriceBook, once_cost
from costmodel.optimize.wording import one_off_issues
from costmodel.report.figures_recommendations import cash_over_a_year, savings_waterfall
from costmodel.report.recommendations import tickets
from tests.rule_cases import scope_of
from tests.unit.optimize.rules.test_recommend import OLD, account, volume


@pytest.fixture(scope="module")
def book():
    return PriceBook(costmodel.load_catalog())


@pytest.mark.parametrize(
    ("check", "row", "usd"),
    [
        ("efs-lifecycle", {}, 8.00),  # 800 GB moved x .01
        ("ddb-unused", {"size_bytes": 2.0**30 * 50}, 5.00),  # 50 GB exported x .10
        ("s3-glacier-vault", {}, 0.05),  # 1,000 uploads to Deep Archive x .05 per 1,000
    ],
)
def test_usage_that_happens_once_is_priced_from_the_catalog(check, row, usd, book) -> None:
    rule = load_rules().rule(check)

    cost = once_cost(scope_of(rule, {**rule.example["row"], **row}), rule.once, book)

    assert cost[0] == pytest.approx(usd, abs=0.001)


def cohort(**columns):
    return {
        "resource_id": "logs", "region_id": "us-east-1", "storage_class": "STANDARD",
        "age_days": 200.0, "object_bytes": 2.0**20, "objects": 1_024_000.0, "bytes": 2.0**30 * 1000,
        "created_at": OLD, **columns,
    }  # fmt: skip


def moved_to_glacier():
    """Return the advice for 1,000 GB in objects of 1 MB that nobody reads."""
    rule = next(r for r in load_rules().rules if r.id == "s3-gir")
    (found,) = costmodel.recommend(
        account({"ebs_volumes": [volume("vol-1", state="available")]})
    ).accepted
    # 1,024,000 transitions x .02 per 1,000; 1,000 GB x (.023 - .004)
    return replace(found, rule=rule, one_off=20.48, list_saving=19.0, effective_saving=19.0)


def test_month_one_pays_what_is_paid_once() -> None:
    found = moved_to_glacier()

    assert found.first_month_saving == pytest.approx(-1.48)
    assert found.first_year_saving == pytest.approx(12 * 19.0 - 20.48)
    # The reference's payback of a 1 MB object: 1.08 months.
    assert found.payback_months == pytest.approx(1.08, abs=0.005)


def test_an_upfront_fee_is_paid_in_cash_and_spread_in_the_saving() -> None:
    # On demand 100 a month; All Upfront 720 a year, 60 a month amortised.
    found = replace(moved_to_glacier(), effective_saving=40.0, one_off=720.0, prepaid=60.0)

    assert found.cash_saving == 100.0
    assert found.first_month_saving == -620.0
    assert found.first_year_saving == pytest.approx(12 * 40.0)
    assert found.payback_months == pytest.approx(7.2)


def test_an_unknown_cost_is_unknown_and_named() -> None:
    found = replace(moved_to_glacier(), one_off=math.nan)

    (issue,) = one_off_issues([found])
    assert (issue.address, "vol-1" in issue.message) == ("s3-gir", True)
    assert found.to_json()["firstMonthSavings"] is None
    assert found.to_json()["oneOffCost"] is None


def result():
    whole = costmodel.recommend(account({"ebs_volumes": [volume("vol-1", state="available")]}))
    return replace(whole, accepted=[moved_to_glacier()])


def test_totals_stand_in_json_table_and_summary() -> None:
    found = result()
    document = found.to_json()

    assert document["oneOffCost"] == pytest.approx(20.48)
    assert document["firstMonthSavings"] == pytest.approx(-1.48)
    assert document["items"][0]["firstYearCashSavings"] == pytest.approx(207.52)
    assert found.table["x_FirstMonthSavings"][0] == pytest.approx(-1.48)
    assert found.table["x_PaybackMonths"][0] == pytest.approx(20.48 / 19.0)
    page = found.to_html()
    assert "-1.48" in page.replace("−", "-")
    assert "207.52 in the first year" in page
    assert "back in 1.1 months; month 1 saves -1.48 USD" in tickets(found).replace("−", "-")


def test_the_figure_starts_at_what_is_paid_once() -> None:
    cash, amortised = cash_over_a_year(result()).data

    assert cash["y"][0] == pytest.approx(-20.48)
    assert cash["y"][12] == pytest.approx(12 * 19.0 - 20.48)
    assert list(amortised["y"])[:2] == [0.0, 19.0]


def test_transitions_are_counted_from_an_inventory() -> None:
    tables = {
        "s3_cohorts": [cohort()],
        "s3_buckets": [{"resource_id": "logs", "region_id": "us-east-1"}],
    }
    key = {"resource_id": "logs", "table": "s3_buckets", "metric": "BytesDownloaded"}

    found = costmodel.recommend(account(tables, [(key, np.zeros(35 * 24))]))

    (advice,) = [r for r in found.accepted if r.rule.table == "s3_cohorts"]
    assert advice.rule.id == "s3-da"
    assert advice.one_off == pytest.approx(51.20)  # 1,024,000 x .05 per 1,000
    assert advice.first_month_saving == pytest.approx(advice.effective_saving - 51.20)


def test_small_savings_can_be_seen_in_the_waterfall_and_are_green() -> None:
    small = volume("vol-1", state="available", size_gb=100.0)
    kept = volume("vol-2", state="in-use", size_gb=9000.0, volume_type="gp3")
    result = costmodel.recommend(account({"ebs_volumes": [small, kept]}))

    figure = savings_waterfall(result)

    (trace,) = figure.data
    low, high = figure.layout.yaxis.range
    assert list(trace.measure) == ["absolute", "relative", "total"]
    assert trace.y[1] == pytest.approx(-result.list_saving)
    assert trace.y[2] == pytest.approx(result.cost_before - result.list_saving)
    # The step takes at least a quarter of the axis, which 0 … cost before would make invisible.
    assert result.list_saving < 0.01 * result.cost_before
    assert result.list_saving / (high - low) > 0.25
    assert trace.decreasing.marker.color == "#2e8b57"
