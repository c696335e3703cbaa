"""Columns of the database and cache tables."""

from typing import Final

from costmodel.optimize.inventory_tables.field import Field, TableSchema, resource_table

_STATE = Field("state", "text", "state as the service names it")
_ENGINE = (
    Field("engine", "text", "engine"),
    Field("engine_version", "text", "engine version"),
)
_RDS_INSTANCE = (
    Field("availability_zone", "text", "availability zone"),
    Field("instance_class", "text", "DB instance class"),
    *_ENGINE,
    Field("license_model", "text", "license model"),
    _STATE,
    Field("multi_az", "flag", "has a standby"),
    Field("storage_type", "text", "gp2, gp3, io1, io2, standard, aurora, aurora-iopt1"),
    Field("storage_gb", "number", "allocated storage", "GiB"),
    Field("max_storage_gb", "number", "autoscaling limit", "GiB"),
    Field("iops", "number", "provisioned IOPS", "IOPS"),
    Field("storage_throughput_mibps", "number", "provisioned throughput", "MiB/s"),
    Field("cluster_id", "text", "cluster it belongs to (name)"),
    Field("replica_of", "text", "source of a read replica"),
    Field("replicas", "texts", "its read replicas"),
    Field("backup_retention_days", "number", "automated backups kept", "days"),
    Field("performance_insights", "flag", "Performance Insights is on"),
    Field("performance_insights_days", "number", "its retention", "days"),
    Field("monitoring_interval_seconds", "number", "enhanced monitoring; 0 is off", "s"),
    Field("publicly_accessible", "flag", "has a public address"),
    Field("extended_support", "text", "open-source-rds-extended-support or …-disabled"),
)

