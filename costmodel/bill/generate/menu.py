"""What a typical organisation buys: meters with their rhythm and how many resources use them.

Usage types and operations are AWS's own; quantities and shares are invented but plausible.
"""

from enum import IntEnum
from typing import Final, NamedTuple


class Rhythm(IntEnum):
    """How a meter runs through the month."""

    INSTANCE = 0  # one unit per hour while it runs; can be reserved, planned or spot
    STORED = 1  # a stock billed by the hour: median is the stock, a row holds its hour's share
    STEADY = 2  # the same quantity every hour
    TRAFFIC = 3  # follows the hour of the day and the weekday


class Meter(NamedTuple):
    """One thing that is metered."""

    service_code: str
    usage_type: str  # without region prefix
    operation: str
    product_family: str
    rhythm: Rhythm
    median: float  # units per hour, or the stock for STORED
    weight: float  # share of resources
    resource: str  # how a resource id of it begins


class Service(NamedTuple):
    """How a service is called on a bill and in FOCUS."""

    product_name: str
    category: str
    subcategory: str


SERVICES: Final[dict[str, Service]] = {
    "AmazonEC2": Service("Amazon Elastic Compute Cloud", "Compute", "Virtual Machines"),
    "AmazonRDS": Service(
        "Amazon Relational Database Service", "Databases", "Relational Databases"
    ),
    "AmazonElastiCache": Service("Amazon ElastiCache", "Databases", "Caching"),
    "AmazonES": Service("Amazon OpenSearch Service", "Analytics", "Search"),
    "AmazonS3": Service("Amazon Simple Storage Service", "Storage", "Object Storage"),
    "AWSLambda": Service("AWS Lambda", "Compute", "Serverless Compute"),
    "AWSELB": Service("Elastic Load Balancing", "Networking", "Application Networking"),
    "AmazonCloudWatch": Service("AmazonCloudWatch", "Management and Governance", "Observability"),
    "AmazonDynamoDB": Service("Amazon DynamoDB", "Databases", "NoSQL Databases"),
    "AWSQueueService": Service("Amazon Simple Queue Service", "Integration", "Messaging"),
    "awskms": Service("AWS Key Management Service", "Security", "Secret Management"),
    "AmazonVPC": Service("Amazon Virtual Private Cloud", "Networking", "Network Infrastructure"),
    "AmazonECS": Service("Amazon Elastic Container Service", "Compute", "Containers"),
    "AmazonEKS": Service(
        "Amazon Elastic Container Service for Kubernetes", "Compute", "Containers"
    ),
    "AmazonECR": Service("Amazon EC2 Container Registry (ECR)", "Compute", "Containers"),
    "AmazonEFS": Service("Amazon Elastic File System", "Storage", "File Storage"),
    "AWSDataTransfer": Service("AWS Data Transfer", "Networking", "Network Connectivity"),
    "AmazonKinesis": Service("Amazon Kinesis", "Analytics", "Streaming Analytics"),
    "AWSSecretsManager": Service("AWS Secrets Manager", "Security", "Secret Management"),
    "AmazonApiGateway": Service("Amazon API Gateway", "Integration", "API Management"),
    "ComputeSavingsPlans": Service(
        "Savings Plans for AWS Compute usage", "Compute", "Other (Compute)"
    ),
    "AWSSupportBusiness": Service("AWS Support (Business)", "Other", "Other (Other)"),
}  # fmt: skip

_SIZES = ("large", "xlarge", "2xlarge", "4xlarge")
_EC2_TYPES = (
    *("t3.micro", "t3.small", "t3.medium", "t3.large", "t4g.small", "t4g.medium"),
    *(
        f"{family}.{size}"
        for family in ("m5", "m6i", "m6g", "m7g", "c5", "c6i", "c6g", "r5", "r6i", "r6g")
        for size in _SIZES
    ),
)
_RDS_TYPES = ("db.t3.medium", "db.m5.large", "db.m5.xl", "db.m6g.large", "db.r5.large",
              "db.r6g.large", "db.r6g.xl")  # fmt: skip
_CACHE_TYPES = ("cache.t3.micro", "cache.m5.large", "cache.m6g.large", "cache.r6g.large")
_SEARCH_TYPES = ("m5.large", "m6g.large", "r6g.large", "c5.xlarge")

