"""Every column of FOCUS 1.3, and what exporters add of their own, can be asked and is stored."""

import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costmodel.bill.focus_export import FOCUS_1_2
from costmodel.errors import BadInputError
from costmodel.io.bills.reader import import_bills, open_bill
from tests.unit.bill.bill_rows import PREFIXES, USAGE, cur_bill

# https://focus.finops.org/focus-specification/v1-3/: the columns 1.3 adds to the 57 of 1.2.
ADDED_IN_1_3 = (
    "AllocatedMethodDetails", "AllocatedMethodId", "AllocatedResourceId", "AllocatedResourceName",
    "AllocatedTags", "ContractApplied", "HostProviderName", "ServiceProviderName",
)  # fmt: skip
FOCUS_1_3 = (*(name for name in FOCUS_1_2 if not name.startswith("x_")), *ADDED_IN_1_3)
_TIMES = {"BillingPeriodStart": "2026-01-01T00:00:00Z", "BillingPeriodEnd": "2026-02-01T00:00:00Z",
          "ChargePeriodStart": "2026-01-05T00:00:00Z",
          "ChargePeriodEnd": "2026-01-05T01:00:00Z"}  # fmt: skip
_MAPS = {"Tags": {"team": "a"}, "AllocatedTags": {"pod": "p-1"},
         "SkuPriceDetails": {"InstanceType": "m5.large"}}  # fmt: skip
_OWN = {"x_Project": "apollo", "x_Units": 2.5, "CostCentre": "77"}


def value_of(name):
    if name in _TIMES:
        return _TIMES[name]
    if name in _MAPS:
        return json.dumps(_MAPS[name])
    if FOCUS_1_2.get(name) == "DOUBLE":
        return "1.25"
    return {"ChargeCategory": "Usage", "BillingCurrency": "USD"}.get(name, f"the {name}")


def csv_file(folder):
    values = {name: value_of(name) for name in FOCUS_1_3} | _OWN
    cells = ['"' + str(value).replace('"', '""') + '"' for value in values.values()]
    path = folder / "focus.csv"
    path.write_text(",".join(values) + "\n" + ",".join(cells) + "\n", encoding="utf-8")
    return path


def parquet_file(folder):
    text_map = pa.map_(pa.string(), pa.string())
    arrays = {}
    for name in FOCUS_1_3:
        if name in _MAPS:
            arrays[name] = pa.array([list(_MAPS[name].items())], text_map)
        elif FOCUS_1_2.get(name) == "DOUBLE":
            arrays[name] = pa.array([1.25])
        else:
            arrays[name] = pa.array([value_of(name)])
    path = folder / "focus.parquet"
    pq.write_table(pa.table(arrays | {name: [value] for name, value in _OWN.items()}), path)
    return path


@pytest.fixture(scope="module", params=["csv", "parquet", "store of csv", "store of parquet"])
def bill(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("focus")
    path = (csv_file if request.param.endswith("csv") else parquet_file)(folder)
    if request.param.startswith("store"):
        import_bills([path], folder / "store", PREFIXES, lambda _share: None)
        path = folder / "store"
    return open_bill([path], PREFIXES)


def test_1_3_has_65_columns():
    assert len(FOCUS_1_3) == 65


def test_every_column_of_focus_1_3_is_read_kept_and_asked(bill):
    money = [name for name in FOCUS_1_3 if FOCUS_1_2.get(name) == "DOUBLE"]
    texts = [name for name in FOCUS_1_3 if name not in (*money, *_MAPS)]
    entries = {f"{name}['{key}']": value
               for name, values in _MAPS.items() for key, value in values.items()}  # fmt: skip

    total = bill.summarize(metric=money).total
    (asked,) = bill.summarize(by=[*texts, *entries], metric="BilledCost").rows
    (filtered,) = bill.summarize(filter=" and ".join(f"{name} is not null" for name in texts)).rows

    assert total == dict.fromkeys(money, Decimal("1.25"))
    shown = dict(zip([*texts, *entries], asked, strict=False))
    shown |= {name: f"{shown[name]:%Y-%m-%dT%H:%M:%SZ}" for name in _TIMES}
    assert shown == {name: value_of(name) for name in texts} | entries
    assert filtered == (Decimal("1.25"),)
    assert set(FOCUS_1_3) <= set(bill.sql("SELECT * FROM bill").column_names)


def test_columns_of_the_exporter_are_asked_by_their_names(bill):
    assert bill.summarize(by="x_Project,costcentre").rows[0][:2] == ("apollo", "77")
    assert len(bill.summarize(filter="x_Project = 'apollo' and CostCentre = '77'").rows) == 1
    assert bill.summarize(metric="x_Units").total["x_Units"] == Decimal("2.5")
    assert bill.sql("SELECT x_Project FROM bill").to_pylist() == [{"x_Project": "apollo"}]


def test_a_column_of_the_exporter_misspelled_is_refused_with_the_nearest(bill):
    with pytest.raises(BadInputError, match="no column x_Projct: did you mean x_Project"):
        bill.summarize(by="x_Projct")


def test_numbers_of_the_exporter_compare_as_numbers(tmp_path):
    bill = open_bill([parquet_file(tmp_path)], PREFIXES)

    assert bill.summarize(filter="x_Units > 2").total["EffectiveCost"] == Decimal("1.25")
    assert bill.summarize(filter="x_Units > 3").rows == [(None,)]


def test_a_column_of_another_type_in_another_file_is_text(tmp_path):
    (tmp_path / "a").mkdir()
    texts, numbers = csv_file(tmp_path / "a"), parquet_file(tmp_path)

    bill = open_bill([texts, numbers], PREFIXES)

    assert [row[:2] for row in bill.summarize(by="x_Units,x_Project").rows] == [("2.5", "apollo")]


def test_the_provider_of_1_3_answers_to_both_names(tmp_path):
    bill = cur_bill(tmp_path, {})

    assert bill.summarize(by="ProviderName,ServiceProviderName,HostProviderName").rows[0][:3] == (
        "AWS", "AWS", "AWS")  # fmt: skip


@pytest.mark.parametrize("name", ["product_vcpu", "product/vcpu", "Product_vCPU"])
def test_a_cur_answers_by_columns_the_relation_does_not_have(tmp_path, name):
    bill = cur_bill(tmp_path, {"product_vcpu": "8"}, {"product_vcpu": ""})

    rows = bill.summarize(by=name, metric="BilledCost").rows

    assert [(row[0], float(row[1])) for row in rows] == [("8", 0.1), (None, 0.1)]


def test_product_attributes_of_cur_2_are_entries_of_a_map(tmp_path):
    values = [str(value) for value in USAGE.values()] + ['"{""vcpu"": ""8""}"', "{}"]
    path = tmp_path / "cur2.csv"
    path.write_text(
        ",".join([*USAGE, "product", "resource_tags"]) + "\n" + ",".join(values) + "\n"
    )

    bill = open_bill([path], PREFIXES)

    assert bill.summarize(by="product['vcpu']", filter="product['vcpu'] = '8'").rows[0][0] == "8"
