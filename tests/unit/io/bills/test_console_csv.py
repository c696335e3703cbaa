from decimal import Decimal

import pytest

from costmodel.errors import BillError
from costmodel.io.bills.console_csv import read_console_csv, sum_residuals
from costmodel.io.bills.reader import open_bill

BY_SERVICE = (
    '\ufeff"Service","EC2-Other($)","Savings Plans for  Compute usage($)","Tax($)","Total costs($)"\n'
    '"Service total","2.5000007865","1","0.45","3.9500007865"\n'
    '"2024-12-01","","0","0.45","0.45"\n'
    '"2025-01-01","2.5000007865","1","","3.5000007865"'
)
BY_ACCOUNT = (
    '\ufeff"Linked account","011122223333","444455556666",""\n'
    '"Linked account name","Name A ($)","Name B ($)","Total costs ($)"\n'
    '"Linked account total","1.5","7.865e-7","1.5000007865"\n'
    '"2025-06-01","1","7.865e-7","1.0000007865"\n'
    '"2025-06-02","0.5","","0.5"\n'
)


def written(tmp_path, text):
    path = tmp_path / "costs.csv"
    path.write_bytes(text.encode())
    return path


def test_by_service_reads_without_totals_and_keeps_empty_apart_from_zero(tmp_path):
    bill = open_bill([written(tmp_path, BY_SERVICE)], {})

    rows = bill.summarize(by="ServiceName,x_ServiceCode", granularity="monthly").rows

    assert [(f"{row[0]:%Y-%m}", row[1], row[2], row[3]) for row in rows] == [
        ("2024-12", "Tax", None, Decimal("0.45")),
        ("2024-12", "Savings Plans for Compute usage", "ComputeSavingsPlans", Decimal(0)),
        ("2025-01", "EC2-Other", "AmazonEC2", Decimal("2.5000007865")),
        ("2025-01", "Savings Plans for Compute usage", "ComputeSavingsPlans", Decimal(1)),
    ]
    assert bill.issues == []
    assert bill.currencies == ["USD"]


def test_by_account_reads_two_header_rows_and_scientific_notation(tmp_path):
    path = written(tmp_path, BY_ACCOUNT)
    bill = open_bill([path], {})

    rows = bill.summarize(by="SubAccountId,SubAccountName").rows

    assert rows == [
        ("011122223333", "Name A", Decimal("1.5")),
        ("444455556666", "Name B", Decimal("7.865E-7")),
    ]
    assert sum_residuals(read_console_csv(path)) == (0, 0)
    ends = bill.sql("SELECT DISTINCT ChargePeriodEnd - ChargePeriodStart AS d FROM bill")
    assert [row["d"].days for row in ends.to_pylist()] == [1]


def test_totals_that_do_not_add_up_are_an_issue(tmp_path):
    bill = open_bill([written(tmp_path, BY_SERVICE.replace('"3.9500007865"', '"120"'))], {})
    edited = open_bill(
        [written(tmp_path, BY_SERVICE.replace('"0.45","0.45"', '"0.45","0.5"'))], {}
    )

    assert bill.issues == []  # the grand total is neither a column nor a row of data
    assert "row totals differ from the cells by up to 0.05" in edited.issues[0].message


def test_a_spreadsheet_that_mangled_dates_and_headers_still_reads(tmp_path):
    text = (
        "Service,EC2-Instances,Total cost ($)\nService Total,3,3\n01-02-2022,1,1\n01-03-2022,2,2\n"
    )

    rows = open_bill([written(tmp_path, text)], {}).summarize(granularity="monthly").rows

    assert [(f"{row[0]:%Y-%m}", float(row[1])) for row in rows] == [("2022-02", 1), ("2022-03", 2)]


def test_another_currency_is_kept(tmp_path):
    bill = open_bill([written(tmp_path, BY_SERVICE.replace("($)", "(€)"))], {})

    assert bill.currencies == ["EUR"]
    assert bill.summarize().currency == "EUR"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2025-01-01", "January", "'January' is not a date"),
        ('"2.5000007865","1","",', '"lots","1","",', "'lots' is not an amount"),
        ('"3.5000007865"', '"3.5","9","9"', "cells, the header"),
    ],
)
def test_a_bad_cell_is_one_clear_line(tmp_path, old, new, message):
    with pytest.raises(BillError, match=message):
        open_bill([written(tmp_path, BY_SERVICE.replace(old, new))], {})


@pytest.mark.parametrize(("symbol", "currency"), [("€", "EUR"), ("CNY", "CNY")])
def test_a_download_without_its_totals_row_is_recognised(tmp_path, symbol, currency):
    text = f"Service,EC2({symbol}),Total costs({symbol})\n2026-01-01,10.25,10.25\n"

    bill = open_bill([written(tmp_path, text)], {})

    assert bill.currencies == [currency]
    assert bill.summarize().total == {"BilledCost": Decimal("10.25")}


def test_a_download_with_two_currencies_is_refused_by_name(tmp_path):
    text = "Service,EC2($),S3(€),Total costs($)\n2026-01-01,1,1,2\n"

    with pytest.raises(BillError, match=r"costs\.csv: the header mixes currencies"):
        open_bill([written(tmp_path, text)], {})
