import json

import pytest

from costmodel.errors import BillError
from costmodel.io.bills.assembly import current_files, manifest_keys
from costmodel.io.bills.reader import open_bill
from tests.unit.bill.bill_rows import PREFIXES, write_cur

PERIOD = "pre/report/20260101-20260201"
OLD, NEW = f"{PERIOD}/aaaa/report-1.csv.gz", f"{PERIOD}/bbbb/report-1.csv.gz"
MANIFEST = f"{PERIOD}/report-Manifest.json"


def no_text(name):
    raise AssertionError(name)


def test_the_top_manifest_says_which_assembly_counts():
    files = [OLD, NEW, f"{PERIOD}/aaaa/report-Manifest.json", MANIFEST]

    found = current_files(files, lambda name: json.dumps({"reportKeys": [NEW]}))

    assert found == [NEW]


def test_two_assemblies_without_a_manifest_are_refused():
    with pytest.raises(BillError, match="2 assemblies and no manifest"):
        current_files([OLD, NEW], no_text)


def test_one_assembly_needs_no_manifest():
    assert current_files([NEW], no_text) == [NEW]


def test_a_manifest_that_names_an_absent_file_is_refused():
    with pytest.raises(BillError, match=r"names pre/report/20260101-20260201/cccc/x\.csv\.gz"):
        current_files(
            [OLD, MANIFEST], lambda _: json.dumps({"reportKeys": [f"{PERIOD}/cccc/x.csv.gz"]})
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not JSON"), ("[]", "no reportKeys"), ('{"reportKeys": [1]}', "no reportKeys")],
)
def test_a_wrong_manifest_is_one_clear_line(text, message):
    with pytest.raises(BillError, match=message):
        manifest_keys("m.json", text)


def test_the_newest_execution_of_a_data_export_counts():
    base = "exp/data/BILLING_PERIOD=2026-01"
    old = f"{base}/2026-02-01T14:13:44.337Z-aaaa/x-00001.snappy.parquet"
    new = f"{base}/2026-02-02T14:13:44.337Z-bbbb/x-00001.snappy.parquet"
    other = "exp/data/BILLING_PERIOD=2026-02/2026-02-01T00:00:00.000Z-c/x-00001.snappy.parquet"
    metadata = "exp/metadata/BILLING_PERIOD=2026-01/exp-Manifest.json"

    assert current_files([old, new, other, metadata], no_text) == [new, other]


def test_artefacts_beside_the_data_are_left_alone():
    names = ["r/cost_and_usage_data_status/s.parquet", "r/crawler-cfn.yml", "r/create-table.sql",
             "r/_SUCCESS", "r/.hidden.csv", "r/year=2026/month=1/r-1.snappy.parquet"]  # fmt: skip

    assert current_files(names, no_text) == ["r/year=2026/month=1/r-1.snappy.parquet"]


def delivered(tmp_path):
    """A month delivered twice: 0.1 in the first assembly, 0.2 in the current one."""
    period = tmp_path / "report" / "20260101-20260201"
    for assembly, cost in (("aaaa", 0.1), ("bbbb", 0.2)):
        (period / assembly).mkdir(parents=True)
        write_cur(period / assembly / "report-1.parquet", [{"line_item_unblended_cost": cost}])
    manifest = {"reportKeys": ["pre/report/20260101-20260201/bbbb/report-1.parquet"]}
    (period / "report-Manifest.json").write_text(json.dumps(manifest))
    return period


@pytest.mark.parametrize("named", [".", "..", "report-Manifest.json"])
def test_a_folder_its_parent_or_its_manifest_read_the_current_assembly_once(tmp_path, named):
    bill = open_bill([delivered(tmp_path) / named], PREFIXES)

    assert float(bill.summarize().total["EffectiveCost"]) == 0.2


def test_a_manifest_does_not_take_the_files_of_another_assembly():
    manifest = json.dumps({"reportKeys": [f"{PERIOD}/cccc/report-1.csv.gz"]})

    with pytest.raises(BillError, match="which is not there"):
        current_files([OLD, MANIFEST], lambda _: manifest)
