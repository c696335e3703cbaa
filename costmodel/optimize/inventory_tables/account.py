"""Columns of the account-wide tables: commitments, governance, metrics and outside advice."""

from typing import Final

from costmodel.optimize.inventory_tables.field import (
    RESOURCE_FIELDS,
    Field,
    TableSchema,
    resource_table,
)

HOURS_PER_WEEK: Final = 168

_RESERVATION = (
    Field("service", "text", "ec2, rds, elasticache, opensearch, redshift or memorydb"),
    Field("instance_type", "text", "instance type, DB class or node type"),
    Field("product", "text", "platform or engine as the reservation names it"),
    Field("instances", "number", "instances or nodes reserved"),
    Field("state", "text", "active, retired, payment-pending …"),
    Field("start_at", "time", "start"),
    Field("end_at", "time", "end"),
    Field("term_seconds", "number", "length of the term", "s"),
    Field("offering_type", "text", "No Upfront, Partial Upfront or All Upfront"),
    Field("offering_class", "text", "standard or convertible"),
    Field("scope", "text", "Region or Availability Zone"),
    Field("availability_zone", "text", "zone of a zonal reservation"),
    Field("tenancy", "text", "default, dedicated or host"),
    Field("multi_az", "flag", "RDS: covers a standby too"),
    Field("upfront_usd", "number", "upfront payment for one instance", "USD"),
    Field("hourly_usd", "number", "recurring hourly charge for one instance", "USD / h"),
    Field("currency", "text", "currency of the two"),
)
_SAVINGS_PLAN = (
    Field("plan_type", "text", "Compute, EC2Instance, SageMaker or Database"),
    Field("instance_family", "text", "family of an EC2 Instance Savings Plan"),
    Field("plan_region", "text", "region of an EC2 Instance Savings Plan"),
    Field("state", "text", "active, queued, retired …"),
    Field("start_at", "time", "start"),
    Field("end_at", "time", "end"),
    Field("term_seconds", "number", "length of the term", "s"),
    Field("payment_option", "text", "No Upfront, Partial Upfront or All Upfront"),
    Field("commitment_usd", "number", "hourly commitment", "USD / h"),
    Field("upfront_usd", "number", "upfront payment", "USD"),
    Field("recurring_usd", "number", "recurring hourly payment", "USD / h"),
    Field("currency", "text", "currency"),
)
_METRIC = (
    Field("table", "text", "inventory table of the resource; null where a file does not say"),
    Field("metric", "text", "CloudWatch's metric name: CPUUtilization, mem_used_percent …"),
    Field("statistic", "text", "Maximum, Sum, Average or Minimum of one period; null unknown"),
    Field("unit", "text", "unit of the values"),
    Field("period_seconds", "number", "length of one data point", "s"),
    Field("start_at", "time", "first data point"),
    Field("end_at", "time", "last data point"),
    Field("datapoints", "number", "data points seen"),
    Field("period_days", "number", "days asked for or spanned", "days"),
    Field("coverage", "number", "data points seen / expected, 0 to 1"),
    Field("min", "number", "smallest value", "unit"),
    Field("mean", "number", "mean", "unit"),
    Field("p50", "number", "median", "unit"),
    Field("p90", "number", "90th percentile", "unit"),
    Field("p95", "number", "95th percentile", "unit"),
    Field("p99", "number", "99th percentile", "unit"),
    Field("p99_5", "number", "99.5th percentile", "unit"),
    Field("max", "number", "largest value", "unit"),
    Field("total", "number", "sum of all values", "unit"),
    Field("max_daily_mean", "number", "largest daily mean", "unit"),
    Field("max_daily_total", "number", "largest daily sum", "unit"),
    Field("daily_max", "numbers", "largest value of each UTC day", "unit"),
    Field("daily_total", "numbers", "sum of each UTC day", "unit"),
    Field("fold_max", "numbers", "largest value of each hour of the week, Monday 00 UTC", "unit"),
    Field("fold_weeks", "number", "weeks seen of the least observed hour of the week"),
)
_METRIC_RESOURCE = (
    Field("table", "text", "inventory table of the resource"),
    Field("instance_type", "text", "instance type, DB class or node type"),
    Field("engine", "text", "engine of a database or cache"),
    Field("operation", "text", "billing operation code: RunInstances, RunInstances:0002 …"),
)
_EVIDENCE = (
    Field("source", "text", "ComputeOptimizer, CostOptimizationHub or TrustedAdvisor"),
    Field("check", "text", "the source's own name of the check or finding"),
    Field("finding", "text", "OverProvisioned, UnderProvisioned, NotOptimized, Optimized, Idle …"),
    Field("finding_reasons", "texts", "CPUOverprovisioned …"),
    Field("action", "text", "Hub vocabulary: Rightsize, Stop, Upgrade, Delete …"),
    Field("resource_type", "text", "Hub vocabulary: Ec2Instance, EbsVolume …"),
    Field("current", "text", "current configuration"),
    Field("recommended", "text", "recommended configuration"),
    Field("rank", "number", "1 is the source's first choice"),
    Field("monthly_savings_usd", "number", "its own figure; evidence, not our saving", "USD"),
    Field("monthly_cost_usd", "number", "cost after the change (Hub), else null", "USD"),
    Field("savings_percent", "number", "its own percentage", "%"),
    Field("currency", "text", "currency of the figures"),
    Field("performance_risk", "number", "0 to 4"),
    Field("effort", "text", "VeryLow, Low, Medium, High or VeryHigh"),
    Field("restart_needed", "flag", "restart"),
    Field("rollback_possible", "flag", "can be undone"),
    Field("lookback_days", "number", "look-back", "days"),
    Field("observed_at", "time", "when the source computed it"),
    Field("details", "json", "everything else the source says"),
)
_SERIES = (
    Field("metric", "text", "CloudWatch's metric name"),
    Field("statistic", "text", "statistic of the data points"),
    Field("start_at", "time", "start of the first hour"),
    Field("hourly_mean", "numbers", "mean of each hour, NaN where nothing was seen", "unit"),
    Field("hourly_max", "numbers", "largest value of each hour, NaN as above", "unit"),
)
# Metrics name a resource by the same id as its table, but have no ARN, age or tags of their own.
_KEY = tuple(f for f in RESOURCE_FIELDS if f.name in ("resource_id", "account_id", "region_id"))

