"""Commitments planned last, on what all other changes leave."""

import numpy as np
import pytest

import costmodel
from costmodel.errors import IssueReason
from costmodel.io.rule_files import load_rules
from costmodel.optimize.commitments.held import HeldCommitment
from costmodel.optimize.commitments.settings import CommitmentChoice
from costmodel.optimize.commitments.usage import EITHER, read_usage
from costmodel.optimize.hourly_bill import HourlyBill, why_no_plan
from costmodel.optimize.purchases import MODEL, plan_purchases
from costmodel.optimize.recommend import Settings, recommend_changes
from costmodel.optimize.rule import parse_rules
from costmodel.optimize.rule_engine import Verdict, check_rule, constant
from costmodel.optimize.rule_scope import Scope
from costmodel.optimize.table_scope import build_scopes
from tests.unit.optimize.commitments.catalog_of_two_families import charges
from tests.unit.optimize.rules.test_recommend import account, instance, series

KEY = ("AmazonEC2", "us-east-1", "BoxUsage:m5.large", "RunInstances")
HOURS = 14 * 24


def hourly(instances: int, held=(), hours: int = HOURS, freq: str = "h") -> HourlyBill:
    """Return a bill of instances that run all the time: i-1, i-2 …"""
    one = np.ones(hours)
    table = charges({"BoxUsage:m5.large": instances * one}, freq=freq, ContractedUnitPrice=0.096)
    usage = read_usage(table, pricing=EITHER)
    names = {f"i-{n}": f"i-{n}" for n in range(1, instances + 1)}
    return HourlyBill(usage, held, {(name, KEY): one for name in names}, names)


def run(bill: HourlyBill, idle: int, busy: int, **settings):
    """Recommend for instances of which the first ones do nothing."""
    rows = [instance(f"i-{n}") for n in range(1, idle + busy + 1)]
    observed = [
        series(f"i-{n}", CPUUtilization=2.0, NetworkIn=1e5, NetworkOut=1e4)
        if n <= idle
        else series(f"i-{n}", CPUUtilization=70.0, mem_used_percent=75.0)
        for n in range(1, idle + busy + 1)
    ]
    inventory = account({"ec2_instances": rows}, *observed)
    book = load_rules()
    wanted = frozenset({"ec2-idle", "cm-buy-sp", "cm-buy-ri"})
    return recommend_changes(
        build_scopes(inventory, book), costmodel.load_catalog(), book, inventory=inventory,
        hourly=bill, settings=Settings(checks=wanted, **settings),
    )  # fmt: skip


def saved(result, *checks: str) -> float:
    return sum(r.effective_saving for r in result.accepted if r.rule.id in checks)


def test_commitments_are_bought_for_what_stays_only() -> None:
    result = run(hourly(3), idle=1, busy=2)

    bought = [r for r in result.accepted if r.rule.stage == "commitments"]
    assert result.accepted[0].rule.id == "ec2-idle"
    assert saved(result, "ec2-idle") == pytest.approx(0.096 * 730)
    # Two instances stay: what is bought covers their cost on demand, no more.
    assert sum(r.cost_before for r in bought) == pytest.approx(2 * 0.096 * 730)
    assert all(r.evidence["utilization"] == pytest.approx(1.0, abs=0.01) for r in bought)


def test_every_dollar_counts_once() -> None:
    result = run(hourly(3), idle=1, busy=2)

    advised = {count.check_id: count.advised for count in result.counts}
    assert advised["ec2-idle"] == 1
    assert sum(advised.get(check, 0) for check in ("cm-buy-sp", "cm-buy-ri")) >= 1

    total = result.cost_before - result.cost_after
    assert result.list_saving == pytest.approx(total, abs=0.005)
    assert 0.0 < saved(result, "cm-buy-sp", "cm-buy-ri") < 2 * 0.096 * 730


def test_advice_to_buy_stays_the_same_advice_when_usage_grows() -> None:
    less, more = (run(hourly(n), idle=0, busy=n) for n in (2, 3))

    assert [r.recommended for r in less.accepted] != [r.recommended for r in more.accepted]
    assert [r.fingerprint for r in less.accepted] == [r.fingerprint for r in more.accepted]


def test_nothing_is_bought_where_present_commitments_cover_what_stays() -> None:
    present = [HeldCommitment("Reserved", 2.0, scope="m5.large", region="us-east-1")]

    result = run(hourly(3, present), idle=1, busy=2)

    # The idle one gives its reserved hours to the others: the third is no longer on demand.
    assert saved(result, "ec2-idle") == pytest.approx(0.096 * 730)
    assert saved(result, "cm-buy-sp", "cm-buy-ri") == 0.0


def test_what_a_commitment_covers_without_others_behind_saves_nothing() -> None:
    present = [HeldCommitment("Reserved", 3.0, scope="m5.large", region="us-east-1")]

    result = run(hourly(3, present), idle=1, busy=2)

    assert not result.accepted
    assert any(check == "ec2-idle" and "commitment" in why
               for _, check, why in result.explain("i-1"))  # fmt: skip


