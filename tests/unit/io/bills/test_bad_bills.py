"""Every kind of broken bill is one clear line, asked or imported, and leaves nothing in a store."""

import gzip
import json
import re
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from costmodel.cli.main import app
from costmodel.errors import BillError
from tests.unit.bill.bill_rows import USAGE

HEADER = ",".join(USAGE)
ROW = ",".join(map(str, USAGE.values()))
GOOD = "\n".join([HEADER, *[ROW] * 3000]) + "\n"


def row(**changes):
    return ",".join(str(value) for value in (USAGE | changes).values())


def text(*lines):
    return ("\n".join([HEADER, *lines]) + "\n").encode()


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def truncated(folder):
    write(folder, "c-1.csv.gz", gzip.compress(GOOD.encode(), mtime=0)[:-400])


def wrong_manifest(folder):
    write(folder, "20260101-20260201/a1/c-1.csv", GOOD.encode())
    manifest = {"reportKeys": ["x/20260101-20260201/a1/c-1.csv", "x/20260101-20260201/a1/c-2.csv"]}
    write(folder, "20260101-20260201/c-Manifest.json", json.dumps(manifest).encode())


def broken_manifest(folder):
    write(folder, "20260101-20260201/a1/c-1.csv", GOOD.encode())
    write(folder, "20260101-20260201/c-Manifest.json", b"{not json")


def missing_column(folder):
    names = [name for name in USAGE if name != "line_item_unblended_cost"]
    lines = [",".join(names), ",".join(str(USAGE[name]) for name in names)]
    write(folder, "c-1.csv", "\n".join(lines).encode())


def two_assemblies(folder):
    for assembly in ("a1", "a2"):
        write(folder, f"20260101-20260201/{assembly}/c-1.csv", GOOD.encode())


def not_utf_8(folder):
    write(
        folder,
        "c-1.csv.gz",
        gzip.compress(GOOD.encode() + ROW.encode().replace(b"Usage", b"Us\xffge") + b"\n"),
    )


def empty(folder):
    write(folder, "c-1.csv", b"")


def nothing(folder):
    folder.mkdir()


def both_kinds(folder):
    write(folder, "c-1.csv", text(ROW))
    pq.write_table(pa.table({name: [v] for name, v in USAGE.items()}), folder / "c-1.parquet")


def bad_member(folder):
    folder.mkdir()
    with zipfile.ZipFile(folder / "costs.zip", "w") as archive:
        archive.writestr("c-1.csv", text(ROW))
        archive.writestr("c-2.csv", text(ROW + ",x,y"))


def twice_in_the_header(folder):
    lines = [f"{HEADER},line_item_usage_amount", f"{ROW},1"]
    write(folder, "c-1.csv", "\n".join(lines).encode())


def cut_row(folder):
    write(folder, "c-1.csv", text(ROW, ROW[:80]))


def no_number(folder):
    write(folder, "c-1.csv", text(ROW, row(line_item_unblended_cost="cheap")))


def decimal_comma(folder):
    write(folder, "c-1.csv", text(ROW, row(line_item_unblended_cost='"12,34"')))


def too_large(folder):
    write(folder, "c-1.csv", text(ROW, row(line_item_unblended_cost="1e30")))


def no_bill(folder):
    write(folder, "notes.csv", b"name,price\nx,1\n")


BROKEN = [
    (truncated, "c-1.csv.gz: .*truncated"),
    (wrong_manifest, "c-Manifest.json: names .*c-2.csv, which is not there"),
    (broken_manifest, "c-Manifest.json: line 1: not JSON"),
    (missing_column, "the column lineItem/UnblendedCost is missing"),
    (two_assemblies, "2 assemblies and no manifest"),
    (not_utf_8, r"c-1\.csv\.gz: .*(line 3002|line_item_line_item_type) is not UTF-8"),
    (empty, "the file is empty"),
    (nothing, "no bill in this folder"),
    (both_kinds, "both would count twice"),
    (bad_member, r"costs\.zip/c-2\.csv: .*other columns than the header"),
    (twice_in_the_header, "line_item_usage_amount stands twice in the header"),
    (cut_row, "other columns than the header"),
    (no_number, r"c-1\.csv: .*'?\"?cheap"),
    (decimal_comma, r"c-1\.csv: .*12,34"),
    (too_large, r"c-1\.csv: .*1e30"),
    (no_bill, "the first line is 'name,price'"),
]


@pytest.mark.parametrize(("make", "message"), BROKEN, ids=[make.__name__ for make, _ in BROKEN])
def test_a_broken_bill_is_one_line_and_nothing_is_imported(tmp_path, make, message):
    make(tmp_path / "in")
    store = tmp_path / "store"
    run = CliRunner()

    asked = run.invoke(app, ["bill", "summarize", str(tmp_path / "in"), "-q"])
    imported = run.invoke(
        app, ["bill", "import", str(tmp_path / "in"), "--store", str(store), "-q"]
    )

    for done in (asked, imported):
        assert isinstance(done.exception, BillError)
        assert re.search(message, str(done.exception))
        assert "\n" not in str(done.exception)
        assert "costmodel-bill-" not in str(done.exception)
    assert [
        path.name for path in store.rglob("*") if path.is_file() and path.name != ".lock"
    ] == []


def test_a_bill_of_a_header_alone_says_that_it_has_no_rows(tmp_path):
    write(tmp_path, "in/c-1.csv", text())
    run = CliRunner()

    asked = run.invoke(app, ["bill", "summarize", str(tmp_path / "in"), "-q"])
    stored = run.invoke(app, ["bill", "import", str(tmp_path / "in"), "--store",
                              str(tmp_path / "store")])  # fmt: skip

    assert "the bill has no rows" in asked.stdout
    assert stored.stdout == f"no rows  {tmp_path / 'in' / 'c-1.csv'}\n"


def test_what_lies_in_an_archive_beside_the_bill_is_left_alone(tmp_path):
    with zipfile.ZipFile(tmp_path / "costs.zip", "w") as archive:
        archive.writestr("c-1.csv", text(ROW))
        archive.writestr("c-2.csv", text(ROW))
        archive.writestr("README.txt", "hello\n")

    done = CliRunner().invoke(app, ["bill", "summarize", str(tmp_path / "costs.zip"), "-q",
                                    "-m", "BilledCost", "-f", "json"])  # fmt: skip

    assert json.loads(done.stdout)["total"] == {"BilledCost": 0.2}
