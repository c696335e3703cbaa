"""The same rows as every kind of CUR: Parquet, CSV, gzip, zip, Athena text, CUR 2.0."""

import gzip
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costmodel.errors import BillError
from costmodel.io.bills.reader import open_bill
from tests.unit.bill.bill_rows import PREFIXES, USAGE, write_cur

HEADERS = {
    "bill_payer_account_id": "bill/PayerAccountId",
    "bill_billing_period_start_date": "bill/BillingPeriodStartDate",
    "line_item_usage_account_id": "lineItem/UsageAccountId",
    "line_item_line_item_type": "lineItem/LineItemType",
    "line_item_usage_start_date": "lineItem/UsageStartDate",
    "line_item_product_code": "lineItem/ProductCode",
    "line_item_usage_type": "lineItem/UsageType",
    "line_item_operation": "lineItem/Operation",
    "line_item_currency_code": "lineItem/CurrencyCode",
    "line_item_usage_amount": "lineItem/UsageAmount",
    "line_item_unblended_cost": "lineItem/UnblendedCost",
    "reservation_reservation_a_r_n": "reservation/ReservationARN",
    "savings_plan_savings_plan_a_r_n": "savingsPlan/SavingsPlanARN",
    "resource_tags_user_cost_center": "resourceTags/user:Cost Center",
}
ROW = USAGE | {"resource_tags_user_cost_center": "R&D"}


def csv_text(separator=",", null="", header=True, cost="0.1000000000"):
    values = {name: str(ROW.get(name) or null) for name in HEADERS}
    values["line_item_unblended_cost"] = cost
    values["line_item_usage_start_date"] = "2026-01-05T00:00:00Z"
    values["bill_billing_period_start_date"] = "2026-01-01T00:00:00.000Z"
    lines = [separator.join(HEADERS.values())] if header else []
    return "\n".join([*lines, separator.join(values.values())]) + "\n"


def only_row(bill):
    (row,) = bill.sql(
        "SELECT BillingAccountId, SubAccountId, RegionId, x_UsageType, SkuMeter, "
        "ChargePeriodStart, BilledCost FROM bill"
    ).to_pylist()
    return row


def check(bill):
    row = only_row(bill)
    assert row["BillingAccountId"] == "000000000001"
    assert row["SubAccountId"] == "000000000002"
    assert row["RegionId"] == "us-west-2"
    assert row["x_UsageType"] == "BoxUsage:m5.large"
    assert row["SkuMeter"] == "USW2-BoxUsage:m5.large"
    assert str(row["ChargePeriodStart"])[:16] == "2026-01-05 00:00"
    assert float(row["BilledCost"]) == 0.1


@pytest.mark.parametrize(
    "key", ["Cost Center", "cost_center", "user:Cost Center", "user_cost_center"]
)
def test_csv_gz_reads_and_its_tags_answer_to_every_spelling(tmp_path, key):
    path = tmp_path / "report-1.csv.gz"
    path.write_bytes(gzip.compress(csv_text().encode()))

    bill = open_bill([path], PREFIXES)

    check(bill)
    assert [row[0] for row in bill.summarize(by=f"tag:'{key}'").rows] == ["R&D"]
    tags = dict(bill.sql("SELECT Tags FROM bill").to_pylist()[0]["Tags"])
    assert tags == {"user:Cost Center": "R&D"}


def test_zip_reads(tmp_path):
    path = tmp_path / "report.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("report-1.csv", csv_text())

    check(open_bill([path], PREFIXES))


def test_athena_text_with_header_reads_and_backslash_n_is_null(tmp_path):
    path = tmp_path / "000000_0"
    path.write_text(csv_text("\x01", "\\N").replace("category/Name", ""))

    bill = open_bill([path], PREFIXES)

    check(bill)
    assert bill.sql("SELECT CommitmentDiscountId FROM bill").to_pylist() == [
        {"CommitmentDiscountId": None}
    ]


def test_parquet_reads(tmp_path):
    check(open_bill([write_cur(tmp_path / "x.parquet", [{}])], PREFIXES))


