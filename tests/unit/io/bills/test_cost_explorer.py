import json
from decimal import Decimal

import pytest

from costmodel.errors import BillError
from costmodel.io.bills.reader import open_bill


def group(keys, amount, metric="UnblendedCost", unit="USD"):
    return {"Keys": keys, "Metrics": {metric: {"Amount": amount, "Unit": unit}}}


def period(start, end, *groups, total=None, estimated=False):
    return {"TimePeriod": {"Start": start, "End": end}, "Total": total or {},
            "Groups": list(groups), "Estimated": estimated}  # fmt: skip


def answer(*periods, groups=(("DIMENSION", "SERVICE"),), token=None):
    page = {"GroupDefinitions": [{"Type": kind, "Key": key} for kind, key in groups],
            "ResultsByTime": list(periods)}  # fmt: skip
    return page | ({"NextPageToken": token} if token else {})


def bill_of(tmp_path, *pages, name="ce.json"):
    path = tmp_path / name
    path.write_text(json.dumps(list(pages) if len(pages) > 1 else pages[0]))
    return open_bill([path], {"EU": "eu-west-1"})


def test_groups_spread_over_pages_of_one_period_add_up(tmp_path):
    day = ("2026-01-01", "2026-01-02")
    bill = bill_of(
        tmp_path,
        answer(period(*day, group(["AWS Lambda"], "0.1")), token="next"),
        answer(period(*day, group(["AWS Lambda"], "0.2"), group(["Tax"], "1e-7"))),
    )

    rows = bill.summarize(by="ServiceName,x_ServiceCode,ChargeCategory").rows

    assert rows == [
        ("AWS Lambda", "AWSLambda", None, Decimal("0.300000000000000000")),
        ("Tax", None, "Tax", Decimal("0.000000100000000000")),
    ]
    assert bill.issues == []


def test_a_last_page_with_a_token_is_an_issue(tmp_path):
    bill = bill_of(
        tmp_path, answer(period("2026-01-01", "2026-01-02", group(["a"], "1")), token="t")
    )

    assert "later pages are missing" in bill.issues[0].message


def test_tag_groups_become_tags_and_an_empty_value_is_untagged(tmp_path):
    day = ("2026-01-01", "2026-01-02")
    bill = bill_of(
        tmp_path,
        answer(period(*day, group(["team$a", "env$x"], "1"), group(["team$", "env$x"], "2")),
               groups=(("TAG", "team"), ("COST_CATEGORY", "env"))),
    )  # fmt: skip

    rows = bill.summarize(by=["tag:team", "x_CostCategories['env']"]).rows

    assert [(row[0], row[1], float(row[2])) for row in rows] == [(None, "x", 2.0), ("a", "x", 1.0)]


def test_every_metric_has_its_column_and_net_is_what_is_billed(tmp_path):
    metrics = {"UnblendedCost": "5", "BlendedCost": "5.5", "AmortizedCost": "6",
               "NetUnblendedCost": "4", "NetAmortizedCost": "4.5"}  # fmt: skip
    total = {name: {"Amount": value, "Unit": "USD"} for name, value in metrics.items()}
    total["UsageQuantity"] = {"Amount": "99", "Unit": "N/A"}
    bill = bill_of(tmp_path, answer(period("2026-01-01", "2026-02-01", total=total), groups=()))

    names = ["BilledCost", "EffectiveCost", "x_AmortizedCost", "x_UnblendedCost", "x_BlendedCost"]
    values = [float(value) for value in bill.summarize(metric=names).total.values()]

    assert values == [4.0, 4.5, 6.0, 5.0, 5.5]
    assert "ConsumedQuantity" not in bill.available
    assert "mixes units" in bill.issues[0].message


def test_usage_types_lose_their_region_prefix(tmp_path):
    bill = bill_of(
        tmp_path,
        answer(period("2026-01-01", "2026-01-02", group(["EU-BoxUsage:m5.large"], "1")),
               groups=(("DIMENSION", "USAGE_TYPE"),)),
    )  # fmt: skip

    assert bill.summarize(by="x_UsageType,RegionId").rows[0][:2] == (
        "BoxUsage:m5.large",
        "eu-west-1",
    )


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ({"ResultsByTime": []}, "holds no costs"),
        (answer(period("2026-01-01", "2026-01-02", group(["a"], "x"))), "'x' is not an amount"),
        (answer(period("then", "2026-01-02", group(["a"], "1"))), "'then' is not a date"),
        (answer(period("2026-01-01", "2026-01-02", group(["a"], "1")),
                period("2026-01-01", "2026-02-01", group(["a"], "1"))), "mixed granularities"),
        (answer(period("2026-01-01", "2026-01-02", group(["a"], "1")),
                groups=(("DIMENSION", "SCOPE"),)), "groups by SCOPE"),
        ({"ResultsByTime": [{"Groups": []}]}, "TimePeriod is missing"),
    ],
)  # fmt: skip
def test_a_bad_answer_is_one_clear_line(tmp_path, page, message):
    with pytest.raises(BillError, match=message):
        bill_of(tmp_path, page)


def test_daily_and_monthly_answers_together_are_refused(tmp_path):
    daily = answer(period("2026-01-01", "2026-01-02", group(["a"], "1")))
    monthly = answer(period("2026-01-01", "2026-02-01", group(["a"], "1")))
    for name, page in (("d.json", daily), ("m.json", monthly)):
        (tmp_path / name).write_text(json.dumps(page))

    with pytest.raises(BillError, match="mixed granularities"):
        open_bill([tmp_path], {})


def test_the_real_answer_sums_to_its_published_total(sample):
    bill = open_bill([sample("cost-explorer/get_cost_and_usage_daily_by_service.json")], {})

    days = bill.summarize(granularity="daily").rows

    assert round(float(bill.summarize().total["BilledCost"]), 2) == 67.25
    assert len(days) == 86


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"ResultsByTime": None}, "ResultsByTime is None"),
        ({"ResultsByTime": [{"TimePeriod": {"Start": 1, "End": 2}}]}, "1 is not a date"),
        ({"ResultsByTime": [period("2026-01-01", "2026-01-02",
                                   {"Keys": ["a"], "Metrics": {"UnblendedCost": "1"}})]},
         "UnblendedCost is '1'"),
    ],
)  # fmt: skip
def test_json_of_another_shape_is_one_clear_error(tmp_path, document, message):
    with pytest.raises(BillError, match=message):
        bill_of(tmp_path, document)


def test_json_nested_without_end_is_one_clear_error(tmp_path):
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000)

    with pytest.raises(BillError, match="nested too deeply"):
        open_bill([path], {})
