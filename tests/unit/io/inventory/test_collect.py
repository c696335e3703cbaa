import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from costmodel.errors import BadInputError
from costmodel.io.inventory.account import Account, open_account
from costmodel.io.inventory.collect import finished_rows, read_account, reading_issues
from costmodel.io.inventory.live import collect_inventory
from costmodel.io.inventory.registry import load_calls
from costmodel.io.inventory.store import read_inventory
from costmodel.optimize.inventory import Inventory

REGIONS = ("us-east-1", "eu-west-1")


def collect(out: Path, url: str, *services: str, **options: Any) -> Inventory:
    settings = {"regions": REGIONS, "attempts": 1, "now": datetime.now(UTC), **options}
    return collect_inventory(out, services=services, endpoint_url=url, **settings)


def rows(inventory: Inventory, kind: str) -> list[dict]:
    return sorted(inventory.table(kind).to_pylist(), key=lambda row: row["resource_id"])


def test_instances_volumes_and_addresses_of_two_regions(aws, moto_url, tmp_path) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]
    here = aws("ec2").run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="m5.large",
        TagSpecifications=tags,
    )["Instances"][0]["InstanceId"]  # fmt: skip
    there = aws("ec2", "eu-west-1")
    far = there.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="t3.micro"
    )["Instances"][0]["InstanceId"]
    there.stop_instances(InstanceIds=[far])
    volume = there.create_volume(
        AvailabilityZone="eu-west-1a", Size=100, VolumeType="gp3", Iops=4000, Throughput=250
    )["VolumeId"]
    address = there.allocate_address(Domain="vpc")

    inventory = collect(tmp_path / "inv", moto_url, "ec2")

    found = {row["resource_id"]: row for row in rows(inventory, "ec2_instances")}
    assert set(found) == {here, far}
    assert found[here]["name"] == "web"
    assert found[here]["region_id"] == "us-east-1"
    assert found[here]["account_id"] == "123456789012"
    assert found[here]["arn"] == f"arn:aws:ec2:us-east-1:123456789012:instance/{here}"
    assert found[here]["state"] == "running"
    assert found[here]["lifecycle"] is None
    assert found[far]["state"] == "stopped"
    assert found[far]["state_since"] is not None  # from "User initiated (2026-03-01 12:00:00 …)"
    assert found[far]["instance_type"] == "t3.micro"
    disk = next(r for r in rows(inventory, "ebs_volumes") if r["resource_id"] == volume)
    assert (disk["size_gb"], disk["iops"], disk["throughput_mibps"]) == (100, 4000, 250)
    assert disk["attached_instances"] == []
    assert disk["region_id"] == "eu-west-1"
    eip = rows(inventory, "addresses")[0]
    assert eip["public_ip"] == address["PublicIp"]
    assert eip["association_id"] is None


def test_nat_gateways_know_their_zone_and_routes(aws, moto_url, tmp_path) -> None:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1b"
    )["Subnet"]["SubnetId"]  # fmt: skip
    used, idle = (
        ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"][
            "NatGatewayId"
        ]
        for _ in range(2)
    )
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=used)
    ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", VpcEndpointType="Gateway"
    )

    inventory = collect(tmp_path / "inv", moto_url, "ec2")

    nats = {row["resource_id"]: row for row in rows(inventory, "nat_gateways")}
    assert nats[used]["route_tables"] == [table]
    assert nats[idle]["route_tables"] == []
    assert nats[used]["availability_zone"] == "us-east-1b"
    endpoint = rows(inventory, "vpc_endpoints")[0]
    assert (endpoint["endpoint_type"], endpoint["vpc_id"]) == ("Gateway", vpc)


