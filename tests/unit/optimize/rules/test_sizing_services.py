"""Right-sizing of managed services end to end: columns found, advice priced."""

from datetime import timedelta

import numpy as np
import pytest

import costmodel
from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.metric_summary import SeriesBlock, hourly_table, summarize
from tests.unit.optimize.rules.test_recommend import HOURS, NOW, OLD

GIB = 2**30


def observed(kind: str, row: dict, **metrics) -> Inventory:
    base = {"resource_id": "r-1", "region_id": "us-east-1", "name": "n", "created_at": OLD}
    keys = [{"resource_id": "r-1", "table": kind, "metric": name} for name in metrics]
    values = np.array([np.full(HOURS, float(value)) for value in metrics.values()])
    days = np.full(len(keys), 35.0)
    block = SeriesBlock(keys, values, NOW - timedelta(days=35), 3600, days)
    tables = {
        kind: build_table(kind, [{**base, **row}]),
        "metrics": summarize(block),
        "metric_series": hourly_table(block),
    }
    return Inventory(tables, NOW)


def found(inventory: Inventory, check: str):
    return next(r for r in costmodel.recommend(inventory).accepted if r.rule.id == check)


def test_a_database_gets_the_class_its_cpu_and_memory_need() -> None:
    result = found(
        observed(
            "rds_instances",
            {"engine": "postgres", "engine_version": "16.1", "instance_class": "db.m5.2xlarge",
             "state": "available", "multi_az": False, "storage_type": "gp3", "storage_gb": 100.0},
            CPUUtilization=15, FreeableMemory=26 * GIB, SwapUsage=0, DatabaseConnections=20,
            ReadIOPS=10, WriteIOPS=10, ReadThroughput=1e5, WriteThroughput=1e5,
            NetworkReceiveThroughput=1e5, NetworkTransmitThroughput=1e5,
        ),
        "rds-rightsize",
    )  # fmt: skip

    # 6 of 32 GiB used: with 20 % headroom 7.5 GiB, so 8 GiB and 2 vCPU carry it.
    assert result.recommended.startswith("instance_class = db.")
    assert result.list_saving > (0.712 - 0.356) * 730


def test_fargate_sizes_follow_the_grid() -> None:
    result = found(
        observed(
            "ecs_services",
            {"launch_type": "FARGATE", "desired_count": 1.0, "task_cpu_units": 1024.0,
             "task_memory_mb": 2048.0, "cluster_name": "c", "cpu_architecture": "ARM64"},
            CPUUtilization=35, MemoryUtilization=35,
        ),
        "ecs-rightsize",
    )  # fmt: skip

    assert result.recommended == "task_cpu_units = 512, task_memory_mb = 1024"


def test_lambda_memory_saves_what_the_recorded_hub_answer_says() -> None:
    # 168,960 runs a month of 25 ms: .1043 USD; 1,024 -> 848 MB with the same duration.
    from costmodel.io.rule_files import load_rules
    from costmodel.optimize.billed_share import BilledShare
    from costmodel.optimize.line_pricing import Account, PriceBook, usage_lines
    from costmodel.optimize.rank import State, price_candidate
    from tests.rule_cases import scope_of

    rule = load_rules().rule("lam-memory")
    row = {"memory_mb": 1024, "needed_memory_mb": 848, "architecture": "x86_64",
           "Invocations__total": 168_960, "Invocations__period_days": 30.4,
           "Duration__mean": 25, "rightsize_ms": 25}  # fmt: skip
    scope = scope_of(rule, row)
    book = PriceBook(costmodel.load_catalog())
    state = State({rule.table: scope}, Account(book), BilledShare())

    saving = price_candidate(state, rule, np.array([0])).savings.list[0]

    lines = usage_lines(scope, book)
    before = np.nansum(book.cost(lines.key, lines.quantity))
    assert before == pytest.approx(0.1043, abs=0.0002)
    assert saving / before == pytest.approx(0.116, abs=0.0005)


def test_a_database_nobody_uses_at_night_is_scheduled() -> None:
    busy = np.zeros(HOURS)
    busy[np.arange(HOURS) % 24 < 12] = 5.0
    key = {"resource_id": "r-1", "table": "rds_instances", "metric": "DatabaseConnections"}
    block = SeriesBlock([key], busy[None, :], NOW - timedelta(days=35), 3600, np.array([35.0]))
    row = {"resource_id": "r-1", "region_id": "us-east-1", "name": "n", "created_at": OLD,
           "engine": "mysql", "instance_class": "db.m5.large", "state": "available",
           "multi_az": False, "storage_type": "gp2", "storage_gb": 100.0}  # fmt: skip
    inventory = Inventory(
        {"rds_instances": build_table("rds_instances", [row]), "metrics": summarize(block)}, NOW
    )

    result = found(inventory, "rds-schedule")

    # 12 h off a day less half an hour of lead: 80.5 of 168 h
    assert result.list_saving == pytest.approx(0.171 * 730 * 80.5 / 168)
