"""What Athena unloads as text, with and without a header, however its columns are known."""

import gzip
import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

import costmodel
from costmodel.cli.main import app
from costmodel.errors import BillError
from costmodel.io.bills.column_lists import read_columns
from costmodel.io.bills.reader import import_bills, open_bill
from tests.unit.bill.bill_rows import PREFIXES, USAGE

COLUMNS = [*USAGE, "product", "resource_tags"]
PRODUCT = "region_code\x03us-west-2\x02vcpu\x038"
TAGS = "user_team\x03alpha"


def hive_row(separator="\x01", **changes):
    values = {**USAGE, "product": PRODUCT, "resource_tags": TAGS, **changes}
    # A quote is a quote in Hive's text; it parts nothing.
    values["line_item_line_item_description"] = '5" disk'
    return separator.join("\\N" if value == "" else str(value) for value in values.values())


def write_text(folder, lines, name="20260101_101112_00013_abcde_f0", packed=True):
    folder.mkdir(exist_ok=True)
    text = ("\n".join(lines) + "\n").encode()
    path = folder / (name + (".gz" if packed else ""))
    path.write_bytes(gzip.compress(text) if packed else text)
    return path


def manifest(folder):
    columns = [{"name": name} for name in COLUMNS]
    (folder / "costs-Manifest.json").write_text(json.dumps({"columns": columns}))


def table(folder):
    kinds = ["map<string,string>" if n in ("product", "resource_tags") else "string"
             for n in COLUMNS]  # fmt: skip
    fields = ",\n".join(f"  `{name}` {kind} COMMENT 'it''s, well'"
                        for name, kind in zip(COLUMNS, kinds, strict=True))  # fmt: skip
    (folder / "create-table.sql").write_text(
        "-- the table (of costs)\nCREATE EXTERNAL TABLE IF NOT EXISTS costs.report (\n"
        f"{fields}\n)\nPARTITIONED BY (`year` string)\nROW FORMAT DELIMITED"
    )


def unload(folder):
    names = ", ".join(f't."{name}"' if name != "product" else "x.p AS product" for name in COLUMNS)
    (folder / "unload.sql").write_text(f"UNLOAD (SELECT {names} FROM costs) TO 's3://b/x'")


def another_file(folder):
    write_text(folder, ["\x01".join(COLUMNS), hive_row()], "with-header", packed=False)


def check(bill):
    (row,) = bill.sql(
        "SELECT BillingAccountId, RegionId, BilledCost, ChargeDescription, CommitmentDiscountId "
        "FROM bill"
    ).to_pylist()
    assert row == {
        "BillingAccountId": "000000000001", "RegionId": "us-west-2", "BilledCost": Decimal("0.1"),
        "ChargeDescription": '5" disk', "CommitmentDiscountId": None,
    }  # fmt: skip
    assert bill.summarize(by="tag:team").rows[0][0] == "alpha"


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("beside", [manifest, table, unload, another_file])
def test_text_without_a_header_takes_its_columns_from_what_lies_beside(tmp_path, beside, packed):
    path = write_text(tmp_path / "in", [hive_row()], packed=packed)
    beside(path.parent)

    check(open_bill([path], PREFIXES))


@pytest.mark.parametrize(("separator", "name"), [("\t", "a.tsv"), (",", "a.csv"), ("\x01", "a")])
def test_columns_named_fit_text_of_every_separator(tmp_path, separator, name):
    row = hive_row(separator).replace('5" disk', "disk")
    path = write_text(tmp_path / "in", [row, row], name, packed=False)
    (tmp_path / "columns.txt").write_text("\n".join(COLUMNS))

    bill = open_bill([path], PREFIXES, tmp_path / "columns.txt")

    assert bill.summarize(metric="BilledCost").total["BilledCost"] == Decimal("0.2")
    assert bill.summarize(by="tag:team,product['vcpu']").rows[0][:2] == ("alpha", "8")


def test_a_folder_of_parts_imports_as_it_reads(tmp_path):
    for part in range(3):
        write_text(tmp_path / "in", [hive_row()] * 2, f"20260101_101112_00013_abcde_f{part}")
    write_text(tmp_path / "in", [hive_row()], "000000_0", packed=False)
    table(tmp_path / "in")

    import_bills([tmp_path / "in"], tmp_path / "store", PREFIXES, lambda _share: None)

    for path in ("in", "store"):
        bill = open_bill([tmp_path / path], PREFIXES)
        assert bill.summarize(metric="BilledCost").total["BilledCost"] == Decimal("0.7")
        assert bill.summarize(by="tag:team").rows[0][0] == "alpha"


