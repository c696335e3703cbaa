"""Columns of the observability, security, analytics, ML and end-user tables."""

from typing import Final

from costmodel.optimize.inventory_tables.field import Field, TableSchema, resource_table

_STATE = Field("state", "text", "state as the service names it")

TABLES: Final[dict[str, TableSchema]] = {
    "log_groups": resource_table(
        "CloudWatch Logs group",
        (
            Field("stored_bytes", "number", "bytes stored, compressed", "bytes"),
            Field("retention_days", "number", "retention; null never expires", "days"),
            Field("log_class", "text", "STANDARD, INFREQUENT_ACCESS or DELIVERY"),
            Field("metric_filters", "number", "metric filters: they need the standard class"),
        ),
    ),
    "cloudwatch_alarms": resource_table(
        "CloudWatch metric alarm",
        (
            _STATE,
            Field("state_since", "time", "when it entered the state"),
            Field("namespace", "text", "namespace of its metric"),
            Field("metric", "text", "its metric"),
            Field("period_seconds", "number", "its period", "s"),
            Field("dimension_values", "texts", "values of its dimensions"),
        ),
    ),
    "cloudwatch_dashboards": resource_table("CloudWatch dashboard", ()),
    "synthetics_canaries": resource_table(
        "CloudWatch Synthetics canary",
        (_STATE, Field("schedule", "text", "rate or cron expression")),
    ),
    "cloudtrails": resource_table(
        "CloudTrail trail",
        (
            Field("home_region", "text", "region it was made in"),
            Field("multi_region", "flag", "records every region"),
            Field("organization", "flag", "organisation trail"),
            Field("management_events", "flag", "records management events"),
            Field("data_events", "flag", "records data events"),
            Field("logging", "flag", "is recording"),
        ),
    ),
    "config_recorders": resource_table(
        "AWS Config recorder",
        (
            Field("recording_frequency", "text", "CONTINUOUS or DAILY"),
            Field("all_resource_types", "flag", "records every type"),
            Field("resource_types", "texts", "recorded types otherwise"),
        ),
    ),
    "kms_keys": resource_table(
        "KMS key the account manages",
        (
            _STATE,
            Field("manager", "text", "CUSTOMER or AWS: AWS's own keys are free"),
            Field("key_spec", "text", "SYMMETRIC_DEFAULT, RSA_2048 …"),
            Field("multi_region", "flag", "multi-region key"),
            Field("delete_at", "time", "scheduled deletion"),
        ),
    ),
    "secrets": resource_table(
        "Secrets Manager secret",
        (
            Field("last_accessed_at", "time", "day of the last read; null is never"),
            Field("last_changed_at", "time", "last change"),
            Field("rotation_enabled", "flag", "rotates"),
            Field("owning_service", "text", "service that made it, for example rds"),
            Field("primary_region", "text", "primary region of a replica"),
            Field("deleted_at", "time", "scheduled deletion"),
        ),
    ),
    "private_cas": resource_table(
        "ACM private certificate authority",
        (_STATE, Field("usage_mode", "text", "GENERAL_PURPOSE or SHORT_LIVED_CERTIFICATE")),
    ),
    "hsm_clusters": resource_table(
        "CloudHSM cluster", (_STATE, Field("hsms", "number", "HSMs in it"))
    ),
    "emr_clusters": resource_table(
        "EMR cluster",
        (
            _STATE,
            Field("release", "text", "release label"),
            Field("auto_terminate", "flag", "ends when its steps are done"),
            Field("instance_hours", "number", "normalized instance hours", "h"),
        ),
    ),
    "emr_instance_groups": resource_table(
        "instance group of an EMR cluster",
        (
            Field("cluster_id", "text", "cluster"),
            Field("group_type", "text", "MASTER, CORE or TASK"),
            Field("market", "text", "ON_DEMAND or SPOT"),
            Field("instance_type", "text", "instance type"),
            Field("running_instances", "number", "running instances"),
        ),
    ),
    "kinesis_streams": resource_table(
        "Kinesis data stream",
        (
            _STATE,
            Field("mode", "text", "PROVISIONED or ON_DEMAND"),
            Field("shards", "number", "open shards"),
            Field("retention_hours", "number", "retention", "h"),
            Field("consumers", "number", "enhanced fan-out consumers"),
        ),
    ),
    "msk_clusters": resource_table(
        "MSK cluster",
        (
            _STATE,
            Field("type", "text", "PROVISIONED or SERVERLESS"),
            Field("instance_type", "text", "broker type"),
            Field("brokers", "number", "brokers"),
            Field("volume_gb", "number", "storage of one broker", "GiB"),
        ),
    ),
    "mq_brokers": resource_table(
        "Amazon MQ broker",
        (
            _STATE,
            Field("engine", "text", "ActiveMQ or RabbitMQ"),
            Field("deployment_mode", "text", "SINGLE_INSTANCE, ACTIVE_STANDBY_…, CLUSTER_…"),
            Field("instance_type", "text", "broker type"),
        ),
    ),
    "mwaa_environments": resource_table(
        "Managed Airflow environment",
        (_STATE, Field("environment_class", "text", "mw1.small …")),
    ),
    "dms_instances": resource_table(
        "DMS replication instance",
        (
            _STATE,
            Field("instance_class", "text", "class"),
            Field("multi_az", "flag", "has a standby"),
            Field("storage_gb", "number", "allocated storage", "GiB"),
            Field("tasks", "number", "replication tasks on it"),
        ),
    ),
    "dms_tasks": resource_table(
        "DMS replication task",
        (_STATE, Field("instance_arn", "text", "replication instance")),
    ),
    "glue_jobs": resource_table(
        "Glue job",
        (
            Field("command", "text", "glueetl, gluestreaming, pythonshell or glueray"),
            Field("execution_class", "text", "STANDARD or FLEX"),
            Field("worker_type", "text", "worker type"),
            Field("workers", "number", "workers"),
            Field("max_dpu", "number", "most DPUs", "DPU"),
            Field("glue_version", "text", "version"),
        ),
    ),
    "sagemaker_endpoints": resource_table(
        "SageMaker endpoint",
        (
            _STATE,
            Field("config_name", "text", "endpoint configuration"),
            Field("variants", "json", "VariantName, CurrentInstanceCount … per variant"),
            Field("variant_name", "text", "first variant"),
            Field("instance_type", "text", "instance type of the first variant"),
            Field("instances", "number", "instances of all variants"),
        ),
    ),
    "sagemaker_training_jobs": resource_table(
        "SageMaker training job that completed, the newest ones",
        (
            Field("instance_type", "text", "instance type"),
            Field("instances", "number", "instances"),
            Field("billable_seconds", "number", "time billed", "s"),
            Field("managed_spot", "flag", "managed Spot training"),
            Field("has_checkpoints", "flag", "writes checkpoints to S3"),
        ),
    ),
    "sagemaker_notebooks": resource_table(
        "SageMaker notebook instance",
        (
            _STATE,
            Field("instance_type", "text", "instance type"),
            Field("last_modified_at", "time", "last change"),
            Field("lifecycle_config", "text", "lifecycle configuration, may stop it when idle"),
        ),
    ),
    "bedrock_provisioned": resource_table(
        "Bedrock provisioned throughput",
        (
            _STATE,
            Field("model_arn", "text", "model"),
            Field("model_units", "number", "model units"),
            Field("commitment", "text", "commitment term"),
            Field("commitment_end", "time", "end of the commitment"),
        ),
    ),
    "comprehend_endpoints": resource_table(
        "Comprehend endpoint",
        (_STATE, Field("inference_units", "number", "inference units")),
    ),
    "workspaces": resource_table(
        "WorkSpace",
        (
            _STATE,
            Field("bundle_id", "text", "bundle"),
            Field("user_name", "text", "user"),
            Field("running_mode", "text", "ALWAYS_ON, AUTO_STOP or MANUAL"),
            Field("compute_type", "text", "VALUE, STANDARD, PERFORMANCE, POWER …"),
            Field("root_gb", "number", "root volume", "GiB"),
            Field("user_gb", "number", "user volume", "GiB"),
            Field("auto_stop_minutes", "number", "idle time before it stops", "min"),
            Field("last_connected_at", "time", "last known connection of its user"),
        ),
    ),
    "lightsail_instances": resource_table(
        "Lightsail instance", (_STATE, Field("bundle_id", "text", "bundle"))
    ),
    "transfer_servers": resource_table(
        "Transfer Family server",
        (
            _STATE,
            Field("protocols", "texts", "protocols: one hourly charge each"),
            Field("users", "number", "service-managed users"),
        ),
    ),
    "directories": resource_table(
        "Directory Service directory",
        (
            _STATE,
            Field("type", "text", "SimpleAD, ADConnector, MicrosoftAD …"),
            Field("size", "text", "Small or Large"),
        ),
    ),
    "appstream_fleets": resource_table(
        "AppStream fleet",
        (
            _STATE,
            Field("instance_type", "text", "instance type"),
            Field("fleet_type", "text", "ALWAYS_ON, ON_DEMAND or ELASTIC"),
            Field("desired_capacity", "number", "instances asked for"),
            Field("in_use", "number", "instances in use"),
        ),
    ),
}
