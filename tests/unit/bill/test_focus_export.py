"""The FOCUS 1.2 export keeps the specification's rules and the bill's sums."""

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costmodel import read_bill
from costmodel.bill.focus_export import FOCUS_1_2
from costmodel.bill.generate.plan import BillSettings
from costmodel.errors import BadInputError, IssueReason
from costmodel.io.focus_writer import FocusDataset, write_focus
from costmodel.io.generated_bill import generate_bill
from tests.unit.bill.bill_rows import cur_table
from tests.unit.bill.focus_bill import focus_bill, row
from tests.unit.bill.generate import offers

# Rows that break a rule of the FOCUS 1.2 CostAndUsage dataset; each must be none.
_PRICED = "ChargeCategory IN ('Usage', 'Purchase') AND ChargeClass IS NULL"
_USED = "ChargeCategory = 'Usage' AND CommitmentDiscountStatus IS DISTINCT FROM 'Unused'"
RULES = {
    "mandatory columns are never null": " OR ".join(
        f"{name} IS NULL"
        for name in ("BilledCost", "BillingAccountId", "BillingAccountType", "BillingCurrency",
                     "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory",
                     "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost",
                     "EffectiveCost", "InvoiceIssuerName", "ListCost", "ProviderName",
                     "PublisherName", "ServiceCategory", "ServiceName", "ServiceSubcategory")
    ),
    "ChargeCategory": "ChargeCategory NOT IN ('Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment')",
    "ChargeClass": "ChargeClass IS NOT NULL AND ChargeClass <> 'Correction'",
    "ChargeFrequency": "ChargeFrequency NOT IN ('One-Time', 'Recurring', 'Usage-Based')",
    "a purchase is not usage-based":
        "ChargeCategory = 'Purchase' AND ChargeFrequency = 'Usage-Based'",
    "PricingCategory": "PricingCategory NOT IN ('Standard', 'Dynamic', 'Committed', 'Other')",
    "tax has no pricing category": "ChargeCategory = 'Tax' AND PricingCategory IS NOT NULL",
    "what is priced has a pricing category": f"{_PRICED} AND PricingCategory IS NULL",
    "a purchase is never Committed":
        "ChargeCategory = 'Purchase' AND PricingCategory = 'Committed'",
    "a commitment's category":
        "CommitmentDiscountId IS NOT NULL AND (CommitmentDiscountCategory IS NULL OR"
        " CommitmentDiscountCategory NOT IN ('Spend', 'Usage'))",
    "a commitment's type": "CommitmentDiscountId IS NOT NULL AND CommitmentDiscountType IS NULL",
    "no commitment, no columns of one":
        "CommitmentDiscountId IS NULL AND (CommitmentDiscountCategory IS NOT NULL OR"
        " CommitmentDiscountType IS NOT NULL OR CommitmentDiscountStatus IS NOT NULL OR"
        " CommitmentDiscountQuantity IS NOT NULL OR CommitmentDiscountUnit IS NOT NULL)",
    "covered usage has a status":
        "CommitmentDiscountId IS NOT NULL AND ChargeCategory = 'Usage' AND"
        " (CommitmentDiscountStatus IS NULL OR CommitmentDiscountStatus NOT IN ('Used', 'Unused'))",
    "only usage has a status":
        "ChargeCategory <> 'Usage' AND CommitmentDiscountStatus IS NOT NULL",
    "a commitment's quantity has a unit":
        "(CommitmentDiscountQuantity IS NULL) <> (CommitmentDiscountUnit IS NULL)",
    "covered usage and purchases have a commitment quantity":
        f"CommitmentDiscountId IS NOT NULL AND {_PRICED} AND CommitmentDiscountQuantity IS NULL",
    "a commitment purchase is not in the amortised view":
        "ChargeCategory = 'Purchase' AND CommitmentDiscountId IS NOT NULL AND EffectiveCost <> 0",
    "covered usage is not billed": "CommitmentDiscountStatus IS NOT NULL AND BilledCost <> 0",
    "unused commitment has no list cost":
        "CommitmentDiscountStatus = 'Unused' AND (ListCost <> 0 OR ContractedCost <> 0)",
    "usage has a consumed quantity":
        f"{_USED} AND ChargeClass IS NULL AND (ConsumedQuantity IS NULL OR ConsumedUnit IS NULL)",
    "nothing else has one":
        f"NOT ({_USED}) AND (ConsumedQuantity IS NOT NULL OR ConsumedUnit IS NOT NULL)",
    "what is priced has quantity, unit, prices and SKU":
        f"{_PRICED} AND CommitmentDiscountStatus IS DISTINCT FROM 'Unused' AND (PricingQuantity"
        " IS NULL OR PricingUnit IS NULL OR ListUnitPrice IS NULL OR ContractedUnitPrice IS NULL"
        " OR SkuId IS NULL OR SkuPriceId IS NULL OR SkuMeter IS NULL)",
    "tax has neither": "ChargeCategory = 'Tax' AND (PricingQuantity IS NOT NULL OR ListUnitPrice"
        " IS NOT NULL OR ContractedUnitPrice IS NOT NULL OR SkuPriceId IS NOT NULL)",
    "list cost is price times quantity":
        f"{_PRICED} AND ABS(ListUnitPrice * PricingQuantity - ListCost) > 1e-6",
    "contracted cost is price times quantity":
        f"{_PRICED} AND ABS(ContractedUnitPrice * PricingQuantity - ContractedCost) > 1e-6",
    "prices are not negative":
        f"{_PRICED} AND ChargeCategory = 'Usage' AND (ListUnitPrice < 0 OR ContractedUnitPrice < 0)",
    "a region has a name, and only a region": "(RegionId IS NULL) <> (RegionName IS NULL)",
    "global is no region": "RegionId = 'global'",
    "a resource has a type": "ResourceId IS NOT NULL AND ResourceType IS NULL",
    "an account has a type": "(SubAccountId IS NULL) <> (SubAccountType IS NULL)",
    "details belong to a price": "SkuPriceId IS NULL AND SkuPriceDetails IS NOT NULL",
    "pricing currency twins": "PricingCurrencyListUnitPrice IS DISTINCT FROM ListUnitPrice OR"
        " PricingCurrencyEffectiveCost <> EffectiveCost OR PricingCurrency IS NULL",
    "charges lie in time": "ChargePeriodEnd <= ChargePeriodStart",
    "periods are months": "BillingPeriodEnd <> BillingPeriodStart + INTERVAL 1 MONTH",
    "accounts keep their zeros": "LENGTH(BillingAccountId) <> 12 OR LENGTH(SubAccountId) <> 12",
    "no empty text": "'' IN (RegionId, ResourceId, SkuId, CommitmentDiscountId, InvoiceId)",
}  # fmt: skip