TABLES: Final[dict[str, TableSchema]] = {
    "accounts": resource_table(
        "account that was read",
        (
            Field("organization_id", "text", "organisation; null is none or unknown"),
            Field("in_organization", "flag", "member of an organisation"),
            Field("management_account", "text", "management account of the organisation"),
            Field("alias", "text", "account alias"),
        ),
    ),
    "reservations": resource_table("reservation of any service", _RESERVATION),
    "savings_plans": resource_table("Savings Plan", _SAVINGS_PLAN),
    "budgets": resource_table(
        "AWS budget",
        (
            Field("budget_type", "text", "COST, USAGE …"),
            Field("time_unit", "text", "MONTHLY …"),
            Field("limit_usd", "number", "limit", "USD"),
            Field("actual_usd", "number", "actual spend", "USD"),
            Field("forecast_usd", "number", "AWS's forecast", "USD"),
        ),
    ),
    "anomaly_monitors": resource_table(
        "Cost Anomaly Detection monitor", (Field("type", "text", "DIMENSIONAL or CUSTOM"),)
    ),
    "metrics": TableSchema("one metric of one resource over the look-back", (*_KEY, *_METRIC)),
    "metric_resources": TableSchema(
        "resource a file of metrics tells the type of", (*_KEY, *_METRIC_RESOURCE)
    ),
    "metric_series": TableSchema("hourly series of one metric", (*_KEY, *_SERIES)),
    "evidence": TableSchema(
        "one piece of outside advice",
        (*(f for f in RESOURCE_FIELDS if f.name not in ("created_at",)), *_EVIDENCE),
    ),
}
