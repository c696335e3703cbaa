"""What Jupyter shows: tables, totals, issues; errors in one line."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

import costmodel
from costmodel.errors import Issue, IssueReason
from costmodel.report.notebook import notebook_html
from costmodel.report.table import ReportColumn, ReportTable

CATALOG = costmodel.load_catalog()
SHOP = costmodel.find_example("web_shop")
ISSUE = Issue(IssueReason.NO_SKU, "aws_instance.<b>", "no price for m9x.large")


def table_of(rows: int, notes: tuple[str, ...] = ()) -> ReportTable:
    return ReportTable(
        "T", (ReportColumn("n", "integer"),), [(n,) for n in range(rows)], None, notes
    )


def test_a_table_of_60_rows_is_shown_whole_and_of_61_is_cut_with_a_count() -> None:
    assert "more rows" not in notebook_html([table_of(60)], [])
    cut = notebook_html([table_of(61)], [])

    assert "… and 1 more rows: see .table or .to_text()" in cut
    assert cut.count("<tr>") == 61  # the head and 60 rows


def test_an_issue_is_told_once_and_escaped() -> None:
    untold = notebook_html([table_of(1)], [ISSUE])
    told = notebook_html([table_of(1, (f"! {ISSUE.message}",))], [ISSUE])

    assert "1 issues" in untold
    assert "aws_instance.&lt;b&gt;: no price for m9x.large" in untold
    assert told.count("no price for m9x.large") == 1


def test_eleven_issues_show_ten_and_count_the_rest() -> None:
    issues = [Issue(IssueReason.NO_SKU, f"r{n}", f"message {n}") for n in range(11)]

    shown = notebook_html([], issues)

    assert "message 9" in shown
    assert "message 10" not in shown
    assert "… and 1 more: see .issues" in shown


def test_an_estimate_shows_units_totals_and_coverage() -> None:
    shop = costmodel.estimate(SHOP, CATALOG, region="eu-central-1")

    shown = shop._repr_html_()

    assert "Monthly cost (USD)" in shown
    assert f"{shop.effective_total:,.2f}" in shown
    assert f"{shop.coverage.priced} of {shop.coverage.resources} resources priced" in shown


def test_a_spec_shows_its_resources_before_they_are_priced() -> None:
    spec = costmodel.read_spec(SHOP, region="eu-central-1")

    assert (
        repr(spec)
        == f"ArchitectureSpec({len(spec.resources)} resources in eu-central-1, 0 issues)"
    )
    assert "aws_launch_template.web" in spec._repr_html_()
    assert list(spec.table["ResourceId"]) == [resource.address for resource in spec.resources]


def test_a_catalog_shows_its_version_and_the_number_of_regions() -> None:
    shown = CATALOG._repr_html_()

    assert CATALOG.version in shown
    assert f"{len(CATALOG.regions)}</td>" in shown


def test_an_explanation_is_a_sequence_of_lines_that_shows_the_tier() -> None:
    working = costmodel.explain(SHOP, "s3_bucket.media", CATALOG, region="us-east-1")

    assert next(line.line["name"] for line in working) == working[0].line["name"]
    assert repr(working).startswith(f"Explanation(aws_s3_bucket.media: {len(working)} lines")
    # 3,200 GB at 0.023 USD in the first 50 TB
    assert "3,200 GB-Mo at 0.023 = 73.60" in working._repr_html_()


def test_an_error_in_a_notebook_is_one_line(capsys, monkeypatch) -> None:
    # IPython warns where it runs outside the environment that is activated.
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    shell = InteractiveShell.instance()

    shell.run_cell("import costmodel; costmodel.read_bill('no-such-bill')")

    printed = capsys.readouterr().out
    assert "no-such-bill" in printed
    assert "BillError" in printed
    assert "Traceback" not in printed
    assert len(printed.strip().splitlines()) == 1
    InteractiveShell.clear_instance()


def test_a_bill_shows_its_files_and_what_can_be_asked(tmp_path) -> None:
    prices = costmodel.catalog_price_table(CATALOG, ["us-east-1"])
    costmodel.generate_bill(costmodel.BillSettings(rows=2000), prices, tmp_path / "bill", "cur")
    bill = costmodel.read_bill(tmp_path / "bill")

    shown = bill._repr_html_()

    assert "EffectiveCost" in shown
    assert "columns to group and filter by" in shown
    change = costmodel.explain_change(bill, "2026-01-01..2026-01-15", "2026-01-16..2026-01-30")
    assert repr(change).startswith("BillChange(EffectiveCost, 2026-01-01..2026-01-15 to")
    assert len(repr(costmodel.measure_coverage(bill, CATALOG))) < 100
    assert len(repr(costmodel.untagged_costs(bill, ["team"]))) < 100
    assert len(repr(costmodel.reconcile(bill, CATALOG))) < 150


@pytest.mark.parametrize("name", [n for n in costmodel.__all__ if n[0].isupper()])
def test_every_public_class_is_documented(name) -> None:
    assert getattr(costmodel, name).__doc__


def test_a_resource_no_meter_applies_to_is_not_passed_over_in_silence() -> None:
    spec = costmodel.ArchitectureSpec(
        [
            costmodel.Resource(
                "aws_ecs_service.api", "aws_ecs_service", inputs={"desired_count": 3}
            ),
            costmodel.Resource("aws_launch_template.web", "aws_launch_template"),
            costmodel.Resource("aws_sqs_queue.q", "aws_sqs_queue"),
        ],
        region="us-east-1",
    )

    text = costmodel.estimate(spec, CATALOG).to_text()

    assert "1 resource has no billed line with these inputs" in text