def test_buckets_are_read_in_their_own_region(aws, moto_url, tmp_path) -> None:
    aws("s3").create_bucket(Bucket="plain")
    s3 = aws("s3", "eu-west-1")
    s3.create_bucket(
        Bucket="careful", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    s3.put_bucket_versioning(Bucket="careful", VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
    }  # fmt: skip
    off = {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": "x"}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(
        Bucket="careful", LifecycleConfiguration={"Rules": [rule, off]}
    )
    s3.put_bucket_tagging(Bucket="careful", Tagging={"TagSet": [{"Key": "env", "Value": "dev"}]})
    s3.create_multipart_upload(Bucket="careful", Key="half")

    inventory = collect(tmp_path / "inv", moto_url, "s3")

    careful, plain = rows(inventory, "s3_buckets")
    assert careful["region_id"] == "eu-west-1"
    assert careful["versioning"] == "Enabled"
    assert careful["has_lifecycle"] is True
    assert careful["aborts_multipart"] is True
    assert careful["abort_multipart_days"] == 7
    assert careful["expires_noncurrent"] is True
    assert careful["transition_classes"] == ["STANDARD_IA"]
    assert careful["multipart_uploads"] == 1
    assert careful["tags"] == [("env", "dev")]
    assert len(json.loads(careful["lifecycle_rules"])) == 2
    assert plain["region_id"] == "us-east-1"
    assert plain["versioning"] is None
    assert plain["has_lifecycle"] is False
    assert plain["lifecycle_rules"] == "[]"
    assert plain["tags"] == []


def test_databases_tables_functions_and_services(aws, moto_url, tmp_path) -> None:
    aws("rds").create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.m5.large", Engine="postgres",
        AllocatedStorage=100, MultiAZ=True, MasterUsername="u", MasterUserPassword="secret123",
    )  # fmt: skip
    aws("dynamodb").create_table(
        TableName="carts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 10},
    )
    aws("dynamodb").create_backup(TableName="carts", BackupName="nightly")
    ecs = aws("ecs", "eu-west-1")
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(
        family="web", cpu="512", memory="1024",
        containerDefinitions=[{"name": "web", "image": "nginx", "memory": 1024}],
    )  # fmt: skip
    for number in range(12):  # more than one batch of ten
        ecs.create_service(
            cluster="shop", serviceName=f"web{number:02}", taskDefinition="web", desiredCount=2,
            launchType="FARGATE",
        )  # fmt: skip
    aws("logs").create_log_group(logGroupName="/app")
    aws("kinesis").create_stream(StreamName="clicks", ShardCount=3)
    aws("secretsmanager").create_secret(Name="db", SecretString="x")

    inventory = collect(
        tmp_path / "inv", moto_url,
        "rds", "dynamodb", "ecs", "logs", "kinesis", "secretsmanager",
    )  # fmt: skip

    orders = rows(inventory, "rds_instances")[0]
    assert (orders["engine"], orders["multi_az"], orders["storage_gb"]) == ("postgres", True, 100)
    assert orders["resource_id"] == "arn:aws:rds:us-east-1:123456789012:db:orders"
    carts = rows(inventory, "dynamodb_tables")[0]
    assert (carts["read_capacity"], carts["write_capacity"]) == (5, 10)
    assert carts["billing_mode"] == "PROVISIONED"
    assert carts["on_demand_backups"] == 1
    services = rows(inventory, "ecs_services")
    assert [row["name"] for row in services] == [f"web{number:02}" for number in range(12)]
    assert {row["cluster_name"] for row in services} == {"shop"}
    assert {row["task_cpu_units"] for row in services} == {512}
    assert {row["task_memory_mb"] for row in services} == {1024}
    assert rows(inventory, "log_groups")[0]["retention_days"] is None
    assert rows(inventory, "kinesis_streams")[0]["shards"] == 3
    assert rows(inventory, "secrets")[0]["last_accessed_at"] is None


