"""A bill hour by hour: the commitments on it, and whose hours are whose."""

from datetime import UTC, datetime

import numpy as np
import pytest

import costmodel
from costmodel.errors import BadInputError
from costmodel.optimize.billed_rows import short_name
from costmodel.optimize.commitments.billed_held import _terms, held_on_bill
from costmodel.optimize.commitments.simulate import simulate_usage
from costmodel.optimize.commitments.usage import EITHER, read_usage
from costmodel.optimize.hourly_bill import read_hourly_bill
from costmodel.optimize.recommend import Settings
from tests.unit.optimize.rules.test_recommend import account, instance, series

SEED = 3


@pytest.fixture(scope="module")
def catalog():
    return costmodel.load_catalog()


@pytest.fixture(scope="module")
def bills(tmp_path_factory, catalog):
    """Return the same month in two formats."""
    prices = costmodel.catalog_price_table(catalog, ["us-east-1"])
    settings = costmodel.BillSettings(rows=40_000, seed=SEED, accounts=3)
    found = {}
    for kind in ("cur", "focus-1.2"):
        folder = tmp_path_factory.mktemp("bills") / kind
        costmodel.generate_bill(settings, prices, folder, kind)
        found[kind] = costmodel.read_bill(folder)
    return found


def facts(held):
    return sorted((h.plan_type, h.scope, round(h.commitment, 6), h.term, h.start) for h in held)


def test_commitments_are_read_off_the_fees(bills) -> None:
    held, issues = held_on_bill(bills["cur"])

    assert issues == []
    assert {h.plan_type for h in held} == {"Reserved", "Compute"}
    fees = bills["cur"].sql(
        "SELECT SUM(CommitmentDiscountQuantity) AS total FROM bill "
        "WHERE ChargeCategory = 'Purchase' AND ChargeFrequency = 'Recurring'"
    )["total"][0].as_py()  # fmt: skip
    assert sum(h.commitment for h in held) * 744 == pytest.approx(float(fees))
    assert {h.start for h in held} == {datetime(2026, 1, 1, tzinfo=UTC)}


def test_focus_tells_as_much_as_the_report(bills) -> None:
    cur, focus = (held_on_bill(bills[kind])[0] for kind in ("cur", "focus-1.2"))

    assert facts(cur) == facts(focus)


@pytest.mark.parametrize(
    ("fee", "terms"),
    [
        ("ComputeSP:1yrNoUpfront", ("Compute", "1yr", "No Upfront")),
        ("USE1-EC2SP:m5.3yrAllUpfront", ("EC2Instance", "3yr", "All Upfront")),
        ("DatabaseSP:1yrNoUpfront", ("Database", "1yr", "No Upfront")),
    ],
)
def test_the_name_of_a_fee_tells_the_terms(fee, terms) -> None:
    row = {"x_CommitmentOffering": None, "LeaseContractLength": None, "PurchaseOption": None}

    assert _terms({**row, "x_UsageType": fee}, "sp-1") == terms


def test_unknown_terms_are_not_guessed() -> None:
    row = {"x_CommitmentOffering": None, "LeaseContractLength": None, "PurchaseOption": None}

    with pytest.raises(BadInputError, match="sp-1: the bill does not tell the terms"):
        _terms({**row, "x_UsageType": "BoxUsage:m5.large"}, "sp-1")


def test_the_hours_of_a_resource_are_those_billed(bills, catalog) -> None:
    bill = bills["cur"]
    (row,) = bill.sql(
        "SELECT ResourceId, SUM(PricingQuantity) AS hours FROM bill WHERE ChargeCategory = 'Usage'"
        " AND x_UsageType LIKE 'BoxUsage:%' AND PricingCategory IN ('Standard', 'Committed')"
        " AND ResourceId IS NOT NULL GROUP BY ALL ORDER BY hours DESC, ResourceId LIMIT 1"
    ).to_pylist()
    name = row["ResourceId"]

    found = read_hourly_bill(bill, catalog, [short_name(name), "i-unknown"])

    assert found is not None
    assert set(found.names) == {short_name(name)}
    hours = [h for (who, key), h in found.profiles.items() if "BoxUsage" in key[2]]
    assert sum(h.sum() for h in hours) == pytest.approx(float(row["hours"]))
    assert len(hours[0]) == 744


