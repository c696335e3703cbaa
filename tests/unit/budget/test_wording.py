import pandas as pd
import pytest

from costmodel.budget.alert import Severity
from costmodel.budget.spend import Spend
from tests.unit.budget.daily_spend import STEADY, budget, run, spend


def test_severity_follows_the_share_of_the_limit_unless_it_is_given() -> None:
    data = spend("2026-01-01", STEADY + [200.0] * 9)
    one = budget(thresholds=["50%", "80%", "100%", "150%", {"value": 5, "severity": "critical"}])

    severities = [a.severity for a in run(data, one, "2026-03-10").alerts]

    assert severities == [
        Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.CRITICAL, Severity.CRITICAL,
    ]  # fmt: skip


def test_cause_ranks_what_rose_and_adds_up() -> None:
    ec2 = spend("2026-02-01", [10.0] * 28 + [30.0] * 5).table
    s3 = spend("2026-02-01", [8.0] * 28 + [6.0] * 5, "Amazon S3").table

    alert = run(
        Spend.from_table(pd.concat([ec2, s3])), budget(thresholds=[50]), "2026-03-06"
    ).alerts[0]

    first, last = alert.cause
    assert first.value == "Amazon EC2 · 001 · us-east-1 · BoxUsage:m5.large"
    assert (first.amount, last.amount) == (pytest.approx(100.0), pytest.approx(-10.0))
    assert first.quantity_effect == pytest.approx(100.0)  # the unit price stayed 0.1
    assert first.price_effect == pytest.approx(0.0)


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Tokyo"])
def test_causes_of_a_daily_bill_are_of_the_same_days_in_every_zone(zone: str) -> None:
    data = spend("2026-02-01", [10.0] * 28 + [50.0] * 20)

    (alert,) = run(data, budget(thresholds=["80%"], time_zone=zone), "2026-03-21").alerts

    # Twenty days of 50 against as many of 10.
    assert sum(cause.amount for cause in alert.cause) == pytest.approx(800.0)