def test_an_upfront_payment_is_shown_as_paid_once() -> None:
    choice = CommitmentChoice(payments=("All Upfront",))

    result = run(hourly(2), idle=0, busy=2, choice=choice)

    (bought,) = result.accepted
    assert bought.one_off > 0.0
    assert bought.payback_months > 0.0
    # Amortised: cost on demand less the fee spread over the year.
    assert bought.effective_saving == pytest.approx(
        bought.cost_before - bought.one_off / 8760 * 730
    )


@pytest.mark.parametrize(
    ("bill", "says"),
    [
        (hourly(1, hours=100), "100 hours"),
        (hourly(1, hours=30, freq="D"), "daily bill"),
        (hourly(1, held=None), "terms"),
    ],
)
def test_a_bill_that_cannot_say_gives_no_plan_but_a_reason(bill, says) -> None:
    result = run(bill, idle=0, busy=1)

    assert not result.accepted
    assert any(says in issue.message for issue in result.issues)


def test_a_bill_of_enough_hours_gives_a_plan() -> None:
    assert why_no_plan(hourly(1)) is None


def test_services_whose_reservations_have_no_price_are_named() -> None:
    table = charges({"InstanceUsage:db.m5.large": np.ones(HOURS)}, ContractedUnitPrice=0.171)
    table["x_ServiceCode"], table["x_Operation"] = "AmazonRDS", "CreateDBInstance:0002"
    left = read_usage(table)

    class WithoutReservations:
        """The catalog as if no reservation had a price."""

        def __getattr__(self, name):
            return getattr(costmodel.load_catalog(), name)

        def reserved(self, service_code, region):
            return costmodel.load_catalog().reserved("AmazonRDS", "nowhere").slice(0, 0)

    _, issues = plan_purchases(
        left, WithoutReservations(), load_rules().purchases, CommitmentChoice(), 0.001
    )

    (named,) = [i for i in issues if "AmazonRDS" in i.message]
    assert named.reason is IssueReason.NO_COMMITTED_RATE
    # .171 x 730
    assert named.message.startswith("no reserved prices of AmazonRDS: 124.83 USD a month")


def purchase_cases():
    for rule in load_rules().purchases:
        base = {"service_code": "AmazonEC2", **rule.example["row"]}
        yield rule, base, True
        for row in rule.example.get("fires", []):
            yield rule, {**base, **row}, True
        for row in rule.example["passes"]:
            yield rule, {**base, **row}, False


@pytest.mark.parametrize(("rule", "row", "fires"), list(purchase_cases()))
def test_a_purchase_is_named_after_what_is_bought(rule, row, fires) -> None:
    scope = Scope(1, {name: constant(value) for name, value in row.items()}, MODEL)

    assert bool(check_rule(rule, scope).verdict[0] == Verdict.ADVISED) is fires


def test_every_purchase_has_exactly_one_check() -> None:
    kinds = [("Compute", ""), ("EC2Instance", ""), ("Database", ""), ("SageMaker", "")]
    kinds += [("Reserved", s) for s in ("AmazonEC2", "AmazonRDS", "AmazonDynamoDB", "AmazonES")]
    for plan_type, service in kinds:
        row = {"plan_type": plan_type, "service_code": service}
        scope = Scope(1, {name: constant(value) for name, value in row.items()}, MODEL)
        hits = [r.id for r in load_rules().purchases
                if check_rule(r, scope).verdict[0] == Verdict.ADVISED]  # fmt: skip
        assert len(hits) == 1, (row, hits)


def test_a_purchase_needs_no_table_of_the_inventory() -> None:
    row = dict(load_rules().purchases[0].example)
    document = {"purchase": [{
        "id": "x", "title": "t", "when": ["plan_type == 'Compute'"], "action": "a",
        "erb": "L/N/N", "risk": "low", "cli": "c", "terraform": "t", "source": "s", "example": row,
    }]}  # fmt: skip

    (rule,) = parse_rules({"f.toml": document}).purchases

    assert (rule.stage, rule.table, rule.data) == ("commitments", "commitments", "C")


def test_nothing_is_bought_for_usage_that_ended() -> None:
    steady, stopped = np.ones(HOURS), np.r_[np.ones(HOURS - 96), np.zeros(96)]
    table = charges(
        {"BoxUsage:m5.large": steady, "BoxUsage:c5.large": stopped}, ContractedUnitPrice=0.09
    )
    bought, notes = plan_purchases(
        read_usage(table), costmodel.load_catalog(), load_rules().purchases,
        CommitmentChoice(), 0.0,
    )  # fmt: skip

    assert bought
    assert not any("c5" in r.target for r in bought)
    assert "BoxUsage:c5.large" in notes[0].message


def test_a_bill_of_ended_usage_alone_buys_nothing_and_says_why() -> None:
    table = charges(
        {
            "BoxUsage:m5.large": np.r_[np.ones(HOURS - 96), np.zeros(96)],
            "NatGateway-Hours": np.ones(HOURS),
        },
        ContractedUnitPrice=0.09,
    )
    usage = read_usage(table)

    bought, notes = plan_purchases(
        usage.select(usage.rows["x_UsageType"] == "BoxUsage:m5.large"),
        costmodel.load_catalog(),
        [],
        CommitmentChoice(),
        0.0,
    )

    assert bought == []
    assert "100.0% of the on-demand cost" in notes[0].message
