"""Columns of the storage tables: S3, EFS, FSx, Backup, Glacier."""

from typing import Final

from costmodel.optimize.inventory_tables.field import Field, TableSchema, resource_table

TABLES: Final[dict[str, TableSchema]] = {
    "s3_buckets": resource_table(
        "S3 bucket",
        (
            Field("versioning", "text", "Enabled or Suspended; null is never enabled"),
            Field("lifecycle_rules", "json", "lifecycle rules; '[]' is none, null is unknown"),
            Field("has_lifecycle", "flag", "has at least one enabled lifecycle rule"),
            Field("aborts_multipart", "flag", "a rule aborts incomplete multipart uploads"),
            Field("abort_multipart_days", "number", "days of that rule, the least", "days"),
            Field("expires_noncurrent", "flag", "a rule expires or moves noncurrent versions"),
            Field("transition_classes", "texts", "storage classes rules move objects to"),
            Field("intelligent_tiering_archives", "flag", "an archive tier is configured"),
            Field("bucket_key_enabled", "flag", "S3 bucket key saves KMS requests"),
            Field("kms_encrypted", "flag", "default encryption uses KMS"),
            Field("replication", "flag", "has a replication configuration"),
            Field("acceleration", "flag", "transfer acceleration is enabled"),
            Field("inventory_configurations", "number", "S3 Inventory configurations"),
            Field("metrics_configurations", "number", "request-metrics configurations"),
            Field("multipart_uploads", "number", "incomplete uploads seen (first 1,000)"),
            Field("oldest_multipart_at", "time", "start of the oldest of them"),
        ),
    ),
    "s3_storage": resource_table(
        "bytes of one bucket in one storage class; resource_id is the bucket",
        (
            Field("storage_class", "text", "lifecycle name: STANDARD, STANDARD_IA, GLACIER_IR …"),
            Field("storage_type", "text", "CloudWatch's StorageType or the report's own word"),
            Field("bytes", "number", "bytes stored", "bytes"),
            Field("objects", "number", "objects, where the source counts them per class"),
            Field("noncurrent_bytes", "number", "noncurrent versions", "bytes"),
            Field("incomplete_multipart_bytes", "number", "incomplete uploads", "bytes"),
            Field("incomplete_multipart_bytes_over_7_days", "number", "of these > 7 d", "bytes"),
            Field("bytes_under_128_kb", "number", "objects below 128 KB", "bytes"),
            Field("observed_at", "time", "day of the figure"),
            Field("source", "text", "cloudwatch, storage-lens or inventory"),
        ),
    ),
    "s3_cohorts": resource_table(
        "objects of one bucket of alike age and size; resource_id is the bucket",
        (
            Field("storage_class", "text", "storage class"),
            Field("is_current", "flag", "current version"),
            Field("age_days", "number", "mean age of the cohort", "days"),
            Field("object_bytes", "number", "mean size of an object", "bytes"),
            Field("objects", "number", "objects"),
            Field("bytes", "number", "bytes", "bytes"),
        ),
    ),
    "efs_file_systems": resource_table(
        "EFS file system",
        (
            Field("availability_zone", "text", "zone of a One Zone file system; null is regional"),
            Field("performance_mode", "text", "generalPurpose or maxIO"),
            Field("throughput_mode", "text", "bursting, provisioned or elastic"),
            Field("provisioned_mibps", "number", "provisioned throughput", "MiB/s"),
            Field("total_bytes", "number", "metered size", "bytes"),
            Field("standard_bytes", "number", "in Standard", "bytes"),
            Field("ia_bytes", "number", "in Infrequent Access", "bytes"),
            Field("archive_bytes", "number", "in Archive", "bytes"),
            Field("to_ia", "text", "lifecycle: move to IA after"),
            Field("to_archive", "text", "lifecycle: move to Archive after"),
            Field("lifecycle_policies", "number", "lifecycle policies; 0 is none"),
            Field("mount_targets", "number", "mount targets"),
        ),
    ),
    "fsx_file_systems": resource_table(
        "FSx file system",
        (
            Field("file_system_type", "text", "WINDOWS, LUSTRE, ONTAP or OPENZFS"),
            Field("storage_type", "text", "SSD, HDD or INTELLIGENT_TIERING"),
            Field("storage_gb", "number", "provisioned storage", "GiB"),
            Field("throughput_mbps", "number", "throughput capacity", "MB/s"),
            Field("deployment_type", "text", "SINGLE_AZ_…, MULTI_AZ_…, PERSISTENT_…, SCRATCH_…"),
            Field("backup_retention_days", "number", "automatic backups kept", "days"),
        ),
    ),
    "backup_rules": resource_table(
        "rule of an AWS Backup plan",
        (
            Field("plan_id", "text", "backup plan"),
            Field("vault_name", "text", "target vault"),
            Field("schedule", "text", "cron expression"),
            Field("delete_after_days", "number", "retention; null keeps for ever", "days"),
            Field("cold_after_days", "number", "days until cold storage; null never", "days"),
        ),
    ),
    "backup_vaults": resource_table(
        "AWS Backup vault",
        (Field("recovery_points", "number", "recovery points"),),
    ),
    "backup_protected": resource_table(
        "resource AWS Backup has a recovery point of; resource_id is the resource's own",
        (
            Field("protected_type", "text", "EBS, EC2, RDS, DynamoDB, EFS …"),
            Field("last_backup_at", "time", "newest recovery point"),
        ),
    ),
    "dlm_policies": resource_table(
        "Data Lifecycle Manager policy",
        (
            Field("state", "text", "ENABLED, DISABLED or ERROR"),
            Field("policy_type", "text", "EBS_SNAPSHOT_MANAGEMENT …"),
            Field("description", "text", "description"),
        ),
    ),
    "glacier_vaults": resource_table(
        "Glacier vault of the legacy service",
        (
            Field("bytes", "number", "bytes stored at the last inventory", "bytes"),
            Field("archives", "number", "archives"),
        ),
    ),
}
