"""Whole runs: each dollar once, savings conserved, evidence and reasons."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import costmodel
from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.metric_summary import SeriesBlock, hourly_table, summarize

NOW = datetime(2026, 9, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=200)
HOURS = 35 * 24


def instance(name: str, kind: str = "m5.large", **columns):
    return {
        "resource_id": name, "region_id": "us-east-1", "account_id": "1", "instance_type": kind,
        "state": "running", "launch_time": OLD, "created_at": OLD, "operation": "RunInstances",
        "architecture": "x86_64", "tenancy": "default", "network_interfaces": 1.0,
        "detailed_monitoring": False, **columns,
    }  # fmt: skip


def volume(name: str, **columns):
    return {
        "resource_id": name, "region_id": "us-east-1", "volume_type": "gp2", "size_gb": 100.0,
        "state": "in-use", "created_at": OLD, "attached_instances": [], **columns,
    }  # fmt: skip


def series(name: str, **metrics):
    """Return keys and hourly values of an instance; a number is a constant series."""
    values = {
        "NetworkIn": 1e7, "NetworkOut": 1e7, "EBSReadOps": 100, "EBSWriteOps": 100,
        "EBSReadBytes": 1e6, "EBSWriteBytes": 1e6, "mem_used_percent": 20.0, **metrics,
    }  # fmt: skip
    for metric, value in values.items():
        if value is not None:
            key = {"resource_id": name, "table": "ec2_instances", "metric": metric}
            yield key, np.broadcast_to(np.asarray(value, dtype=float), (HOURS,))


def account(tables, *observed) -> Inventory:
    made = {kind: build_table(kind, rows) for kind, rows in tables.items()}
    pairs = [pair for found in observed for pair in found]
    if pairs:
        keys, values = zip(*pairs, strict=True)
        start = NOW - timedelta(days=35)
        block = SeriesBlock(keys, np.stack(values), start, 3600, np.full(len(keys), 35.0))
        made |= {"metrics": summarize(block), "metric_series": hourly_table(block)}
    return Inventory(made, NOW)


def checks(result):
    return {(r.rule.id, r.resource_id) for r in result.accepted}


def test_an_idle_instance_is_stopped_and_not_resized_too() -> None:
    quiet = series("i-1", CPUUtilization=2.0, NetworkIn=1e5, NetworkOut=1e4)

    result = costmodel.recommend(account({"ec2_instances": [instance("i-1")]}, quiet))

    assert checks(result) == {("ec2-idle", "i-1")}
    assert result.list_saving == pytest.approx(0.096 * 730)
    assert "ec2-graviton" in result.accepted[0].alternatives


def test_savings_are_the_difference_of_two_estimates() -> None:
    inventory = account(
        {
            "ec2_instances": [instance("i-1", "m5.2xlarge"), instance("i-2")],
            "ebs_volumes": [volume("vol-1", state="available"), volume("vol-2", size_gb=500.0)],
        },
        series("i-1", CPUUtilization=15.0),
        series("i-2", CPUUtilization=2.0, NetworkIn=1e5, NetworkOut=1e4),
    )

    result = costmodel.recommend(inventory)

    assert len(result.accepted) == 4
    assert result.list_saving == pytest.approx(result.cost_before - result.cost_after, abs=0.005)
    assert result.to_json()["estimatedTotalDedupedSavings"] == pytest.approx(result.list_saving)


def test_low_mean_with_high_peaks_is_not_idle() -> None:
    spikes = np.full(HOURS, 1.0)
    spikes[::200] = 95.0

    result = costmodel.recommend(
        account(
            {"ec2_instances": [instance("i-1")]},
            series("i-1", CPUUtilization=spikes, NetworkIn=1e5, NetworkOut=1e4),
        )
    )

    assert ("ec2-idle", "i-1") not in checks(result)
    reason = {check: why for _, check, why in result.explain("i-1")}
    assert reason["ec2-idle"] == "does not hold: CPUUtilization__max < max_cpu"


def test_without_memory_no_smaller_memory_is_chosen() -> None:
    with_memory, without = (
        costmodel.recommend(
            account(
                {"ec2_instances": [instance("i-1", "m5.2xlarge")]},
                series("i-1", CPUUtilization=15.0, mem_used_percent=memory),
            )
        )
        for memory in (20.0, None)
    )

    def memory(result) -> float:
        kind = result.accepted[0].recommended.split(" = ")[1]
        hardware = costmodel.load_catalog().hardware().to_pylist()
        return next(r["memory_mib"] for r in hardware if r["instance_type"] == kind) / 1024

    assert memory(with_memory) < 32 <= memory(without)


def test_metrics_that_are_missing_leave_the_check_open() -> None:
    result = costmodel.recommend(account({"ec2_instances": [instance("i-1")]}))

    assert ("ec2-idle", "i-1") not in checks(result)
    reason = {check: why for _, check, why in result.explain("i-1")}
    assert reason["ec2-idle"].startswith("insufficient data")
    assert any(issue.address == "ec2-idle" for issue in result.issues)


def test_a_price_the_catalog_lacks_gives_no_dollars_but_an_issue() -> None:
    odd = volume("vol-1", state="available", volume_type="zz9")

    result = costmodel.recommend(account({"ebs_volumes": [odd]}))

    assert not result.accepted
    assert any(issue.address == "ebs-unattached" for issue in result.issues)


def test_a_tag_keeps_a_resource_out() -> None:
    kept = volume("vol-1", state="available", tags={"costmodel:keep": "true"})

    assert not costmodel.recommend(account({"ebs_volumes": [kept]})).accepted


def test_nothing_given_is_bad_input() -> None:
    with pytest.raises(costmodel.BadInputError, match="nothing to look at"):
        costmodel.recommend()
