"""``costmodel bill generate``, ``change``, ``allocate``, ``untagged``, ``unit-cost``, ``chart``."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from costmodel.cli.bill_analysis import read_units
from costmodel.cli.main import app
from costmodel.errors import BadInputError


@pytest.fixture(scope="module")
def cur(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated") / "cur"
    run("bill", "generate", "--rows", "4000", "--months", "2", "--accounts", "3",
        "--region", "us-east-1", "--out", str(folder))  # fmt: skip
    return folder


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_generate_says_what_it_wrote(tmp_path: Path) -> None:
    answer = json.loads(run("bill", "generate", "--rows", "3000", "-f", "focus", "--region",
                            "us-east-1", "--out", str(tmp_path / "new")))  # fmt: skip

    assert answer["format"] == "focus-1.2"
    assert answer["rows"] == pytest.approx(3000, rel=0.15)
    assert (tmp_path / "new" / answer["files"][0]).is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "xml"], "--format xml"),
        (["--rows", "1"], "rows is 1"),
        (["--region", "mars-1"], "mars-1"),
    ],
)
def test_generate_refuses_what_it_cannot_make(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match=message):
        CliRunner().invoke(
            app, ["bill", "generate", "--out", str(tmp_path / "new"), *arguments],
            catch_exceptions=False,
        )  # fmt: skip


def test_convert_writes_a_focus_dataset(cur: Path, tmp_path: Path) -> None:
    answer = json.loads(run("bill", "convert", str(cur), "--out", str(tmp_path / "focus")))

    assert answer["version"] == "1.2"
    assert answer["files"] == [f"BILLING_PERIOD=2026-0{m}/focus-00001.parquet" for m in (1, 2)]


def test_convert_names_what_it_can_write(cur: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"choose focus-1\.2"):
        CliRunner().invoke(
            app, ["bill", "convert", str(cur), "--to", "focus-9", "--out", str(tmp_path / "x")],
            catch_exceptions=False,
        )  # fmt: skip


def test_reprice_matches_a_bill_made_of_catalog_prices(cur: Path) -> None:
    answer = json.loads(run("bill", "reprice", str(cur), "-f", "json"))

    assert answer["total"]["matched_share"] == 1.0
    assert answer["total"]["difference"] == pytest.approx(0.0, abs=1e-6)


def test_reprice_with_a_scenario_says_what_it_changes(cur: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("processor: graviton\ndiscount_percent: 10\n")

    answer = json.loads(
        run("bill", "reprice", str(cur), "--scenario", str(scenario), "-f", "json")
    )

    assert answer["total"]["after"] < 0.95 * answer["total"]["before"]
    changes = sum(row["change"] for row in answer["services"])
    assert changes == pytest.approx(answer["total"]["change"])


def test_change_in_json_adds_up(cur: Path) -> None:
    answer = json.loads(
        run("bill", "change", str(cur), "--before", "2026-01", "--after", "2026-02", "-f", "json")
    )

    total = answer["total"]
    assert total["before"] > 0
    assert total["price"] + total["quantity"] + total["mix"] + total["fees"] == pytest.approx(
        total["change"], abs=1e-6
    )
    assert sum(row["change"] for row in answer["rows"]) == pytest.approx(total["change"])


def test_allocation_by_rules_keeps_the_total(cur: Path, tmp_path: Path) -> None:
    rules = tmp_path / "teams.yaml"
    rules.write_text(
        "name: team\nrules: [{value_of: 'tag:team'}]\nshared: [{value: unallocated}]\n"
    )

    answer = json.loads(run("bill", "allocate", str(cur), "--rules", str(rules), "-f", "json"))
    summary = json.loads(run("bill", "summarize", str(cur), "-f", "json"))

    assert answer["total"] == pytest.approx(summary["total"]["EffectiveCost"], rel=1e-12)
    unallocated = next(row for row in answer["rows"] if row["value"] == "unallocated")
    assert unallocated["total"] == 0.0


def test_untagged_and_unit_cost_print_tables(cur: Path) -> None:
    assert "x_UntaggedShare" in run("bill", "untagged", str(cur), "--tag", "team")
    assert "GB-Mo" in run("bill", "unit-cost", str(cur), "--by", "x_ServiceCode")


def test_unit_cost_divides_by_given_units(cur: Path, tmp_path: Path) -> None:
    units = tmp_path / "orders.csv"
    units.write_text("month,name,quantity\n2026-01,orders,1000\n")

    (row,) = json.loads(run("bill", "unit-cost", str(cur), "--units", str(units), "-f", "json"))[
        "rows"
    ]

    assert row["x_UnitCost"] == pytest.approx(row["EffectiveCost"] / 1000)


@pytest.mark.parametrize(
    ("text", "message"),
    [("when,what\n", "must name month,name,quantity"),
     ("month,name,quantity\n2026-01,orders,many\n", "orders.csv:2: quantity 'many'")],
)  # fmt: skip
def test_wrong_units_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(text)

    with pytest.raises(BadInputError, match=message):
        read_units(tmp_path / "orders.csv")


@pytest.mark.parametrize(
    ("kind", "trace"), [("area", "scatter"), ("treemap", "treemap"), ("hours", "heatmap")]
)
def test_chart_writes_a_page(kind: str, trace: str, cur: Path, tmp_path: Path) -> None:
    run("bill", "chart", str(cur), "--kind", kind, "--out", str(tmp_path / "chart.html"))

    assert f'"type":"{trace}"' in (tmp_path / "chart.html").read_text()


def test_chart_names_the_kinds(cur: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="area, treemap, hours"):
        CliRunner().invoke(
            app, ["bill", "chart", str(cur), "--kind", "pie", "--out", str(tmp_path / "x.html")],
            catch_exceptions=False,
        )  # fmt: skip
