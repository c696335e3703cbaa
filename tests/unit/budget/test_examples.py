from pathlib import Path

from costmodel.io.budget_files import read_budgets, read_feedback

EXAMPLES = Path(__file__).parents[3] / "examples" / "alerts"


def test_example_budgets_are_read_and_show_every_kind_of_limit_and_threshold() -> None:
    budgets = read_budgets(EXAMPLES / "budgets.yaml")

    assert len(budgets) == 7
    assert {type(b.limit).__name__ for b in budgets} == {
        "FixedLimit", "PlannedLimit", "HistoricalLimit",
    }  # fmt: skip
    assert {t.of for b in budgets for t in b.thresholds} == {"actual", "forecast", "forecast_p90"}
    assert budgets[0].links[0].href == "https://costs.example.com"


def test_example_feedback_is_read() -> None:
    assert [f.verdict for f in read_feedback(EXAMPLES / "feedback.yaml")] == ["ignore", "confirm"]
