"""Published figures our model must meet: recorded answers of AWS, and one public bill."""

import numpy as np
import pytest

import costmodel
from costmodel.io.rule_files import load_rules
from costmodel.optimize.billed_share import BilledShare
from costmodel.optimize.inventory import build_table
from costmodel.optimize.line_pricing import Account, PriceBook, usage_lines
from costmodel.optimize.rank import State, price_candidate
from costmodel.optimize.rule_scope import Scope
from costmodel.optimize.storage_lifecycle import read_tier_prices
from tests.rule_cases import scope_of
from tests.unit.optimize.rules.test_recommend import HOURS, OLD, account, instance, series, volume


def the_one(inventory, check: str):
    """Return the JSON of the only advice of a check."""
    result = costmodel.recommend(inventory)
    (found,) = [r for r in result.accepted if r.rule.id == check]
    return found.to_json()


def test_an_instance_moves_to_the_family_cost_optimization_hub_chose() -> None:
    # Recorded: m5a.xlarge → r5a.large in us-east-2, .172 x 730 = 125.56 → .113 x 730 = 82.49.
    machine = instance("i-1", "m5a.xlarge", region_id="us-east-2")
    load = series("i-1", CPUUtilization=20.0, mem_used_percent=75.0)

    found = the_one(account({"ec2_instances": [machine]}, load), "ec2-rightsize-xfamily")

    assert found["recommendedResourceSummary"] == "instance_type = r5a.large"
    assert found["estimatedMonthlySavings"] == pytest.approx(43.07)
    assert found["estimatedMonthlyCost"] == pytest.approx(82.49)
    assert found["estimatedSavingsPercentage"] == pytest.approx(34.3, abs=0.05)
    assert (found["implementationEffort"], found["restartNeeded"], found["rollbackPossible"]) == (
        "Medium", True, True,
    )  # fmt: skip


def test_a_small_gp2_volume_saves_a_fifth_as_gp3() -> None:
    # Recorded: 32 GB in us-east-1, 3.20 → 2.56. Nominal throughput of gp2 is 3 MiB/s more than
    # gp3 includes; by what the volume uses the recorded figure stands.
    keys = [
        ({"resource_id": "vol-1", "table": "ebs_volumes", "metric": metric}, np.full(HOURS, value))
        for metric, value in (("VolumeReadOps", 100.0), ("VolumeWriteOps", 100.0),
                              ("VolumeReadBytes", 1e6), ("VolumeWriteBytes", 1e6))
    ]  # fmt: skip

    inventory = account({"ebs_volumes": [volume("vol-1", size_gb=32.0)]}, keys)
    found = the_one(inventory, "ebs-gp2-gp3-observed")

    assert found["estimatedMonthlySavings"] == pytest.approx(0.64)
    assert found["estimatedMonthlyCost"] == pytest.approx(2.56)
    assert found["estimatedSavingsPercentage"] == pytest.approx(20.0)
    assert (found["implementationEffort"], found["restartNeeded"], found["rollbackPossible"]) == (
        "Low", False, True,
    )  # fmt: skip


def test_a_fargate_service_halves() -> None:
    # Recorded: 1,024 CPU units and 2,048 MB → 512 and 1,024, 36.04 → 18.02.
    service = {
        "resource_id": "svc", "name": "svc", "region_id": "us-east-1", "launch_type": "FARGATE",
        "desired_count": 1.0, "task_cpu_units": 1024.0, "task_memory_mb": 2048.0,
        "created_at": OLD, "cluster_name": "c",
    }  # fmt: skip
    keys = [
        ({"resource_id": "svc", "table": "ecs_services", "metric": metric}, np.full(HOURS, value))
        for metric, value in (("CPUUtilization", 30.0), ("MemoryUtilization", 35.0))
    ]

    found = the_one(account({"ecs_services": [service]}, keys), "ecs-rightsize")

    assert found["estimatedMonthlySavings"] == pytest.approx(18.02, abs=0.005)
    assert found["estimatedMonthlyCost"] == pytest.approx(18.02, abs=0.005)
    assert found["estimatedSavingsPercentage"] == pytest.approx(50.0)
    assert (found["implementationEffort"], found["restartNeeded"], found["rollbackPossible"]) == (
        "Medium", True, True,
    )  # fmt: skip