@pytest.mark.parametrize("key", ["user:team", "user_team", "team"])
def test_cur_2_maps_in_parquet_read_with_both_tag_spellings(tmp_path, key):
    text_map = pa.map_(pa.string(), pa.string())
    table = pa.table(
        {name: [value] for name, value in USAGE.items() if name != "product_region_code"}
        | {
            "product": pa.array([[("region_code", "us-west-2"), ("instance_type", "m5.large")]],
                                text_map),
            "resource_tags": pa.array([[(key, "alpha")]], text_map),
            "line_item_usage_account_name": ["Shop"],
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "cur2.parquet")

    bill = open_bill([tmp_path / "cur2.parquet"], PREFIXES)

    assert str(bill.sources[0].format) == "CUR 2.0"
    check(bill)
    rows = bill.summarize(by="Tags['team'],SubAccountName,x_InstanceType").rows
    assert rows[0][:3] == ("alpha", "Shop", "m5.large")


def test_cur_2_maps_as_json_text_in_csv_read(tmp_path):
    product = json.dumps({"region_code": "us-west-2"}).replace('"', '""')
    names = [*USAGE, "product", "resource_tags"]
    values = [str(value) for value in USAGE.values()] + [
        f'"{product}"',
        '"{""user_team"": ""a""}"',
    ]
    path = tmp_path / "cur2.csv"
    path.write_text(",".join(names) + "\n" + ",".join(values) + "\n")

    bill = open_bill([path], PREFIXES)

    check(bill)
    assert bill.summarize(by="tag:team").rows[0][0] == "a"


def test_columns_that_drift_between_months_are_united_by_name(tmp_path):
    write_cur(tmp_path / "1.parquet", [{}])
    write_cur(tmp_path / "2.parquet", [{"resource_tags_user_team": "a"}])

    bill = open_bill([tmp_path], PREFIXES)

    assert {row[0]: float(row[1]) for row in bill.summarize(by="tag:team").rows} == {
        None: 0.1,
        "a": 0.1,
    }


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n\n", "is empty"),
        ("a.csv", b"name,price\nx,1\n", "a bill is a Cost and Usage Report"),
        ("a.csv.gz", gzip.compress(csv_text().encode() * 3000, mtime=0)[:-400], "truncated"),
        ("a.csv.gz", b"\x1f\x8bnonsense", "damaged"),
        ("a.parquet", b"PAR1nonsense", "damaged"),
        ("a.zip", b"PK\x03\x04nonsense", "damaged"),
        ("a.csv", csv_text().encode("utf-16"), "UTF-16"),
        ("a.csv", csv_text().encode().replace(b"R&D", b"R\xe9D"), "not UTF-8"),
        ("a.json", b'{"x": 1}', "ResultsByTime"),
        ("a.json", b"{not json", "not JSON"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(BillError, match=message) as caught:
        open_bill([path], PREFIXES).summarize()

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_not_utf_8_far_down_are_one_clear_line(tmp_path):
    path = tmp_path / "a.csv"
    header, row = csv_text().splitlines()
    path.write_bytes("\n".join([header, *[row] * 1000, row]).encode() + b"\xe9\n")

    with pytest.raises(BillError, match=r"(?i)utf-?8|unicode"):
        open_bill([path], PREFIXES).summarize()


def test_an_amount_that_is_no_number_is_one_clear_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(cost="ten dollars"))

    with pytest.raises(BillError, match="ten dollars"):
        open_bill([path], PREFIXES).summarize()


def test_a_missing_cost_column_is_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text().replace("lineItem/UnblendedCost", "lineItem/Cost"))

    with pytest.raises(BillError, match="lineItem/UnblendedCost"):
        open_bill([path], PREFIXES).summarize()


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(BillError, match="nowhere: no such file"):
        open_bill([tmp_path / "nowhere"], PREFIXES)


def test_a_folder_without_bills_is_said_to_be_empty(tmp_path):
    (tmp_path / "readme.md").write_text("hello")

    with pytest.raises(BillError, match="no bill in this folder"):
        open_bill([tmp_path], PREFIXES)


def test_a_report_cut_in_a_row_is_said_to_be_cut(tmp_path):
    path = tmp_path / "cut.csv"
    path.write_text("\n".join([csv_text().rstrip("\n"), "x,y"]) + "\n")

    with pytest.raises(BillError, match=r"cut\.csv: .*is the file cut short"):
        open_bill([path], PREFIXES).summarize()


def test_an_amount_that_is_none_names_the_file(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(csv_text().replace("0.1", "abc"))

    with pytest.raises(BillError, match=r"bad\.csv: .*abc"):
        open_bill([path], PREFIXES).summarize()
