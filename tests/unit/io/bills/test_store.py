"""A store answers every question as the files do, and is never half written."""

import gzip
import itertools
import json
import zipfile
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

import costmodel
from costmodel.bill.generate.catalog_prices import catalog_price_table
from costmodel.bill.generate.plan import BillSettings
from costmodel.bill.normalize.relation import BILL_COLUMNS, MEASURES
from costmodel.errors import BillError
from costmodel.io.bills import csv_chunks, raw_chunks, store_import
from costmodel.io.bills.reader import import_bills, open_bill
from costmodel.io.bills.store_manifest import locked, read_manifest
from costmodel.io.generated_bill import generate_bill
from tests.unit.bill.bill_rows import PREFIXES, USAGE, write_cur
from tests.unit.bill.test_check import plan_hour, reservation_month

OCTOBER = "cur-2018/Oct2018-WorkshopCUR-00001.snappy.parquet"
NOVEMBER = "cur-2018/Nov2018-WorkshopCUR-00001.snappy.parquet"
TAGGED = {"resource_tags_user_cost_center": "R&D"}
SPLIT = {"line_item_operation": "EKSPod-EC2", "split_line_item_parent_resource_id": "i-1",
         "split_line_item_split_cost": 0.3, "split_line_item_unused_cost": 0.2}  # fmt: skip


def imported(tmp_path, *paths):
    return import_bills(paths, tmp_path / "store", PREFIXES, lambda _share: None)


def everything(bill, table="bill"):
    """Return all rows of a bill as text, line ids left out, in an order of their own."""
    # A double becomes a DECIMAL with noise in its 17th digit: compare 12 decimals.
    columns = ", ".join(
        f'CAST(CAST("{name}" AS DECIMAL(38, 12)) AS VARCHAR)' if name in MEASURES
        else f'CAST("{name}" AS VARCHAR)'
        for name in BILL_COLUMNS if name not in ("x_LineItemId", "Tags")
    )  # fmt: skip
    rows = bill.run(f"SELECT {columns} FROM {table}").fetchall()
    return sorted(tuple(str(value) for value in row) for row in rows)


def differences(stored, raw):
    """Return rows only one side has, cell by cell: short, where pytest's own diff is not."""
    return [cell for ours, theirs in zip(stored, raw, strict=True)
            for cell in zip(ours, theirs, strict=True) if cell[0] != cell[1]]  # fmt: skip


def both(tmp_path, *rows):
    path = write_cur(tmp_path / "cur.parquet", rows)
    imported(tmp_path, path)
    pair = open_bill([path], PREFIXES), open_bill([tmp_path / "store"], PREFIXES)
    for bill in pair:
        bill.sql("SELECT 1")  # makes the views
    return pair


def test_a_store_holds_the_rows_of_its_files(tmp_path):
    rows = [{}, TAGGED, *reservation_month(), *plan_hour(), SPLIT,
            {"line_item_currency_code": "", "product_region_code": "global"}]  # fmt: skip

    raw, stored = both(tmp_path, *rows)

    assert differences(everything(stored), everything(raw)) == []
    assert differences(everything(stored, "split_cost"), everything(raw, "split_cost")) == []
    tags = [dict(row["Tags"] or []) for row in stored.sql("SELECT Tags FROM bill").to_pylist()]
    assert tags.count({"user:cost_center": "R&D"}) == 1


@pytest.mark.parametrize("name", ["cur", "cur2", "focus-1.2", "cur-csv"])
def test_chunks_remember_texts_and_each_file_brings_equal_prices_together(
    tmp_path, monkeypatch, name
):
    monkeypatch.setattr(raw_chunks, "CHUNK_ROWS", 150)
    monkeypatch.setattr(csv_chunks, "CHUNK_ROWS", 150)
    monkeypatch.setattr(csv_chunks, "_BLOCK", 1 << 16)
    catalog = costmodel.load_catalog()
    prices = catalog_price_table(catalog, ["us-east-1", "eu-west-1"])
    made = generate_bill(BillSettings(rows=1_500, seed=9), prices, tmp_path / "bill", name)

    imported(tmp_path, *made.files)

    raw, stored = open_bill(made.files, PREFIXES), open_bill([tmp_path / "store"], PREFIXES)
    for bill in (raw, stored):
        bill.sql("SELECT 1")  # makes the views
    assert differences(everything(stored), everything(raw)) == []
    files = sorted((tmp_path / "store").rglob("*rows-*.parquet"))
    assert len(files) > 5
    for file in files:
        rows = pq.read_table(file, columns=["x_ServiceCode", "x_UsageType", "SubAccountId"])
        keys = [tuple(row.values()) for row in rows.to_pylist()]
        changes = sum(before != after for before, after in itertools.pairwise(keys))
        assert changes < 1.5 * len(set(keys))


