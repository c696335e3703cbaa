"""A store answers every question as the files do, and is never half written."""

import gzip
import itertools
import json
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