def test_usage_that_nothing_on_sale_covers_is_left_out(bills, catalog) -> None:
    found = read_hourly_bill(bills["cur"], catalog, [])

    assert found is not None
    kinds = set(found.usage.rows["x_UsageType"])
    assert any(kind.startswith("BoxUsage") for kind in kinds)
    assert not any("VolumeUsage" in kind or "DataTransfer" in kind for kind in kinds)


def test_given_commitments_stand_for_those_on_the_bill(bills, catalog) -> None:
    mine = [costmodel.HeldCommitment("Compute", 1.0)]

    found = read_hourly_bill(bills["cur"], catalog, [], mine)

    assert found is not None
    assert found.held == [costmodel.HeldCommitment("Compute", 1.0)]


def test_alike_commitments_are_replayed_as_one(bills, catalog) -> None:
    lease = {"scope": "m5.large", "region": "us-east-1"}
    mine = [
        costmodel.HeldCommitment("Reserved", 2.0, commitment_id="a", account="1", **lease),
        costmodel.HeldCommitment("Reserved", 3.0, commitment_id="b", account="2", **lease),
        costmodel.HeldCommitment("Compute", 0.5, term="3yr"),
        costmodel.HeldCommitment("Compute", 0.5),
    ]

    found = read_hourly_bill(bills["cur"], catalog, [], mine)

    assert found is not None
    assert [(h.plan_type, h.commitment) for h in found.held] == [
        ("Reserved", 5.0), ("Compute", 0.5), ("Compute", 0.5),
    ]  # fmt: skip


def test_a_bill_without_prices_on_demand_has_no_hours(tmp_path, catalog) -> None:
    table = tmp_path / "bill.csv"
    table.write_text("BilledCost,ChargePeriodStart,ChargePeriodEnd,ServiceName,ChargeCategory,"
                     "BillingCurrency,BillingPeriodStart,BillingPeriodEnd\n"
                     "1.0,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,Amazon EC2,Usage,USD,"
                     "2026-01-01T00:00:00Z,2026-02-01T00:00:00Z\n")  # fmt: skip

    assert read_hourly_bill(costmodel.read_bill(table), catalog, []) is None


def test_recommendations_of_a_whole_bill_add_up(bills, catalog) -> None:
    result = costmodel.recommend(bill=bills["cur"], catalog=catalog)

    assert {"cm-buy-sp"} <= {r.rule.id for r in result.accepted}
    assert result.cost_before - result.cost_after == pytest.approx(result.list_saving, abs=0.005)
    assert all(r.effective_saving > 0.0 for r in result.accepted)
    assert np.isfinite(result.effective_saving)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("arn:aws:ec2:us-east-1:1:instance/i-1", "i-1"),
        ("arn:aws:rds:us-east-1:1:db:shop", "shop"),
        ("i-1", "i-1"),
    ],
)
def test_the_id_inside_an_arn(name, short) -> None:
    assert short_name(name) == short


def instances_of(bill, count: int):
    """Return inventory rows and idle metrics of the instances that cost most on a bill."""
    found = bill.sql(
        "SELECT ResourceId, MAX(x_UsageType) AS usage FROM bill WHERE ChargeCategory = 'Usage'"
        " AND x_UsageType LIKE 'BoxUsage:%' AND PricingCategory IN ('Standard', 'Committed')"
        " AND x_Operation = 'RunInstances' AND ResourceId IS NOT NULL GROUP BY ALL"
        f" ORDER BY SUM(ListCost) DESC, ResourceId LIMIT {count}"
    ).to_pylist()
    names = [short_name(row["ResourceId"]) for row in found]
    kinds = [row["usage"].partition(":")[2] for row in found]
    rows = [instance(name, kind) for name, kind in zip(names, kinds, strict=True)]
    return rows, [series(n, CPUUtilization=2.0, NetworkIn=1e5, NetworkOut=1e4) for n in names]