def test_split_cost_stays_out_of_totals_and_is_there_for_allocation(tmp_path):
    raw, stored = both(tmp_path, {}, SPLIT)

    for bill in (raw, stored):
        assert float(bill.summarize(metric="EffectiveCost").total["EffectiveCost"]) == 0.1
        (row,) = bill.sql("SELECT EffectiveCost, BilledCost FROM split_cost").to_pylist()
        assert float(row["EffectiveCost"]) == 0.5
        assert float(row["BilledCost"]) == 0.0


@pytest.mark.parametrize("granularity", ["total", "monthly", "daily", "hourly"])
@pytest.mark.parametrize(
    ("by", "filter_text"),
    [
        ("x_ServiceCode,SubAccountId", None),
        ("ResourceId", None),
        ("tag:'cost center'", None),
        ("ChargeCategory,CommitmentDiscountStatus", "x_UsageType like 'BoxUsage%'"),
        ("ServiceName", "ChargePeriodStart >= '2018-10-20T12:00:00'"),
        ("RegionId", "BilledCost > 0.01"),
    ],
)
def test_a_store_of_a_real_month_answers_as_its_file(
    real_store, sample, granularity, by, filter_text
):
    question = {"by": by, "granularity": granularity, "filter": filter_text,
                "metric": "BilledCost,EffectiveCost,ListCost"}  # fmt: skip

    raw = costmodel.read_bill(sample(OCTOBER)).summarize(**question)
    stored = costmodel.read_bill(real_store).summarize(**question)

    assert len(stored.rows) == len(raw.rows)
    assert stored.total["BilledCost"] == raw.total["BilledCost"]
    answers, expected = dict_of(stored), dict_of(raw)
    assert answers.keys() == expected.keys()
    # Unused fees are added up as doubles in a store: 1e-15 of them may differ.
    off = [key for key, values in expected.items()
           for ours, theirs in zip(answers[key], values, strict=True)
           if ours != theirs and abs(ours - theirs) > abs(theirs) * Decimal("1e-15")]  # fmt: skip
    assert off == []


def dict_of(summary):
    keys = len(summary.columns)
    return {row[:keys]: row[keys:] for row in summary.rows}


@pytest.fixture(scope="module")
def real_store(tmp_path_factory):
    from tests.conftest import SAMPLES

    if not (SAMPLES / OCTOBER).exists():
        pytest.skip("sample cur-2018 is absent: set COSTMODEL_SAMPLES")
    store = tmp_path_factory.mktemp("store")
    costmodel.import_bill(SAMPLES / OCTOBER, store=store)
    return store


def test_spread_unused_commitment_of_a_store_is_that_of_the_bill(tmp_path):
    use, fee = reservation_month()
    month = {"line_item_usage_start_date": "2026-01-01 00:00:00",
             "line_item_usage_end_date": "2026-01-31 23:59:59"}  # fmt: skip
    raw, stored = both(tmp_path, use, fee | month)

    question = {"granularity": "daily", "unused": "spread"}
    assert len(raw.summarize(**question).rows) == 31
    days = [[(row[0], round(float(row[1]), 12)) for row in bill.summarize(**question).rows]
            for bill in (raw, stored)]  # fmt: skip
    assert days[0] == days[1]


def test_importing_again_changes_nothing(tmp_path):
    path = write_cur(tmp_path / "cur.parquet", [{}])
    first = imported(tmp_path, path)
    before = read_manifest(tmp_path / "store")

    again = imported(tmp_path, path)

    assert [(month.period, month.rows, month.change) for month in first.imported] == [
        ("2026-01", 1, "new")
    ]
    assert again.imported == []
    assert again.unchanged == [str(path)]
    assert read_manifest(tmp_path / "store") == before
    json.dumps(again.to_json())


def test_a_month_delivered_again_is_replaced_whole_and_other_months_stay(tmp_path):
    february = {"bill_billing_period_start_date": "2026-02-01 00:00:00",
                "line_item_usage_start_date": "2026-02-03 00:00:00"}  # fmt: skip
    imported(tmp_path, write_cur(tmp_path / "jan.parquet", [{}, {}]))
    imported(tmp_path, write_cur(tmp_path / "feb.parquet", [february]))

    again = write_cur(tmp_path / "jan.parquet", [{"line_item_unblended_cost": 0.7}])
    (month,) = imported(tmp_path, again).imported

    assert (month.change, month.rows_before, month.rows) == ("replaced", 2, 1)
    rows = open_bill([tmp_path / "store"], PREFIXES).summarize(granularity="monthly").rows
    assert [(row[0].month, float(row[1])) for row in rows] == [(1, 0.7), (2, 0.1)]


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


def test_two_payers_keep_their_own_months(tmp_path):
    imported(tmp_path, write_cur(tmp_path / "a.parquet", [{}]))
    imported(
        tmp_path, write_cur(tmp_path / "b.parquet", [{"bill_payer_account_id": "000000000077"}])
    )

    rows = open_bill([tmp_path / "store"], PREFIXES).summarize(by="BillingAccountId").rows

    assert [row[0] for row in rows] == ["000000000001", "000000000077"]


