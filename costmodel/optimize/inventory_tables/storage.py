"""Columns of the storage tables: S3, EFS, FSx, Backup, Glacier."""

from typing import Final

from costmodel.optimize.inventory_tables.field import TableSchema, read_tables

TABLES: Final[dict[str, TableSchema]] = read_tables(
    """
s3_buckets: S3 bucket
  versioning text Enabled or Suspended; null is never enabled
  lifecycle_rules json lifecycle rules; '[]' is none, null is unknown
  has_lifecycle flag has at least one enabled lifecycle rule
  aborts_multipart flag a rule aborts incomplete multipart uploads
  abort_multipart_days number days of that rule, the least [days]
  expires_noncurrent flag a rule expires or moves noncurrent versions
  transition_classes texts storage classes rules move objects to
  intelligent_tiering_archives flag an archive tier is configured
  bucket_key_enabled flag S3 bucket key saves KMS requests
  kms_encrypted flag default encryption uses KMS
  replication flag has a replication configuration
  acceleration flag transfer acceleration is enabled
  inventory_configurations number S3 Inventory configurations
  metrics_configurations number request-metrics configurations
  multipart_uploads number incomplete uploads seen (first 1,000)
  oldest_multipart_at time start of the oldest of them

s3_storage: bytes of one bucket in one storage class; resource_id is the bucket
  storage_class text lifecycle name: STANDARD, STANDARD_IA, GLACIER_IR …
  storage_type text CloudWatch's StorageType or the report's own word
  bytes number bytes stored [bytes]
  objects number objects, where the source counts them per class
  noncurrent_bytes number noncurrent versions [bytes]
  incomplete_multipart_bytes number incomplete uploads [bytes]
  incomplete_multipart_bytes_over_7_days number of these > 7 d [bytes]
  bytes_under_128_kb number objects below 128 KB [bytes]
  observed_at time day of the figure
  source text cloudwatch, storage-lens or inventory

s3_cohorts: objects of one bucket of alike age and size; resource_id is the bucket
  storage_class text storage class
  is_current flag current version
  age_days number mean age of the cohort [days]
  object_bytes number mean size of an object [bytes]
  objects number objects
  bytes number bytes [bytes]

efs_file_systems: EFS file system
  availability_zone text zone of a One Zone file system; null is regional
  performance_mode text generalPurpose or maxIO
  throughput_mode text bursting, provisioned or elastic
  provisioned_mibps number provisioned throughput [MiB/s]
  total_bytes number metered size [bytes]
  standard_bytes number in Standard [bytes]
  ia_bytes number in Infrequent Access [bytes]
  archive_bytes number in Archive [bytes]
  to_ia text lifecycle: move to IA after
  to_archive text lifecycle: move to Archive after
  lifecycle_policies number lifecycle policies; 0 is none
  mount_targets number mount targets

fsx_file_systems: FSx file system
  file_system_type text WINDOWS, LUSTRE, ONTAP or OPENZFS
  storage_type text SSD, HDD or INTELLIGENT_TIERING
  storage_gb number provisioned storage [GiB]
  throughput_mbps number throughput capacity [MB/s]
  deployment_type text SINGLE_AZ_…, MULTI_AZ_…, PERSISTENT_…, SCRATCH_…
  backup_retention_days number automatic backups kept [days]

backup_rules: rule of an AWS Backup plan
  plan_id text backup plan
  vault_name text target vault
  schedule text cron expression
  delete_after_days number retention; null keeps for ever [days]
  cold_after_days number days until cold storage; null never [days]

backup_vaults: AWS Backup vault
  recovery_points number recovery points

backup_protected: resource AWS Backup has a recovery point of; resource_id is the resource's own
  protected_type text EBS, EC2, RDS, DynamoDB, EFS …
  last_backup_at time newest recovery point

dlm_policies: Data Lifecycle Manager policy
  state text ENABLED, DISABLED or ERROR
  policy_type text EBS_SNAPSHOT_MANAGEMENT …
  description text description

glacier_vaults: Glacier vault of the legacy service
  bytes number bytes stored at the last inventory [bytes]
  archives number archives
"""
)