def test_load_balancers_of_both_kinds(aws, moto_url, tmp_path) -> None:
    ec2 = aws("ec2")
    subnets = [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]][:2]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    elb = aws("elbv2")
    alb = elb.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0]
    group = elb.create_target_group(Name="tg", Protocol="HTTP", Port=80, VpcId=vpc)
    elb.create_listener(
        LoadBalancerArn=alb["LoadBalancerArn"], Protocol="HTTP", Port=80,
        DefaultActions=[
            {"Type": "forward", "TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}
        ],
    )  # fmt: skip
    aws("elb").create_load_balancer(
        LoadBalancerName="old", AvailabilityZones=["us-east-1a"],
        Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 80}],
    )  # fmt: skip

    inventory = collect(tmp_path / "inv", moto_url, "elb", "elbv2")

    found = {row["name"]: row for row in rows(inventory, "load_balancers")}
    assert found["front"]["load_balancer_type"] == "application"
    assert found["front"]["dimension"] == alb["LoadBalancerArn"].split("loadbalancer/")[1]
    assert found["old"]["load_balancer_type"] == "classic"
    assert (found["old"]["instances"], found["old"]["healthy_instances"]) == (0, 0)
    target = rows(inventory, "target_groups")[0]
    assert target["targets"] == 0
    assert target["load_balancer_arns"] == [alb["LoadBalancerArn"]]
    assert target["dimension"].startswith("targetgroup/tg/")


