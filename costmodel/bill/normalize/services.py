"""Services by product code: FOCUS names and categories, and the names other reports use.

Names are those of AWS's bills; the categories are FOCUS 1.2 ServiceCategory values.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from costmodel.bill.normalize.raw import Sql, literal


class Service(NamedTuple):
    """One service as bills name it."""

    name: str
    category: str
    subcategory: str


# product code | ServiceName | ServiceCategory | ServiceSubcategory | further names
_TABLE: Final = """
AmazonEC2|Amazon Elastic Compute Cloud|Compute|Virtual Machines|EC2-Instances;EC2-Other;EC2 - Other;Amazon Elastic Compute Cloud - Compute
AmazonS3|Amazon Simple Storage Service|Storage|Object Storage|S3
AmazonRDS|Amazon Relational Database Service|Databases|Relational Databases|Relational Database Service
AmazonDynamoDB|Amazon DynamoDB|Databases|NoSQL Databases|DynamoDB
AmazonCloudWatch|AmazonCloudWatch|Management and Governance|Observability|CloudWatch;Amazon CloudWatch
AmazonVPC|Amazon Virtual Private Cloud|Networking|Network Infrastructure|VPC
AWSELB|Elastic Load Balancing|Networking|Application Networking|Amazon Elastic Load Balancing;Elastic Load Balancing
AWSLambda|AWS Lambda|Compute|Serverless Compute|Lambda
AmazonCloudFront|Amazon CloudFront|Networking|Content Delivery|CloudFront
AmazonRoute53|Amazon Route 53|Networking|Network Routing|Route 53
AmazonApiGateway|Amazon API Gateway|Integration|API Management|API Gateway
AWSQueueService|Amazon Simple Queue Service|Integration|Messaging|SQS
AmazonSNS|Amazon Simple Notification Service|Integration|Messaging|SNS
AmazonSES|Amazon Simple Email Service|Integration|Messaging|SES
AmazonStates|AWS Step Functions|Integration|Workflow Orchestration|Step Functions
AWSEvents|CloudWatch Events|Integration|Messaging|Amazon EventBridge;EventBridge
AmazonMQ|Amazon MQ|Integration|Messaging|MQ
AmazonMWAA|Amazon Managed Workflows for Apache Airflow|Integration|Workflow Orchestration|MWAA
AmazonECS|Amazon Elastic Container Service|Compute|Containers|Elastic Container Service
AmazonEKS|Amazon Elastic Container Service for Kubernetes|Compute|Containers|Elastic Container Service for Kubernetes;Amazon Elastic Kubernetes Service
AmazonECR|Amazon EC2 Container Registry (ECR)|Compute|Containers|EC2 Container Registry (ECR)
AmazonECRPublic|Amazon Elastic Container Registry Public|Compute|Containers|Elastic Container Registry Public
AWSAppRunner|AWS App Runner|Compute|Containers|App Runner
AmazonLightsail|Amazon Lightsail|Compute|Virtual Machines|Lightsail
AWSBatch|AWS Batch|Compute|Other (Compute)|Batch
AmazonWorkSpaces|Amazon WorkSpaces|Compute|End User Computing|WorkSpaces
AmazonAppStream|Amazon AppStream|Compute|End User Computing|AppStream
AmazonBraket|Amazon Braket|Compute|Quantum Compute|Braket
AmazonEFS|Amazon Elastic File System|Storage|File Storage|Elastic File System
AmazonFSx|Amazon FSx|Storage|File Storage|FSx
AmazonGlacier|Amazon Glacier|Storage|Object Storage|Glacier;Amazon S3 Glacier
AmazonS3GlacierDeepArchive|Amazon S3 Glacier Deep Archive|Storage|Object Storage|
AWSBackup|AWS Backup|Storage|Backup Storage|Backup
AWSStorageGateway|AWS Storage Gateway|Storage|Storage Platforms|Storage Gateway
AWSDataSync|AWS DataSync|Migration|Data Migration|DataSync
AWSDatabaseMigrationSvc|AWS Database Migration Service|Migration|Data Migration|Database Migration Service
AWSTransfer|AWS Transfer Family|Migration|Data Migration|Transfer Family
AmazonElastiCache|Amazon ElastiCache|Databases|Caching|ElastiCache
AmazonMemoryDB|Amazon MemoryDB|Databases|Caching|MemoryDB
AmazonDAX|Amazon DynamoDB Accelerator (DAX)|Databases|Caching|DAX
AmazonRedshift|Amazon Redshift|Databases|Data Warehouses|Redshift
AmazonNeptune|Amazon Neptune|Databases|NoSQL Databases|Neptune
AmazonDocDB|Amazon DocumentDB (with MongoDB compatibility)|Databases|NoSQL Databases|DocumentDB (with MongoDB compatibility)
AmazonMCS|Amazon Keyspaces (for Apache Cassandra)|Databases|NoSQL Databases|Keyspaces
AmazonTimestream|Amazon Timestream|Databases|Time Series Databases|Timestream
AmazonQLDB|Amazon Quantum Ledger Database|Databases|Ledger Databases|QLDB
AmazonES|Amazon OpenSearch Service|Analytics|Search|OpenSearch Service;Amazon Elasticsearch Service
AmazonAthena|Amazon Athena|Analytics|Data Processing|Athena
AWSGlue|AWS Glue|Analytics|Data Processing|Glue
ElasticMapReduce|Amazon Elastic MapReduce|Analytics|Data Processing|EMR;Elastic MapReduce
AmazonKinesis|Amazon Kinesis|Analytics|Streaming Analytics|Kinesis
AmazonKinesisFirehose|Amazon Kinesis Firehose|Analytics|Streaming Analytics|Kinesis Firehose
AmazonKinesisAnalytics|Amazon Kinesis Analytics|Analytics|Streaming Analytics|Kinesis Analytics
AmazonMSK|Amazon Managed Streaming for Apache Kafka|Analytics|Streaming Analytics|Managed Streaming for Apache Kafka
AmazonQuickSight|Amazon QuickSight|Analytics|Business Intelligence|QuickSight
AmazonSageMaker|Amazon SageMaker|AI and Machine Learning|Machine Learning|SageMaker
AmazonBedrock|Amazon Bedrock|AI and Machine Learning|Generative AI|Bedrock
AmazonRekognition|Amazon Rekognition|AI and Machine Learning|Machine Learning|Rekognition
AmazonTextract|Amazon Textract|AI and Machine Learning|Machine Learning|Textract
AmazonPolly|Amazon Polly|AI and Machine Learning|Natural Language Processing|Polly
AmazonLex|Amazon Lex|AI and Machine Learning|Bots|Lex
transcribe|Amazon Transcribe|AI and Machine Learning|Natural Language Processing|Transcribe
translate|Amazon Translate|AI and Machine Learning|Natural Language Processing|Translate
comprehend|Amazon Comprehend|AI and Machine Learning|Natural Language Processing|Comprehend
awskms|AWS Key Management Service|Security|Secret Management|Key Management Service
AWSSecretsManager|AWS Secrets Manager|Security|Secret Management|Secrets Manager
AmazonGuardDuty|Amazon GuardDuty|Security|Threat Detection and Response|GuardDuty
AmazonInspectorV2|Amazon Inspector|Security|Security Posture Management|Inspector
AmazonMacie|Amazon Macie|Security|Threat Detection and Response|Macie
AWSSecurityHub|AWS Security Hub|Security|Security Posture Management|Security Hub
awswaf|AWS WAF|Security|Other (Security)|WAF
AWSShield|AWS Shield|Security|Threat Detection and Response|Shield
AWSNetworkFirewall|AWS Network Firewall|Networking|Network Security|Network Firewall
AmazonCognito|Amazon Cognito|Identity|Identity and Access Management|Cognito
AWSDirectoryService|AWS Directory Service|Identity|Identity and Access Management|Directory Service
AWSCertificateManager|AWS Certificate Manager|Security|Secret Management|Certificate Manager
AWSDirectConnect|AWS Direct Connect|Networking|Network Connectivity|Direct Connect
AWSGlobalAccelerator|AWS Global Accelerator|Networking|Network Routing|Global Accelerator
AWSDataTransfer|AWS Data Transfer|Networking|Network Infrastructure|Data Transfer
AWSCloudTrail|AWS CloudTrail|Management and Governance|Compliance|CloudTrail
AWSConfig|AWS Config|Management and Governance|Compliance|Config
AWSSystemsManager|AWS Systems Manager|Management and Governance|Other (Management and Governance)|Systems Manager
AWSBudgets|AWS Budgets|Management and Governance|Cost Management|Budgets
AWSCostExplorer|AWS Cost Explorer|Management and Governance|Cost Management|Cost Explorer
AWSXRay|AWS X-Ray|Developer Tools|Quality Assurance|X-Ray
AWSCodePipeline|AWS CodePipeline|Developer Tools|Continuous Integration and Deployment|CodePipeline
CodeBuild|CodeBuild|Developer Tools|Continuous Integration and Deployment|AWS CodeBuild
AWSCodeCommit|AWS CodeCommit|Developer Tools|Source Code Management|CodeCommit
AWSCloudShell|AWS CloudShell|Developer Tools|Development Environments|CloudShell
AWSAmplify|AWS Amplify|Web|Application Platforms|Amplify
AWSAppSync|AWS AppSync|Integration|API Management|AppSync
AmazonLocationService|Amazon Location Service|Web|Other (Web)|Location Service
AmazonConnect|Amazon Connect|Business Applications|Other (Business Applications)|Connect
AmazonWorkMail|Amazon WorkMail|Business Applications|Productivity and Collaboration|WorkMail
AmazonPinpoint|Amazon Pinpoint|Integration|Messaging|Pinpoint
AWSIoT|AWS IoT|Internet of Things|IoT Platforms|IoT
AmazonRegistrar|Amazon Registrar|Networking|Network Routing|Registrar
ComputeSavingsPlans|Savings Plans for AWS Compute usage|Compute|Other (Compute)|Savings Plans for Compute usage
MachineLearningSavingsPlans|Savings Plans for AWS Machine Learning|AI and Machine Learning|Machine Learning|
DatabaseSavingsPlans|Savings Plans for AWS Database|Databases|Other (Databases)|
AWSSupportBusiness|AWS Support (Business)|Management and Governance|Support|Support (Business)
AWSSupportEnterprise|AWS Support (Enterprise)|Management and Governance|Support|Support (Enterprise)
AWSDeveloperSupport|AWS Support (Developer)|Management and Governance|Support|Support (Developer)
"""  # noqa: E501 - one service per line reads best


def _parse(table: str) -> tuple[dict[str, Service], dict[str, str]]:
    services: dict[str, Service] = {}
    codes: dict[str, str] = {}
    for line in table.strip().splitlines():
        code, name, category, subcategory, others = line.split("|")
        services[code] = Service(name, category, subcategory)
        for known in (name, *filter(None, others.split(";"))):
            codes.setdefault(known, code)
    return services, codes


SERVICES, SERVICE_CODE_BY_NAME = _parse(_TABLE)


def look_up(key: Sql, values: Mapping[str, str], otherwise: Sql = "NULL") -> Sql:
    """Return the SQL that maps a text through a table."""
    whens = " ".join(f"WHEN {literal(k)} THEN {literal(v)}" for k, v in values.items())
    return f"CASE {key} {whens} ELSE {otherwise} END"


def category_sql(service_code: Sql, usage_type: Sql) -> Sql:
    """Return the FOCUS ServiceCategory of a product code; volumes under EC2 are storage."""
    by_code = look_up(
        service_code, {code: item.category for code, item in SERVICES.items()}, "'Other'"
    )
    is_volume = f"{service_code} = 'AmazonEC2' AND {usage_type} LIKE '%EBS:%'"
    return f"CASE WHEN {is_volume} THEN 'Storage' ELSE {by_code} END"


def subcategory_sql(service_code: Sql, usage_type: Sql) -> Sql:
    """Return the FOCUS ServiceSubcategory of a product code."""
    table = {code: item.subcategory for code, item in SERVICES.items()}
    by_code = look_up(service_code, table, "'Other (Other)'")
    is_volume = f"{service_code} = 'AmazonEC2' AND {usage_type} LIKE '%EBS:%'"
    return f"CASE WHEN {is_volume} THEN 'Block Storage' ELSE {by_code} END"


def name_sql(service_code: Sql) -> Sql:
    """Return the ServiceName of a product code; an unknown code names itself."""
    return look_up(
        service_code, {code: item.name for code, item in SERVICES.items()}, service_code
    )


def service_code_sql(service_name: Sql) -> Sql:
    """Return the product code of a service name as any report writes it; NULL if unknown."""
    # Console names carry stray double spaces.
    return look_up(f"TRIM(REPLACE({service_name}, '  ', ' '))", SERVICE_CODE_BY_NAME)
