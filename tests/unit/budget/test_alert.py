import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from costmodel.budget.alert import Alert, AlertKind, Cause, Link, Severity

ALERT = Alert(
    key="team-a/2026-11-01/actual-80pct",
    budget="team-a",
    kind=AlertKind.ACTUAL,
    period_start=datetime(2026, 11, 1, tzinfo=UTC),
    period_end=datetime(2026, 12, 1, tzinfo=UTC),
    threshold="80 % of limit",
    threshold_value=800.0,
    actual=812.5,
    forecast_mean=1100.0,
    forecast_p90=math.nan,
    limit=1000.0,
    currency="USD",
    created_at=datetime(2026, 11, 21, 6, tzinfo=UTC),
    severity=Severity.WARNING,
    summary="team-a has spent 812.50 of 1,000.00 USD.",
    cause=(Cause("ServiceName", "Amazon EC2", 90.0, 10.0, 80.0),),
    links=(Link("Dashboard", "https://costs.example.com/team-a"),),
    owners=("a@example.com",),
)


def test_json_round_trip_keeps_everything() -> None:
    text = json.dumps(ALERT.to_json(), allow_nan=False)

    again = Alert.from_json(json.loads(text))

    assert math.isnan(again.forecast_p90)
    assert replace(again, forecast_p90=0.0) == replace(ALERT, forecast_p90=0.0)


@pytest.mark.parametrize("letter", ["x", "é", "🌍", '"'])
def test_json_stays_under_20_kb_and_keeps_the_largest_causes(letter: str) -> None:
    causes = tuple(Cause("ServiceName", letter * 400, 1000.0 - i, 1.0, 2.0) for i in range(500))

    payload = replace(
        ALERT,
        cause=causes,
        summary=letter * 5000,
        owners=(letter * 999,) * 20,
        budget=letter * 999,
    ).to_json()

    assert len(json.dumps(payload).encode()) < 20_000
    assert payload["cause"][0]["amount"] == 1000.0
    assert payload["cause_omitted"] == 500 - len(payload["cause"])
    assert len(json.dumps(payload, ensure_ascii=False).encode()) < 20_000


def test_links_can_be_added() -> None:
    assert ALERT.with_links(Link("Bill", "https://b.example.com")).links[1].text == "Bill"