TABLES: Final[dict[str, TableSchema]] = {
    "rds_instances": resource_table(
        "DB instance of RDS, Aurora, DocumentDB or Neptune", _RDS_INSTANCE
    ),
    "rds_clusters": resource_table(
        "DB cluster of Aurora, Multi-AZ RDS, DocumentDB or Neptune",
        (
            *_ENGINE,
            Field("engine_mode", "text", "provisioned, serverless …"),
            _STATE,
            Field("storage_type", "text", "aurora, aurora-iopt1, io1 …; null is standard"),
            Field("storage_switched_at", "time", "earliest next storage-type change"),
            Field("writer", "text", "name of the writer instance"),
            Field("readers", "texts", "names of the readers"),
            Field("serverless_min_acu", "number", "least capacity", "ACU"),
            Field("serverless_max_acu", "number", "most capacity", "ACU"),
            Field("multi_az", "flag", "instances in several zones"),
            Field("backup_retention_days", "number", "automated backups kept", "days"),
            Field("backtrack_window_seconds", "number", "backtrack window; 0 is off", "s"),
            Field("global_cluster", "text", "global cluster it belongs to"),
            Field("extended_support", "text", "engine lifecycle support"),
        ),
    ),
    "rds_snapshots": resource_table(
        "DB or cluster snapshot",
        (
            Field("source_id", "text", "source instance or cluster (name)"),
            Field("source_kind", "text", "instance or cluster"),
            Field("snapshot_type", "text", "manual, automated, awsbackup …"),
            *_ENGINE,
            _STATE,
            Field("storage_gb", "number", "allocated storage, an upper bound", "GiB"),
        ),
    ),
    "rds_proxies": resource_table(
        "RDS Proxy",
        (
            _STATE,
            Field("engine_family", "text", "MYSQL, POSTGRESQL, SQLSERVER"),
            Field("targets", "texts", "names of the DB instances behind it"),
        ),
    ),
    "elasticache_clusters": resource_table(
        "ElastiCache cache cluster (one node of a replication group)",
        (
            Field("availability_zone", "text", "availability zone"),
            Field("node_type", "text", "node type"),
            *_ENGINE,
            _STATE,
            Field("nodes", "number", "cache nodes"),
            Field("replication_group", "text", "replication group"),
            Field("snapshot_retention_days", "number", "snapshots kept", "days"),
        ),
    ),
    "elasticache_serverless": resource_table(
        "ElastiCache serverless cache",
        (
            *_ENGINE,
            _STATE,
            Field("min_data_gb", "number", "least data stored that is billed", "GB"),
            Field("max_data_gb", "number", "most data stored", "GB"),
            Field("min_ecpu", "number", "least ECPU per second that is billed"),
        ),
    ),
    "memorydb_clusters": resource_table(
        "MemoryDB cluster",
        (
            Field("node_type", "text", "node type"),
            *_ENGINE,
            _STATE,
            Field("shards", "number", "shards"),
            Field("nodes_per_shard", "number", "nodes of the first shard: primary and replicas"),
        ),
    ),
    "opensearch_domains": resource_table(
        "OpenSearch Service domain",
        (
            *_ENGINE[1:],
            Field("instance_type", "text", "data node type"),
            Field("instances", "number", "data nodes"),
            Field("master_enabled", "flag", "dedicated masters"),
            Field("master_type", "text", "dedicated master type"),
            Field("masters", "number", "dedicated masters"),
            Field("warm_enabled", "flag", "UltraWarm"),
            Field("warm_type", "text", "UltraWarm type"),
            Field("warm_nodes", "number", "UltraWarm nodes"),
            Field("cold_enabled", "flag", "cold storage"),
            Field("ebs_enabled", "flag", "data nodes use EBS"),
            Field("volume_type", "text", "EBS volume type"),
            Field("volume_gb", "number", "EBS volume of one node", "GiB"),
            Field("volume_iops", "number", "provisioned IOPS of one node", "IOPS"),
            Field("volume_throughput_mibps", "number", "throughput of one node", "MiB/s"),
            Field("zone_aware", "flag", "several zones"),
            Field("deleted", "flag", "being deleted"),
        ),
    ),
    "redshift_clusters": resource_table(
        "Redshift cluster",
        (
            Field("availability_zone", "text", "availability zone"),
            Field("node_type", "text", "node type"),
            Field("nodes", "number", "nodes"),
            _STATE,
            Field("snapshot_retention_days", "number", "automated snapshots kept", "days"),
            Field("manual_snapshot_retention_days", "number", "-1 keeps for ever", "days"),
            Field("has_pause_schedule", "flag", "a scheduled action pauses it"),
        ),
    ),
    "redshift_scheduled_actions": resource_table(
        "Redshift scheduled action",
        (
            Field("cluster_name", "text", "cluster it acts on"),
            Field("action", "text", "pause, resume or resize"),
            Field("schedule", "text", "cron or at expression"),
            _STATE,
        ),
    ),
    "redshift_snapshots": resource_table(
        "Redshift snapshot",
        (
            Field("cluster_name", "text", "source cluster"),
            Field("snapshot_type", "text", "manual or automated"),
            Field("size_mb", "number", "size", "MB"),
            Field("retention_days", "number", "retention; -1 keeps for ever", "days"),
        ),
    ),
    "redshift_workgroups": resource_table(
        "Redshift Serverless workgroup",
        (_STATE, Field("base_rpu", "number", "base capacity", "RPU")),
    ),
    "dynamodb_tables": resource_table(
        "DynamoDB table",
        (
            _STATE,
            Field("billing_mode", "text", "PROVISIONED or PAY_PER_REQUEST"),
            Field("table_class", "text", "STANDARD or STANDARD_INFREQUENT_ACCESS"),
            Field("read_capacity", "number", "provisioned RCU", "RCU"),
            Field("write_capacity", "number", "provisioned WCU", "WCU"),
            Field("size_bytes", "number", "size, updated every 6 h", "bytes"),
            Field("items", "number", "items"),
            Field("indexes", "json", "name, read_capacity, write_capacity, size_bytes per GSI"),
            Field("stream_label", "time", "latest stream label: a weak sign of age"),
            Field("global_version", "text", "2017.11.29 or 2019.11.21"),
            Field("replicas", "texts", "regions of its replicas"),
            Field("deletion_protection", "flag", "deletion protection"),
            Field("point_in_time_recovery", "flag", "PITR is on"),
            Field("on_demand_backups", "number", "on-demand backups"),
            Field("on_demand_backup_bytes", "number", "their bytes", "bytes"),
        ),
    ),
    "dynamodb_backups": resource_table(
        "on-demand backup of a DynamoDB table",
        (
            Field("table_name", "text", "table"),
            Field("backup_type", "text", "USER, SYSTEM or AWS_BACKUP"),
            Field("size_bytes", "number", "size", "bytes"),
        ),
    ),
    "dax_clusters": resource_table(
        "DAX cluster",
        (
            Field("node_type", "text", "node type"),
            Field("nodes", "number", "nodes"),
            _STATE,
        ),
    ),
}
