"""Tags that differ only in case are two tags in every format; what nobody has is said."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costmodel.bill.analysis.change import explain_change
from costmodel.bill.analysis.tagging import untagged_costs
from costmodel.bill.analysis.unit_cost import paid_unit_prices
from costmodel.bill.analysis.virtual_tags import allocate, parse_virtual_tag
from costmodel.bill.check.figure import Verdict
from costmodel.bill.check.quality import tags_alike
from costmodel.bill.reprice.repricing import reconcile
from costmodel.errors import BadInputError
from costmodel.io.bills.reader import import_bills, open_bill
from tests.unit.bill.bill_rows import PREFIXES, USAGE, cur_bill
from tests.unit.bill.focus_bill import focus_bill, row
from tests.unit.bill.reprice.small_catalog import small_catalog

TEXT_MAP = pa.map_(pa.string(), pa.string())
# One row with Team, one with team, one with both.
ROWS = ({"Team": "Red"}, {"team": "blue"}, {"Team": "Red", "team": "blue"})


def csv_lines(keys):
    lines = [",".join([*USAGE, *(f"resourceTags/user:{key}" for key in keys)])]
    for tags in ROWS:
        values = [*map(str, USAGE.values()), *(tags.get(key, "") for key in keys)]
        lines.append(",".join(values))
    return "\n".join(lines) + "\n"


def as_csv(folder):
    path = folder / "cur.csv.gz"
    path.write_bytes(gzip.compress(csv_lines(["Team", "team"]).encode()))
    return path


def as_parquet(folder):
    columns = {name: [value] * 3 for name, value in USAGE.items()}
    tags = {f"resourceTags/user:{key}": [tags.get(key, "") for tags in ROWS]
            for key in ("Team", "team")}  # fmt: skip
    pq.write_table(pa.table(columns | tags), folder / "cur.parquet")
    return folder / "cur.parquet"


def as_cur_2(folder):
    columns = {name: pa.array([value] * 3) for name, value in USAGE.items()}
    pairs = [[(f"user:{key}", value) for key, value in tags.items()] for tags in ROWS]
    columns["resource_tags"] = pa.array(pairs, TEXT_MAP)
    pq.write_table(pa.table(columns), folder / "cur2.parquet")
    return folder / "cur2.parquet"


def as_focus(folder):
    tags = [json.dumps(tags).replace('"', '""') for tags in ROWS]
    lines = [f'0.1,0.1,2026-01-05T00:00:00Z,2026-01-01T00:00:00Z,000000000001,"{tag}"'
             for tag in tags]  # fmt: skip
    names = "BilledCost,EffectiveCost,ChargePeriodStart,BillingPeriodStart,BillingAccountId,Tags"
    (folder / "focus.csv").write_text("\n".join([names, *lines]) + "\n")
    return folder / "focus.csv"


@pytest.fixture(scope="module", params=[as_csv, as_parquet, as_cur_2, as_focus])
def files(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tags")
    path = request.param(folder)
    import_bills([path], folder / "store", PREFIXES, lambda _share: None)
    return path, folder / "store"


def costs(bill, by):
    return {found[0]: round(float(found[1]), 9) for found in bill.summarize(by=by).rows}


@pytest.mark.parametrize("place", [0, 1], ids=["files", "store"])
def test_team_and_team_in_capitals_are_two_tags(files, place):
    bill = open_bill([files[place]], PREFIXES)

    assert costs(bill, "tag:Team") == {"Red": 0.2, None: 0.1}
    assert costs(bill, "tag:team") == {"blue": 0.2, None: 0.1}
    assert costs(bill, "tag:'user:Team'") == {"Red": 0.2, None: 0.1}
    both = bill.summarize(by="tag:Team", filter="tag:team = 'blue'").rows
    assert {found[0]: round(float(found[1]), 9) for found in both} == {"Red": 0.1, None: 0.1}


@pytest.mark.parametrize("place", [0, 1], ids=["files", "store"])
def test_that_they_look_alike_is_an_issue_and_a_note_of_the_check(files, place):
    bill = open_bill([files[place]], PREFIXES)

    messages = [issue.message for issue in bill.summarize(by="tag:team").issues]
    figure = tags_alike(bill)

    said = [text for text in messages if "are different tags" in text]
    assert said == ["Team and team are different tags: ask for each as it is spelled"]
    assert (figure.verdict, figure.tested, figure.rows) == (
        Verdict.NOTE, 2, [("Team and team",)])  # fmt: skip


def test_a_spelling_that_is_neither_is_refused_where_the_columns_tell(tmp_path):
    bill = open_bill([as_csv(tmp_path)], PREFIXES)

    with pytest.raises(BadInputError, match="tag TEAM: the bill has Team and team"):
        bill.summarize(by="tag:TEAM")


def test_tags_of_two_months_that_differ_only_in_case_stay_apart(tmp_path):
    for month, key in (("1", "Team"), ("2", "team")):
        rows = csv_lines([key]).replace("2026-01", f"2026-0{month}").replace("2026-02-01", "X", 0)
        (tmp_path / f"{month}.csv").write_text(rows)
    import_bills([tmp_path / "1.csv", tmp_path / "2.csv"], tmp_path / "store", PREFIXES,
                 lambda _share: None)  # fmt: skip

    for path in ([tmp_path / "1.csv", tmp_path / "2.csv"], [tmp_path / "store"]):
        bill = open_bill(path, PREFIXES)
        assert costs(bill, "tag:Team") == {"Red": 0.2, None: 0.4}
        assert costs(bill, "tag:team") == {"blue": 0.2, None: 0.4}


def test_keys_that_differ_in_a_space_are_two_tags_in_csv(tmp_path):
    names = [*USAGE, "resourceTags/user:Cost Center", "resourceTags/user:cost_center"]
    values = [*map(str, USAGE.values()), "R&D", "ops"]
    (tmp_path / "c.csv").write_text(",".join(names) + "\n" + ",".join(values) + "\n")

    bill = open_bill([tmp_path / "c.csv"], PREFIXES)

    assert costs(bill, "tag:'Cost Center'") == {"R&D": 0.1}
    assert costs(bill, "tag:cost_center") == {"ops": 0.1}
    tags = dict(bill.sql("SELECT Tags FROM bill").to_pylist()[0]["Tags"])
    assert tags == {"user:Cost Center": "R&D", "user:cost_center": "ops"}


def test_a_month_in_parquet_where_aws_rewrote_keys_answers_beside_one_in_csv(tmp_path):
    pq.write_table(
        pa.table({name: [value] for name, value in USAGE.items()}
                 | {"resource_tags_user_cost_center": ["R&D"]}), tmp_path / "a.parquet"
    )  # fmt: skip
    names, values = [*USAGE, "resourceTags/user:Cost Center"], [*map(str, USAGE.values()), "R&D"]
    (tmp_path / "b.csv").write_text(",".join(names) + "\n" + ",".join(values) + "\n")

    bill = open_bill([tmp_path / "a.parquet", tmp_path / "b.csv"], PREFIXES)

    for key in ("Cost Center", "cost_center", "user:Cost Center"):
        assert costs(bill, f"tag:'{key}'") == {"R&D": 0.2}
    assert not [issue for issue in bill.issues if issue.address == "tags"]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"by": "tag:Teem"}, "no row has the tag Teem: did you mean team?"),
        ({"filter": "tag:nothing = 'x'"}, "no row has the tag nothing: it has team"),
        ({"filter": "RegionId = 'eu-wst-1'"}, "no row meets RegionId = 'eu-wst-1'"),
        ({"by": "CapacityReservationId"}, "this bill has no CapacityReservationId"),
        ({"filter": "InvoiceId = '7'"}, "this bill has no InvoiceId"),
    ],
)
def test_what_nobody_has_is_said_and_never_a_silent_nothing(question, message):
    bill = focus_bill([row(Tags={"team": "a"})])

    messages = [issue.message for issue in bill.summarize(**question).issues]

    assert message in messages


def test_an_answer_without_doubt_has_no_issue(tmp_path):
    bill = cur_bill(tmp_path, {"resource_tags_user_team": "a"})

    summary = bill.summarize(by="tag:team,RegionId", filter="RegionId = 'us-west-2'")

    assert [i for i in summary.issues if i not in open_bill([tmp_path], PREFIXES).issues] == []


NOBODY = "tag:teem = 'a'"


@pytest.mark.parametrize(
    "ask",
    [
        lambda bill: explain_change(bill, "2026-01", "2026-02", filter_text=NOBODY),
        lambda bill: paid_unit_prices(bill, ["ServiceName"], filter_text=NOBODY),
        lambda bill: untagged_costs(bill, ["team"], filter_text=NOBODY),
        lambda bill: reconcile(bill, small_catalog(), filter_text=NOBODY),
    ],
    ids=["change", "unit cost", "untagged", "re-pricing"],
)
def test_figures_of_nothing_are_refused(ask):
    bill = focus_bill([row(Tags={"user:team": "a"})])

    with pytest.raises(BadInputError, match=r"no row meets tag:teem = 'a'; .* mean team"):
        ask(bill)


def test_periods_without_charges_are_refused():
    with pytest.raises(BadInputError, match="no charges in 2025-01 nor in 2025-02"):
        explain_change(focus_bill([row()]), "2025-01", "2025-02")


def test_a_tag_nobody_has_is_an_issue_of_the_untagged_share():
    table = untagged_costs(focus_bill([row(Tags={"user:team": "a"})]), ["team", "teem"])

    assert [issue.message for issue in table.issues] == [
        "no row has the tag teem: did you mean team?"
    ]
    assert table.to_json()["issues"][0]["address"] == "Tags['teem']"


def test_rules_that_give_nobody_anything_are_issues_of_the_allocation():
    rules = parse_virtual_tag(
        {"rules": [{"value": "all", "filter": "ServiceName is not null"},
                   {"value": "late", "filter": "RegionId = 'us-east-1'"},
                   {"value_of": "tag:teem"}]}, "rules.yaml"
    )  # fmt: skip

    found = allocate(focus_bill([row(Tags={"user:team": "a"})]), rules)

    assert [issue.address for issue in found.issues] == ["rule 2", "Tags['teem']"]
    assert len(found.to_json()["issues"]) == 2