def test_metrics_of_cloudwatch_become_rows(aws, moto_url, tmp_path) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    instance = aws("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    name = instance["Instances"][0]["InstanceId"]
    points = [(hour, 90.0 if hour == 5 else 2.0) for hour in range(1, 25)]
    aws("cloudwatch").put_metric_data(
        Namespace="AWS/EC2",
        MetricData=[
            {
                "MetricName": "CPUUtilization", "Value": value, "Unit": "Percent",
                "Dimensions": [{"Name": "InstanceId", "Value": name}],
                "Timestamp": now - timedelta(hours=hour),
            }
            for hour, value in points
        ],
    )  # fmt: skip
    aws("cloudwatch").put_metric_data(
        Namespace="CWAgent",
        MetricData=[
            {
                "MetricName": "mem_used_percent", "Value": 61.0,
                "Dimensions": [
                    {"Name": "InstanceId", "Value": name},
                    {"Name": "InstanceType", "Value": "m1.small"},
                ],
                "Timestamp": now - timedelta(hours=1),
            }
        ],
    )  # fmt: skip

    inventory = collect(tmp_path / "inv", moto_url, "ec2", now=now)

    cpu = {
        column: inventory.metric("ec2_instances", "CPUUtilization", column)[0]
        for column in ("max", "p50", "mean", "datapoints", "period_days", "period_seconds")
    }
    assert cpu["max"] == 90.0
    assert cpu["p50"] == 2.0
    assert cpu["mean"] == pytest.approx((90 + 23 * 2) / 24)
    assert (cpu["datapoints"], cpu["period_days"], cpu["period_seconds"]) == (24, 14, 300)
    assert inventory.metric("ec2_instances", "mem_used_percent", "max")[0] == 61.0
    assert np.isnan(inventory.metric("ec2_instances", "NetworkIn", "max")[0])
    fold = inventory.fold("ec2_instances", "CPUUtilization")[0]
    spike = now - timedelta(hours=5)
    assert fold[spike.weekday() * 24 + spike.hour] == 90.0
    assert np.nanmax(inventory.series("ec2_instances", "CPUUtilization", "hourly_max")) == 90.0


def test_what_is_written_is_what_is_read(aws, moto_url, tmp_path) -> None:
    aws("ec2").create_volume(AvailabilityZone="us-east-1a", Size=8)
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    written = collect(tmp_path / "inv", moto_url, "ec2", now=now)
    again = collect(tmp_path / "inv", moto_url, "ec2", now=now)
    read = read_inventory(tmp_path / "inv")

    assert read.collected_at == now
    assert read.table("ebs_volumes").equals(again.table("ebs_volumes"))
    assert written.table("ebs_volumes").num_rows == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["inv"]  # nothing aside is left
    manifest = json.loads((tmp_path / "inv" / "manifest.json").read_text())
    assert manifest["account_id"] == "123456789012"
    assert manifest["regions"] == list(REGIONS)
    assert manifest["metrics_requested"] > 0


def test_a_call_that_fails_is_an_issue_and_its_table_is_unknown(aws, moto_url, tmp_path) -> None:
    # moto does not know capacity reservations: it answers with an error page.
    inventory = collect(tmp_path / "inv", moto_url, "ec2")

    assert not inventory.has("capacity_reservations")
    assert inventory.has("ebs_volumes")
    addresses = {issue.address for issue in inventory.issues}
    assert "ec2:describe_capacity_reservations us-east-1" in addresses


def test_regions_are_found_when_none_are_named(aws, moto_url) -> None:
    account, issues = open_account(endpoint_url=moto_url, attempts=1)

    assert issues == []
    assert {"us-east-1", "eu-west-1"} <= set(account.regions)
    assert account.account_id == "123456789012"
    assert account.partition == "aws"


def denied(account: Account, service: str, operations: set[str], monkeypatch: Any) -> None:
    """Let some operations of an account answer AccessDenied, as IAM does."""
    from botocore.exceptions import ClientError

    def refuse(operation_name: str, **_: Any) -> None:
        if operation_name in operations:
            error = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
            raise ClientError(error, operation_name)

    for region in account.regions:
        client = account.client(service, region)
        client.meta.events.register(
            "before-parameter-build", lambda model, **kw: refuse(model.name, **kw)
        )


def test_denied_calls_leave_columns_unknown_and_are_counted_once(aws, moto_url, monkeypatch):
    for number in range(3):
        aws("dynamodb").create_table(
            TableName=f"t{number}",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    account, _ = open_account(regions=["us-east-1"], endpoint_url=moto_url, attempts=1)
    denied(account, "dynamodb", {"DescribeTable", "ListBackups"}, monkeypatch)
    calls = [call for call in load_calls() if call.service == "dynamodb"]

    reading = read_account(account, calls)

    tables = finished_rows(reading, "dynamodb_tables")
    assert [row["name"] for row in tables] == ["t0", "t1", "t2"]
    assert all("billing_mode" not in row for row in tables)
    assert all(row["point_in_time_recovery"] is False for row in tables)
    assert "dynamodb_backups" not in reading.read
    messages = {issue.address: issue.message for issue in reading_issues(reading)}
    assert messages["dynamodb:describe_table us-east-1"] == (
        "AccessDeniedException: not authorized (3 times); what it fills is unknown"
    )
    assert "dynamodb:list_backups us-east-1" in messages


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"days": 7}, "--days 7"),
        ({"days": 90}, "--days 90"),
        ({"services": ("gmail",)}, "--service gmail"),
        ({"regions": ("us east 1",)}, "--region us east 1"),
        ({"endpoint_url": "localhost"}, "--endpoint-url localhost"),
        ({"workers": 0}, "--workers 0"),
        ({"endpoint_url": "http://127.0.0.1:9", "attempts": 1}, "cannot reach AWS"),
        ({"profile": "nosuch"}, "nosuch"),
    ],
)
def test_bad_options_are_refused_before_any_call(tmp_path, options, message) -> None:
    with pytest.raises(BadInputError, match=message):
        collect_inventory(tmp_path / "x", now=datetime.now(UTC), **options)


def test_missing_credentials_are_one_clear_line(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(BadInputError, match="credentials"):
        collect_inventory(tmp_path / "x", now=datetime.now(UTC), regions=("us-east-1",))


def test_a_folder_with_other_files_is_not_touched(tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(BadInputError, match="not an inventory"):
        collect_inventory(tmp_path, now=datetime.now(UTC))

    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_regions_that_may_not_be_listed_leave_the_configured_one(fake_aws, monkeypatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    identity = b"""<GetCallerIdentityResponse><GetCallerIdentityResult>
    <Arn>arn:aws-cn:iam::123456789012:user/a</Arn><UserId>A</UserId>
    <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""
    refusal = b"""<Response><Errors><Error><Code>UnauthorizedOperation</Code>
    <Message>no</Message></Error></Errors></Response>"""
    fake_aws.answers["/"] = [(200, identity), (403, refusal)]

    account, issues = open_account(endpoint_url=fake_aws.url, attempts=1)

    assert list(account.regions) == ["eu-west-3"]
    assert "only eu-west-3 was read" in issues[0].message
    assert (account.partition, account.home_region) == ("aws-cn", "cn-north-1")
