from datetime import UTC, datetime, timedelta

from costmodel.io.inventory.account import open_account
from costmodel.io.inventory.cloudwatch import read_metrics
from costmodel.io.inventory.collect import Reading
from costmodel.io.inventory.s3_storage import read_bucket_storage

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
PLACE = {"account_id": "123456789012", "region_id": "us-east-1"}


def put(aws, namespace: str, name: str, dimensions: dict, *points: tuple) -> None:
    aws("cloudwatch").put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": name, "Value": value, "Timestamp": NOW - timedelta(hours=hours),
                "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
            }
            for hours, value in points
        ],
    )  # fmt: skip


def read(moto_url, table: str, *rows: dict):
    account, _ = open_account(regions=["us-east-1"], endpoint_url=moto_url, attempts=1)
    reading = read_metrics(account, {table: list(rows)}, now=NOW, days=14)
    found = [row for part in reading.metrics for row in part.to_pylist()]
    return reading, {(row["resource_id"], row["metric"]): row for row in found}


def test_indexes_get_metrics_of_their_own(aws, moto_url) -> None:
    table = {**PLACE, "resource_id": "arn:t", "name": "t"}
    put(aws, "AWS/DynamoDB", "ConsumedReadCapacityUnits", {"TableName": "t"}, (1, 50.0))
    put(
        aws, "AWS/DynamoDB", "ConsumedReadCapacityUnits",
        {"TableName": "t", "GlobalSecondaryIndexName": "by_date"}, (1, 3.0), (2, 4.0),
    )  # fmt: skip

    _, found = read(moto_url, "dynamodb_tables", table)

    assert found["arn:t", "ConsumedReadCapacityUnits"]["total"] == 50
    assert found["arn:t/index/by_date", "ConsumedReadCapacityUnits"]["total"] == 7


def test_of_several_disks_the_fullest_counts(aws, moto_url) -> None:
    for path, used in (("/", 20.0), ("/data", 85.0)):
        put(aws, "CWAgent", "disk_used_percent", {"InstanceId": "i-1", "path": path}, (1, used))

    _, found = read(moto_url, "ec2_instances", {**PLACE, "resource_id": "i-1", "state": "running"})

    assert found["i-1", "disk_used_percent"]["max"] == 85


def test_terminated_instances_are_not_asked_for(aws, moto_url) -> None:
    row = {**PLACE, "resource_id": "i-1", "state": "terminated"}

    reading, found = read(moto_url, "ec2_instances", row)

    assert (reading.asked, found) == (0, {})


def test_the_look_back_of_a_metric_is_never_shorter_than_it_needs(aws, moto_url) -> None:
    put(aws, "AWS/NATGateway", "BytesOutToDestination", {"NatGatewayId": "nat-1"}, (24 * 30, 9.0))

    _, found = read(moto_url, "nat_gateways", {**PLACE, "resource_id": "nat-1"})

    assert found["nat-1", "BytesOutToDestination"]["total"] == 9
    assert found["nat-1", "BytesOutToDestination"]["period_days"] == 32


def test_more_than_500_metrics_are_asked_for_in_several_calls(aws, moto_url) -> None:
    rows = [{**PLACE, "resource_id": f"vol-{n}"} for n in range(150)]
    put(aws, "AWS/EBS", "VolumeReadOps", {"VolumeId": "vol-149"}, (1, 6.0))

    reading, found = read(moto_url, "ebs_volumes", *rows)

    assert reading.asked == 150 * 4
    assert found["vol-149", "VolumeReadOps"]["max"] == 6
    assert len(found) == 1  # silence is unknown, not zero


def test_bytes_of_a_bucket_are_split_by_class(aws, moto_url) -> None:
    day = 24
    for kind, size in (("StandardStorage", 100.0), ("GlacierObjectOverhead", 8.0)):
        dimensions = {"BucketName": "b", "StorageType": kind}
        put(aws, "AWS/S3", "BucketSizeBytes", dimensions, (day * 2, size / 2), (day, size))
    put(
        aws,
        "AWS/S3",
        "NumberOfObjects",
        {"BucketName": "b", "StorageType": "AllStorageTypes"},
        (day, 5.0),
    )
    put(
        aws,
        "AWS/S3",
        "BucketSizeBytes",
        {"BucketName": "other", "StorageType": "StandardStorage"},
        (day, 1.0),
    )
    account, _ = open_account(regions=["us-east-1"], endpoint_url=moto_url, attempts=1)
    reading = Reading(rows={"s3_buckets": [{**PLACE, "name": "b"}]})
    metrics = read_metrics(account, {}, now=NOW, days=14)

    read_bucket_storage(account, reading, metrics, NOW)

    rows = {row["storage_type"]: row for row in reading.rows["s3_storage"]}
    assert rows["StandardStorage"]["bytes"] == 100  # the newest day
    assert rows["StandardStorage"]["storage_class"] == "STANDARD"
    assert rows["GlacierObjectOverhead"]["storage_class"] == "GLACIER"
    assert rows["AllStorageTypes"]["objects"] == 5
    assert rows["AllStorageTypes"]["storage_class"] is None
    assert len(rows) == 3


def test_denied_metrics_are_issues(fake_aws) -> None:
    fake_aws.answers = _AnyDenied()
    account = _account(fake_aws.url)

    reading = read_metrics(
        account, {"ec2_instances": [{**PLACE, "resource_id": "i-1"}]}, now=NOW, days=14
    )

    addresses = {issue.address for issue in reading.issues}
    assert addresses == {
        "cloudwatch:list_metrics us-east-1",
        "cloudwatch:get_metric_data us-east-1",
    }
    assert [part.num_rows for part in reading.metrics] == []


class _AnyDenied(dict):
    def get(self, key, default=None):
        return [(400, {"__type": "AccessDenied", "message": "no"})]


def _account(url: str):
    import boto3

    from costmodel.io.inventory.account import Account

    session = boto3.Session(region_name="us-east-1")
    return Account(session, "123456789012", "aws", ("us-east-1",), url, 2, 1)
