"""``costmodel commitments`` on generated tables and on a real hourly bill."""

import json

import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from costmodel.cli.main import app
from costmodel.errors import BadInputError

run = CliRunner().invoke


@pytest.fixture
def bill(sample):
    return str(sample("cur-2018/Oct2018-WorkshopCUR-00001.snappy.parquet"))


@pytest.fixture
def held(tmp_path):
    path = tmp_path / "held.yaml"
    path.write_text(
        "commitments:\n"
        "  - {plan_type: Compute, commitment: 0.2, commitment_id: sp-1}\n"
        "  - {plan_type: Reserved, commitment: 2, scope: c5.large, region: us-east-1}\n"
    )
    return str(path)


def _json(*arguments: str):
    result = run(app, ["commitments", *arguments, "--format", "json", "--quiet"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_plan_of_a_real_bill_carries_its_proof(bill) -> None:
    payload = _json("plan", bill)

    assert payload["lower_bound"] <= payload["cost"] < payload["on_demand_cost"]
    assert payload["gap"] < 0.02
    assert {p["plan_type"] for p in payload["purchases"]} >= {"Reserved"}
    for purchase in payload["purchases"]:
        assert purchase["utilization"] > purchase["break_even_utilization"]


def test_caution_and_advice_are_options(bill, sample) -> None:
    advice = str(sample("savings-plans-api/recommendation_compute_sp.json"))

    payload = _json("plan", bill, "--risk", "1", "--volatility", "0.3", "--advice", advice)

    chosen = next(point for point in payload["risk"] if point["is_chosen"])
    assert chosen["share"] < 1.0
    assert payload["advice"][0]["advised_commitment"] == 1.5


def test_terms_payments_and_plan_types_limit_the_offers(bill) -> None:
    payload = _json(
        "plan", bill, "--plan-type", "EC2Instance", "--term", "3yr", "--payment", "All Upfront",
        "--reserved", "none",
    )  # fmt: skip

    offers = {(p["plan_type"], p["term"], p["payment"]) for p in payload["purchases"]}
    assert offers == {("EC2Instance", "3yr", "All Upfront")}
    assert payload["horizon_hours"] == 26280


def test_a_simulation_counts_used_and_unused(bill, held, tmp_path) -> None:
    lines = tmp_path / "lines.csv"

    payload = _json("simulate", bill, "--held", held, "--lines", str(lines))

    for row in payload["commitments"]:
        assert row["used"] + row["unused"] == pytest.approx(row["committed"])
    assert payload["cost"] < payload["on_demand_cost"]
    assert "SavingsPlanNegation" in lines.read_text()


def test_coverage_as_billed(bill) -> None:
    payload = _json("coverage", bill)

    # The bill's own sum of on-demand cost over rows that a lease covers, and the c4.large lease
    # that nobody used: 22.336986 USD upfront share and 22.32 USD recurring in October.
    covered = sum(day["covered_value"] for day in payload["days"])
    rows = pyarrow.parquet.read_table(
        bill, columns=["line_item_line_item_type", "pricing_public_on_demand_cost"]
    ).to_pandas()
    leased = rows[rows["line_item_line_item_type"] == "DiscountedUsage"]
    by_hand = leased["pricing_public_on_demand_cost"].astype(float).sum()
    assert covered == pytest.approx(by_hand, rel=1e-9)
    idle = [row["unused"] for row in payload["commitments"] if row["used"] == 0.0]
    assert idle == pytest.approx([44.656986], abs=1e-6)
    assert 0.0 < payload["coverage"] < 1.0


def test_reported_utilisation_stands_beside_the_bill(bill, sample) -> None:
    reported = str(sample("savings-plans-api/get_savings_plans_utilization.json"))

    payload = _json("coverage", bill, "--reported", reported)

    (told,) = payload["reported"]
    assert told["used"] + told["unused"] == pytest.approx(told["committed"], abs=0.5)


@pytest.mark.parametrize(
    ("command", "format_name"),
    [("plan", "html"), ("plan", "table"), ("simulate", "csv"), ("simulate", "html"),
     ("coverage", "markdown"), ("coverage", "html")],
)  # fmt: skip
def test_every_format_is_written(bill, held, command, format_name) -> None:
    extra = ["--held", held] if command == "simulate" else []

    result = run(app, ["commitments", command, bill, *extra, "--format", format_name, "--quiet"])

    assert result.exit_code == 0, result.output
    assert result.stdout.strip()
    assert ("<html" in result.stdout) == (format_name == "html")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "neither JSON nor YAML"),
        ("just words", "list 'commitments'"),
        ("- {plan_type: Compute}", "needs plan_type and commitment"),
    ],
)
def test_a_wrong_file_of_commitments_is_named(bill, tmp_path, text, message) -> None:
    path = tmp_path / "held.yaml"
    path.write_text(text)

    result = run(app, ["commitments", "simulate", bill, "--held", str(path)])

    assert isinstance(result.exception, BadInputError)
    assert message in str(result.exception)
    assert str(path) in str(result.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--held", "/no/such/file"),
        ("--as-of", "soon"),
        ("--term", "5yr"),
        ("--risk", "7"),
        ("--advice", "/no/such/file"),
    ],
)
def test_wrong_options_are_bad_input(bill, arguments) -> None:
    result = run(app, ["commitments", "plan", bill, *arguments])

    assert isinstance(result.exception, BadInputError)


def test_held_commitments_of_a_file_are_planned_around(bill, held) -> None:
    without, around = (
        _json("plan", bill),
        _json("plan", bill, "--held", held, "--as-of", "2018-12-01"),
    )

    assert around["on_demand_cost"] != without["on_demand_cost"]
    assert around["lower_bound"] <= around["cost"]