def test_athenas_own_manifest_names_the_parts(tmp_path):
    parts = [write_text(tmp_path / "in", [hive_row()], f"20260101_101112_00013_abcde_f{part}")
             for part in range(2)]  # fmt: skip
    write_text(tmp_path / "in", [hive_row()], "20260101_101112_00013_other")
    table(tmp_path / "in")
    listed = tmp_path / "in" / "q-manifest.csv"
    listed.write_text("".join(f"s3://bucket/out/{part.name}\n" for part in parts))

    bill = open_bill([listed], PREFIXES)

    assert bill.summarize(metric="BilledCost").total["BilledCost"] == Decimal("0.2")


def test_text_with_a_header_needs_no_list_and_keeps_its_quotes(tmp_path):
    path = write_text(tmp_path / "in", ["\x01".join(COLUMNS), hive_row()])

    check(open_bill([path], PREFIXES))


def test_a_list_given_is_not_asked_where_there_is_a_header(tmp_path):
    path = write_text(tmp_path / "in", ["\x01".join(COLUMNS), hive_row()])
    (tmp_path / "wrong.txt").write_text("a\nb\n")

    check(open_bill([path], PREFIXES, tmp_path / "wrong.txt"))


def test_without_a_list_it_is_said_what_to_do(tmp_path):
    path = write_text(tmp_path / "in", [hive_row()])

    with pytest.raises(BillError) as caught:
        open_bill([path], PREFIXES)

    assert str(caught.value) == (
        f"{path}: text without a header ({len(COLUMNS)} fields), and nothing says what its "
        "columns are: put the manifest or the create-table.sql of the report beside it, or name "
        "a file that lists them with --columns"
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (COLUMNS[:-1], "22 columns, and the first line has 23 fields"),
        ([*COLUMNS[1:], COLUMNS[0]], "do not fit: line_item_usage_start_date would be"),
        ([f"column_{place}" for place in range(len(COLUMNS))], "of no bill"),
    ],
)
def test_a_list_of_another_table_is_refused(tmp_path, names, message):
    path = write_text(tmp_path / "in", [hive_row()])
    (tmp_path / "columns.csv").write_text(",".join(names))

    with pytest.raises(BillError, match=message):
        open_bill([path], PREFIXES, tmp_path / "columns.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "cannot be read"), ("{}", "names no columns"), ("SELECT * FROM x", "names no columns"),
     ('{"columns": [{"x": 1}]}', "names no columns"), ("", "names no columns")],
)  # fmt: skip
def test_a_list_without_columns_is_refused(tmp_path, text, message):
    if text is not None:
        (tmp_path / "list").write_text(text)

    with pytest.raises(BillError, match=message):
        read_columns(tmp_path / "list")


def test_the_legacy_manifest_names_category_and_name(tmp_path):
    columns = [{"category": "lineItem", "name": "UsageType", "type": "String"},
               {"category": "bill", "name": "InvoiceId"}]  # fmt: skip
    (tmp_path / "m.json").write_text(json.dumps({"columns": columns}))

    assert read_columns(tmp_path / "m.json") == ["lineItem/UsageType", "bill/InvoiceId"]


def test_the_commands_take_the_list(tmp_path):
    path = write_text(tmp_path / "in", [hive_row()])
    (tmp_path / "columns.txt").write_text("\n".join(COLUMNS))
    listed = ["--columns", str(tmp_path / "columns.txt")]
    run = CliRunner()

    asked = run.invoke(app, ["bill", "summarize", str(path), "-f", "json", "-q", *listed])
    store = run.invoke(app, ["bill", "import", str(path), "--store", str(tmp_path / "s"), *listed])
    made = run.invoke(app, ["bill", "convert", str(path), "-o", str(tmp_path / "f"), *listed])
    checked = run.invoke(app, ["bill", "check", str(path), "-f", "json", "-q", *listed])

    assert json.loads(asked.stdout)["total"] == {"EffectiveCost": 0.1}
    assert "1 rows (new)" in store.stdout
    assert json.loads(made.stdout)["rows"] == 1
    assert json.loads(checked.stdout)["total"]["BilledCost"] == 0.1
    assert costmodel.read_bill(path, columns=tmp_path / "columns.txt").available