@pytest.fixture(scope="module", params=["cur", "cur2", "focus-1.0", "focus-1.2"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """Return a generated bill and its export."""
    folder = tmp_path_factory.mktemp("focus")
    settings = BillSettings(rows=40_000, seed=7, months=2, accounts=4)
    made = generate_bill(settings, offers.small_prices(), folder / "in", request.param)
    bill = read_bill(*made.files)
    return bill, write_focus(bill, folder / "out")


def select(dataset: FocusDataset, fields: str, where: str = "TRUE") -> list[tuple]:
    scan = f"read_parquet('{dataset.folder}/**/*.parquet', hive_partitioning = false)"
    return duckdb.sql(f"SELECT {fields} FROM {scan} WHERE {where}").fetchall()


@pytest.mark.parametrize("rule", list(RULES))
def test_no_row_breaks_a_rule(rule: str, exported) -> None:
    _, dataset = exported

    assert select(dataset, "*", RULES[rule])[:3] == []


def test_columns_are_those_of_focus_1_2_in_its_types(exported) -> None:
    _, dataset = exported
    scan = f"read_parquet('{dataset.files[0]}', hive_partitioning = false)"
    found = duckdb.sql(f"DESCRIBE SELECT * FROM {scan}").fetchall()

    types = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
    assert {name: types.get(kind, kind) for name, kind, *_ in found} == FOCUS_1_2
    assert len([name for name in FOCUS_1_2 if not name.startswith("x_")]) == 57


def test_sums_are_those_of_the_bill(exported) -> None:
    bill, dataset = exported
    total = bill.summarize(metric=["BilledCost", "EffectiveCost"]).total

    ((billed, effective),) = select(
        dataset,
        "SUM(CAST(BilledCost AS DECIMAL(38, 10))), SUM(CAST(EffectiveCost AS DECIMAL(38, 10)))",
    )

    assert float(billed) == pytest.approx(float(total["BilledCost"]), rel=1e-12)
    assert float(effective) == pytest.approx(float(total["EffectiveCost"]), rel=1e-12)


def test_an_export_read_back_says_the_same(exported, tmp_path: Path) -> None:
    bill, dataset = exported
    metrics = ["BilledCost", "EffectiveCost", "ContractedCost"]

    again = read_bill(*dataset.files).summarize(by=["ServiceName", "RegionId"], metric=metrics)

    first = bill.summarize(by=["ServiceName", "RegionId"], metric=metrics)
    assert [row[:2] for row in again.rows] == [row[:2] for row in first.rows]
    for here, there in zip(first.rows, again.rows, strict=True):
        assert [float(value) for value in there[2:]] == pytest.approx(
            [float(value) for value in here[2:]], rel=1e-9, abs=1e-9
        )


def test_exporting_twice_replaces_the_periods(exported) -> None:
    bill, dataset = exported

    again = write_focus(bill, dataset.folder)

    assert again.rows == dataset.rows
    assert sorted(dataset.folder.rglob("*.parquet")) == sorted(again.files)
    metadata = json.loads((dataset.folder / "focus-metadata.json").read_text())
    assert metadata["Schema"]["FocusVersion"] == "1.2"


def test_a_file_is_no_folder(exported, tmp_path: Path) -> None:
    bill, _ = exported
    (tmp_path / "file").write_text("x")

    with pytest.raises(BadInputError, match="is a file"):
        write_focus(bill, tmp_path / "file")


# What a reader of an export must be told, by bill: column and rows of each issue.
_CE = {"ResultsByTime": [{"TimePeriod": {"Start": "2026-03-01", "End": "2026-04-01"},
       "Groups": [], "Total": {"UnblendedCost": {"Amount": "7", "Unit": "USD"}}}]}  # fmt: skip
_SPOT = {"line_item_usage_type": "USW2-SpotUsage:m5.large", "pricing_public_on_demand_cost": 0.0}


def without(columns: tuple[str, ...], *rows: dict) -> pa.Table:
    return cur_table(rows).drop_columns(list(columns))


@pytest.mark.parametrize(
    ("lacking", "rows", "issues"),
    [
        ((), [{}, {}], {"PricingUnit": 2}),
        ((), [{"pricing_unit": "Hrs"}, _SPOT | {"pricing_unit": "Hrs"}], {"ListCost": 1}),
        (("pricing_public_on_demand_cost",), [{"pricing_unit": "Hrs"}], {"ListCost": 1}),
        (
            ("bill_payer_account_id", "line_item_currency_code", "line_item_usage_end_date"),
            [{"pricing_unit": "Hrs"}] * 3,
            {"BillingAccountId": 3, "BillingCurrency": 3, "ChargePeriodEnd": 3},
        ),
    ],
)
def test_what_stands_in_for_a_figure_the_bill_lacks_is_an_issue(
    lacking, rows, issues, tmp_path: Path
) -> None:
    pq.write_table(without(lacking, *rows), tmp_path / "cur.parquet")

    dataset = write_focus(read_bill(tmp_path / "cur.parquet"), tmp_path / "out")

    assumed = [issue for issue in dataset.issues if issue.reason is IssueReason.APPROXIMATION]
    assert {issue.address: int(issue.message.split()[0]) for issue in assumed} == issues
    broken = {rule for rule, where in RULES.items() if select(dataset, "1", where)}
    assert broken <= {"accounts keep their zeros"}
    assert len(dataset.to_json()["issues"]) == len(dataset.issues)


def test_a_bill_without_gaps_is_exported_without_issues(exported) -> None:
    _, dataset = exported

    spot = [issue.address for issue in dataset.issues]
    # A CUR gives spot no list cost; a FOCUS export has all that FOCUS asks for.
    assert spot in ([], ["ListCost"])


def test_cost_explorer_is_exported_by_what_it_says_and_the_rest_is_said(tmp_path: Path) -> None:
    (tmp_path / "ce.json").write_text(json.dumps(_CE))

    dataset = write_focus(read_bill(tmp_path / "ce.json"), tmp_path / "out")

    assert {"BillingAccountId", "ListCost", "ChargeCategory"} <= {
        i.address for i in dataset.issues
    }
    assert {rule for rule, where in RULES.items() if select(dataset, "1", where)} <= {
        "accounts keep their zeros"
    }
    assert select(dataset, "BilledCost, CAST(BillingPeriodStart AS DATE)::VARCHAR") == [
        (7.0, "2026-03-01")
    ]


def test_amounts_in_the_currency_of_prices_and_details_are_those_of_the_bill(
    tmp_path: Path,
) -> None:
    rows = [row(BillingCurrency="EUR", PricingCurrency="USD", PricingCurrencyEffectiveCost=1.1,
                PricingCurrencyListUnitPrice=1.2, PricingCurrencyContractedUnitPrice=1.15,
                SkuPriceId="R1", SkuId="S1")]  # fmt: skip

    dataset = write_focus(focus_bill(rows), tmp_path / "out")

    assert select(
        dataset,
        "BillingCurrency, PricingCurrency, EffectiveCost, PricingCurrencyEffectiveCost,"
        " PricingCurrencyListUnitPrice, PricingCurrencyContractedUnitPrice",
    ) == [("EUR", "USD", 1.0, 1.1, 1.2, 1.15)]


@pytest.mark.samples
@pytest.mark.parametrize("path", ["cur-2018", "focus-1.0/focus_sample.csv"])
def test_real_bills_keep_the_rules(path: str, sample, tmp_path: Path) -> None:
    dataset = write_focus(read_bill(sample(path)), tmp_path / "out")

    broken = {rule: len(select(dataset, "1", where)) for rule, where in RULES.items()}

    # The sample's account ids are made up: 13 digits. Its contracted costs were cut to integers.
    allowed = {"accounts keep their zeros", "contracted cost is price times quantity"}
    known = {
        "cur-2018": set(),
        "focus-1.0/focus_sample.csv": allowed,
    }[path]
    assert {rule for rule, rows in broken.items() if rows} <= known
