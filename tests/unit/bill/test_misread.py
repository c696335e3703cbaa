"""Values that are no amount or time are refused with file, row and column."""

import gzip

import pytest

import costmodel
from costmodel.errors import BillError
from costmodel.io.bills.reader import import_bills

FOCUS = "BillingCurrency,ChargePeriodStart,ChargeDescription,BilledCost,EffectiveCost\n"
CUR = (
    "identity/LineItemId,bill/PayerAccountId,lineItem/LineItemType,lineItem/UsageStartDate,"
    "lineItem/UsageType,lineItem/UnblendedCost\n"
)


def focus(*costs: str, start: str = "2026-05-01T00:00:00Z", head: str = FOCUS) -> str:
    # The description holds the same text: it is no amount and must not be named.
    return head + "".join(f"USD,{start},{cost},1,{cost}\n" for cost in costs)


def refused(path, metric: str = "EffectiveCost") -> str:
    with pytest.raises(BillError) as error:
        costmodel.read_bill(path).summarize(metric=metric, granularity="daily")
    return str(error.value)


@pytest.mark.parametrize("value", ["NaN", "abc", "inf", "1e400", "1e300", "it's"])
def test_a_cell_that_is_no_amount_is_named(tmp_path, value) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(focus("1", "2.5", value, "4"))

    assert refused(path).startswith(f"{path}: row 3: EffectiveCost: {value!r} is no amount")


@pytest.mark.parametrize("value", ["1", "1e3", "-0.5", "", "1e19"])
def test_amounts_at_the_limits_are_read(tmp_path, value) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(focus("1", value))

    total = costmodel.read_bill(path).summarize(metric="EffectiveCost").rows[0][0]

    assert float(total) == 1.0 + float(value or 0)


def test_the_file_as_the_user_named_it_is_said(tmp_path) -> None:
    packed = tmp_path / "bill.csv.gz"
    packed.write_bytes(gzip.compress(focus("1", "abc").encode()))

    assert refused(packed).startswith(f"{packed}: row 2: EffectiveCost: 'abc'")


def test_of_several_files_the_one_with_the_value_is_said(tmp_path) -> None:
    (tmp_path / "a.csv").write_text(focus("1", "2"))
    (tmp_path / "b.csv").write_text(focus("1", "abc"))

    assert refused(tmp_path).startswith(f"{tmp_path / 'b.csv'}: EffectiveCost: 'abc' is no amount")


def test_a_legacy_column_goes_by_its_own_name(tmp_path) -> None:
    path = tmp_path / "cur.csv"
    path.write_text(CUR + "x,1,Usage,2026-05-01T00:00:00Z,BoxUsage:m5.large,abc\n")

    found = refused(path, "BilledCost")

    assert found.startswith(f"{path}: row 1: lineItem/UnblendedCost: 'abc' is no amount")


def test_a_cell_that_is_no_time_is_named(tmp_path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(focus("1") + focus("2", start="soon", head=""))

    assert refused(path).startswith(f"{path}: row 2: ChargePeriodStart: 'soon' is no time")


def test_an_import_of_several_files_says_the_cell(tmp_path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(focus("1", "2"))
    bad = tmp_path / "in" / "b.csv"
    bad.write_text(focus("1", "abc"))

    with pytest.raises(BillError) as error:
        import_bills([tmp_path / "in"], tmp_path / "store", {}, lambda share: None)

    assert str(error.value).startswith(f"{bad}: row 2: ")
    assert "Cost: 'abc' is no amount" in str(error.value)


def test_a_value_of_a_query_is_no_cell_of_the_file(tmp_path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(focus("1"))

    with pytest.raises(BillError, match="cannot be read"):
        costmodel.read_bill(path).sql("SELECT CAST('nothing' AS DECIMAL(38, 18)) FROM bill")
