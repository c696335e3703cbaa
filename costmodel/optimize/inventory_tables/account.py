"""Columns of the account-wide tables: commitments, governance, metrics and outside advice."""

from typing import Final

from costmodel.optimize.inventory_tables.field import RESOURCE_FIELDS, TableSchema, read_tables

HOURS_PER_WEEK: Final = 168

# Metrics name a resource by the same id as its table, but have no ARN, age or tags of their own.
_KEY: Final = tuple(
    f for f in RESOURCE_FIELDS if f.name in ("resource_id", "account_id", "region_id")
)
_UNDATED: Final = tuple(f for f in RESOURCE_FIELDS if f.name != "created_at")

_RESOURCES: Final = """
accounts: account that was read
  organization_id text organisation; null is none or unknown
  in_organization flag member of an organisation
  management_account text management account of the organisation
  alias text account alias

reservations: reservation of any service
  service text ec2, rds, elasticache, opensearch, redshift or memorydb
  instance_type text instance type, DB class or node type
  product text platform or engine as the reservation names it
  instances number instances or nodes reserved
  state text active, retired, payment-pending …
  start_at time start
  end_at time end
  term_seconds number length of the term [s]
  offering_type text No Upfront, Partial Upfront or All Upfront
  offering_class text standard or convertible
  scope text Region or Availability Zone
  availability_zone text zone of a zonal reservation
  tenancy text default, dedicated or host
  multi_az flag RDS: covers a standby too
  upfront_usd number upfront payment for one instance [USD]
  hourly_usd number recurring hourly charge for one instance [USD / h]
  currency text currency of the two

savings_plans: Savings Plan
  plan_type text Compute, EC2Instance, SageMaker or Database
  instance_family text family of an EC2 Instance Savings Plan
  plan_region text region of an EC2 Instance Savings Plan
  state text active, queued, retired …
  start_at time start
  end_at time end
  term_seconds number length of the term [s]
  payment_option text No Upfront, Partial Upfront or All Upfront
  commitment_usd number hourly commitment [USD / h]
  upfront_usd number upfront payment [USD]
  recurring_usd number recurring hourly payment [USD / h]
  currency text currency

budgets: AWS budget
  budget_type text COST, USAGE …
  time_unit text MONTHLY …
  limit_usd number limit [USD]
  actual_usd number actual spend [USD]
  forecast_usd number AWS's forecast [USD]

anomaly_monitors: Cost Anomaly Detection monitor
  type text DIMENSIONAL or CUSTOM
"""

_METRICS: Final = """
metrics: one metric of one resource over the look-back
  table text inventory table of the resource; null where a file does not say
  metric text CloudWatch's metric name: CPUUtilization, mem_used_percent …
  statistic text Maximum, Sum, Average or Minimum of one period; null unknown
  unit text unit of the values
  period_seconds number length of one data point [s]
  start_at time first data point
  end_at time last data point
  datapoints number data points seen
  period_days number days asked for or spanned [days]
  coverage number data points seen / expected, 0 to 1
  min number smallest value [unit]
  mean number mean [unit]
  p50 number median [unit]
  p90 number 90th percentile [unit]
  p95 number 95th percentile [unit]
  p99 number 99th percentile [unit]
  p99_5 number 99.5th percentile [unit]
  max number largest value [unit]
  total number sum of all values [unit]
  max_daily_mean number largest daily mean [unit]
  max_daily_total number largest daily sum [unit]
  daily_max numbers largest value of each UTC day [unit]
  daily_total numbers sum of each UTC day [unit]
  fold_max numbers largest value of each hour of the week, Monday 00 UTC [unit]
  fold_weeks number weeks seen of the least observed hour of the week

metric_resources: resource a file of metrics tells the type of
  table text inventory table of the resource
  instance_type text instance type, DB class or node type
  engine text engine of a database or cache
  operation text billing operation code: RunInstances, RunInstances:0002 …

metric_series: hourly series of one metric
  metric text CloudWatch's metric name
  statistic text statistic of the data points
  start_at time start of the first hour
  hourly_mean numbers mean of each hour, NaN where nothing was seen [unit]
  hourly_max numbers largest value of each hour, NaN as above [unit]
"""

_EVIDENCE: Final = """
evidence: one piece of outside advice
  source text ComputeOptimizer, CostOptimizationHub or TrustedAdvisor
  check text the source's own name of the check or finding
  finding text OverProvisioned, UnderProvisioned, NotOptimized, Optimized, Idle …
  finding_reasons texts CPUOverprovisioned …
  action text Hub vocabulary: Rightsize, Stop, Upgrade, Delete …
  resource_type text Hub vocabulary: Ec2Instance, EbsVolume …
  current text current configuration
  recommended text recommended configuration
  rank number 1 is the source's first choice
  monthly_savings_usd number its own figure; evidence, not our saving [USD]
  monthly_cost_usd number cost after the change (Hub), else null [USD]
  savings_percent number its own percentage [%]
  currency text currency of the figures
  performance_risk number 0 to 4
  effort text VeryLow, Low, Medium, High or VeryHigh
  restart_needed flag restart
  rollback_possible flag can be undone
  lookback_days number look-back [days]
  observed_at time when the source computed it
  details json everything else the source says
"""

TABLES: Final[dict[str, TableSchema]] = {
    **read_tables(_RESOURCES),
    **read_tables(_METRICS, _KEY),
    **read_tables(_EVIDENCE, _UNDATED),
}