def test_a_function_saves_the_recorded_share() -> None:
    # Recorded: 1,024 → 848 MB at the same duration, .1043 → .0922. The two figures fix the load:
    # .1719 of the GB-seconds are .0121, so 4,224 GB-seconds; the rest are 169,135 requests.
    rule = load_rules().rule("lam-memory")
    row = {
        **rule.example["row"], "Invocations__total": 169_135, "Duration__mean": 25.0,
        "rightsize_ms": 25.0,
    }  # fmt: skip
    scope = scope_of(rule, row)
    book = PriceBook(costmodel.load_catalog())
    state = State({rule.table: scope}, Account(book), BilledShare())

    saving = float(price_candidate(state, rule, np.array([0])).savings.list[0])
    lines = usage_lines(scope, book)
    before = float(book.cost(lines.key, lines.quantity).sum())

    assert before == pytest.approx(0.1043, abs=0.00005)
    assert before - saving == pytest.approx(0.0922, abs=0.00005)
    assert saving / before == pytest.approx(0.116, abs=0.0005)
    assert (rule.effort, rule.restart, rule.rollback) == ("L", False, True)


# https://github.com/NixOS/infra/issues/1056: on 13 May 2026, the day before all objects in
# Standard-IA went to Intelligent-Tiering, their storage cost 215.1720639255 USD; 380 a day after.
IA_PER_DAY = 215.1720639255
DAYS = 31
# https://github.com/NixOS/infra/pull/728: objects in Standard-IA.
OBJECTS = 53_819_565


def cohort_cost(storage_class: str, gb: float) -> float:
    """Return the monthly cost of a bucket's objects of one class by our usage model."""
    row = {
        "resource_id": "cache", "region_id": "us-east-1", "storage_class": storage_class,
        "objects": float(OBJECTS), "object_bytes": gb * 2.0**30 / OBJECTS, "bytes": gb * 2.0**30,
    }  # fmt: skip
    table = build_table("s3_cohorts", [row])
    book = PriceBook(costmodel.load_catalog())
    account_now = Account(book)
    scope = Scope(1, {}, load_rules().models["s3_cohorts"], table)
    account_now.add(usage_lines(scope, book))
    return account_now.cost()


def test_intelligent_tiering_costs_more_first_as_a_public_bill_shows() -> None:
    gb = IA_PER_DAY * DAYS / 0.0125

    before, after = (
        cohort_cost(kind, gb) / DAYS for kind in ("STANDARD_IA", "INTELLIGENT_TIERING")
    )

    assert before == pytest.approx(IA_PER_DAY)
    # All objects begin in the frequent tier: .023, .022 from 50 TB, .021 from 500 TB.
    assert after == pytest.approx(379.6, abs=0.1)
    assert after == pytest.approx(380.0, rel=0.002)


def test_monitoring_of_the_public_bill_is_the_fee_of_its_objects() -> None:
    tiers = read_tier_prices(costmodel.load_catalog(), "us-east-1")

    a_day = OBJECTS * tiers.monitoring / DAYS

    # 55.17 were billed from 14 May to the day of the report: 12.75 days of 4.34.
    assert a_day * 12.75 == pytest.approx(55.34, abs=0.005)
    assert a_day * 12.75 == pytest.approx(55.1711418548, rel=0.004)


def test_objects_nobody_reads_pay_back_what_tiering_costs_first() -> None:
    gb = IA_PER_DAY * DAYS / 0.0125
    tiers = read_tier_prices(costmodel.load_catalog(), "us-east-1")

    archived = gb * tiers.archive + OBJECTS * tiers.monitoring

    # The pull request's hope: 545.7 TB x .004 = 2,182.80 a month, less than .0125.
    assert archived == pytest.approx(gb * 0.004 + 134.55, abs=0.01)
    assert archived < IA_PER_DAY * DAYS
