"""Columns of the observability, security, analytics, ML and end-user tables."""

from typing import Final

from costmodel.optimize.inventory_tables.field import TableSchema, read_tables

TABLES: Final[dict[str, TableSchema]] = read_tables(
    """
log_groups: CloudWatch Logs group
  stored_bytes number bytes stored, compressed [bytes]
  retention_days number retention; null never expires [days]
  log_class text STANDARD, INFREQUENT_ACCESS or DELIVERY
  metric_filters number metric filters: they need the standard class

cloudwatch_alarms: CloudWatch metric alarm
  state text state as the service names it
  state_since time when it entered the state
  namespace text namespace of its metric
  metric text its metric
  period_seconds number its period [s]
  dimension_values texts values of its dimensions

cloudwatch_dashboards: CloudWatch dashboard

synthetics_canaries: CloudWatch Synthetics canary
  state text state as the service names it
  schedule text rate or cron expression

cloudtrails: CloudTrail trail
  home_region text region it was made in
  multi_region flag records every region
  organization flag organisation trail
  management_events flag records management events
  data_events flag records data events
  logging flag is recording

config_recorders: AWS Config recorder
  recording_frequency text CONTINUOUS or DAILY
  all_resource_types flag records every type
  resource_types texts recorded types otherwise

kms_keys: KMS key the account manages
  state text state as the service names it
  manager text CUSTOMER or AWS: AWS's own keys are free
  key_spec text SYMMETRIC_DEFAULT, RSA_2048 …
  multi_region flag multi-region key
  delete_at time scheduled deletion

secrets: Secrets Manager secret
  last_accessed_at time day of the last read; null is never
  last_changed_at time last change
  rotation_enabled flag rotates
  owning_service text service that made it, for example rds
  primary_region text primary region of a replica
  deleted_at time scheduled deletion

private_cas: ACM private certificate authority
  state text state as the service names it
  usage_mode text GENERAL_PURPOSE or SHORT_LIVED_CERTIFICATE

hsm_clusters: CloudHSM cluster
  state text state as the service names it
  hsms number HSMs in it

emr_clusters: EMR cluster
  state text state as the service names it
  release text release label
  auto_terminate flag ends when its steps are done
  instance_hours number normalized instance hours [h]

emr_instance_groups: instance group of an EMR cluster
  cluster_id text cluster
  group_type text MASTER, CORE or TASK
  market text ON_DEMAND or SPOT
  instance_type text instance type
  running_instances number running instances

kinesis_streams: Kinesis data stream
  state text state as the service names it
  mode text PROVISIONED or ON_DEMAND
  shards number open shards
  retention_hours number retention [h]
  consumers number enhanced fan-out consumers

msk_clusters: MSK cluster
  state text state as the service names it
  type text PROVISIONED or SERVERLESS
  instance_type text broker type
  brokers number brokers
  volume_gb number storage of one broker [GiB]

mq_brokers: Amazon MQ broker
  state text state as the service names it
  engine text ActiveMQ or RabbitMQ
  deployment_mode text SINGLE_INSTANCE, ACTIVE_STANDBY_…, CLUSTER_…
  instance_type text broker type

mwaa_environments: Managed Airflow environment
  state text state as the service names it
  environment_class text mw1.small …

dms_instances: DMS replication instance
  state text state as the service names it
  instance_class text class
  multi_az flag has a standby
  storage_gb number allocated storage [GiB]
  tasks number replication tasks on it

dms_tasks: DMS replication task
  state text state as the service names it
  instance_arn text replication instance

glue_jobs: Glue job
  command text glueetl, gluestreaming, pythonshell or glueray
  execution_class text STANDARD or FLEX
  worker_type text worker type
  workers number workers
  max_dpu number most DPUs [DPU]
  glue_version text version

sagemaker_endpoints: SageMaker endpoint
  state text state as the service names it
  config_name text endpoint configuration
  variants json VariantName, CurrentInstanceCount … per variant
  variant_name text first variant
  instance_type text instance type of the first variant
  instances number instances of all variants

sagemaker_training_jobs: SageMaker training job that completed, the newest ones
  instance_type text instance type
  instances number instances
  billable_seconds number time billed [s]
  managed_spot flag managed Spot training
  has_checkpoints flag writes checkpoints to S3

sagemaker_notebooks: SageMaker notebook instance
  state text state as the service names it
  instance_type text instance type
  last_modified_at time last change
  lifecycle_config text lifecycle configuration, may stop it when idle

bedrock_provisioned: Bedrock provisioned throughput
  state text state as the service names it
  model_arn text model
  model_units number model units
  commitment text commitment term
  commitment_end time end of the commitment

comprehend_endpoints: Comprehend endpoint
  state text state as the service names it
  inference_units number inference units

workspaces: WorkSpace
  state text state as the service names it
  bundle_id text bundle
  user_name text user
  running_mode text ALWAYS_ON, AUTO_STOP or MANUAL
  compute_type text VALUE, STANDARD, PERFORMANCE, POWER …
  root_gb number root volume [GiB]
  user_gb number user volume [GiB]
  auto_stop_minutes number idle time before it stops [min]
  last_connected_at time last known connection of its user

lightsail_instances: Lightsail instance
  state text state as the service names it
  bundle_id text bundle

transfer_servers: Transfer Family server
  state text state as the service names it
  protocols texts protocols: one hourly charge each
  users number service-managed users

directories: Directory Service directory
  state text state as the service names it
  type text SimpleAD, ADConnector, MicrosoftAD …
  size text Small or Large

appstream_fleets: AppStream fleet
  state text state as the service names it
  instance_type text instance type
  fleet_type text ALWAYS_ON, ON_DEMAND or ELASTIC
  desired_capacity number instances asked for
  in_use number instances in use
"""
)