def test_a_reader_that_began_before_a_replacement_finishes(tmp_path):
    imported(tmp_path, write_cur(tmp_path / "jan.parquet", [{}]))
    reader = open_bill([tmp_path / "store"], PREFIXES)

    imported(tmp_path, write_cur(tmp_path / "jan.parquet", [{"line_item_unblended_cost": 0.7}]))

    assert float(reader.summarize(granularity="hourly").rows[0][1]) == 0.1
    assert float(open_bill([tmp_path / "store"], PREFIXES).summarize().rows[0][0]) == 0.7


def test_files_of_a_replaced_month_go_one_import_later(tmp_path):
    for cost in (0.1, 0.2, 0.3):
        imported(
            tmp_path, write_cur(tmp_path / "jan.parquet", [{"line_item_unblended_cost": cost}])
        )

    manifest = read_manifest(tmp_path / "store")
    there = {p.relative_to(tmp_path / "store").as_posix()
             for p in (tmp_path / "store").rglob("*.parquet")}  # fmt: skip
    named = {name for unit in manifest.units for name in unit.everything}
    assert there == named | set(manifest.retired)


def test_a_wrong_file_leaves_the_store_as_it_was(tmp_path):
    imported(tmp_path, write_cur(tmp_path / "good.parquet", [{}]))
    before = read_manifest(tmp_path / "store")
    header = ",".join(USAGE)
    row = ",".join(str(value) for value in USAGE.values())
    bad = tmp_path / "bad.csv.gz"
    bad.write_bytes(gzip.compress("\n".join([header, *[row] * 5000]).encode())[:-60])

    with pytest.raises(BillError, match=r"bad\.csv\.gz"):
        imported(tmp_path, bad)

    assert read_manifest(tmp_path / "store") == before
    assert not list((tmp_path / "store").glob(".staging-*"))


def test_an_import_that_dies_is_cleared_and_resumed_month_by_month(tmp_path, monkeypatch):
    months = {}
    for month in ("01", "02"):
        folder = tmp_path / "cur" / f"year=2026/month={month}"
        folder.mkdir(parents=True)
        start = f"2026-{month}-01 00:00:00"
        months[month] = write_cur(folder / "r.parquet", [
            {"bill_billing_period_start_date": start, "line_item_usage_start_date": start}])  # fmt: skip
    real = store_import._import_one

    def dies_on_february(store, delivery, *rest):
        if "month=02" in delivery.label:
            (store / ".staging-dead").mkdir()
            raise KeyboardInterrupt
        return real(store, delivery, *rest)

    monkeypatch.setattr(store_import, "_import_one", dies_on_february)
    with pytest.raises(KeyboardInterrupt):
        imported(tmp_path, tmp_path / "cur")
    monkeypatch.undo()

    resumed = imported(tmp_path, tmp_path / "cur")

    assert [unit[1] for unit in resumed.imported] == ["2026-02"]
    assert resumed.unchanged == [str(months["01"])]
    assert not list((tmp_path / "store").glob(".staging-*"))


def test_a_second_import_at_the_same_time_is_refused(tmp_path):
    path = write_cur(tmp_path / "cur.parquet", [{}])

    with locked(tmp_path / "store"), pytest.raises(BillError, match="another import is running"):
        imported(tmp_path, path)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "damaged"), ('{"version": 9}', "version 9"), ('{"version": 2, "units": [], "retired": [],'
      ' "generation": 0}', "is empty")],
)  # fmt: skip
def test_a_damaged_or_empty_store_is_one_clear_line(tmp_path, text, message):
    (tmp_path / "bill-store.json").write_text(text)

    with pytest.raises(BillError, match=message):
        open_bill([tmp_path], PREFIXES)


def test_a_csv_month_and_small_reports_import_too(tmp_path):
    header = ",".join(USAGE)
    row = ",".join(str(value) for value in USAGE.values())
    (tmp_path / "cur.csv.gz").write_bytes(gzip.compress(f"{header}\n{row}\n".encode()))
    (tmp_path / "ce.json").write_text(json.dumps({"ResultsByTime": [
        {"TimePeriod": {"Start": "2026-03-01", "End": "2026-04-01"}, "Groups": [],
         "Total": {"UnblendedCost": {"Amount": "7", "Unit": "USD"}}}]}))  # fmt: skip

    imported(tmp_path, tmp_path / "cur.csv.gz", tmp_path / "ce.json")

    bill = open_bill([tmp_path / "store"], PREFIXES)
    rows = bill.summarize(granularity="monthly", metric="BilledCost").rows
    assert [(row[0].month, float(row[1])) for row in rows] == [(1, 0.1), (3, 7.0)]
    detail = bill.summarize(by="x_UsageType,RegionId,SubAccountId", metric="BilledCost").rows
    assert ("BoxUsage:m5.large", "us-west-2", "000000000002") in [row[:3] for row in detail]
