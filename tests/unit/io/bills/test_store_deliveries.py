"""Parts, deliveries and reports of one month in a store."""

import json
import zipfile

import pytest

from costmodel.errors import BillError
from costmodel.io.bills.reader import open_bill
from costmodel.io.bills.store_manifest import read_manifest
from tests.unit.bill.bill_rows import PREFIXES, USAGE, write_cur
from tests.unit.io.bills.test_store import imported


def assembly(tmp_path, name, costs):
    """Write the parts of one assembly of a month's report; return them."""
    folder = tmp_path / "costs" / "20260101-20260201" / name
    folder.mkdir(parents=True, exist_ok=True)
    rows = [[{"line_item_unblended_cost": cost}] for cost in costs]
    return [write_cur(folder / f"costs-{number}.parquet", part)
            for number, part in enumerate(rows, start=1)]  # fmt: skip


def stored_cost(tmp_path):
    bill = open_bill([tmp_path / "store"], PREFIXES)
    by_rows = bill.summarize(metric="x_UnblendedCost", granularity="hourly").total
    by_days = bill.summarize(metric="x_UnblendedCost").total
    assert by_rows == by_days
    return float(by_days["x_UnblendedCost"])


def test_parts_of_an_assembly_add_up_however_many_imports_bring_them(tmp_path):
    first, second, third = assembly(tmp_path, "a1", (1.0, 2.0, 4.0))

    changes = [imported(tmp_path, part).imported[0].change for part in (first, second, third)]

    assert changes == ["new", "added", "added"]
    assert stored_cost(tmp_path) == 7.0
    assert imported(tmp_path, first).imported == []


def test_another_assembly_takes_the_place_of_all_parts_and_its_own_parts_add(tmp_path):
    imported(tmp_path, *assembly(tmp_path, "a1", (1.0, 2.0, 4.0)))
    first, second = assembly(tmp_path, "a2", (10.0, 20.0))

    changes = [imported(tmp_path, part).imported[0].change for part in (first, second)]

    assert changes == ["replaced", "added"]
    assert stored_cost(tmp_path) == 30.0


def test_the_manifest_beside_the_parts_says_which_assembly_they_are_of(tmp_path):
    def deliver(name, keys, costs):
        (tmp_path / "in").mkdir(exist_ok=True)
        files = [write_cur(tmp_path / "in" / key, [{"line_item_unblended_cost": cost}])
                 for key, cost in zip(keys, costs, strict=True)]  # fmt: skip
        manifest = {"assemblyId": name, "reportKeys": [f"x/{key}" for key in keys]}
        (tmp_path / "in" / "costs-Manifest.json").write_text(json.dumps(manifest))
        return files

    for file in deliver("a1", ["costs-1.parquet", "costs-2.parquet"], (1.0, 2.0)):
        imported(tmp_path, file)
    assert stored_cost(tmp_path) == 3.0
    for file in deliver("a2", ["costs-3.parquet", "costs-4.parquet"], (10.0, 20.0)):
        imported(tmp_path, file)

    assert stored_cost(tmp_path) == 30.0


def test_two_reports_of_a_payers_month_stand_side_by_side_and_are_said_to(tmp_path):
    imported(tmp_path, write_cur(tmp_path / "production.parquet", [{}]))
    imported(
        tmp_path, write_cur(tmp_path / "sandbox.parquet", [{"line_item_unblended_cost": 0.7}])
    )

    bill = open_bill([tmp_path / "store"], PREFIXES)

    assert stored_cost(tmp_path) == 0.8
    (issue,) = bill.issues
    assert "production (legacy CUR), sandbox (legacy CUR)" in issue.message
    assert bill.summarize().issues == [issue]


def test_a_zip_imported_again_changes_nothing_and_one_of_its_name_replaces(tmp_path):
    def zipped(cost):
        path = tmp_path / "costs.zip"
        row = USAGE | {"line_item_unblended_cost": cost}
        with zipfile.ZipFile(path, "w") as archive:
            for number in (1, 2):
                text = ",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n"
                archive.writestr(f"costs-{number}.csv", text)
        return path

    imported(tmp_path, zipped(1.0))
    assert imported(tmp_path, tmp_path / "costs.zip").unchanged == [str(tmp_path / "costs.zip")]
    (month,) = imported(tmp_path, zipped(2.5)).imported

    assert (month.report, month.change) == ("costs", "replaced")
    assert stored_cost(tmp_path) == 5.0


@pytest.mark.parametrize("read", [open_bill, lambda paths, _: imported(paths[0].parent, *paths)])
def test_two_assemblies_of_a_month_named_together_are_refused(tmp_path, read):
    (old,), (new,) = assembly(tmp_path, "a1", [1.0]), assembly(tmp_path, "a2", [2.0])

    with pytest.raises(BillError, match="another assembly of the month"):
        read([old, new], PREFIXES)


def test_csv_and_parquet_of_the_same_report_are_refused_together(tmp_path):
    write_cur(tmp_path / "in.parquet", [{}]).rename(tmp_path / "costs-00001.snappy.parquet")
    header, row = ",".join(USAGE), ",".join(map(str, USAGE.values()))
    (tmp_path / "costs-1.csv").write_text(f"{header}\n{row}\n")

    with pytest.raises(BillError, match="both would count twice: name one"):
        open_bill([tmp_path], PREFIXES)
    with pytest.raises(BillError, match="both would count twice: name one"):
        imported(tmp_path, tmp_path)


def test_reports_of_one_name_of_two_payers_under_one_folder_import(tmp_path):
    for payer, assembly_id in (("000000000001", "a1"), ("000000000077", "b1")):
        folder = tmp_path / "in" / payer / "costs" / "20260101-20260201" / assembly_id
        folder.mkdir(parents=True)
        write_cur(folder / "costs-1.parquet", [{"bill_payer_account_id": payer}])

    done = imported(tmp_path, tmp_path / "in")

    assert [(month.payer, month.change) for month in done.imported] == [
        ("000000000001", "new"), ("000000000077", "new")]  # fmt: skip
    assert open_bill([tmp_path / "store"], PREFIXES).issues == []


def test_the_same_month_twice_in_one_import_is_refused_whole(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_cur(tmp_path / name / "costs.parquet", [{}])

    with pytest.raises(BillError, match="two files of one name"):
        imported(tmp_path, tmp_path / "a", tmp_path / "b")

    (unit,) = read_manifest(tmp_path / "store").units
    there = {p.relative_to(tmp_path / "store").as_posix()
             for p in (tmp_path / "store").rglob("*.parquet")}  # fmt: skip
    assert there == set(unit.everything)


def test_csv_and_parquet_of_other_names_are_added_up_and_said_to_be(tmp_path):
    write_cur(tmp_path / "a.parquet", [{}])
    header, row = ",".join(USAGE), ",".join(map(str, USAGE.values()))
    (tmp_path / "b.csv").write_text(f"{header}\n{row}\n")

    summary = open_bill([tmp_path], PREFIXES).summarize()

    assert float(summary.rows[0][0]) == 0.2
    said = "CSV and Parquet files are added up: a month that is in two of them counts twice"
    assert [issue.message for issue in summary.issues].count(said) == 1
