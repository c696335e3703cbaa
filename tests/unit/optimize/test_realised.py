"""Advice that was carried out, measured on bills from before and after."""

import json
from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

import costmodel
from costmodel.cli.main import app
from costmodel.optimize.realised import Realised, measure_realised
from tests.unit.optimize.rules.test_recommend import account, volume

FIRST, SECOND = date(2026, 8, 1), date(2026, 9, 1)
HEAD = (
    "BilledCost,EffectiveCost,ListCost,ContractedCost,ChargePeriodStart,ChargePeriodEnd,"
    "ServiceName,ChargeCategory,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ResourceId\n"
)


def bill(path, start: date, days: int, costs):
    """Write a FOCUS table of daily costs by resource."""
    lines = []
    for number in range(days):
        day = start + timedelta(days=number)
        end = day + timedelta(days=1)
        for name, cost in costs.items():
            lines.append(
                f"{cost},{cost},{cost},{cost},{day}T00:00:00Z,{end}T00:00:00Z,Amazon EC2,Usage,USD,"
                f"{day.replace(day=1)}T00:00:00Z,2026-12-01T00:00:00Z,{name}"
            )
    path.write_text(HEAD + "\n".join(lines) + "\n")
    return path


def advice(*names: str):
    rows = [volume(name, state="available", size_gb=100.0) for name in names]
    return costmodel.recommend(account({"ebs_volumes": rows}))


@pytest.fixture
def state(tmp_path):
    """Return the file of two runs: vol-1 was deleted between them."""
    path = tmp_path / "state.json"
    costmodel.follow_recommendations(advice("vol-1", "vol-2"), path, FIRST)
    found = costmodel.follow_recommendations(advice("vol-2"), path, SECOND)
    assert [row["resource"] for row in found.done] == ["vol-1"]
    return path


def bills(tmp_path, days_after: int = 30):
    arn = "arn:aws:ec2:us-east-1:1:volume/vol-1"
    return (
        bill(tmp_path / "before.csv", date(2026, 7, 1), 32, {arn: 0.33, "i-1": 1.0}),
        bill(tmp_path / "after.csv", date(2026, 9, 2), days_after, {"i-1": 1.0}),
    )


def test_what_is_gone_from_the_bill_is_realised(state, tmp_path) -> None:
    found = costmodel.realised_savings(state, *bills(tmp_path))

    (row,) = found.rows
    # 30 days up to 1 August at .33 a day; none after: .33 x 730 / 24
    assert row.before == pytest.approx(0.33 * 730 / 24)
    assert row.after == 0.0
    assert (row.days_before, row.days_after) == (30, 30)
    assert row.promised == pytest.approx(5.00)
    assert (found.realised, row.verdict) == (pytest.approx(10.0375), "verified")
    assert found.to_json()["realisedMonthlySavings"] == pytest.approx(10.0375)
    assert found.table["verdict"][0] == "verified"


def test_a_few_days_are_too_early_to_say(state, tmp_path) -> None:
    (row,) = costmodel.realised_savings(state, *bills(tmp_path, days_after=5)).rows

    assert row.verdict == "too early"


def test_what_still_costs_has_kept_less_than_it_promised(state, tmp_path) -> None:
    before, _ = bills(tmp_path)
    after = bill(tmp_path / "after.csv", date(2026, 9, 2), 30, {"vol-1": 0.30})

    (row,) = costmodel.realised_savings(state, before, after).rows

    assert row.realised == pytest.approx(0.03 * 730 / 24)
    assert row.verdict == "less than promised"


def test_a_resource_on_no_bill_is_unknown_and_named(state, tmp_path) -> None:
    other = bill(tmp_path / "other.csv", date(2026, 7, 1), 90, {"i-9": 1.0})

    found = costmodel.realised_savings(state, costmodel.read_bill(other))

    assert found.rows[0].verdict == "not on the bills"
    assert found.rows[0].to_json()["realised"] is None
    assert [issue.address for issue in found.issues] == ["vol-1"]
    assert found.realised == 0.0


def test_what_went_along_counts_too() -> None:
    days = {FIRST: 1.0, SECOND + timedelta(days=1): 0.0}
    record = {
        "status": "done", "check": "ec2-stopped-old", "resource": "i-1", "saving": 60.0,
        "last_seen": str(FIRST), "done": str(SECOND), "included": ["ebs_volumes vol-1"],
    }  # fmt: skip

    (row,) = measure_realised({"f": record}, {"i-1": days, "vol-1": days}).rows

    assert row.realised == pytest.approx(2 * 730 / 24)


def test_open_advice_and_purchases_are_not_measured() -> None:
    record = {"status": "open", "check": "c", "resource": "r", "saving": 1.0}
    bought = {**record, "status": "done", "stage": "commitments"}

    assert measure_realised({"f": record, "g": bought}, {}).rows == []


def test_the_verdict_needs_most_of_the_promise() -> None:
    base = ("f", "c", "r", SECOND, 10.0)

    assert Realised(*base, 10.0, 1.0, 30, 28).verdict == "verified"
    assert Realised(*base, 10.0, 1.01, 30, 28).verdict == "less than promised"
    assert Realised(*base, 10.0, 1.0, 30, 27).verdict == "too early"


def test_a_bill_is_needed(state) -> None:
    with pytest.raises(costmodel.BadInputError, match="name bills from before"):
        costmodel.realised_savings(state)


def test_a_state_file_that_cannot_be_written_is_said(tmp_path) -> None:
    with pytest.raises(costmodel.BadInputError, match="cannot be written"):
        costmodel.follow_recommendations(advice("vol-1"), tmp_path / "no" / "s.json", FIRST)


def run(*arguments):
    return CliRunner().invoke(app, ["recommend", *map(str, arguments)])


def test_the_command_measures_on_bills(state, tmp_path) -> None:
    before, after = bills(tmp_path)
    asked = ("--state", state, "--bill", before, "--bill", after, "--realised")

    table, document = run(*asked), run(*asked, "--format", "json")

    assert table.exit_code == 0, table.output
    assert "verified" in table.output
    assert json.loads(document.stdout)["promisedMonthlySavings"] == pytest.approx(5.00)
    page = tmp_path / "page.html"
    assert run(*asked, "--format", "html", "--out", page).exit_code == 0
    assert "10.04 USD a month of 5.00 promised" in page.read_text()


def test_the_command_asks_for_the_state_of_earlier_runs() -> None:
    result = run("--realised", "--bill", "x.csv")

    assert isinstance(result.exception, costmodel.BadInputError)
    assert "--state" in str(result.exception)


def test_the_command_keeps_the_state(tmp_path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("region: us-east-1\nresources:\n  ebs_volume.disk: {type: gp2, size: 500}\n")
    kept = tmp_path / "state.json"

    result = run("--iac", spec, "--state", kept)

    assert result.exit_code == 0, result.output
    assert {record["status"] for record in json.loads(kept.read_text()).values()} == {"open"}


def test_a_state_without_advice_is_refused(tmp_path) -> None:
    # What a first run without any advice leaves behind.
    state = tmp_path / "state.json"
    state.write_text("{}")

    with pytest.raises(costmodel.BadInputError, match=r"state\.json: holds no advice of earlier"):
        costmodel.realised_savings(state, *bills(tmp_path))
