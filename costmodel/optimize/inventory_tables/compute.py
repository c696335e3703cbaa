"""Columns of the compute tables: EC2, EBS, Auto Scaling, Lambda, containers."""

from typing import Final

from costmodel.optimize.inventory_tables.field import TableSchema, read_tables

TABLES: Final[dict[str, TableSchema]] = read_tables(
    """
ec2_instances: EC2 instance, any state
  availability_zone text availability zone
  instance_type text instance type
  state text pending, running, stopping, stopped, shutting-down or terminated
  state_since time when it entered the state, from StateTransitionReason
  launch_time time last launch
  platform text billing platform: Linux/UNIX, Windows, Red Hat Enterprise Linux …
  operation text billing operation code: RunInstances, RunInstances:0002 …
  architecture text x86_64, arm64 or i386
  tenancy text default, dedicated or host
  lifecycle text spot, scheduled, capacity-block; null is on-demand
  auto_scaling_group text group that owns it, from the tag of the service
  eks_cluster text EKS cluster that owns it, from its tags
  image_id text AMI it was launched from
  key_name text key pair
  vpc_id text VPC
  subnet_id text subnet
  private_ip text private IPv4 address
  public_ip text public IPv4 address
  ebs_optimized flag EBS-optimised
  detailed_monitoring flag 1-minute metrics are on
  cpu_cores number physical cores [cores]
  threads_per_core number threads of a core
  credit_specification text standard or unlimited, for burstable types
  ena_support flag enhanced networking is on
  network_interfaces number attached network interfaces
  volume_ids texts attached EBS volumes
  root_device_type text ebs or instance-store
  virtualization_type text hvm or paravirtual

ebs_volumes: EBS volume
  availability_zone text availability zone
  volume_type text gp2, gp3, io1, io2, st1, sc1 or standard
  state text in-use, available …
  size_gb number provisioned size [GiB]
  iops number provisioned or baseline IOPS [IOPS]
  throughput_mibps number provisioned throughput, gp3 only [MiB/s]
  snapshot_id text snapshot it was made from
  multi_attach flag can be attached to several instances
  encrypted flag encrypted
  attached_instances texts instances it is attached to
  attached_at time last attachment
  delete_on_termination flag goes with its instance
  modified_at time last modification started (6 h between two)

ebs_snapshots: EBS snapshot of the account
  volume_id text source volume (vol-ffffffff for a copy)
  size_gb number size of the volume, an upper bound of what is stored [GiB]
  full_size_bytes number full snapshot size, an upper bound too [bytes]
  state text pending, completed, error …
  storage_tier text standard or archive
  description text description; AMI and backup services leave their mark here
  encrypted flag encrypted
  fast_restore_zones texts zones where fast snapshot restore is enabled

amis: AMI the account owns
  state text available, deregistered …
  architecture text x86_64, arm64 …
  platform text billing platform
  snapshot_ids texts snapshots behind it
  last_launched_at time last launch AWS recorded
  deprecated_at time deprecation time
  public flag shared with everybody

launch_templates: launch template, its default and latest version
  default_version number default version
  latest_version number latest version
  image_ids texts AMIs of the default and the latest version
  instance_types texts instance types of those versions

launch_configurations: launch configuration
  image_id text AMI
  instance_type text instance type
  detailed_monitoring flag 1-minute metrics are on

auto_scaling_groups: Auto Scaling group
  min_size number least instances
  max_size number most instances
  desired_capacity number instances asked for
  instance_ids texts members
  instance_types texts types of the members
  launch_template_id text launch template
  launch_template_version text its version
  launch_configuration text launch configuration
  mixed_instance_types texts types a mixed-instances policy may start
  on_demand_percentage number on-demand share above base capacity [%]
  target_group_arns texts target groups
  classic_load_balancers texts classic load balancers
  suspended_processes texts suspended processes
  scaling_policies number scaling policies
  scheduled_actions number scheduled actions

capacity_reservations: On-Demand Capacity Reservation
  availability_zone text availability zone
  instance_type text instance type
  platform text billing platform
  tenancy text default or dedicated
  state text active, expired, cancelled …
  total_instances number reserved instances
  available_instances number reserved and not in use
  end_at time end of a limited reservation

dedicated_hosts: EC2 Dedicated Host
  availability_zone text availability zone
  instance_family text instance family
  instance_type text instance type, where the host takes one only
  state text available, released …
  total_vcpus number vCPUs of the host [vCPU]
  available_vcpus number vCPUs not in use [vCPU]
  instance_ids texts instances on it

lambda_functions: Lambda function
  runtime text runtime
  memory_mb number memory [MB]
  timeout_seconds number timeout [s]
  ephemeral_storage_mb number size of the scratch disk [MB]
  architecture text x86_64 or arm64
  package_type text Zip or Image
  code_size_bytes number size of the package [bytes]
  last_modified_at time last change
  provisioned_concurrency number requested on all its versions
  log_group text log group
  layers texts layer ARNs: native extensions may hide here
  snap_start text PublishedVersions or None

ecs_clusters: ECS cluster
  state text ACTIVE …
  container_instances number registered EC2 instances
  running_tasks number running tasks
  active_services number active services
  capacity_providers texts capacity providers

ecs_services: ECS service
  cluster_name text cluster
  launch_type text FARGATE, EC2 or EXTERNAL
  capacity_providers texts capacity providers of its strategy
  state text ACTIVE …
  desired_count number tasks asked for
  running_count number tasks running
  task_definition_arn text task definition
  task_cpu_units number CPU of one task [1/1024 vCPU]
  task_memory_mb number memory of one task [MiB]
  ephemeral_storage_gb number ephemeral storage of one task [GiB]
  cpu_architecture text X86_64 or ARM64; null is X86_64
  operating_system text LINUX, WINDOWS_…; null is LINUX
  target_group_arns texts target groups

eks_clusters: EKS cluster
  version text Kubernetes version
  state text ACTIVE …
  support_type text upgrade policy: STANDARD or EXTENDED
  platform_version text platform version

eks_nodegroups: EKS managed node group
  cluster_name text cluster
  state text ACTIVE …
  capacity_type text ON_DEMAND, SPOT or CAPACITY_BLOCK
  ami_type text AMI type; it tells the architecture
  instance_types texts instance types
  min_size number least nodes
  max_size number most nodes
  desired_size number nodes asked for
  auto_scaling_groups texts groups behind it

ecr_repositories: ECR repository
  has_lifecycle_policy flag has a lifecycle policy
  image_count number images
  image_bytes number bytes of all images, shared layers counted [bytes]
  untagged_bytes number bytes of images without a tag [bytes]
  last_pulled_at time last recorded pull of any image
  last_pushed_at time last push of any image
  images json bytes, pushed_at, last_pulled_at and tagged, per image

scalable_targets: Application Auto Scaling target
  service_namespace text ecs, dynamodb, lambda, sagemaker …
  target_id text service/cluster/name, table/name …
  dimension text scalable dimension
  min_capacity number least capacity
  max_capacity number most capacity

apprunner_services: App Runner service
  state text RUNNING, PAUSED …

beanstalk_environments: Elastic Beanstalk environment
  state text Ready, Terminated …
  health text Green, Grey …
  tier text WebServer or Worker

batch_compute_environments: AWS Batch compute environment
  state text ENABLED or DISABLED
  type text EC2, SPOT, FARGATE or FARGATE_SPOT
  min_vcpus number vCPUs kept when idle [vCPU]
  desired_vcpus number vCPUs now [vCPU]
"""
)
