from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from costmodel.budget.alert import AlertKind, Severity
from costmodel.budget.anomalies import find_spend_anomalies
from costmodel.budget.feedback import Feedback, parse_feedback
from costmodel.budget.spend import Spend
from costmodel.engine.anomaly import Sensitivity
from costmodel.errors import BadInputError

BY = ("ServiceName", "SubAccountId")


def spend(rises: dict[tuple[str, str], float], day: int = 60, days: int = 70) -> Spend:
    """Two services in two accounts, 100 a day each; some rise on one day."""
    frames = []
    random = np.random.default_rng(0)
    for service in ("Amazon EC2", "Amazon S3"):
        for account in ("001", "002"):
            cost = 100.0 + random.normal(0, 1, days)
            cost[day] += rises.get((service, account), 0.0)
            frames.append(
                pd.DataFrame(
                    {
                        "ChargePeriodStart": pd.date_range("2026-01-01", periods=days, tz="UTC"),
                        "ServiceName": service,
                        "SubAccountId": account,
                        "RegionId": "us-east-1",
                        "x_UsageType": "BoxUsage",
                        "EffectiveCost": cost,
                        "ConsumedQuantity": 100.0,
                    }
                )
            )
    return Spend.from_table(pd.concat(frames))


def find(data: Spend, **options):
    return find_spend_anomalies(data, by=BY, metric="EffectiveCost", **options)


def test_a_rise_is_told_once_at_the_place_where_it_happened() -> None:
    report = find(spend({("Amazon EC2", "001"): 80.0}))

    (anomaly,) = report.anomalies
    assert anomaly.node.name == "Amazon EC2 · 001"
    assert (anomaly.start, anomaly.end) == (date(2026, 3, 2), date(2026, 3, 3))
    assert anomaly.impact == pytest.approx(80.0, abs=3.0)
    assert anomaly.percent == pytest.approx(80.0, abs=4.0)


def test_many_small_rises_are_found_on_their_parent() -> None:
    # 12 % each passes no floor of 15 a day; 48 in all does.
    rises = {(s, a): 12.0 for s in ("Amazon EC2", "Amazon S3") for a in ("001", "002")}

    report = find(spend(rises), sensitivity=Sensitivity(2.0, 40.0, 10.0))

    assert [a.node.name for a in report.anomalies] == ["total"]
    assert report.anomalies[0].impact == pytest.approx(48.0, abs=6.0)


def test_causes_add_up_to_the_change_and_split_price_from_quantity() -> None:
    report = find(spend({("Amazon EC2", "001"): 80.0}))

    (cause,) = report.anomalies[0].causes
    assert cause.value == "Amazon EC2 · 001 · us-east-1 · BoxUsage"
    assert cause.amount == pytest.approx(80.0, abs=3.0)
    assert cause.price_effect == pytest.approx(cause.amount)  # the quantity stayed 100
    assert cause.quantity_effect == pytest.approx(0.0, abs=1e-9)


def test_feedback_ignores_and_confirms() -> None:
    data = spend({("Amazon EC2", "001"): 80.0})
    around = (date(2026, 3, 1), date(2026, 3, 2))

    ignored = find(data, feedback=[Feedback("Amazon EC2*", *around, "ignore")])
    confirmed = find(data, feedback=[Feedback("*", *around, "confirm")])
    elsewhere = find(data, feedback=[Feedback("Amazon S3*", *around, "ignore")])

    assert (len(ignored.anomalies), ignored.ignored) == (0, 1)
    assert confirmed.anomalies[0].verdict == "confirm"
    assert elsewhere.anomalies[0].verdict == ""


@pytest.mark.parametrize(
    ("rise", "severity"),
    [
        (1300.0, Severity.CRITICAL),  # a month is about 12,000
        (500.0, Severity.ERROR),
        (100.0, Severity.WARNING),
        (40.0, Severity.INFO),
    ],
)
def test_severity_is_the_share_of_a_months_spend(rise: float, severity: Severity) -> None:
    report = find(spend({("Amazon EC2", "001"): rise}))

    assert report.anomalies[0].severity is severity


def test_alerts_keep_their_key_from_day_to_day() -> None:
    now = datetime(2026, 3, 4, tzinfo=UTC)
    report = find(spend({("Amazon EC2", "001"): 80.0}))
    later = find(spend({("Amazon EC2", "001"): 80.0}, days=75))

    (alert,) = report.alerts(now)

    assert alert.key == "Amazon EC2 · 001/2026-03-02/anomaly"
    assert later.alerts(now)[0].key == alert.key
    assert alert.kind is AlertKind.ANOMALY
    assert alert.summary == (
        "Amazon EC2 · 001 rose unexpectedly on 2026-03-02: "
        "179.56 USD where 100.23 was expected (+79 %)."
    )
    assert alert.cause


def test_rise_out_of_nothing_says_so() -> None:
    data = spend({})
    new = data.table.iloc[:1].assign(
        ServiceName="AWS Lambda",
        ChargePeriodStart=pd.Timestamp("2026-03-05", tz="UTC"),
        EffectiveCost=500.0,
    )

    report = find(Spend.from_table(pd.concat([data.table, new])))

    assert report.anomalies[0].node.name == "AWS Lambda · 001"
    assert "from nothing" in report.alerts(datetime(2026, 3, 6, tzinfo=UTC))[0].summary
    assert report.to_json()["anomalies"][0]["percent"] == float("inf")


def test_report_shows_itself() -> None:
    report = find(spend({("Amazon EC2", "001"): 80.0}))

    assert "Amazon EC2 · 001" in report.to_text()
    assert report.table.loc[0, "severity"] == "warning"
    assert list(report.figure().data[1].x) == ["2026-03-02"]
    assert "1 unexpected rises" in report.to_html()
    assert "1 anomalies in 9 series" in repr(report)


def test_feedback_file_is_parsed() -> None:
    (entry,) = parse_feedback(
        {"feedback": [{"monitor": "Amazon*", "from": "2026-03-01", "verdict": "ignore"}]}, "f"
    )

    assert entry == Feedback("Amazon*", date(2026, 3, 1), date(2026, 3, 1), "ignore")
    assert entry.applies("Amazon EC2", date(2026, 3, 1), date(2026, 3, 2))
    assert not entry.applies("Amazon EC2", date(2026, 3, 2), date(2026, 3, 3))


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (None, "expected a list"),
        ([1], "give monitor"),
        ([{"monitor": "x", "from": "soon", "verdict": "ignore"}], "not a date"),
        ([{"monitor": "x", "from": "2026-01-01", "verdict": "maybe"}], "neither"),
        ([{"monitor": "x", "when": "2026-01-01"}], "unknown key 'when'"),
    ],
)
def test_wrong_feedback_is_refused_with_its_place(tree, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        parse_feedback(tree, "f.yaml")


def test_rows_of_a_tag_are_explained_by_what_they_hold() -> None:
    data = spend({("Amazon EC2", "001"): 80.0, ("Amazon S3", "002"): 70.0})
    table = data.table.assign(**{"tag:team": data.table["SubAccountId"].map({"001": "a"})})

    report = find_spend_anomalies(
        Spend.from_table(table), by=("tag:team",), metric="EffectiveCost"
    )

    by_team = {anomaly.node.name: anomaly.causes for anomaly in report.anomalies}
    assert by_team["a"][0].value.startswith("Amazon EC2 · 001")
    assert by_team["(none)"][0].value.startswith("Amazon S3 · 002")
    assert sum(c.amount for c in by_team["a"]) == pytest.approx(80.0, abs=6.0)