_COMPUTE = (
    *(
        Meter("AmazonEC2", f"BoxUsage:{kind}", "RunInstances", "Compute Instance",
              Rhythm.INSTANCE, 1.0, 4.0 if kind.startswith(("t3", "m5", "c5")) else 1.5, "i-0")
        for kind in _EC2_TYPES
    ),
    *(
        Meter("AmazonEC2", f"BoxUsage:{kind}", "RunInstances:0002", "Compute Instance",
              Rhythm.INSTANCE, 1.0, 0.7, "i-0")
        for kind in ("m5.large", "m5.xlarge", "c5.large")
    ),
    Meter("AmazonECS", "Fargate-vCPU-Hours:perCPU", "", "Compute", Rhythm.TRAFFIC, 4.0, 2,
          "task/"),
    Meter("AmazonECS", "Fargate-GB-Hours", "", "Compute", Rhythm.TRAFFIC, 8.0, 2, "task/"),
    Meter("AmazonEKS", "AmazonEKS-Hours:perCluster", "CreateOperation", "Compute", Rhythm.STEADY,
          1.0, 0.5, "cluster/"),
    Meter("AWSLambda", "Lambda-GB-Second", "Invoke", "Serverless", Rhythm.TRAFFIC, 6e3, 4,
          "function:"),
    Meter("AWSLambda", "Request", "Invoke", "Serverless", Rhythm.TRAFFIC, 4e4, 4, "function:"),
)  # fmt: skip
_DATABASES = (
    *(
        Meter("AmazonRDS", f"InstanceUsage:{kind}", operation, "Database Instance",
              Rhythm.INSTANCE, 1.0, 1.0, "db:")
        for kind in _RDS_TYPES
        for operation in ("CreateDBInstance:0014", "CreateDBInstance:0002")
    ),
    Meter("AmazonRDS", "RDS:GP3-Storage", "CreateDBInstance:0014", "Database Storage",
          Rhythm.STORED, 400.0, 3, "db:"),
    Meter("AmazonRDS", "RDS:ChargedBackupUsage", "CreateDBInstance:0014", "Storage Snapshot",
          Rhythm.STORED, 300.0, 1, "db:"),
    *(
        Meter("AmazonElastiCache", f"NodeUsage:{kind}", "CreateCacheCluster:0002",
              "Cache Instance", Rhythm.INSTANCE, 1.0, 0.8, "cluster:")
        for kind in _CACHE_TYPES
    ),
    *(
        Meter("AmazonES", f"ESInstance:{kind}", "ESDomain", "Amazon OpenSearch Service Instance",
              Rhythm.INSTANCE, 1.0, 0.5, "domain/")
        for kind in _SEARCH_TYPES
    ),
    Meter("AmazonDynamoDB", "TimedStorage-ByteHrs", "StandardStorage", "Database Storage",
          Rhythm.STORED, 60.0, 2, "table/"),
    Meter("AmazonDynamoDB", "ReadRequestUnits", "PayPerRequestThroughput",
          "Amazon DynamoDB PayPerRequest Throughput", Rhythm.TRAFFIC, 3e5, 2, "table/"),
    Meter("AmazonDynamoDB", "WriteRequestUnits", "PayPerRequestThroughput",
          "Amazon DynamoDB PayPerRequest Throughput", Rhythm.TRAFFIC, 5e4, 2, "table/"),
)  # fmt: skip
_STORAGE = (
    *(
        Meter("AmazonEC2", f"EBS:VolumeUsage.{kind}", f"CreateVolume-{kind.capitalize()}",
              "Storage", Rhythm.STORED, size, weight, "vol-0")
        for kind, size, weight in (("gp2", 200.0, 8), ("gp3", 300.0, 8), ("io2", 200.0, 1),
                                   ("st1", 2000.0, 0.5), ("sc1", 4000.0, 0.3))
    ),
    Meter("AmazonEC2", "EBS:VolumeP-IOPS.gp3", "CreateVolume-Gp3", "System Operation",
          Rhythm.STORED, 3000.0, 1, "vol-0"),
    Meter("AmazonEC2", "EBS:SnapshotUsage", "CreateSnapshot", "Storage Snapshot", Rhythm.STORED,
          150.0, 6, "snapshot/snap-0"),
    Meter("AmazonS3", "TimedStorage-ByteHrs", "StandardStorage", "Storage", Rhythm.STORED, 900.0,
          5, "bucket-"),
    Meter("AmazonS3", "TimedStorage-GIR-ByteHrs", "GlacierInstantRetrievalStorage", "Storage",
          Rhythm.STORED, 4000.0, 1, "bucket-"),
    Meter("AmazonS3", "TimedStorage-GlacierByteHrs", "GlacierStorage", "Storage", Rhythm.STORED,
          9000.0, 1, "bucket-"),
    Meter("AmazonS3", "TimedStorage-INT-FA-ByteHrs", "IntelligentTieringFAStorage", "Storage",
          Rhythm.STORED, 2500.0, 1, "bucket-"),
    Meter("AmazonS3", "Requests-Tier1", "PutObject", "API Request", Rhythm.TRAFFIC, 3e3, 4,
          "bucket-"),
    Meter("AmazonS3", "Requests-Tier2", "GetObject", "API Request", Rhythm.TRAFFIC, 3e4, 5,
          "bucket-"),
    Meter("AmazonEFS", "TimedStorage-ByteHrs", "", "Storage", Rhythm.STORED, 120.0, 1,
          "file-system/fs-0"),
    Meter("AmazonECR", "TimedStorage-ByteHrs", "TimedStorage-ByteHrs", "EC2 Container Registry",
          Rhythm.STORED, 40.0, 1, "repository/"),
)  # fmt: skip
_NETWORK = (
    Meter("AWSDataTransfer", "DataTransfer-Out-Bytes", "RunInstances", "Data Transfer",
          Rhythm.TRAFFIC, 0.7, 9, "i-0"),
    Meter("AWSDataTransfer", "DataTransfer-In-Bytes", "RunInstances", "Data Transfer",
          Rhythm.TRAFFIC, 2.0, 9, "i-0"),
    Meter("AmazonEC2", "NatGateway-Hours", "NatGateway", "NAT Gateway", Rhythm.STEADY, 1.0, 1.5,
          "natgateway/nat-0"),
    Meter("AmazonEC2", "NatGateway-Bytes", "NatGateway", "NAT Gateway", Rhythm.TRAFFIC, 3.0, 1.5,
          "natgateway/nat-0"),
    *(
        Meter("AWSELB", usage, f"LoadBalancing:{kind}", family, rhythm, median, 1.5, prefix)
        for kind, prefix, family in (
            ("Application", "loadbalancer/app/", "Load Balancer-Application"),
            ("Network", "loadbalancer/net/", "Load Balancer-Network"),
        )
        for usage, rhythm, median in (("LoadBalancerUsage", Rhythm.STEADY, 1.0),
                                      ("LCUUsage", Rhythm.TRAFFIC, 2.0))
    ),
    Meter("AmazonVPC", "PublicIPv4:InUseAddress", "", "VPC Public IPv4 Address", Rhythm.STEADY,
          1.0, 3, "eni-0"),
    Meter("AmazonVPC", "PublicIPv4:IdleAddress", "", "VPC Public IPv4 Address", Rhythm.STEADY,
          1.0, 0.5, "eipalloc-0"),
)  # fmt: skip
_PLATFORM = (
    Meter("AmazonCloudWatch", "CW:MetricMonitorUsage", "MetricStorage", "Metric", Rhythm.STORED,
          30.0, 3, "metric/"),
    Meter("AmazonCloudWatch", "CW:AlarmMonitorUsage", "", "Alarm", Rhythm.STORED, 5.0, 2,
          "alarm:"),
    Meter("AmazonCloudWatch", "CW:Requests", "GetMetricStatistics", "API Request", Rhythm.TRAFFIC,
          900.0, 2, "metric/"),
    Meter("AmazonCloudWatch", "DataProcessing-Bytes", "PutLogEvents", "Data Payload",
          Rhythm.TRAFFIC, 0.06, 4, "log-group:"),
    Meter("AmazonCloudWatch", "TimedStorage-ByteHrs", "HourlyStorageMetering", "Storage Snapshot",
          Rhythm.STORED, 90.0, 3, "log-group:"),
    Meter("AWSQueueService", "Requests-Tier1", "SendMessage", "API Request", Rhythm.TRAFFIC, 4e4,
          2, "queue:"),
    Meter("AWSQueueService", "Requests-FIFO-Tier1", "SendMessage", "API Request", Rhythm.TRAFFIC,
          9e3, 1, "queue:"),
    Meter("awskms", "KMS-Keys", "unknown", "Encryption Key", Rhythm.STORED, 1.0, 2, "key/"),
    Meter("awskms", "KMS-Requests", "Decrypt", "API Request", Rhythm.TRAFFIC, 7e3, 2, "key/"),
    Meter("AmazonKinesis", "Storage-ShardHour", "shardHourStorage", "Kinesis Streams",
          Rhythm.STEADY, 4.0, 0.7, "stream/"),
    Meter("AmazonKinesis", "PutRequestPayloadUnits", "PutRequest", "Kinesis Streams",
          Rhythm.TRAFFIC, 3e6, 0.7, "stream/"),
    Meter("AWSSecretsManager", "AWSSecretsManager-Secrets", "", "Secret", Rhythm.STORED, 1.0, 2,
          "secret:"),
    Meter("AmazonApiGateway", "ApiGatewayRequest", "ApiGatewayRequest", "API Calls",
          Rhythm.TRAFFIC, 2e3, 1.5, "restapis/"),
)  # fmt: skip

METERS: Final[tuple[Meter, ...]] = (*_COMPUTE, *_DATABASES, *_STORAGE, *_NETWORK, *_PLATFORM)
