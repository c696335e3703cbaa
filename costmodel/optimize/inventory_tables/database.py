"""Columns of the database and cache tables."""

from typing import Final

from costmodel.optimize.inventory_tables.field import TableSchema, read_tables

TABLES: Final[dict[str, TableSchema]] = read_tables(
    """
rds_instances: DB instance of RDS, Aurora, DocumentDB or Neptune
  availability_zone text availability zone
  instance_class text DB instance class
  engine text engine
  engine_version text engine version
  license_model text license model
  state text state as the service names it
  multi_az flag has a standby
  storage_type text gp2, gp3, io1, io2, standard, aurora, aurora-iopt1
  storage_gb number allocated storage [GiB]
  max_storage_gb number autoscaling limit [GiB]
  iops number provisioned IOPS [IOPS]
  storage_throughput_mibps number provisioned throughput [MiB/s]
  cluster_id text cluster it belongs to (name)
  replica_of text source of a read replica
  replicas texts its read replicas
  backup_retention_days number automated backups kept [days]
  performance_insights flag Performance Insights is on
  performance_insights_days number its retention [days]
  monitoring_interval_seconds number enhanced monitoring; 0 is off [s]
  publicly_accessible flag has a public address
  extended_support text open-source-rds-extended-support or …-disabled

rds_clusters: DB cluster of Aurora, Multi-AZ RDS, DocumentDB or Neptune
  engine text engine
  engine_version text engine version
  engine_mode text provisioned, serverless …
  state text state as the service names it
  storage_type text aurora, aurora-iopt1, io1 …; null is standard
  storage_switched_at time earliest next storage-type change
  writer text name of the writer instance
  readers texts names of the readers
  serverless_min_acu number least capacity [ACU]
  serverless_max_acu number most capacity [ACU]
  multi_az flag instances in several zones
  backup_retention_days number automated backups kept [days]
  backtrack_window_seconds number backtrack window; 0 is off [s]
  global_cluster text global cluster it belongs to
  extended_support text engine lifecycle support

rds_snapshots: DB or cluster snapshot
  source_id text source instance or cluster (name)
  source_kind text instance or cluster
  snapshot_type text manual, automated, awsbackup …
  engine text engine
  engine_version text engine version
  state text state as the service names it
  storage_gb number allocated storage, an upper bound [GiB]

rds_proxies: RDS Proxy
  state text state as the service names it
  engine_family text MYSQL, POSTGRESQL, SQLSERVER
  targets texts names of the DB instances behind it

elasticache_clusters: ElastiCache cache cluster (one node of a replication group)
  availability_zone text availability zone
  node_type text node type
  engine text engine
  engine_version text engine version
  state text state as the service names it
  nodes number cache nodes
  replication_group text replication group
  snapshot_retention_days number snapshots kept [days]

elasticache_serverless: ElastiCache serverless cache
  engine text engine
  engine_version text engine version
  state text state as the service names it
  min_data_gb number least data stored that is billed [GB]
  max_data_gb number most data stored [GB]
  min_ecpu number least ECPU per second that is billed

memorydb_clusters: MemoryDB cluster
  node_type text node type
  engine text engine
  engine_version text engine version
  state text state as the service names it
  shards number shards
  nodes_per_shard number nodes of the first shard: primary and replicas

opensearch_domains: OpenSearch Service domain
  engine_version text engine version
  instance_type text data node type
  instances number data nodes
  master_enabled flag dedicated masters
  master_type text dedicated master type
  masters number dedicated masters
  warm_enabled flag UltraWarm
  warm_type text UltraWarm type
  warm_nodes number UltraWarm nodes
  cold_enabled flag cold storage
  ebs_enabled flag data nodes use EBS
  volume_type text EBS volume type
  volume_gb number EBS volume of one node [GiB]
  volume_iops number provisioned IOPS of one node [IOPS]
  volume_throughput_mibps number throughput of one node [MiB/s]
  zone_aware flag several zones
  deleted flag being deleted

redshift_clusters: Redshift cluster
  availability_zone text availability zone
  node_type text node type
  nodes number nodes
  state text state as the service names it
  snapshot_retention_days number automated snapshots kept [days]
  manual_snapshot_retention_days number -1 keeps for ever [days]
  has_pause_schedule flag a scheduled action pauses it

redshift_scheduled_actions: Redshift scheduled action
  cluster_name text cluster it acts on
  action text pause, resume or resize
  schedule text cron or at expression
  state text state as the service names it

redshift_snapshots: Redshift snapshot
  cluster_name text source cluster
  snapshot_type text manual or automated
  size_mb number size [MB]
  retention_days number retention; -1 keeps for ever [days]

redshift_workgroups: Redshift Serverless workgroup
  state text state as the service names it
  base_rpu number base capacity [RPU]

dynamodb_tables: DynamoDB table
  state text state as the service names it
  billing_mode text PROVISIONED or PAY_PER_REQUEST
  table_class text STANDARD or STANDARD_INFREQUENT_ACCESS
  read_capacity number provisioned RCU [RCU]
  write_capacity number provisioned WCU [WCU]
  size_bytes number size, updated every 6 h [bytes]
  items number items
  indexes json name, read_capacity, write_capacity, size_bytes per GSI
  stream_label time latest stream label: a weak sign of age
  global_version text 2017.11.29 or 2019.11.21
  replicas texts regions of its replicas
  deletion_protection flag deletion protection
  point_in_time_recovery flag PITR is on
  on_demand_backups number on-demand backups
  on_demand_backup_bytes number their bytes [bytes]

dynamodb_backups: on-demand backup of a DynamoDB table
  table_name text table
  backup_type text USER, SYSTEM or AWS_BACKUP
  size_bytes number size [bytes]

dax_clusters: DAX cluster
  node_type text node type
  nodes number nodes
  state text state as the service names it
"""
)