def test_stopping_instances_saves_what_two_simulations_of_the_bill_differ_by(
    bills, catalog
) -> None:
    bill = bills["cur"]
    rows, observed = instances_of(bill, 25)
    held = [
        costmodel.HeldCommitment("Reserved", 2.0, scope="m5.large", region="us-east-1"),
        costmodel.HeldCommitment("Compute", 0.25),
    ]

    result = costmodel.recommend(
        account({"ec2_instances": rows}, *observed), catalog, bill=bill, held=held,
        settings=Settings(checks=frozenset({"ec2-idle"})),
    )  # fmt: skip

    stopped = {r.resource_id for r in result.accepted}
    assert 5 < len(stopped) < len(rows)
    # The same bill without these instances, through the public simulator.
    columns = (
        "ChargePeriodStart, ChargePeriodEnd, ChargeCategory, PricingCategory, x_ServiceCode,"
        " RegionId, x_UsageType, x_Operation, CAST(PricingQuantity AS DOUBLE) AS PricingQuantity,"
        " CAST(ContractedCost AS DOUBLE) AS ContractedCost, CommitmentDiscountStatus, ResourceId"
    )
    table = bill.sql(f"SELECT {columns} FROM bill WHERE ChargeCategory = 'Usage'").to_pandas()
    gone = table["ResourceId"].fillna("").map(short_name).isin(stopped)
    of_instance = table["x_UsageType"].fillna("").str.startswith("BoxUsage")
    before = simulate_usage(read_usage(table, pricing=EITHER), held, catalog)
    left = read_usage(table[~(gone & of_instance)], pricing=EITHER)
    after = simulate_usage(left, held, catalog)
    assert len(left.weight) == len(before.usage.weight) == 744

    # Fees stay as they are; what is left on demand is what the bill drops by.
    rest = [float(run.usage.weight @ run.coverage.on_demand_cost) for run in (before, after)]
    drop = (rest[0] - rest[1]) * 730 / 744
    assert result.effective_saving == pytest.approx(drop, abs=0.005)
    # Some of it is covered: list prices would promise more.
    assert result.list_saving > result.effective_saving + 1.0


HEAD = (
    "BilledCost,EffectiveCost,ListCost,ContractedCost,ChargePeriodStart,ChargePeriodEnd,"
    "ServiceName,ChargeCategory,ChargeFrequency,BillingCurrency,BillingPeriodStart,"
    "BillingPeriodEnd,CommitmentDiscountId,CommitmentDiscountCategory,CommitmentDiscountQuantity\n"
)


def fee(quantity: str, category: str = "Spend") -> str:
    return (
        "1,1,1,1,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,Savings Plans,Purchase,Recurring,USD,"
        f"2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,sp-1,{category},{quantity}\n"
    )


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (fee("1.0"), "does not tell the terms"),
        (fee(""), "no recurring fee"),
        (fee("1.0", "Usage"), "instance type and its region"),
    ],
)
def test_a_commitment_the_bill_tells_too_little_of_is_named_and_not_guessed(
    tmp_path, row, says
) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(HEAD + row)

    held, issues = held_on_bill(costmodel.read_bill(path))

    assert held == []
    assert [issue.address for issue in issues] == ["sp-1"]
    assert says in issues[0].message
    assert "--held" in issues[0].message


def test_a_bill_without_commitments_has_none(tmp_path) -> None:
    path = tmp_path / "answer.json"
    path.write_text(
        '{"ResultsByTime": [{"TimePeriod": {"Start": "2026-01-01", "End": "2026-01-02"}, "Total":'
        ' {"UnblendedCost": {"Amount": "1", "Unit": "USD"}}, "Groups": [], "Estimated": false}]}'
    )

    assert held_on_bill(costmodel.read_bill(path)) == ([], [])


def test_only_the_checks_asked_for_are_planned(bills, catalog) -> None:
    wanted = Settings(checks=frozenset({"bill-gp2"}))

    result = costmodel.recommend(bill=bills["cur"], catalog=catalog, settings=wanted)

    assert {r.rule.id for r in result.accepted} == {"bill-gp2"}
